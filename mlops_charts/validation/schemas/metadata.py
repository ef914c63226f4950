"""ObjectMeta: what an API server demands of every object's metadata, whatever its kind."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from mlops_charts.validation.model import ObjectPath
from mlops_charts.validation.schemas.flaw import Flaw, invalid, show, unknown_field

_TYPES: Final[Mapping[str, type]] = {
    "annotations": dict,
    "creationTimestamp": str,
    "deletionGracePeriodSeconds": int,
    "deletionTimestamp": str,
    "finalizers": list,
    "generateName": str,
    "generation": int,
    "labels": dict,
    "managedFields": list,
    "name": str,
    "namespace": str,
    "ownerReferences": list,
    "resourceVersion": str,
    "selfLink": str,
    "uid": str,
}
_WORDS: Final[Mapping[type, str]] = {dict: "a map", list: "a list", str: "a string", int: "an integer"}
_LABEL_LENGTH: Final = 63
_NAME_LENGTH: Final = 253
_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN: Final = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_WORD: Final = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_NAME_RULE: Final = "lower case letters, digits, '-' and '.', at most 253, such as \"iris-canary\""
_NAMESPACE_RULE: Final = "lower case letters, digits and '-', at most 63"
_KEY_RULE: Final = "a key is [prefix/]name: letters, digits, '-', '_' and '.', the name at most 63 characters"
_VALUE_RULE: Final = "letters, digits, '-', '_' and '.', beginning and ending with a letter or digit, at most 63"


def check_metadata(metadata: Any, path: ObjectPath, *, path_names: bool = False) -> Iterator[Flaw]:
    """Check an object's metadata; ``path_names`` admits the free names that RBAC objects may have."""
    if not isinstance(metadata, Mapping):
        yield invalid(path, f"must be a map, found {show(metadata)}")
        return
    if not metadata.get("name") and not metadata.get("generateName"):
        yield invalid((*path, "name"), "an object needs a name")
    for key, value in metadata.items():
        yield from _field(key, value, (*path, key), path)
    yield from _names(metadata, path, path_names=path_names)


def _field(key: str, value: Any, path: ObjectPath, parent: ObjectPath) -> Iterator[Flaw]:
    wanted = _TYPES.get(key)
    if wanted is None:
        yield unknown_field(parent, key, _TYPES)
    elif value is not None and (not isinstance(value, wanted) or isinstance(value, bool)):
        yield invalid(path, f"must be {_WORDS[wanted]}, found {show(value)}")
    elif isinstance(value, dict):
        yield from _pairs(value, path, labels=key == "labels")
    elif key == "finalizers" and isinstance(value, list):
        yield from (invalid((*path, i), f"must be a string, found {show(item)}") for i, item in _others(value))


def _others(items: list[Any]) -> list[tuple[int, Any]]:
    return [(i, item) for i, item in enumerate(items) if not isinstance(item, str)]


def _pairs(pairs: Mapping[Any, Any], path: ObjectPath, *, labels: bool) -> Iterator[Flaw]:
    for key, value in pairs.items():
        here = (*path, str(key))
        if not _is_key(str(key)):
            yield invalid(here, f"{show(key)} is not a valid key", _KEY_RULE)
        if not isinstance(value, str):
            yield invalid(here, f"must be a string, found {show(value)}", f'quote it: "{show(value)}"')
        elif labels and value and not _is_word(value):
            yield invalid(here, f"{show(value)} is not a valid label value", _VALUE_RULE)


def _names(metadata: Mapping[str, Any], path: ObjectPath, *, path_names: bool) -> Iterator[Flaw]:
    name, namespace = metadata.get("name"), metadata.get("namespace")
    if isinstance(name, str) and name and not (_is_path(name) if path_names else _is_subdomain(name)):
        yield invalid((*path, "name"), f"{show(name)} is not a valid name", _NAME_RULE)
    if isinstance(namespace, str) and not (_LABEL.fullmatch(namespace) and len(namespace) <= _LABEL_LENGTH):
        yield invalid((*path, "namespace"), f"{show(namespace)} is not a valid namespace", _NAMESPACE_RULE)


def _is_path(name: str) -> bool:
    return name not in {".", ".."} and "/" not in name and "%" not in name


def _is_subdomain(text: str) -> bool:
    return len(text) <= _NAME_LENGTH and _SUBDOMAIN.fullmatch(text) is not None


def _is_word(text: str) -> bool:
    return len(text) <= _LABEL_LENGTH and _WORD.fullmatch(text) is not None


def _is_key(key: str) -> bool:
    prefix, slash, name = key.rpartition("/")
    return _is_word(name) and (not slash or _is_subdomain(prefix.lower()))
