"""What may stand in a manifest besides plain data: a value, what is present under a condition, text around values.

Nodes are no dataclasses on purpose: `dataclasses.asdict`, by which hikaru turns its objects into dicts, would take a
dataclass apart, while it copies anything else by `__deepcopy__`, which here returns the node itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NoReturn

from mlops_charts.chart.errors import ChartError
from mlops_charts.chart.kinds import Kind, check_default, kind_of
from mlops_charts.chart.leaks import MARK
from mlops_charts.chart.plain import admits_only_plain, is_plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PATH = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*", re.ASCII)


class Required:
    """The type of REQUIRED: a value without default, which a values file must give."""

    def __repr__(self) -> str:
        return "REQUIRED"

    def __copy__(self) -> Required:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Required:
        return self


REQUIRED: Final = Required()


class Node:
    """An immutable part of a manifest that is no plain data, and that can be lost in no string, sum or condition."""

    __slots__ = ()

    def _set(self, **fields: object) -> None:
        for name, content in fields.items():
            object.__setattr__(self, name, content)

    def _title(self) -> str:
        return type(self).__name__.lower()

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise ChartError(
            f"{self._title()} is known only when Helm renders: put it into a manifest as it is, inside a string with"
            " text(), or use when() for a condition"
        )

    def __setattr__(self, name: str, content: object) -> None:
        raise ChartError(f"{self._title()} cannot be changed")

    def __delattr__(self, name: str) -> None:
        raise ChartError(f"{self._title()} cannot be changed")

    def __copy__(self) -> Node:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Node:
        return self

    def __repr__(self) -> str:
        return f"{MARK}{self._title()}>"

    def __str__(self) -> str:  # noqa: PLE0307 (it never returns)
        self._refuse()

    def __format__(self, spec: str) -> str:
        self._refuse()

    def __bool__(self) -> bool:  # noqa: PLE0304 (it never returns)
        self._refuse()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, (str, int, float)):
            self._refuse()
        return self is other

    def __hash__(self) -> int:
        return id(self)

    __iter__ = __len__ = __contains__ = __getitem__ = __int__ = __float__ = __index__ = __call__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _refuse
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pow__ = __rpow__ = __neg__ = __pos__ = __abs__ = _refuse
    __lt__ = __le__ = __gt__ = __ge__ = __and__ = __rand__ = __or__ = __ror__ = __round__ = __invert__ = _refuse


class Value(Node):
    """What may be changed at deploy time: a scalar, or a subtree (dict or list) with a schema of its own.

    Attributes:
        path: dotted place in values.yaml: "serving.replicas".
        default: REQUIRED, or what values.yaml says.
        description: one sentence for values.yaml, the schema and the README.
        kind: which type it has.
        schema: JSON Schema of a value of this path, without its description.
        origin: path in model.yaml that decides it.
    """

    __slots__ = ("default", "description", "kind", "origin", "path", "schema")
    path: str
    default: Any
    description: str
    kind: Kind
    schema: dict[str, Any]
    origin: str

    def __init__(
        self, path: str, default: Any, description: str, *, kind: Kind, schema: dict[str, Any], origin: str = ""
    ) -> None:
        self._set(
            path=_checked(path),
            default=default,
            description=description,
            kind=kind,
            schema=schema,
            origin=origin or path,
        )

    def _title(self) -> str:
        return f"value {self.path}"

    def without_default(self) -> Value:
        """The same value, which a values file must give."""
        return Value(self.path, REQUIRED, self.description, kind=self.kind, schema=self.schema, origin=self.origin)

    def same_as(self, other: Value) -> bool:
        """Whether two declarations of one path agree; that 1, 1.0 and True are equal to Python is no agreement."""
        mine = (repr(self.default), self.description, self.kind, self.schema)
        return mine == (repr(other.default), other.description, other.kind, other.schema)

    @property
    def is_plain(self) -> bool:
        """Whether it may stand inside other text."""
        if self.kind is Kind.INT:
            return True
        if self.kind is not Kind.STR:
            return False
        choices = self.schema.get("enum")
        if choices:
            return all(is_plain(choice) for choice in choices)
        return admits_only_plain(self.schema.get("pattern", ""))


class When(Node):
    """What is present only if a boolean value, or any of several, is true."""

    __slots__ = ("conditions", "node")
    conditions: tuple[Value, ...]
    node: Any

    def __init__(self, conditions: tuple[Value, ...], node: Any) -> None:
        self._set(conditions=conditions, node=node)


class Text(Node):
    """A string with values inside, as its parts in order."""

    __slots__ = ("parts",)
    parts: tuple[str | Value, ...]

    def __init__(self, parts: tuple[str | Value, ...]) -> None:
        self._set(parts=parts)


class Record:
    """State that stands in the values and in the schema, and in no template."""

    __slots__ = ("default", "description", "path", "schema")

    def __init__(self, path: str, schema: Mapping[str, Any], description: str, default: Any = REQUIRED) -> None:
        self.path: Final = _checked(path)
        self.schema: Final = dict(schema)
        self.description: Final = description
        self.default: Final = default

    def __repr__(self) -> str:
        return f"{MARK}record {self.path}>"


def _checked(path: str) -> str:
    if not _PATH.fullmatch(path):
        raise ChartError(f"{path!r} is no dotted path of letters, digits, _ and -")
    return path


def value(
    path: str,
    default: Any = REQUIRED,
    description: str = "",
    *,
    type: type | str | None = None,  # noqa: A002 (it becomes the JSON Schema keyword)
    minimum: float | None = None,
    maximum: float | None = None,
    pattern: str | None = None,
    enum: Sequence[Any] | None = None,
    schema: Mapping[str, Any] | None = None,
    origin: str = "",
) -> Value:
    """Declare a value at the place where it is used.

    Args:
        path: dotted path in values.yaml.
        default: what values.yaml says; without it, a values file must.
        description: one sentence.
        type: int, str, bool, float, dict or list, or JSON Schema's name of it; needed if nothing else tells.
        minimum: least number admitted.
        maximum: greatest number admitted.
        pattern: regular expression that a string must match; anchor it with ^ and $.
        enum: the only choices.
        schema: JSON Schema of a subtree.
        origin: path in model.yaml that decides the value, if it is not `path`.

    Raises:
        ChartError: if the type or the pattern is none, or the default is not admitted.
    """
    extra = {"minimum": minimum, "maximum": maximum, "pattern": pattern, "enum": list(enum) if enum else None}
    limits = {name: limit for name, limit in extra.items() if limit is not None}
    kind = kind_of(path, None if default is REQUIRED else default, type, limits, schema)
    if kind.is_subtree and schema is None:
        raise ChartError(f"value {path}: a subtree needs schema=")
    whole = {**(schema or {}), "type": kind.value, **limits}
    _check_pattern(path, pattern)
    if default is not REQUIRED:
        check_default(path, default, kind, whole)
    return Value(path, default, description, kind=kind, schema=whole, origin=origin)


def _check_pattern(path: str, pattern: str | None) -> None:
    try:
        re.compile(pattern or "")
    except re.error as error:
        raise ChartError(f"value {path}: the pattern {pattern!r} is no regular expression: {error}") from None


def when(condition: Value | Sequence[Value], node: Any) -> When:
    """Make a document, an entry of a map or an entry of a list present only if a boolean, or any of several, is true.

    Raises:
        ChartError: if there is no condition, or one is not a boolean value.
    """
    conditions = (condition,) if isinstance(condition, Value) else tuple(condition)
    if not conditions:
        raise ChartError("when() needs a condition")
    for one in conditions:
        if not isinstance(one, Value) or one.kind is not Kind.BOOL:
            raise ChartError(f"when() takes boolean values, not {one!r}")
    return When(conditions, node)


def text(template: str, **values: Value) -> Text:
    """Put values inside a string: ``text("{model}.example", model=...)``.

    Only ``{name}`` of the given names is a placeholder; every other brace, also ``{{name}}``, stays as it is.

    Raises:
        ChartError: if a name has no placeholder, or a value may hold characters that need quoting.
    """
    for name, one in values.items():
        if not isinstance(one, Value) or not one.is_plain:
            raise ChartError(
                f"text() cannot hold {name}={one!r}: only integers, and strings whose pattern or enum admits nothing"
                " but letters, digits and . _ : / -"
            )
    names = "|".join(map(re.escape, values)) or "(?!)"
    pieces: list[str | Value] = []
    position = 0
    for match in re.finditer(rf"\{{\{{(?:{names})\}}\}}|\{{(?P<name>{names})\}}", template):
        if match["name"]:
            pieces += [template[position : match.start()], values[match["name"]]]
            position = match.end()
    missing = sorted(set(values) - {name for name in values if any(piece is values[name] for piece in pieces)})
    if missing:
        raise ChartError(f"text() has no placeholder for {', '.join(missing)} in {template[:80]!r}")
    return Text(tuple(piece for piece in [*pieces, template[position:]] if not isinstance(piece, str) or piece))


def record(path: str, schema: Mapping[str, Any], description: str, default: Any = REQUIRED) -> Record:
    """Declare state that no template reads, so that values.yaml and the schema know it."""
    return Record(path, schema, description, default)
