"""The proofs: what must be true of rendered charts and objects before they are called valid.

This room knows manifests, schemas and Helm. It must not know how a model is planned or which generator rendered
what, and it never writes into the tree it judges.
"""
