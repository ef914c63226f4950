"""Plans and rendered objects of pipelines, for the tests of their generator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlops_charts.chart import Chart, Template, default_values, evaluate, merge
from mlops_charts.generators.pipeline import PipelineGenerator
from mlops_charts.planning import Plan, decide
from mlops_charts.spec.model import ModelSpec
from mlops_charts.spec.platform import PlatformSpec

FILES = {"train.py": b"def train(X, y, context): ...\n"}
MINIMAL: dict[str, Any] = {"metadata": {"name": "iris"}, "training": {"data": {"uri": "sklearn://iris"}}}

TRAINING: dict[str, Any] = {
    "data": {"uri": "s3://lake/iris.csv"},
    "requirements": "requirements.txt",
    "schedule": "0 3 * * 1",
    "search": {"trials": 20, "parallel": 4, "metric": "accuracy", "space": {"depth": {"int": [1, 9]}}},
    "resources": {"cpu": "2", "memory": "1.5Gi", "gpu": 1, "ephemeralStorage": "4Gi"},
    "retries": {"limit": 3, "onOutOfMemory": {"factor": 2, "max": "8Gi"}},
    "nodeSelector": {"pool": "gpu"},
    "tolerations": [{"key": "dedicated", "operator": "Exists", "effect": "NoSchedule"}],
    "affinity": {"podAntiAffinity": {}},
    "priorityClassName": "high",
    "env": {"MODE": "yes"},
    "secrets": [{"name": "warehouse", "key": "password", "env": "DB_PASSWORD"}],
}
STEPS: list[dict[str, Any]] = [
    {
        "name": "lint",
        "after": "guard",
        "image": "ghcr.io/acme/lint:1.0.0",
        "command": ["lint", "/inputs/source"],
        "inputs": ["source"],
        "outputs": ["findings"],
    },
    {
        "name": "fairness",
        "after": "validate",
        "image": "ghcr.io/acme/fairness:1.0.0",
        "command": ["fairness"],
        "inputs": ["model", "report", "findings"],
        "outputs": ["verdict"],
        "resources": {"gpu": 1},
    },
    {"name": "notify", "before": "deploy", "image": "ghcr.io/acme/notify:1.0.0", "command": "notify"},
    {"name": "warmup", "before": "guard", "image": "ghcr.io/acme/warmup:1.0.0", "command": "warmup"},
]
EVERYTHING: dict[str, Any] = {
    "metadata": {"name": "iris", "owner": "team-flowers", "labels": {"tier": "gold"}, "annotations": {"note": "a"}},
    "training": TRAINING,
    "pipeline": {"steps": STEPS},
    "build": {"sign": {"mode": "key", "secret": "cosign-key"}},
    "environments": ["staging", "prod"],
}
PLATFORM: dict[str, Any] = {
    "environments": {"staging": {}, "prod": {}},
    "git": {"signingKeySecret": "git-signing"},
    "gpu": {"tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}]},
    "network": {
        "registry": [{"cidr": "192.0.2.0/24"}],
        "packages": [{"cidr": "203.0.113.0/24"}],
        "git": [{"cidr": "198.51.100.0/24"}],
        "data": [{"namespace": "warehouse", "port": 5432}],
    },
    "prometheus": {"ruleLabels": {"release": "monitoring"}, "pushgateway": "http://push.monitoring:9091"},
    "quotas": {"requests.cpu": "20", "limits.memory": "64Gi"},
    "secrets": {"provider": "external-secrets", "store": "vault", "prefix": "ml/"},
    "serviceAccounts": {"annotations": {"iam.example.com/role": "models"}},
}
EVERYTHING_FILES = {
    **FILES,
    "requirements.txt": b"numpy==2.1.0\n",
    "data/rows.bin": b"\xff\x00",
    "lib/my code.py": b"# {{ not helm }}\n",
}
KEYLESS: dict[str, Any] = {
    **EVERYTHING,
    "build": {"sign": {"mode": "keyless"}, "scan": None, "sbom": False, "cache": False},
}
CASES: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, bytes]]] = {
    "minimal": (MINIMAL, {}, FILES),
    "everything": (EVERYTHING, PLATFORM, EVERYTHING_FILES),
    "keyless": (
        KEYLESS,
        {**PLATFORM, "secrets": {}, "registry": {"pullSecret": None, "pushSecret": None}},
        EVERYTHING_FILES,
    ),
    "no-retries": ({**MINIMAL, "training": {**MINIMAL["training"], "retries": {"limit": 0}}}, {}, FILES),
}


def plan_of(
    model: Mapping[str, Any] = MINIMAL, platform: Mapping[str, Any] | None = None, files: Mapping[str, bytes] = FILES
) -> Plan:
    """Return the plan of a model."""
    return decide(ModelSpec.model_validate(model), PlatformSpec.model_validate(platform or {}), files, "model/iris")


def case(name: str) -> Plan:
    """Return the plan of one of CASES."""
    return plan_of(*CASES[name])


def chart_of(plan: Plan) -> Chart:
    """Return the pipeline chart of a plan."""
    parts = PipelineGenerator().pipeline(plan)
    templates = tuple(Template(part.file, part.node, part.origin) for part in parts)
    return Chart("iris-pipeline", "0.1.0", "Makes iris.", plan.source, templates)


def objects_of(plan: Plan, values: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """Return the objects of a pipeline as Helm prints them."""
    chart = chart_of(plan)
    return evaluate(chart, merge(default_values(chart), values or {}))


def of_kind(objects: list[dict[str, Any]], kind: str) -> dict[str, dict[str, Any]]:
    """Return the objects of a kind by name."""
    return {one["metadata"]["name"]: one for one in objects if one["kind"] == kind}


def templates_of(plan: Plan, values: Mapping[str, Any] | None = None) -> dict[str, dict[str, Any]]:
    """Return the templates of the WorkflowTemplate by name."""
    (template,) = of_kind(objects_of(plan, values), "WorkflowTemplate").values()
    return {one["name"]: one for one in template["spec"]["templates"]}


def tasks_of(plan: Plan) -> dict[str, dict[str, Any]]:
    """Return the tasks of the entrypoint by name."""
    return {task["name"]: task for task in templates_of(plan)["pipeline"]["dag"]["tasks"]}
