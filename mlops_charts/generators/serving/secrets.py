"""Secrets of the serving namespace, by name only: fetched by External Secrets, or made outside.

A chart never holds a secret; templates of External Secrets name the keys that are put together in the cluster.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlops_charts.contract import PREPACKAGED
from mlops_charts.generators.external import external_secret, fetched, file_name, store
from mlops_charts.generators.model import Part
from mlops_charts.generators.secret_uses import (
    SecretUse,
    git_uses,
    mlflow_use,
    names,
    registry_use,
    storage_use,
)
from mlops_charts.planning import EnvironmentPlan, Plan


def loader_secret(plan: Plan) -> str:
    """Return the Secret whose keys are the variables that Seldon's storage initializer reads."""
    return f"{plan.platform.storage.credentials_secret}-rclone"


def external_secrets_needed(plan: Plan, environment: EnvironmentPlan) -> tuple[str, ...]:  # noqa: ARG001 - all alike
    """Return the Secrets that must exist in an environment's namespace without any object of the chart."""
    return () if fetched(plan) else _names(plan)


def externals(plan: Plan, environment: EnvironmentPlan) -> frozenset[tuple[str, str]]:
    """Return kind and name of what an environment's objects refer to and somebody else makes."""
    found = {("Secret", name) for name in external_secrets_needed(plan, environment)}
    if source := store(plan):
        found.add(("ClusterSecretStore", source))
    return frozenset(found)


def external_secrets(plan: Plan, environment: EnvironmentPlan) -> Iterator[Part]:  # noqa: ARG001 - all alike
    """Yield an ExternalSecret for each Secret, where External Secrets fetches them."""
    if fetched(plan):
        for name in _names(plan):
            yield Part(file_name(name), _external(plan, name), "platform:secrets")


def secret_uses(plan: Plan) -> tuple[SecretUse, ...]:
    """Return the Secrets that the objects of each environment refer to, with their keys and what each is for."""
    pulls = registry_use(plan.platform.registry.pull_secret, "pulls images")
    found = [*git_uses(plan), *pulls, storage_use(plan), *mlflow_use(plan)]
    if plan.spec.serving.runtime in PREPACKAGED:
        keys = ", ".join(f"`{key}`" for key in _loader_keys(plan))
        found.append(SecretUse(loader_secret(plan), keys, "the server loads the model"))
    return tuple(found)


def _names(plan: Plan) -> tuple[str, ...]:
    return tuple(sorted(names(secret_uses(plan))))


def _external(plan: Plan, name: str) -> dict[str, Any]:
    if name != loader_secret(plan):
        return external_secret(plan, name, component="secrets")
    stored = plan.platform.storage.credentials_secret
    return external_secret(plan, name, component="secrets", stored=stored, keys=_loader_keys(plan))


def _loader_keys(plan: Plan) -> Mapping[str, str]:
    storage = plan.platform.storage
    return {
        "RCLONE_CONFIG_S3_TYPE": "s3",
        "RCLONE_CONFIG_S3_PROVIDER": "Other",
        "RCLONE_CONFIG_S3_ENV_AUTH": "false",
        "RCLONE_CONFIG_S3_ENDPOINT": storage.endpoint,
        "RCLONE_CONFIG_S3_REGION": storage.region,
        "RCLONE_CONFIG_S3_ACCESS_KEY_ID": "{{ .accessKey }}",
        "RCLONE_CONFIG_S3_SECRET_ACCESS_KEY": "{{ .secretKey }}",
    }
