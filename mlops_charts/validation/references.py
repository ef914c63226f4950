"""Every object that another one names exists: here, or declared as existing without us.

It must not know why an object is needed; selectors are proven beside it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from mlops_charts.validation.model import Finding, Scope
from mlops_charts.validation.nodes import Node, label, of_kind, root
from mlops_charts.validation.seldon.operation import deployment_name
from mlops_charts.validation.selectors import matches
from mlops_charts.validation.workloads import Pod, pods, services

ALWAYS = frozenset(
    {
        ("ServiceAccount", "default"),
        ("ConfigMap", "kube-root-ca.crt"),
        ("PriorityClass", "system-cluster-critical"),
        ("PriorityClass", "system-node-critical"),
        *(("ClusterRole", name) for name in ("admin", "edit", "view", "cluster-admin")),
    }
)
SECRET_SELECTORS = ("accessKeySecret", "secretKeySecret", "sessionTokenSecret", "usernameSecret", "passwordSecret")


@dataclass(frozen=True, slots=True)
class Use:
    """One object naming another."""

    kind: str
    node: Node
    """The name, where it stands."""
    key: Node | None = None
    """The key within the other object that is read."""


def references(scope: Scope) -> Iterator[Finding]:
    """Every named object exists, and every named key of a rendered ConfigMap."""
    known = {*existing(scope), *scope.externals, *ALWAYS}
    config = {node.object.name: node for node in of_kind(scope, "ConfigMap")}
    for use in _uses(scope):
        name = use.node.text
        if not name or "{{" in name:
            continue
        if (use.kind, name) not in known:
            message = f'{label(use.node.object)} names the {use.kind} "{name}", which does not exist here'
            yield use.node.finding("missing-reference", message, "render it, correct the name, or declare it external")
        elif use.kind == "ConfigMap" and use.key is not None and name in config:
            yield from _missing_key(config[name], use.key)
    yield from _ports(scope)
    for pod in pods(scope):
        yield from _mounts(pod)


def existing(scope: Scope) -> Iterator[tuple[str, str]]:
    """The (kind, name) of all that the scope brings about, also through controllers."""
    for rendered in scope.objects:
        yield rendered.kind, rendered.name
    for name, _ in services(scope):
        yield "Service", name
    for node in of_kind(scope, "ExternalSecret"):
        yield "Secret", node.at("spec", "target").name or node.object.name
    for node in of_kind(scope, "SealedSecret"):
        yield "Secret", node.at("spec", "template", "metadata").name or node.object.name
    for node in of_kind(scope, "SeldonDeployment"):
        for predictor in node.at("spec", "predictors").items():
            for index, part in enumerate(predictor.at("componentSpecs").items()):
                yield "Deployment", deployment_name(node.object.name, predictor.name, index, part.at("metadata").name)


def _uses(scope: Scope) -> Iterator[Use]:
    for pod in pods(scope):
        yield from _of_pod(pod)
    for rendered in scope.objects:
        if of_object := OTHERS.get(rendered.kind):
            yield from of_object(root(rendered))


def _of_pod(pod: Pod) -> Iterator[Use]:
    yield Use("ServiceAccount", pod.account)
    yield Use("PriorityClass", pod.node.at("priorityClassName"))
    for secret in pod.pull_secrets:
        yield Use("Secret", secret.at("name"))
    for container in pod.containers:
        yield from _of_environment(container)
    for volume in pod.volumes:
        yield from _of_volume(volume)


def _of_environment(container: Node) -> Iterator[Use]:
    for variable in container.at("env").items():
        for kind, place in (("Secret", "secretKeyRef"), ("ConfigMap", "configMapKeyRef")):
            source = variable.at("valueFrom", place)
            yield from _required(kind, source, source.at("key"))
    for source in container.at("envFrom").items():
        yield from _required("Secret", source.at("secretRef"))
        yield from _required("ConfigMap", source.at("configMapRef"))


def _required(kind: str, source: Node, key: Node | None = None, name: str = "name") -> Iterator[Use]:
    if source.present and source.at("optional").value is not True:
        yield Use(kind, source.at(name), key)


def _of_volume(volume: Node) -> Iterator[Use]:
    yield from _required("Secret", volume.at("secret"), name="secretName")
    yield from _of_config_map(volume.at("configMap"))
    yield from _required("PersistentVolumeClaim", volume.at("persistentVolumeClaim"), name="claimName")
    for source in volume.at("projected", "sources").items():
        yield from _required("Secret", source.at("secret"))
        yield from _of_config_map(source.at("configMap"))


def _of_config_map(source: Node) -> Iterator[Use]:
    yield from _required("ConfigMap", source)
    for item in source.at("items").items():
        yield from _required("ConfigMap", source, item.at("key"))


def _of_workflow(node: Node) -> Iterator[Use]:
    spec = node.at("spec", "workflowSpec") if node.object.kind == "CronWorkflow" else node.at("spec")
    yield Use("ServiceAccount", spec.at("serviceAccountName"))
    yield Use("ServiceAccount", spec.at("executor", "serviceAccountName"))
    repository = spec.at("artifactRepositoryRef")
    yield from _required("ConfigMap", repository, repository.at("key"), name="configMap")
    for template in spec.at("templates").items():
        yield Use("ServiceAccount", template.at("executor", "serviceAccountName"))
        for side in ("inputs", "outputs"):
            for artifact in template.at(side, "artifacts").items():
                yield from _of_artifact(artifact)
        for parameter in template.at("inputs", "parameters").items():
            source = parameter.at("valueFrom", "configMapKeyRef")
            yield from _required("ConfigMap", source, source.at("key"))


def _of_artifact(artifact: Node) -> Iterator[Use]:
    for _, place in artifact.entries():
        for key in SECRET_SELECTORS:
            yield from _required("Secret", place.at(key))


def _of_binding(node: Node) -> Iterator[Use]:
    yield Use(node.at("roleRef", "kind").text, node.at("roleRef", "name"))
    for subject in node.at("subjects").items():
        elsewhere = subject.at("namespace").text not in {"", node.at("metadata", "namespace").text}
        if subject.at("kind").text == "ServiceAccount" and not elsewhere:
            yield Use("ServiceAccount", subject.at("name"))


def _of_route(node: Node) -> Iterator[Use]:
    for rule in node.at("spec", "rules").items():
        backends = [*rule.at("backendRefs").items()]
        backends += [one.at("requestMirror", "backendRef") for one in rule.at("filters").items()]
        for backend in backends:
            if not backend.at("namespace").present and backend.at("kind").text in {"", "Service"}:
                yield Use("Service", backend.at("name"))


def _of_external_secret(node: Node) -> Iterator[Use]:
    store = node.at("spec", "secretStoreRef")
    yield Use(store.at("kind").text or "SecretStore", store.at("name"))


def _of_account(node: Node) -> Iterator[Use]:
    for key in ("imagePullSecrets", "secrets"):
        for secret in node.at(key).items():
            yield Use("Secret", secret.at("name"))


def _of_autoscaler(node: Node) -> Iterator[Use]:
    target = node.at("spec", "scaleTargetRef")
    yield Use(target.at("kind").text or "Deployment", target.at("name"))
    for trigger in node.at("spec", "triggers").items():
        reference = trigger.at("authenticationRef")
        yield Use(reference.at("kind").text or "TriggerAuthentication", reference.at("name"))


def _of_seldon(node: Node) -> Iterator[Use]:
    for predictor in node.at("spec", "predictors").items():
        yield Use("Secret", predictor.at("graph", "envSecretRefName"))
        yield Use("ServiceAccount", predictor.at("graph", "serviceAccountName"))


OTHERS = {
    "Workflow": _of_workflow,
    "WorkflowTemplate": _of_workflow,
    "CronWorkflow": _of_workflow,
    "RoleBinding": _of_binding,
    "ClusterRoleBinding": _of_binding,
    "HTTPRoute": _of_route,
    "ExternalSecret": _of_external_secret,
    "ServiceAccount": _of_account,
    "HorizontalPodAutoscaler": _of_autoscaler,
    "ScaledObject": _of_autoscaler,
    "SeldonDeployment": _of_seldon,
}


def _missing_key(config: Node, key: Node) -> Iterator[Finding]:
    names = [*config.at("data").mapping, *config.at("binaryData").mapping]
    if key.text and key.text not in names:
        message = f'{label(config.object)} has no key "{key.text}"'
        yield key.finding("missing-key", message, f"keys there: {', '.join(sorted(names)) or 'none'}")


def _mounts(pod: Pod) -> Iterator[Finding]:
    root_spec = root(pod.node.object).at("spec")
    claims: Iterable[Node] = root_spec.at("volumeClaimTemplates").items()
    names = {volume.name for volume in pod.volumes} | {claim.at("metadata").name for claim in claims}
    for container in pod.containers:
        for mount in container.at("volumeMounts").items():
            if mount.name not in names:
                message = f'{pod.subject} mounts the volume "{mount.name}", which the pod does not have'
                note = f"volumes there: {', '.join(sorted(names)) or 'none'}"
                yield mount.at("name").finding("missing-reference", message, note)


def _ports(scope: Scope) -> Iterator[Finding]:
    every = list(pods(scope))
    for node in of_kind(scope, "PodMonitor"):
        chosen = [pod for pod in every if matches(node.at("spec", "selector").mapping, pod.labels)]
        for endpoint in node.at("spec", "podMetricsEndpoints").items():
            yield from _port(endpoint.at("port"), chosen)
    for node in of_kind(scope, "Service"):
        selector: Mapping[str, object] = {"matchLabels": node.at("spec", "selector").mapping}
        chosen = [pod for pod in every if matches(selector, pod.labels)]
        for port in node.at("spec", "ports").items():
            yield from _port(port.at("targetPort"), chosen)


def _port(port: Node, chosen: list[Pod]) -> Iterator[Finding]:
    names = {one.name for pod in chosen for container in pod.containers for one in container.at("ports").items()}
    if port.text and chosen and port.text not in names:
        message = f'{label(port.object)} names the port "{port.text}", which the selected pods do not declare'
        yield port.finding("missing-port", message, f"ports there: {', '.join(sorted(names)) or 'none'}")
