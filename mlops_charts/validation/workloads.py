"""Every pod that the objects of a scope will ever start, in one shape, whatever kind describes it.

It knows how each kind wraps a pod and which labels its controller adds. It must not know any rule.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from mlops_charts.validation.model import Scope
from mlops_charts.validation.nodes import Node, of_kind, root

NO_ENGINE = "seldon.io/no-engine"

TEMPLATED: Mapping[str, tuple[str, ...]] = {
    "Pod": (),
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "Rollout": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}
ENDING = frozenset({"Pod", "Job", "CronJob"})


@dataclass(frozen=True, slots=True)
class Pod:
    """One kind of pod: where it is described, and what it will carry."""

    title: str
    """What a person calls it: `predictor "blue"`; empty where the object is enough."""
    node: Node
    """The pod's spec, or the template of a workflow that becomes one."""
    metadata: Node
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    security: Node
    """The security context of the whole pod."""
    containers: tuple[Node, ...]
    """Main, init and sidecar containers."""
    volumes: tuple[Node, ...]
    account: Node
    automount: Node
    pull_secrets: tuple[Node, ...]
    run: Literal["server", "job", "workflow"]
    engine: bool = False
    """Whether Seldon adds its executor."""

    @property
    def subject(self) -> str:
        """How messages name it: `Deployment "iris"` or `SeldonDeployment "iris", predictor "blue"`."""
        name = f'{self.node.object.kind} "{self.node.object.name}"'
        return f"{name}, {self.title}" if self.title else name


@lru_cache(maxsize=2)  # a dozen proofs in turn ask for the pods of one scope
def pods(scope: Scope) -> tuple[Pod, ...]:
    """All pods of a scope, in the order of its objects."""
    return tuple(_pods(scope))


def _pods(scope: Scope) -> Iterator[Pod]:
    for rendered in scope.objects:
        node = root(rendered)
        if rendered.kind in TEMPLATED:
            yield _templated(node)
        elif rendered.kind == "SeldonDeployment":
            yield from _seldon(node)
        elif rendered.kind in {"Workflow", "WorkflowTemplate"}:
            yield from _workflow(node.at("spec"))
        elif rendered.kind == "CronWorkflow":
            yield from _workflow(node.at("spec", "workflowSpec"))


def predictor_key(deployment: str, predictor: str) -> str:
    """The name of a predictor's Service, which is also the value of its pods' label `seldon-app`."""
    return f"{deployment}-{predictor}"


def services(scope: Scope) -> Iterator[tuple[str, Node]]:
    """The names of all Services of a scope, Seldon's own among them."""
    for node in of_kind(scope, "Service"):
        yield node.object.name, node
    for node in of_kind(scope, "SeldonDeployment"):
        for predictor in node.at("spec", "predictors").items():
            yield predictor_key(node.object.name, predictor.name), predictor


def _texts(*nodes: Node) -> dict[str, str]:
    return {key: str(value) for node in nodes for key, value in node.mapping.items()}


def _containers(spec: Node) -> tuple[Node, ...]:
    lists: Iterable[str] = ("containers", "initContainers", "ephemeralContainers")
    return tuple(container for key in lists for container in spec.at(key).items())


def _pod(spec: Node, metadata: Node, run: Literal["server", "job"]) -> Pod:
    return Pod(
        title="",
        node=spec,
        metadata=metadata,
        labels=_texts(metadata.at("labels")),
        annotations=_texts(metadata.at("annotations")),
        security=spec.at("securityContext"),
        containers=_containers(spec),
        volumes=tuple(spec.at("volumes").items()),
        account=spec.at("serviceAccountName"),
        automount=spec.at("automountServiceAccountToken"),
        pull_secrets=tuple(spec.at("imagePullSecrets").items()),
        run=run,
    )


def _templated(node: Node) -> Pod:
    kind = node.object.kind
    template = node.at(*TEMPLATED[kind])
    return _pod(template.at("spec"), template.at("metadata"), "job" if kind in ENDING else "server")


def _seldon(node: Node) -> Iterator[Pod]:
    for predictor in node.at("spec", "predictors").items():
        components = list(predictor.at("componentSpecs").items()) or [predictor.at("componentSpecs", 0)]
        for component in components:
            yield _seldon_pod(node, predictor, component)


def _seldon_pod(node: Node, predictor: Node, component: Node) -> Pod:
    spec, metadata = component.at("spec"), component.at("metadata")
    pod = _pod(spec, metadata, "server")
    labels = {
        **_texts(predictor.at("labels"), metadata.at("labels")),
        "seldon-deployment-id": node.object.name,
        "seldon-app": predictor_key(node.object.name, predictor.name),
        "app.kubernetes.io/managed-by": "seldon-core",
    }
    return Pod(
        title=f'predictor "{predictor.name}"',
        node=spec,
        metadata=metadata,
        labels=labels,
        annotations=_texts(node.at("spec", "annotations"), predictor.at("annotations"), metadata.at("annotations")),
        security=pod.security,
        containers=pod.containers,
        volumes=pod.volumes,
        account=pod.account,
        automount=pod.automount,
        pull_secrets=pod.pull_secrets,
        run="server",
        engine=predictor.at("annotations", NO_ENGINE).text.lower() != "true",
    )


def _workflow(spec: Node) -> Iterator[Pod]:
    for template in spec.at("templates").items():
        if mains := _mains(template):
            yield _workflow_pod(spec, template, mains)


def _mains(template: Node) -> tuple[Node, ...]:
    single = tuple(template.at(key) for key in ("container", "script") if template.at(key).present)
    return single + tuple(template.at("containerSet", "containers").items())


def _workflow_pod(spec: Node, template: Node, mains: tuple[Node, ...]) -> Pod:
    extra = tuple(item for key in ("initContainers", "sidecars") for item in template.at(key).items())
    metadata, shared = template.at("metadata"), spec.at("podMetadata")
    labels = _texts(shared.at("labels"), metadata.at("labels"))
    return Pod(
        title=f'template "{template.name}"',
        node=template,
        metadata=metadata,
        labels={**labels, "workflows.argoproj.io/completed": "false"},
        annotations=_texts(shared.at("annotations"), metadata.at("annotations")),
        security=_nearest(template, spec, "securityContext"),
        containers=mains + extra,
        volumes=tuple(item for place in (spec, template) for item in place.at("volumes").items()),
        account=_nearest(template, spec, "serviceAccountName"),
        automount=_nearest(template, spec, "automountServiceAccountToken"),
        pull_secrets=tuple(spec.at("imagePullSecrets").items()),
        run="workflow",
    )


def _nearest(template: Node, spec: Node, key: str) -> Node:
    own = template.at(key)
    return spec.at(key) if not own.present and spec.at(key).present else own
