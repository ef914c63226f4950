"""The lint of Argo Workflows, without a controller: every reference resolves, and nothing ends or repeats by surprise.

This package knows templates, calls and the text that Argo substitutes. It must not know which steps a model has.
"""
