"""Values at the ends of what each field admits, by the path of the field; strategies put them into what they draw."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mlops_charts.chart.chart import nested

_TEXTS = (
    "${HOME} $(ls) `x`", "a\nb\n\n", "\"'\\", "ünïcödé 漢字 🙂", " ahead and behind ", "yes", "0755", "null", "", "\t",
    "a\r\nb", "# no comment", "- x: y", "%", "/* */", "{slot}", "{model}", "1e3", "2026-01-01",
    "~", "|", "\\n", "\\", "{%", "}",
)  # fmt: skip
_BRACES = (*_TEXTS, "{{ .Values.x }}", "{{`", "}}`", "{{-", "{{= 1 }}", "{{workflow.name}}")
_DURATIONS = ("0.5ms", "2ms", "1.0001s", "90s", "1h30m", "1h1h", "0.5h", "86400000ms", "720h", "87600h")
_CORES = ("1m", "0.5", "1e3", ".5", "1E2", "7.123", "1k", 10_000, 0.25)
_BYTES = ("8Mi", "1.5Gi", "1e9", "2048M", "123456789", "1e9", "1Pi", "0.5Gi")
_IMAGES = (
    "a:1.0.0", "localhost:5000/x/y/z:v1.0.0@sha256:" + "a" * 64, "registry.example.com:5000/team/model:V-1.0_x",
    "a" * 200 + "/b:1.0.0", "x@sha256:" + "b" * 64,
)  # fmt: skip
_LABELS: tuple[Mapping[str, str], ...] = (
    {"a" * 63: "b" * 63},
    {".".join(["a" * 63] * 3) + "/" + "c" * 63: ""},
    {"example.com/Tier": "A.b_c-d"}, {"1": "true"},
)  # fmt: skip
_SECRETS = ("a", "a" * 253, "a.b-c", "0")
_LABEL = ("a", "b" * 63, "c-1", "on", "y1")
_TOLERATIONS = (
    [{"operator": "Exists"}],
    [{"key": "example.com/gpu", "value": "", "effect": "NoSchedule"}],
    [{"key": "a", "effect": "NoExecute", "tolerationSeconds": 2**31 - 1}],
)
_EXPRESSION = {"key": "pool", "operator": "In", "values": ["b", "on", "1e3"]}
_TERM = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"a": "yes"}}}
_AFFINITIES: tuple[Mapping[str, Any], ...] = (
    {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
        {"matchExpressions": [_EXPRESSION]},
        {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n"]}]},
    ]}}},
    {"podAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "podAffinityTerm": _TERM}]}},
    {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": []}},
)  # fmt: skip
_QUERIES = (
    "sum(a{slot='{slot}',x=~\"{{.*}}|a\\\\d{2}\"})",
    'a{slot="{slot}"}\n  + b{x="`"}',
    "{slot}",
    'a{slot="{slot}"} # ü',
)
_PEERS = (
    [{"cidr": "2001:db8::/32", "port": 1}], [{"cidr": "::ffff:1.2.3.4/128"}], [{"namespace": "a" * 63, "port": 65535}],
    [{"cidr": "192.0.2.1/32"}, {"namespace": "x", "port": 80}], [{"cidr": "10.0.0.1/32"}, {"cidr": "10.0.0.1/32"}],
)  # fmt: skip
_URLS = ("http://a", "https://h.example.com:8443/p/a?x=y#z", "http://10.0.0.1:65535", "http://me@h:1/\"'`$(x)")


def _business(success: str, total: str) -> list[dict[str, Any]]:
    figure = {"metric": "business", "name": "A_b-" + "c" * 36, "maxDropPercent": 0.001}
    return [{**figure, "success": success, "total": total}]


def _step(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "image": "a/x:1.0.0", "command": ["x"], **more}


MODEL: Final[Mapping[str, tuple[Any, ...]]] = {
    "metadata.owner": ("1e3", "true", "A" * 63, "x_y.z-1", "0x1F"),
    "metadata.description": (*_BRACES, "ü" * 500),
    "metadata.labels": _LABELS,
    "metadata.annotations": tuple({"example.com/note": text} for text in (*_BRACES, "x" * 3000)),
    "training.params": (
        *({text: text} for text in _BRACES),
        {"a": [1, "b", None, True, 1.5], "b": 1e300, "c": -0.0, "d": 2**53},
    ),
    "training.data.target": tuple(text for text in _BRACES if text),
    "training.data.exclude": (list(_BRACES),),
    "training.task": ("classification", "regression", "ranking", "custom"),
    "training.framework": ("sklearn", "xgboost", "lightgbm", "torch", "onnx", "custom"),
    "training.image": _IMAGES,
    "training.resources.cpu": _CORES,
    "training.resources.memory": ("8Mi", "0.5Gi", "1e9", 123456789),
    "training.resources.ephemeralStorage": _BYTES,
    "training.resources.gpu": (0, 16),
    "training.retries.onOutOfMemory": ({"factor": 1.0000001, "max": "1Pi"}, {"factor": 8, "max": "8.5Gi"}),
    "training.nodeSelector": _LABELS,
    "training.tolerations": _TOLERATIONS,
    "training.affinity": _AFFINITIES,
    "training.priorityClassName": _LABEL,
    "training.env": (*({"X": text} for text in _TEXTS), {"PATH": "/x", "HOME": "/y", "_": "", "A" * 300: "x"}),
    "training.secrets": (
        [{"name": "same", "key": "k", "env": "A"}, {"name": "same", "key": "j", "env": "B"}],
        [{"name": "registry-push", "key": "k" * 253, "env": "A"}, {"name": "a" * 253, "key": ".x", "env": "b"}],
    ),
    "training.schedule": ("0 0 31 1,3 *", "5-10/2 1 1-5 JAN-MAR sun,tue", " 00  03 * * 5-6", "1/5 0 * * *"),
    "training.timeout": _DURATIONS,
    "validation.gates": tuple([{"metric": "recall", "class": text, "min": 1e-9, "max": 1}] for text in _BRACES),
    "versioning.registeredModel": ("A" * 100, "1.2_3-x", "on"),
    "build.image": ("a", "registry.example.com:5000/team/model", "a/" + "b" * 250, "localhost:5000/a__b"),
    "build.sign": tuple({"mode": "key", "secret": name} for name in _SECRETS),
    "pipeline.steps": (
        [_step(f"s{n}", after=f"s{n - 1}" if n else "train") for n in range(12)],
        [_step(f"s{n}", before="deploy") for n in range(12)],
        [
            _step("a", after="guard", outputs=["x"]),
            _step("b", after="a", inputs=["x", "source"], outputs=["x"]),
            _step("c", after="b", inputs=["x"], command=list(_TEXTS)),
        ],
        [_step("main", after="train"), _step("wait", after="train"), _step("exit", after="deploy")],
        [_step("a" * 20, after="image", outputs=["o" * 20, "on"], resources={"cpu": "1m", "gpu": 2})],
    ),
    "serving.resources.cpu": _CORES,
    "serving.resources.memory": _BYTES,
    "serving.timeout": _DURATIONS,
    "serving.replicas": (1, 1000),
    "release.steps": ([1], [99], list(range(1, 100))),
    "release.analysis.checks": tuple(_business(one, two) for one in _QUERIES for two in _QUERIES),
    "monitoring.drift": tuple({"window": text, "features": list(_BRACES)} for text in _DURATIONS),
    "monitoring.objectives.availabilityPercent": (1e-9, 99.9999999),
}
PLATFORM: Final[Mapping[str, tuple[Any, ...]]] = {
    "git.url": ("git@h.example.com:ml/m.git", "ssh://git@h:22/m.git", "file:///srv/x.git", "https://h/a'b\"c`d"),
    "git.branch": ("main", "a/b.c", "1.x"),
    "git.path": (".ml", "a/b/c"),
    "git.credentialsSecret": _SECRETS,
    "argocd.bootstrapProject": ("r" * 63, "x"),
    "kubernetes.version": ("1.25", "1.37"),
    "kubernetes.timeZone": ("Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5"),
    "ingress.host": ("{model}-{environment}." + "a" * 63 + ".com", "{model}{environment}"),
    "pipeline.runtimeImage": _IMAGES,
    "environments": (
        {"staging": {"namespace": "1{model}-{environment}"}, "prod": {}},
        {name: {"cluster": f"https://{name}.example.com:6443"} for name in ("staging", "prod", "on", "null", "b" * 20)},
    ),
    "mlflow.trackingUri": _URLS,
    "storage.endpoint": _URLS,
    "storage.bucket": ("a.b", "a" * 63),
    "registry.host": ("localhost:5000", "ghcr.io/a/b__c/d", "r" * 100),
    "prometheus.url": _URLS,
    "prometheus.ruleLabels": _LABELS,
    "secrets": ({"provider": "external-secrets", "store": "v" * 63, "prefix": "a/b/" + "c" * 300},),
    **{f"network.{name}": _PEERS for name in ("apiServer", "storage", "mlflow", "registry", "git", "data")},
    "serviceAccounts.annotations": tuple({"example.com/note": text} for text in _BRACES),
    "quotas": ({"requests.nvidia.com/gpu": "4", "count/jobs.batch": 5, "limits.cpu": "1.5"},),
    "gpu": ({"resource": "nvidia.com/mig-1g.5gb"}, {"resource": "amd.com/gpu", "tolerations": _TOLERATIONS[0]}),
    "images.kaniko": _IMAGES,
}


def put(data: Mapping[str, Any], path: str, content: Any) -> dict[str, Any]:
    """Return data with other content at a path; what stands in the way of the path is replaced."""
    first, _, rest = path.partition(".")
    inner = data.get(first)
    if not rest or not isinstance(inner, Mapping):
        return {**data, **nested({path: content})}
    return {**data, first: put(inner, rest, content)}
