"""The judge: counts of two versions over the same minutes become a verdict, by tests that may be looked at any time.

It knows a release's policy and counts. It must not know where counts come from, what a release's state is, git or a
clock; it needs the standard library alone, because `validate` plans samples by it.
"""
