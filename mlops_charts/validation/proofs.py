"""The table of all proofs of what a schema cannot say. They are pure, fast, and always run.

It knows every proof by name and nothing of what they look at.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, TypeAlias

from mlops_charts.validation import applications, argo_cd, names, ownership, projects, references, selectors
from mlops_charts.validation.argo import calls, forms, order, rules, runs
from mlops_charts.validation.argo import references as argo_references
from mlops_charts.validation.model import Finding, Proof, Rendered, Scope
from mlops_charts.validation.policy import images, network, pods, rbac, secrets
from mlops_charts.validation.seldon import operation, webhook

FleetProof: TypeAlias = Callable[[Sequence[Scope], Sequence[Rendered]], Iterable[Finding]]

PROOFS: Final[Mapping[str, Proof]] = MappingProxyType(
    {
        "seldon-webhook": webhook.webhook,
        "seldon-copied-metadata": operation.copied_metadata,
        "seldon-names": operation.generated_names,
        "seldon-scaling": operation.scaling,
        "seldon-services-and-routes": operation.services_and_routes,
        "seldon-server-pods": operation.server_pods,
        "workflow-forms": forms.forms,
        "workflow-runs": runs.runs,
        "workflow-calls": calls.calls,
        "workflow-order": order.order,
        "workflow-references": argo_references.resolved,
        "workflow-removed-fields": rules.removed_fields,
        "workflow-reference-only": rules.reference_only,
        "workflow-lifetime": rules.lifetime,
        "workflow-containers": rules.containers,
        "workflow-artifact-keys": rules.artifact_keys,
        "argo-cd-waves": argo_cd.waves,
        "argo-cd-hooks-and-options": argo_cd.hooks_and_options,
        "references": references.references,
        "selectors": selectors.selectors,
        "identities": ownership.identities,
        "replicas": ownership.replicas,
        "names": names.names,
        "labels": names.labels,
        "sizes": names.sizes,
        "pod-names": names.pod_names,
        "pod-security": pods.pod_security,
        "resources": pods.resources,
        "mesh": pods.mesh,
        "images": images.images,
        "secrets": secrets.secrets,
        "roles": rbac.roles,
        "tokens": rbac.tokens,
        "network-covered": network.covered,
        "network-closed": network.closed,
    }
)

FLEET_PROOFS: Final[Mapping[str, FleetProof]] = MappingProxyType(
    {
        "application-settings": applications.application_settings,
        "application-admissions": projects.admissions,
        "application-names": projects.unique,
    }
)


def prove(scope: Scope) -> Iterator[Finding]:
    """What all proofs find in one scope, in the order of the table."""
    for proof in PROOFS.values():
        yield from proof(scope)


def prove_fleet(scopes: Sequence[Scope], apps: Sequence[Rendered]) -> Iterator[Finding]:
    """What the proofs over Applications and their scopes find together."""
    for proof in FLEET_PROOFS.values():
        yield from proof(scopes, apps)
