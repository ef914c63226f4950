"""A generator with hikaru objects: a small web service beside each model, which shows its report.

Needs the extra `hikaru`. Values stand in hikaru's fields like anything else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from hikaru.model.rel_1_28 import (
    Capabilities,
    Container,
    ContainerPort,
    Deployment,
    DeploymentSpec,
    EnvVar,
    HTTPGetAction,
    LabelSelector,
    NetworkPolicy,
    NetworkPolicyIngressRule,
    NetworkPolicyPeer,
    NetworkPolicyPort,
    NetworkPolicySpec,
    ObjectMeta,
    PodSecurityContext,
    PodSpec,
    PodTemplateSpec,
    Probe,
    ResourceRequirements,
    SeccompProfile,
    SecurityContext,
    Service,
    ServicePort,
    ServiceSpec,
)

from mlops_charts import EnvironmentPlan, Part, Plan, value, when

_PORT = 8080
_IMAGE = "ghcr.io/acme/model-report:2.1.0"


class ReportService:
    """A Deployment, its Service and its NetworkPolicy.

    Args:
        image: What shows reports.
    """

    name = "report-service"
    kinds = frozenset({("apps", "Deployment"), ("", "Service"), ("networking.k8s.io", "NetworkPolicy")})

    def __init__(self, image: str = _IMAGE) -> None:
        self._image = image

    def pipeline(self, plan: Plan) -> Iterable[Part]:
        """Yield nothing: the report is shown where the model serves."""
        del plan
        return ()

    def serving(self, plan: Plan, environment: EnvironmentPlan) -> Iterator[Part]:
        """Yield the objects, all of them behind one switch."""
        enabled = value("report.enabled", True, "Whether the report is shown.", origin="monitoring.dashboard")
        objects = {
            "deployment-report.yaml": _deployment(plan, environment, self._image),
            "service-report.yaml": _service(plan),
            "networkpolicy-report.yaml": _policy(plan),
        }
        for file, node in objects.items():
            yield Part(file, when(enabled, node), origin="monitoring.dashboard")


def _deployment(plan: Plan, environment: EnvironmentPlan, image: str) -> Deployment:
    replicas = value(
        "report.replicas",
        2 if environment == plan.environments[-1] else 1,
        "Pods that show the report.",
        minimum=1,
        maximum=10,
        origin="environments",
    )
    template = PodTemplateSpec(
        metadata=ObjectMeta(labels=_labels(plan)),
        spec=PodSpec(
            automountServiceAccountToken=False,
            securityContext=PodSecurityContext(
                runAsNonRoot=True, runAsUser=65532, seccompProfile=SeccompProfile(type="RuntimeDefault")
            ),
            containers=[_container(plan, image)],
        ),
    )
    return Deployment(
        metadata=_metadata(plan),
        spec=DeploymentSpec(replicas=replicas, selector=LabelSelector(matchLabels=_selected(plan)), template=template),
    )


def _container(plan: Plan, image: str) -> Container:
    return Container(
        name="report",
        image=value("report.image", image, "What shows reports.", pattern="^[^ ]+$", origin="monitoring.dashboard"),
        args=["--model", plan.model, "--port", str(_PORT)],
        env=[EnvVar(name="MLFLOW_TRACKING_URI", value=plan.platform.mlflow.tracking_uri)],
        ports=[ContainerPort(name="http", containerPort=_PORT, protocol="TCP")],
        readinessProbe=Probe(httpGet=HTTPGetAction(path="/ready", port="http")),
        resources=ResourceRequirements(
            requests={"cpu": "50m", "memory": "64Mi"}, limits={"cpu": "200m", "memory": "128Mi"}
        ),
        securityContext=SecurityContext(
            allowPrivilegeEscalation=False, readOnlyRootFilesystem=True, capabilities=Capabilities(drop=["ALL"])
        ),
    )


def _service(plan: Plan) -> Service:
    port = ServicePort(name="http", port=80, targetPort="http", protocol="TCP")
    return Service(metadata=_metadata(plan), spec=ServiceSpec(selector=_selected(plan), ports=[port]))


def _policy(plan: Plan) -> NetworkPolicy:
    """Return who may speak to the report: the gateway; the report speaks to nobody."""
    gateway = LabelSelector(matchLabels={"kubernetes.io/metadata.name": plan.platform.network.gateway})
    ingress = NetworkPolicyIngressRule(
        from_=[NetworkPolicyPeer(namespaceSelector=gateway)],
        ports=[NetworkPolicyPort(port=_PORT, protocol="TCP")],
    )
    spec = NetworkPolicySpec(
        podSelector=LabelSelector(matchLabels=_selected(plan)), policyTypes=["Ingress", "Egress"], ingress=[ingress]
    )
    return NetworkPolicy(metadata=_metadata(plan), spec=spec)


def _metadata(plan: Plan) -> ObjectMeta:
    return ObjectMeta(name=f"{plan.model}-report", labels=_labels(plan))


def _labels(plan: Plan) -> dict[str, Any]:
    return {**plan.labels, "app.kubernetes.io/component": "report"}


def _selected(plan: Plan) -> dict[str, str]:
    return {"app.kubernetes.io/name": plan.model, "app.kubernetes.io/component": "report"}
