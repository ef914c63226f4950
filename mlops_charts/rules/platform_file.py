"""Rules about platform.yaml."""

import ipaddress
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from mlops_charts.problems import Problem
from mlops_charts.rules.asked import problem, stated
from mlops_charts.rules.cleartext import secrets_in_clear
from mlops_charts.rules.metadata import label_flaws
from mlops_charts.source import Path, Source
from mlops_charts.spec.platform import IN_CLUSTER, Network, Peer, PlatformSpec
from mlops_charts.spec.scalars import image_parts, quantity

_LONGEST_MODEL = "m" * 30
_NAMESPACE_LENGTH = 63
_HOST_LENGTH = 253
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*")
_LIMITED = frozenset({
    "pods", "services", "services.loadbalancers", "services.nodeports", "secrets", "configmaps",
    "persistentvolumeclaims", "replicationcontrollers", "resourcequotas", "cpu", "memory", "ephemeral-storage",
    *(f"{kind}.{name}" for kind in ("requests", "limits") for name in ("cpu", "memory", "ephemeral-storage")),
    "requests.storage",
})  # fmt: skip
_RESOURCE = re.compile(
    r"count/[a-z][a-z0-9-]*(?:\.[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)?"
    r"|requests\.[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?/[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?"
    r"|[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?\.storageclass\.storage\.k8s\.io/(?:requests\.storage|persistentvolumeclaims)"
)
_MEASURED = ("cpu", "memory", "storage")
_MOST = 9 * 10**18
_MALICIOUS_TRIVY = ("0.69.4", "0.69.5", "0.69.6")


@dataclass(frozen=True)
class AskedPlatform:
    """A platform and its text, if it has one."""

    platform: PlatformSpec
    source: Source | None

    def problem(self, code: str, message: str, path: Path, *, note: str = "", key: bool = False) -> Problem:
        """Return a problem at a path of platform.yaml."""
        return problem(code, message, self.source, path, note=note, key=key)


def peers(asked: AskedPlatform) -> Iterator[Problem]:
    """A peer is either an address block or a namespace."""
    for name, field in Network.model_fields.items():
        found = getattr(asked.platform.network, name)
        for index, peer in enumerate(found if isinstance(found, tuple) else ()):
            yield from _peer(asked, peer, ("network", field.alias or name, index))


def _peer(asked: AskedPlatform, peer: Peer, path: Path) -> Iterator[Problem]:
    if (peer.cidr is None) == (peer.namespace is None):
        found = "none" if peer.cidr is None else "both"
        message = f"expected exactly one of cidr and namespace, found {found}"
        yield asked.problem(
            "network-peer", message, path, note="{cidr: 10.0.0.1/32, port: 443} or {namespace: mlflow, port: 5000}"
        )
    if peer.cidr is not None:
        try:
            ipaddress.ip_network(peer.cidr)
        except ValueError:
            yield asked.problem(
                "bad-cidr", f'"{peer.cidr}" is no block of addresses', (*path, "cidr"), note=_network_of(peer.cidr)
            )


def _network_of(cidr: str) -> str:
    try:
        return f"bits are set behind the prefix; the block is {ipaddress.ip_network(cidr, strict=False)}"
    except ValueError:
        return "an address and the length of its prefix: 10.0.0.0/16"


def unreachable(asked: AskedPlatform) -> Iterator[Problem]:
    """What every release needs can be reached; the policies deny whatever is not named."""
    needed = {"registry": "the pipeline cannot push an image", "git": "no release can be committed"}
    for name, consequence in needed.items():
        if asked.source and stated(asked.source, ("network",)) and not getattr(asked.platform.network, name):
            message = f"network.{name} names nothing, so {consequence}: every other connection is denied"
            note = f"{name}: [{{cidr: 192.0.2.0/24, port: 443}}], or a namespace of the cluster"
            yield asked.problem("network-unreachable", message, ("network",), note=note, key=True)


def freezes(asked: AskedPlatform) -> Iterator[Problem]:
    """A freeze ends after it begins."""
    for name, environment in asked.platform.environments.items():
        for index, freeze in enumerate(environment.freeze):
            if datetime.fromisoformat(freeze.from_) >= datetime.fromisoformat(freeze.to):
                path: Path = ("environments", name, "freeze", index, "to")
                yield asked.problem(
                    "freeze-range",
                    f"ends at {freeze.to}, not after it begins at {freeze.from_}",
                    path,
                    note="a moment after from",
                )


def secret_store(asked: AskedPlatform) -> Iterator[Problem]:
    """External Secrets reads from a store, and nobody else does."""
    secrets = asked.platform.secrets
    if secrets.provider == "external-secrets" and secrets.store is None:
        note = "add store: the ClusterSecretStore"
        yield asked.problem("secret-store", "external-secrets needs a store", ("secrets", "provider"), note=note)
    if secrets.provider != "external-secrets" and secrets.store is not None:
        note = "remove it, or provider: external-secrets"
        yield asked.problem(
            "secret-store",
            f"without effect: the provider is {secrets.provider}",
            ("secrets", "store"),
            note=note,
            key=True,
        )


def _patterns(asked: AskedPlatform) -> Iterator[tuple[Path, str, str, str]]:
    """Yield path, cluster, environment and pattern of every namespace."""
    yield ("pipeline", "namespace"), IN_CLUSTER, "pipeline", asked.platform.pipeline.namespace
    for name, there in asked.platform.environments.items():
        yield ("environments", name, "namespace"), there.cluster, name, there.namespace


def namespace_patterns(asked: AskedPlatform) -> Iterator[Problem]:
    """Every model has namespaces of its own, with names that fit."""
    for path, _, environment, pattern in _patterns(asked):
        longest = pattern.format(model=_LONGEST_MODEL, environment=environment)
        if "{model}" not in pattern:
            note = "{model}-{environment}"
            yield asked.problem(
                "namespace-pattern", f'"{pattern}" lacks {{model}}: all models would share it', path, note=note
            )
        elif len(longest) > _NAMESPACE_LENGTH or longest[0] == "-" or longest[-1] == "-":
            message = (
                f'"{pattern}" makes names that Kubernetes refuses: {len(longest)} characters for the longest model'
            )
            yield asked.problem(
                "namespace-pattern", message, path, note="at most 63 characters, no hyphen first or last"
            )


def namespaces_differ(asked: AskedPlatform) -> Iterator[Problem]:
    """No two environments of a model share a namespace, nor does its pipeline."""
    taken: dict[tuple[str, str], tuple[Path, str]] = {}
    for path, cluster, environment, pattern in _patterns(asked):
        name = pattern.format(model="m", environment=environment)
        first, other = taken.setdefault((cluster, name), (path, environment))
        if first != path:
            who = "the pipeline" if first[0] == "pipeline" else f"the environment {other}"
            message = f'"{pattern}" gives {environment} the same namespace as {who}'
            yield asked.problem(
                "namespace-collision", message, path, note="rename the environment, or give it another pattern"
            )


def host_pattern(asked: AskedPlatform) -> Iterator[Problem]:
    """Every model has a host name of its own in each environment."""
    ingress, path = asked.platform.ingress, ("ingress", "host")
    if ingress.type == "none":
        return
    hosts = defaultdict(list)
    for name in asked.platform.environments:
        hosts[ingress.host.format(model=_LONGEST_MODEL, environment=name)].append(name)
    if "{model}" not in ingress.host:
        yield asked.problem(
            "host-pattern",
            f'"{ingress.host}" lacks {{model}}: all models would share it',
            path,
            note="{model}.{environment}.example.com",
        )
    elif any(len(host) > _HOST_LENGTH or not _HOST.fullmatch(host) for host in hosts):
        yield asked.problem(
            "host-pattern", f'"{ingress.host}" makes no host names', path, note="{model}.{environment}.example.com"
        )
    shared = next((names for names in hosts.values() if len(names) > 1), None)
    if shared:
        message = f'"{ingress.host}" gives {" and ".join(shared)} the same host'
        yield asked.problem("host-pattern", message, path, note="put {environment} into it")


def trivy_version(asked: AskedPlatform) -> Iterator[Problem]:
    """Releases of Trivy that were tampered with are not run."""
    _, tag, _ = image_parts(asked.platform.images.trivy)
    if tag.removeprefix("v") in _MALICIOUS_TRIVY:
        note = "0.74.0 is known to be good"
        yield asked.problem(
            "image-malicious",
            f"Trivy {tag} was published by an attacker, or soon after one",
            ("images", "trivy"),
            note=note,
        )


def projects_differ(asked: AskedPlatform) -> Iterator[Problem]:
    """The root Application has rights that no model may have."""
    argocd = asked.platform.argocd
    if argocd.project == argocd.bootstrap_project:
        note = "a project of its own, such as models-root"
        yield asked.problem(
            "project-shared",
            "the models would share the project of the root Application",
            ("argocd", "bootstrapProject"),
            note=note,
        )


def release_branch(asked: AskedPlatform) -> Iterator[Problem]:
    """A release branch is another one than the main branch."""
    git = asked.platform.git
    if git.release_branch == git.branch:
        note = "remove it, or name a branch of its own"
        yield asked.problem(
            "release-branch", f'"{git.branch}" is the main branch already', ("git", "releaseBranch"), note=note
        )


def platform_labels(asked: AskedPlatform) -> Iterator[Problem]:
    """Labels and annotations of the platform have Kubernetes' form."""
    pairs = [
        (("prometheus", "ruleLabels", key), key, value) for key, value in asked.platform.prometheus.rule_labels.items()
    ]
    pairs += [(("serviceAccounts", "annotations", key), key, "") for key in asked.platform.service_accounts.annotations]
    for path, key, value in pairs:
        for message, note, of_key in label_flaws({key: value}):
            yield asked.problem("bad-label", message, path, note=note, key=of_key)


def quotas(asked: AskedPlatform) -> Iterator[Problem]:
    """Quotas are of resources that Kubernetes limits, and what is counted is a whole number."""
    for name, hard in asked.platform.quotas.items():
        path: Path = ("quotas", name)
        if not _RESOURCE.fullmatch(name) and name not in _LIMITED:
            note = "such as pods, requests.cpu, limits.memory, requests.nvidia.com/gpu or count/jobs.batch"
            yield asked.problem("bad-quota", f'"{name}" is nothing that a quota limits', path, note=note, key=True)
        elif quantity(hard) > _MOST:
            yield asked.problem("bad-quota", f"{hard} is more than can be counted", path, note="at most 9e18")
        elif not name.endswith(_MEASURED) and quantity(hard) % 1:
            yield asked.problem("bad-quota", f"{hard} is no whole number", path, note=f"{name} are counted")


def platform_secrets(asked: AskedPlatform) -> Iterator[Problem]:
    """No secret stands in platform.yaml."""
    if asked.source:
        yield from secrets_in_clear(asked.source)
