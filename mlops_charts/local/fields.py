"""Every field of a Workflow: executed here, irrelevant here, or refused. What stands in no table is refused as well.

Tables are by the kind of object that holds the field. A field with an inside names the table of what it holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

Treatment = Literal["executed", "irrelevant", "refused"]


@dataclass(frozen=True, slots=True)
class Field:
    """What becomes of a field.

    Attributes:
        treatment: Whether it is executed, of no meaning on this machine, or refused.
        words: What is done with it, why nothing is, or what to do instead.
        inside: The table of the object, or of each object of the list, that it holds.
    """

    treatment: Treatment
    words: str
    inside: str = ""


def _done(words: str, inside: str = "") -> Field:
    return Field("executed", words, inside)


def _idle(words: str) -> Field:
    return Field("irrelevant", words)


def _no(words: str) -> Field:
    return Field("refused", words)


def _all(field: Field, *names: str) -> dict[str, Field]:
    return dict.fromkeys(names, field)


_CLUSTER: Final = _idle("there are no nodes, accounts or networks of a cluster to choose from")
_RIGHTS: Final = _idle("processes have the rights of whoever started the run")
_RESOURCES: Final = _idle("a process may use what the machine has")
_TIDYING: Final = _idle("no objects of a cluster are left to tidy up")
_NUMBERS: Final = _idle("there is no controller that emits metrics; the report has the times")
_LIFE: Final = _idle("a step is a process that runs to its end; nobody asks whether it is alive")
_KINDS: Final = _no("only containers and DAGs run here")
_BESIDE: Final = _no("a pod has one container here")
_ELSEWHERE: Final = _no("only configMap, secret, emptyDir and projected volumes exist here")
_FOREIGN: Final = _no("artifacts come from other steps, over the artifact repository")

_TEMPLATE_OF_PODS: Final[Mapping[str, Field]] = {
    **_all(_CLUSTER, "affinity", "hostAliases", "nodeSelector", "schedulerName", "tolerations"),
    **_all(_RIGHTS, "automountServiceAccountToken", "executor", "securityContext", "serviceAccountName"),
    **_all(_RESOURCES, "podResources", "podSpecPatch", "resourceClaims"),
    "metrics": _NUMBERS,
    "priorityClassName": _CLUSTER,
}

FIELDS: Final[Mapping[str, Mapping[str, Field]]] = {
    "workflow": {
        "activeDeadlineSeconds": _done("everything is stopped after so many seconds"),
        "arguments": _done("parameters of the run; those of the Workflow win over the template's", "arguments"),
        "artifactRepositoryRef": _done("keyFormat names the folders of artifacts below .mlops-charts/artifacts"),
        "entrypoint": _done("where the run begins"),
        "onExit": _done("runs at the end, however the run ended, but not after an interruption"),
        "parallelism": _done("so many pods at a time; never more than the machine has processors"),
        "synchronization": _done("a lock file for each mutex: a second run waits", "synchronization"),
        "templates": _done("containers and DAGs", "template"),
        "volumes": _done("folders of the task", "volume"),
        "workflowTemplateRef": _done("the rendered WorkflowTemplate of that name", "reference"),
        **_all(
            _CLUSTER,
            *("affinity", "dnsConfig", "dnsPolicy", "hostAliases", "hostNetwork", "nodeSelector", "schedulerName"),
            *("tolerations", "podPriorityClassName", "podDisruptionBudget", "priority"),
        ),
        **_all(_RIGHTS, "automountServiceAccountToken", "executor", "securityContext", "serviceAccountName"),
        **_all(_RESOURCES, "podResources", "podSpecPatch", "resourceClaims"),
        **_all(_TIDYING, "artifactGC", "podGC", "ttlStrategy", "volumeClaimGC"),
        **_all(_idle("labels and annotations are for clusters"), "podMetadata", "workflowMetadata"),
        "archiveLogs": _idle("logs of every step are kept beside the report"),
        "imagePullSecrets": _idle("no image is pulled for our own steps"),
        "metrics": _NUMBERS,
        **_all(_no("write it into each template"), "retryStrategy", "templateDefaults"),
        "executorPlugins": _no("plugins of Argo do not run here"),
        "hooks": _no("only onExit runs at the end of a run"),
        **_all(_no("a local run is stopped with Ctrl-C"), "shutdown", "suspend"),
        "volumeClaimTemplates": _ELSEWHERE,
    },
    "reference": {"name": _done("which template"), "clusterScope": _no("only a rendered WorkflowTemplate is known")},
    "arguments": {
        "parameters": _done("texts by name", "argument"),
        "artifacts": _done("from another task, or handed through a DAG", "input artifact"),
    },
    "argument": {
        "name": _done("its name"),
        "value": _done("the text, its references filled in"),
        **_all(_idle("says nothing that a run needs"), "description", "enum"),
        "default": _done("taken where no value is given"),
        "globalName": _no("nothing reads outputs of the whole run"),
        "valueFrom": _no("give a value"),
    },
    "synchronization": {
        "mutexes": _done("one lock file each", "mutex"),
        "semaphores": _no("mutexes alone are kept here"),
    },
    "mutex": {
        "name": _done("the name of the lock"),
        "namespace": _idle("this machine is one namespace"),
        "database": _no("the lock is a file"),
    },
    "template": {
        "activeDeadlineSeconds": _done("a try that takes longer is stopped and has failed"),
        "container": _done("a process", "container"),
        "dag": _done("tasks, each once those that it depends on have ended well", "dag"),
        "inputs": _done("parameters and artifacts", "inputs"),
        "name": _done("its name"),
        "outputs": _done("parameters and artifacts", "outputs"),
        "parallelism": _done("so many of its tasks at a time"),
        "retryStrategy": _done("tried again, as it says", "retry"),
        "synchronization": _done("a lock file for each mutex, as long as the template runs", "synchronization"),
        "volumes": _done("folders of the task", "volume"),
        **_TEMPLATE_OF_PODS,
        **_all(_idle("labels and annotations are for clusters"), "annotations", "metadata"),
        "archiveLocation": _idle("artifacts and logs are in .mlops-charts"),
        "pendingTimeout": _idle("a process starts at once"),
        "failFast": _no("it stands in dag"),
        "memoize": _no("guard finds out what need not run again"),
        "timeout": _no("use activeDeadlineSeconds"),
        **_all(_BESIDE, "containerSet", "initContainers", "sidecars", "daemon"),
        **_all(_KINDS, "data", "http", "plugin", "resource", "script", "steps", "suspend"),
    },
    "inputs": {
        "parameters": _done("texts by name", "argument"),
        "artifacts": _done("a copy of the folder or file, at its path", "input artifact"),
    },
    "input artifact": {
        "name": _done("its name"),
        "path": _done("where the copy is, below the folder of the task"),
        "from": _done("which artifact"),
        "optional": _done("may be missing"),
        "mode": _RIGHTS,
        "recurseMode": _RIGHTS,
        **_all(_TIDYING, "archive", "archiveLogs", "artifactGC", "deleted"),
        **_all(
            _FOREIGN,
            *("artifactory", "azure", "fromExpression", "gcs", "git", "globalName", "hdfs", "http", "oss", "plugin"),
            *("raw", "s3", "subPath"),
        ),
    },
    "outputs": {
        "parameters": _done("texts that the step wrote, one a file", "output parameter"),
        "artifacts": _done("folders and files that the step wrote", "output artifact"),
        **_all(_idle("Argo fills it in"), "exitCode", "result"),
    },
    "output parameter": {
        "name": _done("its name"),
        "valueFrom": _done("where it comes from", "source"),
        "description": _idle("says nothing that a run needs"),
        **_all(_no("an output is a file that the step writes"), "default", "enum", "globalName", "value"),
    },
    "source": {
        "path": _done("the file"),
        "default": _done("taken where there is no such file, and where the step was skipped"),
        "parameter": _done("of a DAG: the output of one of its tasks"),
        **_all(
            _no("an output is a file that the step writes"),
            *("configMapKeyRef", "event", "expression", "jqFilter", "jsonPath", "supplied"),
        ),
    },
    "output artifact": {
        "name": _done("its name"),
        "path": _done("what is kept, below .mlops-charts/artifacts"),
        "from": _done("of a DAG: the output of one of its tasks"),
        "optional": _done("may be missing"),
        **_all(_TIDYING, "archive", "archiveLogs", "artifactGC", "deleted"),
        **_all(_RIGHTS, "mode", "recurseMode"),
        "s3": _idle("its key is decided by the artifact repository's keyFormat"),
        **_all(
            _no("artifacts are kept in the artifact repository, which is a folder here"),
            *("artifactory", "azure", "fromExpression", "gcs", "git", "globalName", "hdfs", "http", "oss", "plugin"),
            *("raw", "subPath"),
        ),
    },
    "dag": {
        "tasks": _done("the tasks", "task"),
        "failFast": _done("whether the first failure keeps further tasks from starting; it does unless false"),
        "target": _no("use --until"),
    },
    "task": {
        "arguments": _done("what the template gets", "arguments"),
        "continueOn": _done("its failure or error counts as an end", "continue"),
        "dependencies": _done("it starts when these have succeeded or were skipped"),
        "name": _done("its name"),
        "template": _done("what it runs"),
        "when": _done("it is skipped unless this is true"),
        "withItems": _done("once for each item"),
        "withParam": _done("once for each item of a JSON list"),
        "withSequence": _done("once for each number", "sequence"),
        "depends": _no("use dependencies"),
        **_all(_no("only the onExit of the whole run is done"), "hooks", "onExit"),
        **_all(_no("name a template of the same WorkflowTemplate"), "inline", "templateRef"),
    },
    "continue": {"error": _done("where the step could not be run"), "failed": _done("where it failed")},
    "sequence": {
        "count": _done("how many numbers"),
        "start": _done("the first number"),
        "end": _done("the last number"),
        "format": _done("how a number is written"),
    },
    "retry": {
        "backoff": _done("the pause before the next try", "backoff"),
        "expression": _done("over lastRetry.exitCode, .status and .duration: false ends the tries"),
        "limit": _done("how many further tries"),
        "retryPolicy": _done("OnFailure, OnError or Always"),
        "affinity": _CLUSTER,
    },
    "backoff": {
        "duration": _done("the first pause, at most 10 seconds here"),
        "factor": _done("how much longer each further pause is"),
        "cap": _done("the longest pause"),
        "maxDuration": _done("no try begins after so long"),
    },
    "container": {
        "args": _done("its arguments: references filled in, paths led into the folder of the task"),
        "command": _done("the program; `mlops-charts step` runs in this Python or in the model's environment"),
        "env": _done("its variables, besides the few of yours that a program needs", "variable"),
        "image": _done("which Python runs a step; what a foreign program runs in, where docker or podman works"),
        "volumeMounts": _done("folders of the task", "mount"),
        "workingDir": _done("where the process starts"),
        "name": _idle("a pod has one container here"),
        **_all(
            _LIFE,
            *("lifecycle", "livenessProbe", "readinessProbe", "startupProbe", "terminationMessagePath"),
            *("terminationMessagePolicy", "ports"),
        ),
        **_all(_RESOURCES, "resizePolicy", "resources"),
        "imagePullPolicy": _idle("no image is pulled for our own steps"),
        "securityContext": _RIGHTS,
        "envFrom": _no("name each variable under env"),
        **_all(_BESIDE, "restartPolicy", "restartPolicyRules"),
        **_all(_no("nobody types into a step"), "stdin", "stdinOnce", "tty"),
        "volumeDevices": _ELSEWHERE,
    },
    "variable": {
        "name": _done("its name"),
        "value": _done("the text: references filled in, paths led into the folder of the task"),
        "valueFrom": _done("where it comes from", "variable source"),
    },
    "variable source": {
        "configMapKeyRef": _done("of a rendered ConfigMap"),
        "secretKeyRef": _done("your own variable of the same name; the run does not start where it is missing"),
        **_all(_no("there is no pod to ask"), "fieldRef", "fileKeyRef", "resourceFieldRef"),
    },
    "mount": {
        "mountPath": _done("the place, below the folder of the task"),
        "name": _done("the volume"),
        **_all(_idle("files of a task belong to the task alone"), "mountPropagation", "readOnly", "recursiveReadOnly"),
        **_all(_no("mount the whole volume, with items"), "subPath", "subPathExpr"),
    },
    "volume": {
        "name": _done("its name"),
        "configMap": _done("the files of a rendered ConfigMap", "config map"),
        "emptyDir": _done("an empty folder, removed with the task", "empty folder"),
        "projected": _done("the files of its sources", "projected"),
        "secret": _idle("Secrets are in the cluster; a variable that names the place of one is left out"),
        **_all(
            _ELSEWHERE,
            *("awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "csi", "downwardAPI", "ephemeral"),
            *("fc", "flexVolume", "flocker", "gcePersistentDisk", "gitRepo", "glusterfs", "hostPath", "image", "iscsi"),
            *("nfs", "persistentVolumeClaim", "photonPersistentDisk", "portworxVolume", "quobyte", "rbd", "scaleIO"),
            *("storageos", "vsphereVolume"),
        ),
    },
    "config map": {
        "name": _done("which ConfigMap"),
        "items": _done("which of its keys, each under which path"),
        "optional": _done("may be missing"),
        "defaultMode": _RIGHTS,
    },
    "empty folder": {"medium": _RESOURCES, "sizeLimit": _RESOURCES},
    "projected": {"sources": _done("each in its turn", "projected source"), "defaultMode": _RIGHTS},
    "projected source": {
        "configMap": _done("the files of a rendered ConfigMap", "config map"),
        "secret": _idle("no Secret is read on this machine"),
        "serviceAccountToken": _idle("nobody is asked to believe who the process is"),
        **_all(_ELSEWHERE, "clusterTrustBundle", "downwardAPI", "podCertificate"),
    },
}  # fmt: skip


def refusals(kind: str, found: Any, path: str) -> Iterator[str]:
    """Yield a line for each field of an object, and of all below it, that cannot be run here.

    Args:
        kind: The table of the object, a key of FIELDS.
        found: The object.
        path: Where it stands, for the lines.
    """
    table = FIELDS[kind]
    for name, content in found.items() if isinstance(found, Mapping) else ():
        field = table.get(name)
        if field is None:
            yield f"{path}.{name}: a local run knows no such field of a {kind}"
        elif field.treatment == "refused":
            yield f"{path}.{name}: a local run does not do this: {field.words}"
        elif field.inside:
            yield from _inside(field.inside, content, f"{path}.{name}")


def _inside(kind: str, content: Any, path: str) -> Iterator[str]:
    if not isinstance(content, list):
        yield from refusals(kind, content, path)
        return
    for index, each in enumerate(content):
        yield from refusals(kind, each, f"{path}[{index}]")


def table() -> str:
    """Return all fields as Markdown, a table for each kind of object."""
    return "\n".join(_section(kind, fields) for kind, fields in FIELDS.items())


def _section(kind: str, fields: Mapping[str, Field]) -> str:
    groups: dict[tuple[Treatment, str], list[str]] = {}
    for name, field in fields.items():
        groups.setdefault((field.treatment, field.words), []).append(f"`{name}`")
    rows = [f"| {', '.join(names)} | {treatment} | {words} |" for (treatment, words), names in groups.items()]
    return "\n".join([f"### {kind.capitalize()}", "", "| field | here | how, or why |", "|---|---|---|", *rows, ""])
