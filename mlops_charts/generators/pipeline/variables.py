"""The environment variables of our own steps: where services are, and what the user gave to training."""

from __future__ import annotations

from typing import Any, Final

from mlops_charts import contract
from mlops_charts.generators.objects import mlflow_credentials, secret_variable, storage_credentials
from mlops_charts.generators.pipeline.interfaces import NATURES
from mlops_charts.planning import Plan

# What a step that runs none of the model's code takes of the user's variables: which rows, and by which keys. Of others
# some make a program run code (PYTHONPATH, AWS_CONFIG_FILE), and guard holds a credential of git.
_OF_ROWS: Final = frozenset(
    {
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_S3",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
    }
)


def variables(plan: Plan, name: str) -> list[dict[str, Any]]:
    """Return the variables of a step; where the model's code runs, what the user says wins over what we say."""
    nature = NATURES[name]
    found = {entry["name"]: entry for entry in _ours(plan, name)}
    theirs = _theirs(plan)
    if nature.model_code:
        found |= theirs
    elif "data" in nature.reaches:
        found |= {key: entry for key, entry in theirs.items() if key in _OF_ROWS}
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
        *(mlflow_credentials(plan) if "mlflow" in reaches else ()),
    ]


def _theirs(plan: Plan) -> dict[str, dict[str, Any]]:
    training = plan.spec.training
    found = [
        *({"name": name, "value": content} for name, content in sorted(training.env.items())),
        *(secret_variable(one.env, one.name, one.key) for one in training.secrets),
    ]
    return {entry["name"]: entry for entry in found}
