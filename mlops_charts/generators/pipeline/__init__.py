"""The chart that makes a model: workflow, files, identities, network, alerts. Knows Argo; not Seldon, not disk."""

from mlops_charts.generators.pipeline.generator import PipelineGenerator
from mlops_charts.generators.pipeline.secrets import external_secrets_needed, externals, secret_uses

__all__ = ["PipelineGenerator", "external_secrets_needed", "externals", "secret_uses"]
