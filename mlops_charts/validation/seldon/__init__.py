"""What Seldon Core v1 refuses, or accepts and then does wrong: proofs over SeldonDeployments and what lies beside them.

This package knows Seldon's webhook and operator. It must not know how a model is planned.
"""
