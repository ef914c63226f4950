"""Each policy refuses what only it can refuse."""

from dataclasses import replace
from typing import Any

import pytest
from proof_samples import GONE, Path, found, pipeline, plus, serving, within

from mlops_charts.problems import Severity
from mlops_charts.validation.model import PolicyException, Scope
from mlops_charts.validation.policy.images import Image, parse_image
from mlops_charts.validation.proofs import PROOFS

SDEP, WT, CRON, TEST = "SeldonDeployment/iris", "WorkflowTemplate/iris", "CronJob/iris-judge", "Pod/iris-test"
BLUE = ("spec", "predictors", 0)
POD = (*BLUE, "componentSpecs", 0, "spec")
CONTAINER = (*POD, "containers", 0)
SECURITY = (*CONTAINER, "securityContext")
STEP = ("spec", "templates", 2, "container")
JOB = ("spec", "jobTemplate", "spec", "template")
RULE = ("rules", 0)
EGRESS, INGRESS = ("spec", "egress", 0), ("spec", "ingress", 0)
NO_ENGINE = (*BLUE, "annotations", "seldon.io/no-engine")
INJECT = "sidecar.istio.io/inject"
DIGEST = "sha256:" + "1" * 64

REFUSED: list[tuple[Scope, str, str, Path, Any, str, Path | None]] = [
    (serving(), "pod-security", SDEP, (*POD, "hostNetwork"), True, "pod-security", ()),
    (
        *(serving(), "pod-security", SDEP, (*POD, "volumes", 0, "hostPath"), {"path": "/"}),
        *("pod-security", ()),
    ),
    (
        *(serving(), "pod-security", SDEP, (*POD, "volumes", 0, "nfs"), {"server": "x"}),
        *("pod-security", ()),
    ),
    (serving(), "pod-security", SDEP, (*SECURITY, "privileged"), True, "pod-security", ()),
    (serving(), "pod-security", SDEP, (*CONTAINER, "ports", 0, "hostPort"), 80, "pod-security", ()),
    (serving(), "pod-security", SDEP, (*SECURITY, "allowPrivilegeEscalation"), GONE, "pod-security", ()),
    (serving(), "pod-security", SDEP, (*SECURITY, "capabilities", "drop"), ["NET_RAW"], "pod-security", ()),
    (
        *(serving(), "pod-security", SDEP, (*SECURITY, "capabilities", "add"), ["SYS_ADMIN"]),
        *("pod-security", (*SECURITY, "capabilities", "add", 0)),
    ),
    (
        *(serving(), "pod-security", SDEP, (*SECURITY, "capabilities", "add"), ["CHOWN"]),
        *("pod-security", (*SECURITY, "capabilities", "add", 0)),
    ),
    (serving(), "pod-security", SDEP, (*POD, "securityContext", "runAsNonRoot"), GONE, "pod-security", ()),
    (serving(), "pod-security", SDEP, (*SECURITY, "runAsNonRoot"), False, "pod-security", ()),
    (serving(), "pod-security", SDEP, (*SECURITY, "runAsUser"), 0, "pod-security", ()),
    (serving(), "pod-security", SDEP, (*POD, "securityContext", "seccompProfile"), GONE, "pod-security", None),
    (
        *(serving(), "pod-security", SDEP, (*SECURITY, "seccompProfile"), {"type": "Unconfined"}),
        *("pod-security", (*SECURITY, "seccompProfile", "type")),
    ),
    (serving(), "pod-security", SDEP, NO_ENGINE, "false", "pod-security", ()),
    (serving(), "pod-security", SDEP, (*BLUE, "graph", "modelUri"), "s3://x/y", "pod-security", ()),
    (serving(), "pod-security", CRON, (*JOB, "spec", "securityContext"), GONE, "pod-security", None),
    (serving(), "pod-security", TEST, ("spec", "hostPID"), True, "pod-security", ()),
    (pipeline(), "pod-security", WT, ("spec", "securityContext"), GONE, "pod-security", None),
    (
        *(pipeline(), "pod-security", WT, ("spec", "templates", 2, "securityContext"), {"runAsNonRoot": True}),
        *("pod-security", None),
    ),
    (pipeline(), "pod-security", WT, (*STEP, "securityContext"), GONE, "pod-security", None),
    (
        *(pipeline(), "pod-security", WT, ("spec", "templates", 2, "sidecars"), [{"name": "x"}]),
        *("pod-security", None),
    ),
    (serving(), "resources", SDEP, (*CONTAINER, "resources", "requests", "cpu"), GONE, "resources-missing", ()),
    (serving(), "resources", SDEP, (*CONTAINER, "resources", "limits", "memory"), GONE, "resources-missing", ()),
    (pipeline(), "resources", WT, (*STEP, "resources"), GONE, "resources-missing", None),
    (
        *(pipeline(), "mesh", WT, ("spec", "podMetadata", "labels", INJECT), "true"),
        *("mesh-injection", None),
    ),
    (serving(), "mesh", CRON, (*JOB, "metadata", "labels", INJECT), GONE, "mesh-injection", ()),
    *(
        (serving(), "images", SDEP, (*CONTAINER, "image"), image, code, ())
        for image, code in (
            ("ghcr.io/acme/iris", "image-tag"),
            ("localhost:5000/iris", "image-tag"),
            ("ghcr.io/acme/iris:latest", "image-tag"),
            ("python:3.11", "image-tag"),
            ("ghcr.io/acme/iris@sha256:abc", "image-tag"),
            ("ghcr.io/acme/iris:1.2.0", "image-no-digest"),
            (f"ghcr.io/aquasecurity/trivy:0.69.5@{DIGEST}", "image-refused"),
            (f"ghcr.io/acme/iris:1.2.0@{DIGEST}", ""),
        )
    ),
    (serving(), "secrets", SDEP, (*CONTAINER, "env", 0), {"name": "API_KEY", "value": "x1"}, "plaintext-secret", None),
    (serving(), "secrets", SDEP, (*CONTAINER, "env", 0), {"name": "SIGNING_KEY", "value": "/keys/a"}, "", ()),
    (serving(), "secrets", SDEP, (*CONTAINER, "env", 0), {"name": "git_token", "value": ""}, "", ()),
    *(
        (pipeline(), "secrets", "ConfigMap/iris-source-1a2b", ("data", "train.py"), text, code, ())
        for text, code in (
            ("key = 'AKIA" + "A" * 16 + "'", "plaintext-secret"),
            ("-----BEGIN RSA " + "PRIVATE KEY-----\nMII", "plaintext-secret"),
            ("ghp_" + "a" * 36, "plaintext-secret"),
            ("postgres://user:" + "hunter2@db/x", "plaintext-secret"),
            ("https://git.example.com/a/b@1.2.3", ""),
            ("https://user@git.example.com/a", ""),
            ("http://{user}:{password}@host", ""),
        )
    ),
    (serving(), "roles", "Role/iris-judge", (*RULE, "verbs", 0), "*", "rbac-wildcard", ()),
    (serving(), "roles", "Role/iris-judge", (*RULE, "resources", 0), "*", "rbac-wildcard", ()),
    (serving(), "roles", "Role/iris-judge", (*RULE, "apiGroups", 0), "*", "rbac-wildcard", ()),
    (serving(), "roles", "Role/iris-judge", (*RULE, "verbs", 0), "bind", "rbac-escalation", ()),
    (serving(), "roles", "Role/iris-judge", (*RULE, "resources", 0), "secrets", "rbac-secrets", None),
    (
        *(serving(), "roles", "RoleBinding/iris-judge", ("roleRef",), {"kind": "ClusterRole", "name": "cluster-admin"}),
        *("rbac-cluster", ("roleRef", "name")),
    ),
    (serving(), "tokens", CRON, (*JOB, "spec", "serviceAccountName"), "default", "token-mounted", None),
    (serving(), "tokens", SDEP, (*POD, "automountServiceAccountToken"), True, "token-mounted", ()),
    (serving(), "tokens", SDEP, (*POD, "automountServiceAccountToken"), GONE, "", ()),
    (
        *(pipeline(), "tokens", "Role/iris-step", (*RULE, "verbs"), ["create"]),
        *("workflow-executor-role", None),
    ),
    (
        *(serving(), "network-covered", "NetworkPolicy/default-deny", ("spec", "policyTypes"), ["Ingress"]),
        *("network-uncovered", None),
    ),
    (pipeline(), "network-closed", "NetworkPolicy/iris-steps", (*EGRESS, "to"), [], "network-open", ()),
    (
        *(pipeline(), "network-closed", "NetworkPolicy/iris-steps", (*EGRESS, "to", 0, "ipBlock", "cidr"), "0.0.0.0/0"),
        *("network-open", ()),
    ),
    (
        *(pipeline(), "network-closed", "NetworkPolicy/iris-steps", (*EGRESS, "to", 0, "ipBlock")),
        *({"cidr": "0.0.0.0/0", "except": ["10.0.0.0/8"]}, "", ()),
    ),
    (serving(), "network-closed", "NetworkPolicy/iris-server", (*INGRESS, "from"), GONE, "network-open", ()),
]


@pytest.mark.parametrize(("scope", "proof", "target", "path", "value", "code", "where"), REFUSED)
def test_one_change_is_refused(
    *, scope: Scope, proof: str, target: str, path: Path, value: Any, code: str, where: Path | None
) -> None:
    """The proof finds what was changed; `where` is empty if it stands at that very place, None if anywhere."""
    every = found(PROOFS[proof], within(scope, target, path, value))
    assert {code} - {""} == {one for one, _ in every}
    assert where is None or not code or [where or path] == [place for _, place in every]


def _excepted(scope: Scope, at: str, level: Any = "baseline") -> Scope:
    exception = PolicyException("SeldonDeployment", "iris", "pod-security", "Seldon injects it", at)
    return replace(scope, pod_security=level, exceptions=(exception,))


def test_baseline_is_for_the_named_alone() -> None:
    """In a namespace labelled baseline all pods are held to restricted, but for a named exception at its place."""
    executor = within(serving(), SDEP, NO_ENGINE, GONE)
    assert found(PROOFS["pod-security"], replace(executor, pod_security="baseline")) == [("pod-security", NO_ENGINE)]
    scope = _excepted(executor, "spec/predictors/blue/annotations/*")
    assert found(PROOFS["pod-security"], scope) == []
    assert found(PROOFS["pod-security"], _excepted(executor, "spec/predictors/green/*")) != []
    assert found(PROOFS["pod-security"], within(scope, SDEP, (*SECURITY, "capabilities"), GONE)) != []


def test_no_exception_goes_where_the_cluster_would_not() -> None:
    """Admission knows labels, not exceptions: restricted has none, and baseline none of what baseline refuses."""
    executor = within(serving(), SDEP, NO_ENGINE, GONE)
    assert found(PROOFS["pod-security"], _excepted(executor, "*", "restricted")) == [("pod-security", NO_ENGINE)]
    privileged = within(_excepted(executor, "*"), SDEP, (*SECURITY, "privileged"), True)
    assert [("pod-security", (*SECURITY, "privileged"))] == found(PROOFS["pod-security"], privileged)


def test_a_secret_with_values_is_refused() -> None:
    """A Secret in git is none; one without values is a place for a controller to fill."""
    secret = {"kind": "Secret", "metadata": {"name": "x"}}
    assert found(PROOFS["secrets"], plus(serving(), secret)) == []
    for key in ("data", "stringData"):
        scope = plus(serving(), {**secret, key: {"password": "eA=="}})
        assert [("plaintext-secret", (key,))] == found(PROOFS["secrets"], scope)


def test_permissions_for_the_cluster_are_refused() -> None:
    """A ClusterRole and its binding are beyond a model's namespaces."""
    role = {"kind": "ClusterRole", "metadata": {"name": "x"}, "rules": []}
    assert found(PROOFS["roles"], plus(serving(), role)) == [("rbac-cluster", ("kind",))]


def test_get_of_named_secrets_is_admitted() -> None:
    """A role may get what its resourceNames name."""
    rule = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"], "resourceNames": ["warehouse"]}
    assert found(PROOFS["roles"], within(serving(), "Role/iris-judge", RULE, rule)) == []


def test_a_missing_digest_is_a_warning() -> None:
    """The caller may raise it; by itself it fails nothing."""
    scope = within(serving(), SDEP, (*CONTAINER, "image"), "ghcr.io/acme/iris:1.2.0")
    assert [finding.severity for finding in PROOFS["images"](scope)] == [Severity.WARNING]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("localhost:5000/a/b", Image("localhost:5000/a/b")),
        ("a:1.0.0", Image("a", "1.0.0")),
        (f"h/a:1@{DIGEST}", Image("h/a", "1", DIGEST)),
        (f"h/a@{DIGEST}", Image("h/a", "", DIGEST)),
    ],
)
def test_image_references_are_split(text: str, expected: Image) -> None:
    """A port of the registry is no tag."""
    assert expected == parse_image(text)
