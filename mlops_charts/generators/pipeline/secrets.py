"""The Secrets that the pipeline reads: none is in the chart; at most a reference to where one comes from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlops_charts.generators.model import Part
from mlops_charts.generators.objects import metadata
from mlops_charts.planning import Plan


def external_secrets(plan: Plan) -> Iterator[Part]:
    """Yield an ExternalSecret for each Secret, where they come from a store."""
    if plan.platform.secrets.provider == "external-secrets":
        for name in secrets(plan):
            yield Part(f"externalsecret-{name}.yaml", external_secret(plan, name, component="pipeline"))


def external_secrets_needed(plan: Plan) -> tuple[str, ...]:
    """Return the Secrets that must exist in the pipeline's namespace without the chart."""
    return () if plan.platform.secrets.provider == "external-secrets" else secrets(plan)


def externals(plan: Plan) -> frozenset[tuple[str, str]]:
    """Return kind and name of all that the pipeline refers to and that exists without the chart."""
    source = plan.platform.secrets
    store = source.store if source.provider == "external-secrets" else None
    found = [
        ("PriorityClass", plan.spec.training.priority_class_name),
        ("ClusterSecretStore", store),
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


def external_secret(plan: Plan, name: str, *, component: str) -> dict[str, Any]:
    """Return what fetches all keys of one Secret; defaults are written out, because the operator would add them."""
    source = plan.platform.secrets
    extract = {
        "key": f"{source.prefix}{name}",
        "conversionStrategy": "Default",
        "decodingStrategy": "None",
        "metadataPolicy": "None",
    }
    return {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": metadata(plan, name, component=component),
        "spec": {
            "refreshInterval": "1h0m0s",
            "secretStoreRef": {"kind": "ClusterSecretStore", "name": source.store or ""},
            "target": {"name": name, "creationPolicy": "Owner", "deletionPolicy": "Retain", **_type(plan, name)},
            "dataFrom": [{"extract": extract}],
        },
    }


def _type(plan: Plan, name: str) -> dict[str, Any]:
    registry = plan.platform.registry
    if name not in {registry.pull_secret, registry.push_secret}:
        return {}
    kind = "kubernetes.io/dockerconfigjson"
    return {"template": {"type": kind, "engineVersion": "v2", "mergePolicy": "Replace"}}
