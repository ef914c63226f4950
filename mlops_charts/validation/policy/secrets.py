"""No secret stands in clear anywhere: neither in a Secret, nor in the environment, nor inside any text.

It must not know which secrets a model uses.
"""

import re
from collections.abc import Iterator

from mlops_charts.validation.exceptions import respecting_exceptions
from mlops_charts.validation.model import Finding, Scope
from mlops_charts.validation.nodes import Node, label, of_kind, root, strings
from mlops_charts.validation.workloads import pods

CODE = "plaintext-secret"
SECRET_NAME = re.compile(r"(PASSWORD|PASSWD|PASSPHRASE|TOKEN|SECRET|KEY|KEY_ID|CREDENTIALS?)$", re.IGNORECASE)
HARMLESS = re.compile(r"/|\./|file:|k8s:|\$\(|\{\{")
CREDENTIALS = {
    "a key of AWS": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "a token of GitHub": r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{22,})",
    "a token of GitLab": r"\bglpat-[A-Za-z0-9_-]{20}",
    "a token of Slack": r"\bxox[abprs]-[A-Za-z0-9-]{10,}",
    "a user and password in a URL": r"[a-z][a-z0-9+.-]{0,20}://[^\s/:@{}$<>\"']{1,80}:[^\s/@{}$<>\"']{1,80}@",
}
MARKS = re.compile(r"AKIA|ASIA|PRIVATE KEY-----|gh[pousr]_|github_pat_|glpat-|xox[abprs]-|://[^\s/@]{1,160}@")
PATTERNS = {what: re.compile(pattern) for what, pattern in CREDENTIALS.items()}
NOTE = "put it into a Secret outside git and refer to it by secretKeyRef"


@respecting_exceptions
def secrets(scope: Scope) -> Iterator[Finding]:
    """No object holds a secret's value."""
    for node in of_kind(scope, "Secret"):
        for key in ("data", "stringData"):
            if node.at(key).mapping:
                message = f"{label(node.object)} holds its values in git"
                yield node.at(key).finding(CODE, message, "take an ExternalSecret, a SealedSecret, or an existing one")
    for pod in pods(scope):
        for container in pod.containers:
            yield from _environment(container)
    for rendered in scope.objects:
        if rendered.kind != "SealedSecret":
            yield from _credentials(root(rendered))


def _environment(container: Node) -> Iterator[Finding]:
    for variable in container.at("env").items():
        value = variable.at("value")
        if value.text and SECRET_NAME.search(variable.name) and not HARMLESS.match(value.text):
            message = f"the variable {variable.name} has a value in clear"
            yield value.finding(CODE, message, NOTE)


def _credentials(node: Node) -> Iterator[Finding]:
    for text in strings(node):
        if MARKS.search(text.text):
            for what, pattern in PATTERNS.items():
                if pattern.search(text.text):
                    yield text.finding(CODE, f"{label(node.object)} holds what looks like {what}", NOTE)
