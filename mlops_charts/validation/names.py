"""Names, labels and sizes that the API server, or a controller behind it, would refuse.

It must not know which names a model derives.
"""

import re
from collections.abc import Iterator, Mapping

from mlops_charts.problems import Severity
from mlops_charts.validation.model import Finding, Scope
from mlops_charts.validation.nodes import Node, label, of_kind, root
from mlops_charts.validation.workloads import pods

DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
DNS_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?")
KEY_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
LABEL_LENGTH, SUBDOMAIN_LENGTH, PORT_LENGTH = 63, 253, 15
CONFIG_MAP_BYTES, ANNOTATION_BYTES = 1024 * 1024, 256 * 1024
POD_SUFFIX = len("-1234567890")
LONGEST: Mapping[str, int] = {
    **dict.fromkeys(("Service", "Namespace", "Job", "Workflow", "WorkflowTemplate", "SeldonDeployment"), LABEL_LENGTH),
    **dict.fromkeys(("CronJob", "CronWorkflow"), 52),
}
AS_LABEL = frozenset({"Service", "Namespace"})
FREE = frozenset({"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"})


def names(scope: Scope) -> Iterator[Finding]:
    """Every name has a form and length that its kind, and what is derived from it, can bear."""
    for rendered in scope.objects:
        yield from _object_name(root(rendered).at("metadata", "name"))
    for pod in pods(scope):
        for node in (*pod.containers, *pod.volumes):
            if node.name and "{{" not in node.name:
                yield from _form(node.at("name"), DNS_LABEL, LABEL_LENGTH)
        for container in pod.containers:
            for port in container.at("ports").items():
                if port.name:
                    yield from _form(port.at("name"), DNS_LABEL, PORT_LENGTH)


def labels(scope: Scope) -> Iterator[Finding]:
    """Every label and annotation has a valid key, every label a valid value, and annotations are not too large."""
    for rendered in scope.objects:
        yield from _metadata(root(rendered).at("metadata"))
    for pod in pods(scope):
        if pod.metadata.path != ("metadata",):
            yield from _metadata(pod.metadata)
    for node in of_kind(scope, "SeldonDeployment"):
        for predictor in node.at("spec", "predictors").items():
            yield from _metadata(predictor)


def sizes(scope: Scope) -> Iterator[Finding]:
    """No ConfigMap is larger than etcd takes."""
    for node in of_kind(scope, "ConfigMap"):
        text = sum(len(value.encode()) for value in node.at("data").mapping.values() if isinstance(value, str))
        binary = sum(len(value) * 3 // 4 for value in node.at("binaryData").mapping.values() if isinstance(value, str))
        if text + binary > CONFIG_MAP_BYTES:
            message = f"{label(node.object)} holds {text + binary} bytes; at most {CONFIG_MAP_BYTES}"
            yield node.at("data").finding("object-too-large", message, "leave files out, or split it")


def pod_names(scope: Scope) -> Iterator[Finding]:
    """The pods of a Workflow have names that are whole as a host name; longer ones are cut."""
    templates = {node.object.name: node for node in of_kind(scope, "WorkflowTemplate")}
    for node in of_kind(scope, "Workflow"):
        target = templates.get(node.at("spec", "workflowTemplateRef", "name").text, node)
        for template in target.at("spec", "templates").items():
            length = len(node.object.name) + 1 + len(template.name) + POD_SUFFIX
            pod = any(template.at(key).present for key in ("container", "script", "containerSet"))
            if pod and length > LABEL_LENGTH:
                message = f'the pods of "{template.name}" in {label(node.object)} have names of {length} characters'
                note = "up to 63 the host name is whole; shorten the template's name"
                yield template.at("name").finding("pod-name-length", message, note, Severity.WARNING)


def _object_name(node: Node) -> Iterator[Finding]:
    kind = node.object.kind
    if kind in FREE:
        if not node.text or any(sign in node.text for sign in "/%"):
            yield node.finding("object-name", f'"{node.text}" is no name of a {kind}', "leave out / and %")
        return
    pattern = DNS_LABEL if kind in AS_LABEL else DNS_SUBDOMAIN
    yield from _form(node, pattern, LONGEST.get(kind, SUBDOMAIN_LENGTH))


def _form(node: Node, pattern: re.Pattern[str], longest: int) -> Iterator[Finding]:
    where = label(node.object)
    if len(node.text) > longest:
        message = f'"{node.text}" in {where} has {len(node.text)} characters; at most {longest}'
        yield node.finding("object-name", message, "shorten it; controllers append to it")
    elif not pattern.fullmatch(node.text):
        message = f'"{node.text}" in {where} is no name: lower-case letters, digits and hyphens inside'
        yield node.finding("object-name", message, "begin and end with a letter or digit")


def _metadata(node: Node) -> Iterator[Finding]:
    for key, value in node.at("labels").entries():
        yield from _key(key, value)
        if not isinstance(value.value, str):
            message = f'label "{key}" is {value.value!r}; a label is a string'
            yield value.finding("label-syntax", message, "quote it")
        elif len(value.text) > LABEL_LENGTH or not LABEL_VALUE.fullmatch(value.text):
            message = f'label "{key}" has the value "{value.text}"; at most 63 letters, digits, -, _ and .'
            yield value.finding("label-syntax", message, "put long text into an annotation")
    total = 0
    for key, value in node.at("annotations").entries():
        yield from _key(key, value)
        total += len(key) + len(value.text)
        if not isinstance(value.value, str):
            message = f'annotation "{key}" is {value.value!r}; an annotation is a string'
            yield value.finding("label-syntax", message, "quote it")
    if total > ANNOTATION_BYTES:
        message = f"the annotations hold {total} bytes; at most {ANNOTATION_BYTES}"
        yield node.at("annotations").finding("object-too-large", message, "put long text into a ConfigMap")


def _key(key: str, node: Node) -> Iterator[Finding]:
    prefix, slash, name = key.rpartition("/")
    valid = len(name) <= LABEL_LENGTH and KEY_NAME.fullmatch(name)
    if slash:
        valid = valid and len(prefix) <= SUBDOMAIN_LENGTH and DNS_SUBDOMAIN.fullmatch(prefix)
    if not valid:
        message = f'"{key}" is no key of a label or annotation: prefix/name, the name at most 63 characters'
        yield node.finding("label-syntax", message, "begin and end the name with a letter or digit")
