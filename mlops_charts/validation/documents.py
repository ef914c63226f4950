"""What Helm prints, as objects: split into documents, each with the template it came from, read as Go reads YAML.

Helm, Argo CD and kubectl share one YAML reader, which is neither YAML 1.1 nor 1.2: y, yes and on are true, 0755 and
0o755 are octal, 08 and 1e5 are numbers, 12:30:00 and dates are texts, and a number without a fraction is an integer.
This module must not know how the text was made.
"""

import math
import re
from collections.abc import Hashable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from mlops_charts.errors import MlopsChartsError

if TYPE_CHECKING:
    import yaml

_MARKER: Final = re.compile(r"^---[ \t]*(?:#.*)?$", re.MULTILINE)
_SOURCE: Final = re.compile(r"^# Source: (.+?)\s*$", re.MULTILINE)
_COMMENT: Final = re.compile(r"^\s*(#.*)?$")
_DECIMAL: Final = re.compile(r"[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?")
_INTEGER: Final = re.compile(r"[-+]?(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9]\d*)")
_PLAIN: Final = "tag:mlops-charts,plain"
_LONGEST_INTEGER: Final = 1 << 64
_WORDS: Final[Mapping[str, object]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **{form: True for word in ("y", "yes", "true", "on") for form in (word, word.capitalize(), word.upper())},
    **{form: False for word in ("n", "no", "false", "off") for form in (word, word.capitalize(), word.upper())},
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
}


class DocumentError(MlopsChartsError):
    """A document that Helm printed cannot be read as an object. One line, with the template."""


def split(text: str, known: dict[str, list[Any]] | None = None) -> list[tuple[str, Any]]:
    """The objects in what `helm template` prints, each with its template ("iris/templates/service.yaml").

    NOTES.txt, partials and documents without content are left out.

    Args:
        text: What Helm printed.
        known: Objects by the text of their document; read from and added to, so that what many renderings print alike
            is read once. The objects are then shared, for reading alone.

    Raises:
        DocumentError: a document is no YAML, or has a key twice.
    """
    file = ""
    found: list[tuple[str, Any]] = []
    for chunk in _MARKER.split(text):
        source = _SOURCE.search(_leading_comments(chunk))
        file = source[1] if source else file
        if _is_manifest(file):
            found += [(file, document) for document in _known(chunk, file, known) if document is not None]
    return found


def _known(chunk: str, file: str, known: dict[str, list[Any]] | None) -> list[Any]:
    if known is None:
        return _load(chunk, file)
    if chunk not in known:
        known[chunk] = _load(chunk, file)
    return known[chunk]


def _leading_comments(chunk: str) -> str:
    lines: list[str] = []
    for line in chunk.splitlines():
        if not _COMMENT.match(line):
            break
        lines.append(line)
    return "\n".join(lines)


def _is_manifest(file: str) -> bool:
    name = file.rpartition("/")[2]
    return name != "NOTES.txt" and not name.startswith("_")


def _load(chunk: str, file: str) -> list[Any]:
    import yaml  # noqa: PLC0415 - costs, and the fast proofs never read what Helm prints

    try:
        return list(yaml.load_all(chunk, Loader=_loader()))
    except (yaml.YAMLError, ValueError) as error:
        raise DocumentError(f"{file or 'output'}: {' '.join(str(error).split())}") from None


def read_scalar(text: str) -> object:
    """A plain scalar as Go's YAML reader types it."""
    if text in _WORDS:
        value = _WORDS[text]
        if isinstance(value, float):
            raise ValueError(f"{text} is no JSON number")
        return value
    number = text.replace("_", "")
    if text[:1] not in set("+-.0123456789") or not number:
        return text
    if _INTEGER.fullmatch(number):
        return _integer(number)
    return _plain_number(float(number)) if _DECIMAL.fullmatch(number) else text


def _integer(number: str) -> int | float:
    sign, digits = (-1, number[1:]) if number[0] == "-" else (1, number.removeprefix("+"))
    octal = re.fullmatch(r"0[oO]?([0-7]+)", digits)
    value = sign * (int(octal[1], 8) if octal else int(digits, 0))
    return value if -_LONGEST_INTEGER // 2 <= value < _LONGEST_INTEGER else float(value)


def _plain_number(value: float) -> int | float:
    if not math.isfinite(value):
        raise ValueError("a number is too large for JSON")
    return int(value) if value.is_integer() and abs(value) < _LONGEST_INTEGER // 2 else value


@cache
def _loader() -> "type[yaml.CSafeLoader]":
    """A reader of our own, so that none of PyYAML's resolvers are touched: scalars are typed by ``read_scalar``."""
    import yaml  # noqa: PLC0415 - see _load

    class GoLoader(yaml.CSafeLoader):
        """Types plain scalars as Go does, makes keys strings, and refuses a key that stands twice."""

        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - as in PyYAML
            _refuse_duplicates(self, node)
            return {_key(key): value for key, value in super().construct_mapping(node, deep).items()}

    def scalar(loader: yaml.CSafeLoader, node: yaml.ScalarNode) -> object:
        del loader
        return read_scalar(node.value)

    GoLoader.yaml_implicit_resolvers = {
        "<": [("tag:yaml.org,2002:merge", re.compile(r"^<<$"))],
        None: [(_PLAIN, re.compile(""))],
    }
    GoLoader.add_constructor(_PLAIN, scalar)
    return GoLoader


def _refuse_duplicates(loader: "yaml.CSafeLoader", node: Any) -> None:
    import yaml  # noqa: PLC0415 - see _load

    seen: set[str] = set()
    for key in _keys(loader, node):
        if key in seen:
            raise yaml.constructor.ConstructorError(None, None, f'the key "{key}" stands here twice', node.start_mark)
        seen.add(key)


def _keys(loader: "yaml.CSafeLoader", node: Any) -> Iterator[str]:
    for key, _ in getattr(node, "value", ()):
        if not key.tag.endswith(":merge"):
            yield str(_key(loader.construct_object(key)))


def _key(key: object) -> str:
    if isinstance(key, bool):
        return "true" if key else "false"
    return "null" if key is None else str(key)
