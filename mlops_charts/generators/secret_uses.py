"""The Secrets that the charts refer to, with their keys and what they are for, and how a chart's README tells of them.

Knows names and keys; where the Secrets come from is platform.yaml's to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from mlops_charts.planning import Plan


@dataclass(frozen=True, slots=True)
class SecretUse:
    """A Secret that pods refer to.

    Attributes:
        name: Its name.
        keys: The keys that must be in it, in words.
        purpose: What it is for.
    """

    name: str
    keys: str
    purpose: str


def storage_use(plan: Plan) -> SecretUse:
    """Return the Secret of the artifact store."""
    return SecretUse(plan.platform.storage.credentials_secret, "`accessKey`, `secretKey`", "artifacts in the bucket")


def git_uses(plan: Plan) -> Iterator[SecretUse]:
    """Yield the Secrets by which releases are committed."""
    git = plan.platform.git
    yield SecretUse(
        git.credentials_secret, "`username` and `password`, or `sshPrivateKey` and `known_hosts`", "commits of releases"
    )
    if git.signing_key_secret:
        yield SecretUse(git.signing_key_secret, "`sshPrivateKey`", "signs these commits")


def mlflow_use(plan: Plan) -> Iterator[SecretUse]:
    """Yield the Secret of the MLflow server; nothing for one that asks for no password."""
    if name := plan.platform.mlflow.credentials_secret:
        yield SecretUse(name, "`username`, `password`", "runs and versions in MLflow")


def registry_use(name: str | None, purpose: str) -> Iterator[SecretUse]:
    """Yield the Secret of a registry; nothing for a public one."""
    if name:
        yield SecretUse(name, "`.dockerconfigjson`, of type kubernetes.io/dockerconfigjson", purpose)


def names(uses: Iterable[SecretUse]) -> tuple[str, ...]:
    """Return the names, each once."""
    return tuple(dict.fromkeys(use.name for use in uses))


def secrets_section(plan: Plan, uses: Iterable[SecretUse]) -> str:
    """Return the section of a chart's README that says which Secrets there must be, and who brings them."""
    asked = plan.platform.secrets
    under = f"under its name behind `{asked.prefix}`" if asked.prefix else "under its name"
    rows = "\n".join(f"| `{use.name}` | {use.keys} | {use.purpose} |" for use in uses)
    said = _BROUGHT[asked.provider].format(store=asked.store, under=under)
    return f"## Secrets\n\n{said}\n\n| Secret | keys | for |\n|---|---|---|\n{rows}\n"


_BROUGHT: Final = {
    "existing": """\
The chart holds no Secret and makes none. Somebody must make these in its namespace before its pods can start:""",
    "external-secrets": """\
The chart holds no Secret. External Secrets makes these from the ClusterSecretStore `{store}`, where each stands
{under}:""",
    "sealed-secrets": """\
The chart holds no Secret and makes none. SealedSecrets of your own bring these into the namespace; its pods cannot
start before:""",
}
