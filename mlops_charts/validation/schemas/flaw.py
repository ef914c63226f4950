"""One thing that a schema has against an object, and the few words that all checks say alike."""

import json
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from mlops_charts.errors import MlopsChartsError
from mlops_charts.problems import nearest
from mlops_charts.validation.model import ObjectPath

INVALID: Final = "schema-invalid"
UNKNOWN: Final = "schema-unknown-field"
DEFAULT: Final = "crd-default-missing"
NOT_SERVED: Final = "crd-version-not-served"
KIND_UNCHECKED: Final = "kind-unchecked"

_SHOWN: Final = 80
_LISTED: Final = 25


class SchemaError(MlopsChartsError):
    """The schemas themselves cannot be used: an unsupported version, an unreadable CRD. One line."""


class Flaw(NamedTuple):
    """What is wrong with one place of an object."""

    path: ObjectPath
    code: str
    message: str
    note: str = ""


def invalid(path: ObjectPath, message: str, note: str = "") -> Flaw:
    """A value that the schema refuses."""
    return Flaw(path, INVALID, message, note)


def unknown_field(path: ObjectPath, field: object, known: Iterable[str]) -> Flaw:
    """A field that the schema does not have; the nearest one that it has is suggested."""
    name, fields = str(field), sorted(known)
    near = nearest(name, fields)
    message = f'unknown field "{name}"' + (f'; did you mean "{near}"?' if near else "")
    if not fields:
        return Flaw((*path, name), UNKNOWN, message, "no fields are accepted here")
    listed = ", ".join(fields[:_LISTED]) + (", ..." if len(fields) > _LISTED else "")
    return Flaw((*path, name), UNKNOWN, message, f"accepted here: {listed}")


def show(value: Any) -> str:
    """A value as it stands in a message: JSON, cut to one readable line."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."
