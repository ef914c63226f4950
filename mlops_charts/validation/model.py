"""What the proofs speak about: rendered objects, the scopes they live in, and what is found wrong with them.

This module is data alone. It must not know any proof, any schema, or how an object came to be.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from mlops_charts.problems import Severity

ObjectPath: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Rendered:
    """One object as Helm prints it, and where it came from."""

    manifest: Mapping[str, Any]
    file: str
    """The template that printed it: charts/iris/serving/templates/x.yaml."""
    origin: str = ""
    """The path in model.yaml that caused it."""

    @property
    def api_version(self) -> str:
        """The object's apiVersion, empty if it has none."""
        return str(self.manifest.get("apiVersion", ""))

    @property
    def kind(self) -> str:
        """The object's kind, empty if it has none."""
        return str(self.manifest.get("kind", ""))

    @property
    def name(self) -> str:
        """The object's name, empty if it has none."""
        metadata = self.manifest.get("metadata")
        return str(metadata.get("name", "")) if isinstance(metadata, Mapping) else ""


@dataclass(frozen=True, slots=True)
class PolicyException:
    """A rule that one object may break, with the reason a reviewer reads."""

    kind: str
    name: str
    """The object's name, or a glob of it."""
    code: str
    """The code of the finding that is allowed."""
    reason: str
    at: str = "*"
    """Where in the object, as a glob; entries of lists stand by their names: `spec/templates/image/*`."""


@dataclass(frozen=True, slots=True, eq=False)
class Scope:
    """Objects that live together in one namespace.

    Two scopes are equal if they are one and the same, so that what many proofs ask of a scope can be found once.
    """

    title: str
    """What a person calls it: "iris serving, staging, canary"."""
    namespace: str
    objects: tuple[Rendered, ...]
    pod_security: Literal["restricted", "baseline"] = "restricted"
    """The namespace's label; in one labelled baseline, exceptions name what may fall short of restricted."""
    externals: frozenset[tuple[str, str]] = frozenset()
    """(kind, name) of what exists without us."""
    exceptions: tuple[PolicyException, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with one object."""

    object: Rendered
    path: ObjectPath
    code: str
    message: str
    note: str = ""
    severity: Severity = Severity.ERROR


Proof: TypeAlias = Callable[[Scope], Iterable[Finding]]
