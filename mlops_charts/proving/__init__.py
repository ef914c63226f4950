"""Holding a model's rendering against all proofs: which objects live together, in which states, and what is found.

Knows renderings and proofs; prints nothing and writes nothing but a folder of its own for Helm.
"""

from mlops_charts.proving.prove import Depth, prove_models
from mlops_charts.proving.report import Report

__all__ = ["Depth", "Report", "prove_models"]
