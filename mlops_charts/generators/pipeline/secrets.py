"""The Secrets that the pipeline reads: none is in the chart; at most a reference to where one comes from."""

from __future__ import annotations

from collections.abc import Iterator

from mlops_charts.generators.external import external_secret, fetched, store
from mlops_charts.generators.model import Part
from mlops_charts.planning import Plan


def external_secrets(plan: Plan) -> Iterator[Part]:
    """Yield an ExternalSecret for each Secret, where they come from a store."""
    if fetched(plan):
        for name in secrets(plan):
            yield Part(f"externalsecret-{name}.yaml", external_secret(plan, name, component="pipeline"))


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
    platform, sign = plan.platform, plan.spec.build.sign
    wanted = (
        platform.storage.credentials_secret,
        platform.git.credentials_secret,
        platform.git.signing_key_secret,
        platform.registry.pull_secret,
        platform.registry.push_secret,
        sign.secret if sign.mode == "key" else None,
        *(one.name for one in plan.spec.training.secrets),
    )
    return tuple(dict.fromkeys(name for name in wanted if name))
