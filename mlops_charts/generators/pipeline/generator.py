"""The generator of the pipeline chart: it asks each concern for its objects."""

from __future__ import annotations

from collections.abc import Iterator

from mlops_charts.generators.model import Part
from mlops_charts.generators.pipeline.access import access
from mlops_charts.generators.pipeline.alerts import alerts
from mlops_charts.generators.pipeline.configmaps import config_maps
from mlops_charts.generators.pipeline.network import network_policies
from mlops_charts.generators.pipeline.quotas import quotas
from mlops_charts.generators.pipeline.secrets import external_secrets
from mlops_charts.generators.pipeline.workflow import workflows
from mlops_charts.planning import EnvironmentPlan, Plan


class PipelineGenerator:
    """Everything that makes a model."""

    name = "pipeline"
    kinds = frozenset(
        {
            ("argoproj.io", "WorkflowTemplate"),
            ("argoproj.io", "Workflow"),
            ("argoproj.io", "CronWorkflow"),
            ("", "ConfigMap"),
            ("", "ServiceAccount"),
            ("", "ResourceQuota"),
            ("", "LimitRange"),
            ("rbac.authorization.k8s.io", "Role"),
            ("rbac.authorization.k8s.io", "RoleBinding"),
            ("networking.k8s.io", "NetworkPolicy"),
            ("external-secrets.io", "ExternalSecret"),
            ("monitoring.coreos.com", "PrometheusRule"),
        }
    )

    def pipeline(self, plan: Plan) -> Iterator[Part]:
        """Yield the objects that make the model; the Workflow is the only one of its sync wave."""
        for concern in (config_maps, external_secrets, access, network_policies, quotas, workflows, alerts):
            yield from concern(plan)

    def serving(self, plan: Plan, environment: EnvironmentPlan) -> Iterator[Part]:  # noqa: ARG002 - the protocol's form
        """Yield nothing: what serves is made elsewhere."""
        yield from ()
