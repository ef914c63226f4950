"""Pod Security, as Kubernetes' admission evaluates it, over every pod that any kind describes; resources and the mesh.

It must not know images, permissions or networks.
"""

from collections.abc import Iterator

from mlops_charts.validation.exceptions import respecting_exceptions
from mlops_charts.validation.model import Finding, Scope
from mlops_charts.validation.nodes import Node, of_kind
from mlops_charts.validation.workloads import NO_ENGINE, Pod, pods

CODE = "pod-security"
VOLUMES = frozenset(
    {
        *("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected"),
        *("secret", "image", "name"),
    }
)
BASELINE_CAPABILITIES = frozenset(
    {
        *("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE"),
        *("SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
    }
)
PROFILES = frozenset({"RuntimeDefault", "Localhost"})
INJECT = "sidecar.istio.io/inject"


def pod_security(scope: Scope) -> Iterator[Finding]:
    """Every pod meets restricted; in a namespace that is labelled baseline, all but what a named exception allows."""
    for pod in pods(scope):
        yield from _baseline(pod)
        for container in pod.containers:
            yield from _baseline_container(container)
    yield from _beyond_baseline(scope) if scope.pod_security == "restricted" else _excepted(scope)


def _beyond_baseline(scope: Scope) -> Iterator[Finding]:
    """What restricted asks on top of baseline, and admission enforces by the namespace's label."""
    for pod in pods(scope):
        if pod.containers:
            yield from _restricted(pod)
    yield from _injected(scope)


def _baseline(pod: Pod) -> Iterator[Finding]:
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.node.at(key).value is True:
            yield pod.node.at(key).finding(CODE, f"{pod.subject} sets {key}: true", f"drop {key}")
    for volume in pod.volumes:
        if volume.at("hostPath").present:
            message = f'the volume "{volume.name}" is a path of the node'
            yield volume.at("hostPath").finding(CODE, message, "use emptyDir, a claim, a ConfigMap or a Secret")
    if pod.security.at("seccompProfile", "type").value == "Unconfined":
        node = pod.security.at("seccompProfile", "type")
        yield node.finding(CODE, f"{pod.subject} has seccompProfile Unconfined", "take RuntimeDefault")


def _baseline_container(container: Node) -> Iterator[Finding]:
    security = container.at("securityContext")
    if security.at("privileged").value is True:
        yield security.at("privileged").finding(CODE, f'container "{container.name}" is privileged', "drop it")
    for capability in security.at("capabilities", "add").items():
        if capability.text not in BASELINE_CAPABILITIES:
            message = f'container "{container.name}" adds the capability {capability.value}'
            yield capability.finding(CODE, message, "drop it")
    for port in container.at("ports").items():
        if port.at("hostPort").value:
            message = f'container "{container.name}" takes the port {port.at("hostPort").value} of the node'
            yield port.at("hostPort").finding(CODE, message, "drop hostPort; a Service or route leads to the pod")
    if security.at("seccompProfile", "type").value == "Unconfined":
        node = security.at("seccompProfile", "type")
        yield node.finding(CODE, f'container "{container.name}" has seccompProfile Unconfined', "take RuntimeDefault")


def _restricted(pod: Pod) -> Iterator[Finding]:
    for volume in pod.volumes:
        for key, node in volume.entries():
            if key not in VOLUMES and key != "hostPath":
                message = f'the volume "{volume.name}" is of type {key}, which restricted does not admit'
                yield node.finding(CODE, message, f"restricted admits {', '.join(sorted(VOLUMES - {'name'}))}")
    for container in pod.containers:
        yield from _root(pod, container)
        yield from _seccomp(pod, container)
        yield from _privileges(container)


def _root(pod: Pod, container: Node) -> Iterator[Finding]:
    own, shared = container.at("securityContext", "runAsNonRoot"), pod.security.at("runAsNonRoot")
    if (own.value if own.present else shared.value) is not True:
        message = f'container "{container.name}" may run as root; runAsNonRoot must be true'
        yield (own if own.present else shared).finding(CODE, message, "set it in the pod's securityContext")
    for user in (container.at("securityContext", "runAsUser"), pod.security.at("runAsUser")):
        if user.value == 0 and user.present:
            yield user.finding(CODE, f'container "{container.name}" runs as user 0', "take a user above 0")


def _seccomp(pod: Pod, container: Node) -> Iterator[Finding]:
    own, shared = container.at("securityContext", "seccompProfile", "type"), pod.security.at("seccompProfile", "type")
    found = own if own.present else shared
    if found.text not in {*PROFILES, "Unconfined"}:
        message = f'container "{container.name}" has no seccompProfile; it must be RuntimeDefault'
        yield found.finding(CODE, message, "set seccompProfile: {type: RuntimeDefault} in the pod's securityContext")


def _privileges(container: Node) -> Iterator[Finding]:
    security = container.at("securityContext")
    if security.at("allowPrivilegeEscalation").value is not False:
        message = f'container "{container.name}" may gain privileges; allowPrivilegeEscalation must be false'
        yield security.at("allowPrivilegeEscalation").finding(CODE, message, "set it in the container")
    dropped = {item.text for item in security.at("capabilities", "drop").items()}
    if "ALL" not in dropped:
        message = f'container "{container.name}" keeps capabilities; capabilities.drop must be [ALL]'
        yield security.at("capabilities", "drop").finding(CODE, message, "set it in the container")
    for capability in security.at("capabilities", "add").items():
        if capability.text != "NET_BIND_SERVICE" and capability.text in BASELINE_CAPABILITIES:
            message = f'container "{container.name}" adds {capability.text}, which restricted does not admit'
            yield capability.finding(CODE, message, "drop it")


def _injected(scope: Scope) -> Iterator[Finding]:
    """What Seldon adds to a pod cannot be given a security context."""
    for node in of_kind(scope, "SeldonDeployment"):
        for predictor in node.at("spec", "predictors").items():
            note = "make the namespace baseline, a named exception, or serve without it"
            if predictor.at("annotations", NO_ENGINE).text.lower() != "true":
                message = f'predictor "{predictor.name}" gets the executor, which cannot meet restricted'
                yield predictor.at("annotations", NO_ENGINE).finding(CODE, message, note)
            if predictor.at("graph", "modelUri").text:
                message = f'predictor "{predictor.name}" gets the storage initializer, which cannot meet restricted'
                yield predictor.at("graph", "modelUri").finding(CODE, message, note)


_excepted = respecting_exceptions(_beyond_baseline)


@respecting_exceptions
def resources(scope: Scope) -> Iterator[Finding]:
    """Every container says what it needs: cpu and memory requested, memory limited."""
    for pod in pods(scope):
        for container in pod.containers:
            needs = container.at("resources")
            for key in ("cpu", "memory"):
                if not needs.at("requests", key).present and not needs.at("limits", key).present:
                    message = f'container "{container.name}" of {pod.subject} requests no {key}'
                    yield needs.at("requests", key).finding("resources-missing", message, f"set requests.{key}")
            if not needs.at("limits", "memory").present:
                message = f'container "{container.name}" of {pod.subject} has no memory limit'
                note = "set limits.memory: without it one pod takes the node down"
                yield needs.at("limits", "memory").finding("resources-missing", message, note)


@respecting_exceptions
def mesh(scope: Scope) -> Iterator[Finding]:
    """Pods that must end are left out of the mesh, whose sidecar would keep them running."""
    for pod in pods(scope):
        told = {source.get(INJECT) for source in (pod.labels, pod.annotations)}
        if pod.run != "server" and pod.containers and "false" not in told:
            message = f"{pod.subject} never ends in a meshed namespace: the sidecar goes on"
            node = pod.metadata.at("labels", INJECT)
            yield node.finding("mesh-injection", message, f'label the pod {INJECT}: "false"')
