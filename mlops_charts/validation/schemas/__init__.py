"""Schemas: what a Kubernetes API server of one version, with these CRDs, would accept.

This room knows schemas and objects alone. It must not know charts, Helm, models or Argo CD's opinions. Rules in CEL
(x-kubernetes-validations) are not evaluated; they are counted, so that nobody takes them for proven.
"""

from mlops_charts.validation.schemas.catalog import UNCHECKED, Catalog, Coverage, schema_proof
from mlops_charts.validation.schemas.flaw import Flaw, SchemaError
from mlops_charts.validation.schemas.store import default_cache, fetched_crds

__all__ = [
    "UNCHECKED",
    "Catalog",
    "Coverage",
    "Flaw",
    "SchemaError",
    "default_cache",
    "fetched_crds",
    "schema_proof",
]
