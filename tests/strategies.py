"""Hypothesis strategies: what may be asked of a model and a platform, as raw data, and values that charts admit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from extremes import MODEL, PLATFORM, put
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from mlops_charts.chart import Chart, Record, default_values, merge, values_of
from mlops_charts.chart.chart import nested
from mlops_charts.release import Identity, ReleaseState, example_states

Data = SearchStrategy[dict[str, Any]]
FILES = {
    "train.py": b"def train(X, y, context): ...\n",
    "serve.py": b"class Model: ...\n",
    "metrics.py": b"def compute(y, p, c): ...\n",
    "requirements.txt": b"numpy==2.1.3\n",
    "notes.txt": b"Braces {{ .Values.x }}, quotes \" and '\n",
}
_PEER = [{"cidr": "192.0.2.0/24", "port": 443}]
_WORDS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=20)
_PLAIN = _WORDS.filter(lambda text: "{{" not in text)
_LABELS = st.dictionaries(
    st.from_regex(r"(example\.com/)?[a-z]{3}[a-z0-9]{0,5}", fullmatch=True).filter(lambda key: key != "app"),
    st.from_regex(r"([A-Za-z0-9]([A-Za-z0-9._-]{0,8}[A-Za-z0-9])?)?", fullmatch=True)
    | st.sampled_from(("yes", "012", "1e5")),
    max_size=2,
)
_NAMES = st.from_regex(r"[a-z][a-z0-9]{0,6}(-[a-z0-9]{1,5})?", fullmatch=True)
_MODELS = _NAMES | st.just("a-model-whose-name-is-30-chars") | st.sampled_from(("on", "y", "null", "e1"))
_CPU = st.sampled_from(("1", "500m", "0.5", "2", 1, 1.5, "1e1"))
_MEMORY = st.sampled_from(("512Mi", "1Gi", "1.5Gi", "2048M", "1e9"))
_DURATIONS = st.sampled_from(("5m", "90s", "1h30m", "2h", "0.5h"))
_SHARES = st.floats(0.5, 0.99).map(lambda number: round(number, 3))
_PSI = st.sampled_from((0.1, 0.2, 0.25, 1e-4, 3))
_DIGEST = st.from_regex(r"[0-9a-f]{64}", fullmatch=True)
_IMAGES = st.sampled_from(("ghcr.io/acme/step:1.0.0", "registry.example.com:5000/a/b:v2@sha256:" + "7" * 64))
_SECRET = st.sampled_from((None, "pull.secret", "creds"))


def _some(**fields: SearchStrategy[Any]) -> Data:
    """Maps with any of these keys."""
    return st.fixed_dictionaries({}, optional=fields)


def _resources(**more: SearchStrategy[Any]) -> Data:
    return _some(cpu=_CPU, memory=_MEMORY, gpu=st.integers(0, 2), **more)


_TOLERATIONS = st.lists(
    st.sampled_from(({"key": "gpu", "operator": "Exists"}, {"key": "pool", "value": "a", "effect": "NoSchedule"})),
    max_size=2,
    unique_by=str,
)
_SEARCH = st.fixed_dictionaries(
    {
        "metric": st.just("accuracy"),
        "trials": st.integers(4, 30),
        "parallel": st.integers(1, 4),
        "space": st.just({"depth": {"int": [1, 9]}, "rate": {"logFloat": [0.001, 1]}, "kind": {"choice": ["a", "on"]}}),
    }
)
_TRAINING = st.fixed_dictionaries(
    {"data": st.fixed_dictionaries({"uri": st.sampled_from(("sklearn://iris", "s3://lake/x.csv"))}, optional={
        "target": _PLAIN.filter(bool), "exclude": st.lists(_PLAIN, max_size=2),
        "split": st.sampled_from(({"test": 0.3, "by": "stratified"}, {"by": "group", "column": "site"})),
    })},
    optional={
        "framework": st.just("sklearn"),
        "params": st.dictionaries(_NAMES, _PLAIN | st.integers() | st.booleans() | st.none() | _SHARES, max_size=3),
        "seed": st.integers(0, 2**32 - 1),
        "search": st.none() | _SEARCH,
        "requirements": st.just("requirements.txt"),
        "sourceExclude": st.just(["notes.*"]),
        "resources": _resources(ephemeralStorage=_MEMORY),
        "retries": _some(limit=st.integers(0, 4), onOutOfMemory=_some(factor=st.sampled_from((1.5, 2, 8)))),
        "nodeSelector": _LABELS,
        "tolerations": _TOLERATIONS,
        "affinity": st.sampled_from(({}, {"podAntiAffinity": {}})),
        "priorityClassName": st.sampled_from((None, "batch")),
        "env": st.dictionaries(st.from_regex(r"[A-Z_]{1,5}", fullmatch=True), _PLAIN, max_size=2),
        "secrets": st.lists(st.just({"name": "warehouse", "key": "a.b", "env": "DB_PASSWD"}), max_size=1),
        "schedule": st.sampled_from((None, "0 3 * * 1", "*/30 0-6,22 * * mon-fri")),
        "timeout": _DURATIONS,
        "allowPickle": st.booleans(),
        "trustedTypes": st.lists(st.just("churn.Encoder"), max_size=1),
    },
)  # fmt: skip
_STEPS = st.lists(
    st.sampled_from(
        (
            {"name": "lint", "after": "guard", "image": "a/lint:1.0.0", "command": ["lint", "{"], "inputs": ["source"]},
            {"name": "fair", "after": "validate", "image": "a/fair:1.0.0", "command": "fair", "outputs": ["verdict"]},
            {"name": "tell", "before": "deploy", "image": "a/tell:1.0.0", "command": ["tell", "yes", "0755"]},
        )
    ),
    max_size=3,
    unique_by=lambda step: step["name"],
)
_VALIDATION = _some(
    metrics=st.just("metrics.py:compute"),
    minRows=st.integers(1, 9999),
    gates=st.just([{"metric": "accuracy", "min": 0.9}]),
    champion=st.none() | st.just({"metric": "accuracy", "maxDrop": 0.01}),
    approval=st.sampled_from(("none", "manual")),
)
_BUILD = _some(
    image=st.sampled_from((None, "registry.example.com:5000/team/model")),
    cache=st.booleans(),
    scan=st.none() | _some(severity=st.just(["CRITICAL"]), ignoreUnfixed=st.booleans()),
    sign=st.sampled_from(({}, {"mode": "key", "secret": "cosign-key"}, {"mode": "keyless"})),
    sbom=st.booleans(),
)
_SCALINGS = st.sampled_from(
    (
        {},
        {"replicas": 3},
        {"autoscaling": {"min": 1, "max": 9, "cpuPercent": 70}},
        {"autoscaling": {"min": 2, "max": 9, "requestsPerSecond": 12.5}},
        {"autoscaling": {"min": 2, "max": 2, "requestsPerSecond": 1000}},
    )
)
_MONITORING = _some(
    drift=_some(maxPsi=_PSI, window=_DURATIONS, features=st.just("all") | st.just(["age", "plan"])),
    objectives=_some(
        availabilityPercent=st.sampled_from((99, 99.9, 99.95, 50.5)),
        latency=_some(quantile=st.sampled_from((0.5, 0.95, 0.99)), max=st.sampled_from(("5ms", "80ms", "1s"))),
    ),
    dashboard=st.booleans(),
)
_BUSINESS = {
    "metric": "business",
    "name": "sales",
    "success": 'sum(orders_total{slot="{slot}"})',
    "total": 'sum(visits_total{slot="{slot}", x=~"a|b\\\\d"})',
    "maxDropPercent": 2.5,
}


@st.composite
def _serving(draw: st.DrawFn) -> dict[str, Any]:
    runtime = draw(st.sampled_from(("python", "python", "seldon-core", "sklearn", "mlflow")))
    found = {"runtime": runtime, **draw(_SCALINGS), **draw(_some(resources=_resources(), timeout=_DURATIONS))}
    if runtime == "python":
        logged = st.just({}) | st.just({"sample": 0.05, "features": True, "retain": "48h"})
        own = {"nonFinite": st.sampled_from(("reject", "missing")), "requestLog": logged}
        batching = _some(maxSize=st.integers(1, 4096), maxDelay=st.sampled_from(("2ms", "0.5ms")))
        found |= draw(_some(**own, batching=batching, protocol=st.sampled_from(("v2", "seldon"))))
    if runtime == "seldon-core":
        found["protocol"] = "seldon"
    if runtime in {"python", "seldon-core"} and draw(st.booleans()):
        found["entrypoint"] = "serve.py:Model"
    return found


@st.composite
def _release(draw: st.DrawFn, ingress: str) -> dict[str, Any]:
    possible = {"gatewayApi": ("canary", "shadow", "abTest", "blueGreen"), "istio": ("canary", "shadow", "blueGreen")}
    strategy = draw(st.sampled_from(possible.get(ingress, ("blueGreen",))))
    found = {"strategy": strategy, **draw(_some(
        steps=st.lists(st.integers(1, 99), min_size=1, max_size=5, unique=True).map(sorted),
        interval=_DURATIONS, bake=_DURATIONS, maxDuration=st.sampled_from(("24h", "48h")),
        expectedRequestsPerSecond=st.sampled_from((1, 20, 0.5, 900)), onNoData=st.sampled_from(("hold", "rollback")),
    ))}  # fmt: skip
    if strategy == "abTest":
        found |= {"abTest": {"header": "x-user"}, "analysis": {"checks": [_BUSINESS]}}
    return found


@st.composite
def models(draw: st.DrawFn, ingress: str = "gatewayApi") -> dict[str, Any]:
    """Raw data of a model.yaml, over all blocks."""
    serving = draw(_serving())
    monitoring = draw(_MONITORING)
    if serving["runtime"] != "python":
        monitoring.pop("drift", None)
    training = draw(_TRAINING)
    if serving["runtime"] == "sklearn":
        training["allowPickle"] = True
    metadata = {"owner": _NAMES, "description": _PLAIN, "labels": _LABELS, "annotations": _LABELS}
    found = {
        "metadata": {"name": draw(_MODELS), **draw(_some(**metadata))},
        "training": training,
        "serving": serving,
        "release": draw(_release(ingress)),
        "monitoring": monitoring,
    }
    blocks = {"validation": _VALIDATION, "build": _BUILD, "pipeline": _some(steps=_STEPS)}
    found |= draw(_some(**blocks, versioning=_some(registeredModel=_NAMES, bump=st.sampled_from(("auto", "major")))))
    return found | {"environments": draw(st.sampled_from(([], ["staging"], [_overridden(serving), "staging"])))}


def _overridden(serving: Mapping[str, Any]) -> dict[str, Any]:
    more = {"autoscaling": {"max": 20}} if "autoscaling" in serving else {"replicas": 7}
    return {"name": "prod", "overrides": {"serving": {**more, "resources": {"cpu": "3"}}, "release": {"bake": "2h"}}}


@st.composite
def platforms(draw: st.DrawFn, ingress: str = "gatewayApi") -> dict[str, Any]:
    """Raw data of a platform.yaml, over all blocks."""
    stores = ({"provider": "existing"}, {"provider": "sealed-secrets"}, {"provider": "external-secrets", "store": "v"})
    found = {
        "ingress": {"type": ingress, **draw(_some(host=st.just("{environment}-{model}.ml.example.com")))},
        "keda": True,
        "environments": {"staging": {}, "prod": draw(_some(cluster=st.just("https://prod.example.com:6443")))},
        "network": {"registry": _PEER, "git": _PEER, **draw(_some(data=st.just(_PEER), dns=_NAMES, gateway=_NAMES))},
    }
    return found | draw(_some(
        git=_some(signingKeySecret=_SECRET, releaseBranch=st.just("releases"), path=st.just("ml/models")),
        argocd=_some(namespace=_NAMES),
        kubernetes=_some(version=st.sampled_from(("1.30", "1.35")), timeZone=st.just("UTC")),
        pipeline=_some(runtimeImage=_IMAGES, retrainOnRuntimeChange=st.booleans()),
        storage=_some(region=st.just("eu-1"), credentialsSecret=_NAMES),
        registry=_some(pullSecret=_SECRET, pushSecret=_SECRET),
        prometheus=_some(ruleLabels=_LABELS, pushgateway=st.just("http://push.monitoring:9091")),
        secrets=st.sampled_from(stores),
        serviceAccounts=_some(annotations=st.just({"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/x"})),
        quotas=st.sampled_from(({}, {"pods": 40, "requests.cpu": "20"})),
        gpu=_some(tolerations=_TOLERATIONS),
    ))  # fmt: skip


INGRESSES = st.sampled_from(("gatewayApi", "istio", "none"))


@st.composite
def _edited(draw: st.DrawFn, base: Data, ends: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    """Draw data with up to three fields at the ends of what they admit."""
    found = draw(base)
    for path in draw(st.lists(st.sampled_from(sorted(ends)), max_size=3, unique=True)):
        found = put(found, path, draw(st.sampled_from(ends[path])))
    return found


asked = INGRESSES.flatmap(
    lambda ingress: st.tuples(_edited(models(ingress), MODEL), _edited(platforms(ingress), PLATFORM))
)
"""A model and its platform."""


def from_schema(schema: Mapping[str, Any]) -> SearchStrategy[Any]:
    """What the schema of one value admits."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "pattern" in schema:
        return st.from_regex(schema["pattern"].removesuffix("$") + r"\Z").filter(lambda text: len(text) < 80)
    kinds: dict[str, SearchStrategy[Any]] = {
        "boolean": st.booleans(),
        "integer": st.integers(schema.get("minimum", -(2**53) + 1), schema.get("maximum", 2**53 - 1)),
        "string": _WORDS,
        "array": st.lists(st.dictionaries(_NAMES, _WORDS, max_size=2), max_size=2),
        "object": st.dictionaries(_NAMES, _WORDS | st.integers(0, 9) | st.booleans(), max_size=3),
    }
    return kinds[schema["type"]]


def values(chart: Chart) -> Data:
    """Maps with every declared value of a chart but the state of a release."""
    declared = [value for value in values_of(chart) if not value.path.startswith("release.")]
    return st.fixed_dictionaries({value.path: from_schema(value.schema) for value in declared}).map(nested)


_IDENTITIES = st.builds(
    Identity,
    version=st.from_regex(r"[0-9]\.[0-9]{1,2}\.[0-9](-rc\.[0-9])?", fullmatch=True),
    image=_DIGEST.map(lambda digest: f"registry.example.com:5000/iris@sha256:{digest}"),
    model_uri=st.just("s3://models/iris/1"),
    run_id=st.from_regex(r"[0-9a-f]{32}", fullmatch=True),
    code_digest=_DIGEST,
    data_digest=_DIGEST,
)


@st.composite
def releases(draw: st.DrawFn, chart: Chart, ingress: Any) -> dict[str, Any]:
    """States of a release: an example, with everything varied that may vary in its phase."""
    states = [state for _, state in example_states(ingress, draw(_IDENTITIES), draw(_IDENTITIES))]
    state: ReleaseState = draw(st.sampled_from(states))
    data = state.data()
    free = ("startedAt", "stepStartedAt", "paused", "step", "policy", "rejected")
    schemas = {value.path: value.schema for value in values_of(chart) if isinstance(value, Record)}
    data |= {key: draw(from_schema(schemas[f"release.{key}"])) for key in free}
    for slot in ("blue", "green"):
        data[slot]["minReplicas"] = draw(st.integers(1, 50))
    if state.phase == "canary":
        weight = draw(st.integers(1, 99))
        data["blue"]["weight"], data["green"]["weight"] = weight, 100 - weight
    return {"release": data}


def all_values(chart: Chart, ingress: Any | None = None) -> Data:
    """Full values of a chart; with an ingress, of a serving chart."""
    state = releases(chart, ingress) if ingress else st.just({})
    return st.tuples(values(chart), state).map(lambda drawn: merge(default_values(chart), *drawn))
