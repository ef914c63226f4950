"""Named exceptions: a rule that one object may break, with the reason a reviewer reads.

It must not know any rule.
"""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from functools import wraps
from typing import Any

from mlops_charts.validation.model import Finding, PolicyException, Proof, Scope


def respecting_exceptions(proof: Proof) -> Proof:
    """The proof without what the scope's exceptions allow."""

    @wraps(proof)
    def proved(scope: Scope) -> Iterator[Finding]:
        for finding in proof(scope):
            if not any(allows(exception, finding) for exception in scope.exceptions):
                yield finding

    return proved


def allows(exception: PolicyException, finding: Finding) -> bool:
    """Whether an exception is about this code, this object and this place in it; name and place are globs."""
    found = finding.object
    same = (exception.code, exception.kind) == (finding.code, found.kind)
    return same and fnmatchcase(found.name, exception.name) and fnmatchcase(_place(finding), exception.at)


def _place(finding: Finding) -> str:
    """Return the path of a finding with the names of list entries instead of their numbers."""
    content: Any = finding.object.manifest
    steps: list[str] = []
    for step in finding.path:
        content = _below(content, step)
        name = content.get("name") if isinstance(step, int) and isinstance(content, Mapping) else None
        steps.append(str(step if name is None else name))
    return "/".join(steps)


def _below(content: Any, step: str | int) -> Any:
    try:
        return content[step]
    except (KeyError, IndexError, TypeError):
        return None
