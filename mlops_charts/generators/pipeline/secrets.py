"""The Secrets that the pipeline reads: none is in the chart; at most a reference to where one comes from."""

from __future__ import annotations

from collections.abc import Iterator

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
from mlops_charts.planning import Plan


def external_secrets(plan: Plan) -> Iterator[Part]:
    """Yield an ExternalSecret for each Secret, where they come from a store."""
    if fetched(plan):
        for name in secrets(plan):
            yield Part(file_name(name), external_secret(plan, name, component="pipeline"))


def external_secrets_needed(plan: Plan) -> tuple[str, ...]:
    """Return the Secrets that must exist in the pipeline's namespace without the chart."""
    return () if fetched(plan) else secrets(plan)


def externals(plan: Plan) -> frozenset[tuple[str, str]]:
    """Return kind and name of all that the pipeline refers to and that exists without the chart."""
    found = [
        ("PriorityClass", plan.spec.training.priority_class_name),
        ("ClusterSecretStore", store(plan)),
        *(("Secret", name) for name in external_secrets_needed(plan)),
    ]
    return frozenset((kind, name) for kind, name in found if name)


def secrets(plan: Plan) -> tuple[str, ...]:
    """Return the names of all Secrets that the pipeline reads."""
    return names(secret_uses(plan))


def secret_uses(plan: Plan) -> tuple[SecretUse, ...]:
    """Return all Secrets that the pipeline reads, with their keys and what each is for."""
    registry, sign = plan.platform.registry, plan.spec.build.sign
    key = sign.secret if sign.mode == "key" else None
    return (
        storage_use(plan),
        *mlflow_use(plan),
        *git_uses(plan),
        *registry_use(registry.pull_secret, "pulls images"),
        *registry_use(
            registry.push_secret,
            "pushes the images that are built and their signatures, and pulls what they are built on",
        ),
        *(SecretUse(name, "`cosign.key`, `cosign.password`", "signs images") for name in (key,) if name),
        *(
            SecretUse(one.name, f"`{one.key}`", f"the variable `{one.env}` of training")
            for one in plan.spec.training.secrets
        ),
    )
