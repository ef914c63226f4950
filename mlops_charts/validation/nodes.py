"""A cursor over a rendered object that remembers its path, so that a finding always says exactly where.

It tolerates any shape: what is missing or of another type is an empty node, because schemas are proven elsewhere.
This module must not know any kind of object.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mlops_charts.problems import Severity
from mlops_charts.validation.model import Finding, ObjectPath, Rendered, Scope


@dataclass(frozen=True, slots=True)
class Node:
    """One place in one rendered object; `value` is None where the object has nothing."""

    object: Rendered
    path: ObjectPath
    value: Any

    def at(self, *keys: str | int) -> "Node":
        """The place below this one, whether or not anything stands there."""
        value = self.value
        for key in keys:
            value = _below(value, key)
        return Node(self.object, (*self.path, *keys), value)

    @property
    def present(self) -> bool:
        """Whether anything but null stands here."""
        return self.value is not None

    @property
    def text(self) -> str:
        """The string here, empty if it is no string."""
        return self.value if isinstance(self.value, str) else ""

    @property
    def mapping(self) -> Mapping[str, Any]:
        """The map here, empty if it is no map."""
        return self.value if isinstance(self.value, (dict, Mapping)) else {}

    @property
    def name(self) -> str:
        """What stands under `name` here, empty if nothing."""
        name = self.mapping.get("name")
        return name if isinstance(name, str) else ""

    def items(self) -> Iterator["Node"]:
        """The entries of a list."""
        if isinstance(self.value, list | tuple):
            for index, item in enumerate(self.value):
                yield Node(self.object, (*self.path, index), item)

    def entries(self) -> Iterator[tuple[str, "Node"]]:
        """The entries of a map."""
        for key, item in self.mapping.items():
            yield str(key), Node(self.object, (*self.path, key), item)

    def finding(self, code: str, message: str, note: str = "", severity: Severity = Severity.ERROR) -> Finding:
        """Something wrong at this place."""
        return Finding(self.object, self.path, code, message, note, severity)


def _below(value: Any, key: str | int) -> Any:
    if isinstance(key, str):
        return value.get(key) if isinstance(value, (dict, Mapping)) else None
    return value[key] if isinstance(value, list | tuple) and -len(value) <= key < len(value) else None


def root(rendered: Rendered) -> Node:
    """The whole object."""
    return Node(rendered, (), rendered.manifest)


def of_kind(scope: Scope, *kinds: str) -> Iterator[Node]:
    """The objects of these kinds, in order."""
    for rendered in scope.objects:
        if rendered.kind in kinds:
            yield root(rendered)


def group(rendered: Rendered) -> str:
    """The API group of an object; the core group is the empty string."""
    return rendered.api_version.rpartition("/")[0]


def label(rendered: Rendered) -> str:
    """How messages name an object: `Service "iris"`."""
    return f'{rendered.kind or "object"} "{rendered.name}"'


def annotation(rendered: Rendered, key: str) -> str:
    """An annotation of the object, empty if it has none."""
    return root(rendered).at("metadata", "annotations", key).text


def is_chart_test(rendered: Rendered) -> bool:
    """Whether Helm runs this object as a test only; Argo CD leaves it alone."""
    hooks = annotation(rendered, "helm.sh/hook").replace(" ", "").split(",")
    return hooks == ["test"]


def leaves(node: Node) -> Iterator[tuple[ObjectPath, Any]]:
    """Every scalar below a place, with its path."""
    stack: list[tuple[ObjectPath, Any]] = [(node.path, node.value)]
    while stack:
        path, value = stack.pop()
        if isinstance(value, (dict, Mapping)):
            stack.extend(((*path, key), item) for key, item in value.items())
        elif isinstance(value, list | tuple):
            stack.extend(((*path, index), item) for index, item in enumerate(value))
        else:
            yield path, value


def strings(node: Node) -> Iterator[Node]:
    """Every string below a place."""
    for path, value in leaves(node):
        if isinstance(value, str):
            yield Node(node.object, path, value)
