"""Named exceptions: a rule that one object may break, with the reason a reviewer reads.

It must not know any rule.
"""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import wraps

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
    """Whether an exception is about this code and this object; its name is a glob."""
    found = finding.object
    same = (exception.code, exception.kind) == (finding.code, found.kind)
    return same and fnmatchcase(found.name, exception.name)
