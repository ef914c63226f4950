"""References to Secrets that External Secrets fetches; no chart ever holds a secret."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from mlops_charts.generators.objects import SKIP_DRY_RUN, metadata
from mlops_charts.planning import Plan

_LONGEST_FILE = 200
_AS_STORED = {"conversionStrategy": "Default", "decodingStrategy": "None", "metadataPolicy": "None"}


def fetched(plan: Plan) -> bool:
    """Return whether External Secrets fetches what the charts refer to."""
    return plan.platform.secrets.provider == "external-secrets"


def store(plan: Plan) -> str | None:
    """Return the ClusterSecretStore that the Secrets come from; None where nothing fetches them."""
    return plan.platform.secrets.store if fetched(plan) else None


def file_name(name: str) -> str:
    """Return the file of what fetches a Secret: a Secret may have a longer name than a file, with what follows it."""
    digest = hashlib.sha256(name.encode()).hexdigest()[:10]
    short = name if len(name) <= _LONGEST_FILE else f"{name[:_LONGEST_FILE]}-{digest}"
    return f"externalsecret-{short}.yaml"


def external_secret(
    plan: Plan, name: str, *, component: str, stored: str = "", keys: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return what fetches one Secret; the operator's defaults are written out, because it would add them.

    Args:
        plan: The plan.
        name: The Secret.
        component: What it belongs to.
        stored: Its name in the store; that of the Secret if left out.
        keys: Templates of the keys that it gets; all keys as they are stored if left out.
    """
    return {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": metadata(plan, name, component=component, annotations=SKIP_DRY_RUN),
        "spec": {
            "refreshInterval": "1h0m0s",
            "secretStoreRef": {"kind": "ClusterSecretStore", "name": store(plan)},
            "target": {
                "name": name,
                "creationPolicy": "Owner",
                "deletionPolicy": "Retain",
                **_template(plan, name, keys),
            },
            "dataFrom": [{"extract": {"key": f"{plan.platform.secrets.prefix}{stored or name}", **_AS_STORED}}],
        },
    }


def _template(plan: Plan, name: str, keys: Mapping[str, str] | None) -> dict[str, Any]:
    registry = plan.platform.registry
    common = {"engineVersion": "v2", "mergePolicy": "Replace"}
    if keys:
        return {"template": {**common, "data": keys}}
    if name in {registry.pull_secret, registry.push_secret}:
        return {"template": {**common, "type": "kubernetes.io/dockerconfigjson"}}
    return {}
