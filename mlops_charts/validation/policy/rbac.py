"""Least privilege: roles name what they need, and pods without a role get no token.

It must not know what a step does.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from mlops_charts.validation.exceptions import respecting_exceptions
from mlops_charts.validation.model import Finding, Scope
from mlops_charts.validation.nodes import Node, label, of_kind
from mlops_charts.validation.workloads import pods

ESCALATING = frozenset({"escalate", "bind", "impersonate"})
READS_ALL = frozenset({"list", "watch", "deletecollection"})
RESULTS = "workflowtaskresults"


@respecting_exceptions
def roles(scope: Scope) -> Iterator[Finding]:
    """No role admits everything, all secrets, or more than its holder has; none is for the whole cluster."""
    for node in of_kind(scope, "Role", "ClusterRole"):
        for rule in node.at("rules").items():
            yield from _rule(rule)
    for node in of_kind(scope, "ClusterRole", "ClusterRoleBinding"):
        message = f"{label(node.object)} reaches beyond the namespace"
        yield node.at("kind").finding("rbac-cluster", message, "take a Role and a RoleBinding")
    for node in of_kind(scope, "RoleBinding", "ClusterRoleBinding"):
        named = node.at("roleRef", "name")
        if named.text in {"cluster-admin", "admin"} and node.at("roleRef", "kind").text == "ClusterRole":
            message = f"{label(node.object)} gives {named.text}"
            yield named.finding("rbac-cluster", message, "write a Role with what is used")


def _rule(rule: Node) -> Iterator[Finding]:
    for key in ("verbs", "resources", "apiGroups"):
        for item in rule.at(key).items():
            if item.text == "*" or (key == "resources" and item.text.startswith("*/")):
                message = f'{key} holds "{item.text}"'
                yield item.finding("rbac-wildcard", message, "name each of them")
    secrets = any(item.text == "secrets" for item in rule.at("resources").items())
    for verb in rule.at("verbs").items():
        if verb.text in ESCALATING:
            message = f'the verb "{verb.text}" lets its holder gain every permission'
            yield verb.finding("rbac-escalation", message, "drop it")
        if secrets and verb.text in READS_ALL:
            message = f'the verb "{verb.text}" on secrets reads every secret of the namespace'
            yield verb.finding("rbac-secrets", message, "mount the one secret, or get it by resourceNames")
    gets = any(verb.text == "get" for verb in rule.at("verbs").items())
    if secrets and gets and not list(rule.at("resourceNames").items()):
        message = "get on secrets without resourceNames reads any secret whose name is known"
        yield rule.at("resourceNames").finding("rbac-secrets", message, "name the secrets under resourceNames")


@dataclass(frozen=True, slots=True)
class Account:
    """A service account and what is bound to it."""

    rules: tuple[Node, ...]
    bound: bool
    token: bool
    """Whether its own setting leaves the token mounted."""


def _account(scope: Scope, name: str) -> Account:
    rules: list[Node] = []
    bound = False
    for binding in of_kind(scope, "RoleBinding", "ClusterRoleBinding"):
        if any(item.name == name for item in binding.at("subjects").items()):
            bound = True
            reference = binding.at("roleRef")
            for role in of_kind(scope, reference.at("kind").text):
                if role.object.name == reference.name:
                    rules.extend(role.at("rules").items())
    found = [node for node in of_kind(scope, "ServiceAccount") if node.object.name == name]
    token = not any(node.at("automountServiceAccountToken").value is False for node in found)
    return Account(tuple(rules), bound, token)


@respecting_exceptions
def tokens(scope: Scope) -> Iterator[Finding]:
    """A token is mounted only where a role makes use of it, and the executor of Argo has the role it needs."""
    for pod in pods(scope):
        name = pod.account.text or "default"
        if "{{" in name or ("ServiceAccount", name) in scope.externals or not pod.containers:
            continue
        account = _account(scope, name)
        mounted = pod.automount.value if pod.automount.present else account.token
        if mounted and not account.bound:
            message = f'{pod.subject} mounts the token of "{name}", which has no role'
            yield pod.automount.finding("token-mounted", message, "set automountServiceAccountToken: false")
        if pod.run == "workflow" and account.bound and not _reports(account):
            message = f'"{name}" may not create and patch {RESULTS}: the executor of {pod.subject} cannot report'
            note = f"bind a Role with create and patch on {RESULTS} of argoproj.io"
            yield pod.account.finding("workflow-executor-role", message, note)


def _reports(account: Account) -> bool:
    for rule in account.rules:
        verbs = {item.text for item in rule.at("verbs").items()}
        if {"create", "patch"} <= verbs and any(item.text == RESULTS for item in rule.at("resources").items()):
            return True
    return False
