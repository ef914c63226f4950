"""What `release` and `history` do: which model is meant, where its releases are, and what a person wants of them."""
