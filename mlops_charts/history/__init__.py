"""The story of a model: what was released when, by whom, on which evidence, and whether that can still be proven."""
