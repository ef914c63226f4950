"""The environment variables of our own steps: where services are, and what the user gave to training."""

from __future__ import annotations

from typing import Any

from mlops_charts import contract
from mlops_charts.generators.objects import secret_variable, storage_credentials
from mlops_charts.generators.pipeline.interfaces import NATURES
from mlops_charts.planning import Plan


def variables(plan: Plan, name: str) -> list[dict[str, Any]]:
    """Return the variables of a step; what the user says wins over what we say."""
    nature = NATURES[name]
    found = {entry["name"]: entry for entry in _ours(plan, name)}
    if nature.model_code or "data" in nature.reaches:
        found |= {entry["name"]: entry for entry in _theirs(plan)}
    return list(found.values())


def _ours(plan: Plan, name: str) -> list[dict[str, Any]]:
    platform = plan.platform
    plain = {
        "HOME": "/tmp",  # noqa: S108 - the only place of the pod that can be written besides its outputs
        "MLFLOW_TRACKING_URI": platform.mlflow.tracking_uri,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_S3_ENDPOINT_URL": platform.storage.endpoint,
        "AWS_ENDPOINT_URL": platform.storage.endpoint,
        "AWS_DEFAULT_REGION": platform.storage.region,
    }
    reaches = NATURES[name].reaches
    if "git" in reaches:
        plain[contract.GIT_CREDENTIALS] = "/secrets/git"
    if name == "deploy" and platform.git.signing_key_secret:
        plain[contract.GIT_SIGNING_KEY] = "/secrets/git-signing"
    if name == "guard" and plan.images.environment and platform.registry.pull_secret:
        plain["DOCKER_CONFIG"] = "/secrets/registry"
    if "pushgateway" in reaches and platform.prometheus.pushgateway:
        plain[contract.PUSHGATEWAY] = platform.prometheus.pushgateway
    return [
        *({"name": key, "value": content} for key, content in plain.items()),
        *storage_credentials(plan),
    ]


def _theirs(plan: Plan) -> list[dict[str, Any]]:
    training = plan.spec.training
    return [
        *({"name": name, "value": content} for name, content in sorted(training.env.items())),
        *(secret_variable(one.env, one.name, one.key) for one in training.secrets),
    ]
