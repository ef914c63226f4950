"""From a Source to a specification, with every problem of the types located and put into the user's words."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from mlops_charts.problems import Problem, nearest
from mlops_charts.source import Source
from mlops_charts.spec.base import Block
from mlops_charts.spec.fields import Path, block_at, by_key

Spec = TypeVar("Spec", bound=Block)

_RANGES = {
    "greater_than": ("gt", "above"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "below"),
    "less_than_equal": ("le", "at most"),
}
_KINDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "int_from_float": "a whole number",
}


@dataclass(frozen=True)
class Parsed(Generic[Spec]):
    """A specification and what is wrong with its text.

    Attributes:
        spec: None if not even the sound parts make one; else with the broken parts at their defaults.
        problems: What the types object to.
        broken: Top-level blocks that hold a problem; nothing that is said of them can be believed.
    """

    spec: Spec | None
    problems: tuple[Problem, ...]
    broken: frozenset[str]


def parse_spec(root: type[Spec], source: Source) -> Parsed[Spec]:
    """Return the specification that a source holds."""
    try:
        return Parsed(root.model_validate(source.data), (), frozenset())
    except ValidationError as error:
        details = error.errors(include_url=False)
    located = _merge_misspelt(root, [(_trim(source.data, detail), detail) for detail in details])
    problems = tuple(_problem(root, source, path, detail) for path, detail in located)
    broken = frozenset(str(path[0]) for path, _ in located if path)
    return Parsed(_sound_part(root, source.data, [path for path, _ in located]), problems, broken)


def path_text(path: Path) -> str:
    """Return a path as people write it: `environments[1].overrides`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def describe(found: Any) -> str:
    """Return what was found, in words short enough for a message."""
    if isinstance(found, Mapping):
        return "a mapping"
    if isinstance(found, list | tuple):
        return "a list"
    if isinstance(found, bool):
        return "true" if found else "false"
    if found is None:
        return "nothing"
    text = str(found) if isinstance(found, int | float) else f'"{found}"'
    return text if len(text) <= 60 else text[:57] + '..."'  # noqa: PLR2004


def _trim(data: Any, detail: ErrorDetails) -> Path:
    """Return the part of an error's location that stands in the text, and the key that is missing behind it."""
    path: list[str | int] = []
    location = detail["loc"]
    for index, step in enumerate(location):
        if isinstance(data, Mapping) and step in data:
            data = data[step]
        elif isinstance(data, list) and isinstance(step, int) and step < len(data):
            data = data[step]
        elif detail["type"] == "missing" and index == len(location) - 1:
            return (*path, step)
        else:
            continue
        path.append(step)
    return tuple(path)


def _merge_misspelt(root: type[Block], located: list[tuple[Path, ErrorDetails]]) -> list[tuple[Path, ErrorDetails]]:
    """Drop what follows from another problem: a required key that was only misspelt, a second opinion on one value."""
    meant = {
        (*path[:-1], suggestion)
        for path, detail in located
        if detail["type"] == "extra_forbidden" and (suggestion := _suggest(root, path))
    }
    kept: dict[Path, ErrorDetails] = {}
    for path, detail in located:
        if detail["type"] == "missing" and path in meant:
            continue
        kept.setdefault(path, detail)
    return list(kept.items())


def _suggest(root: type[Block], path: Path) -> str | None:
    block = block_at(root, path[:-1])
    return nearest(str(path[-1]), sorted(by_key(block))) if block else None


def _problem(root: type[Block], source: Source, path: Path, detail: ErrorDetails) -> Problem:
    kind, found = detail["type"], detail["input"]
    context = detail.get("ctx") or {}
    key = kind == "extra_forbidden"
    code, message, note = (
        (kind, str(context["message"]), str(context["note"]))
        if "message" in context
        else _unknown(root, path)
        if key
        else _missing(root, path)
        if kind == "missing"
        else _mismatch(kind, found, context)
    )
    at = path[:-1] if kind == "missing" else path
    return Problem(code, message, source.position(at, key=key or kind == "missing"), path_text(path), note)


def _unknown(root: type[Block], path: Path) -> tuple[str, str, str]:
    block = block_at(root, path[:-1])
    suggestion = _suggest(root, path)
    did_you_mean = f'; did you mean "{suggestion}"?' if suggestion else ""
    where = path_text(path[:-1]) or "the file"
    note = f"{where} accepts: {', '.join(sorted(by_key(block)))}" if block else ""
    return "unknown-field", f"unknown field{did_you_mean}", note


def _missing(root: type[Block], path: Path) -> tuple[str, str, str]:
    block = block_at(root, path[:-1])
    field = by_key(block).get(str(path[-1])) if block else None
    meaning = f": {field.description}" if field and field.description else ""
    return "missing-field", f'required, but "{path[-1]}" is not there', f"add {path[-1]}{meaning}"


def _mismatch(kind: str, found: Any, context: Mapping[str, Any]) -> tuple[str, str, str]:
    if kind in _KINDS:
        return "wrong-type", f"found {describe(found)}, expected {_KINDS[kind]}", _type_note(kind, found)
    if kind in _RANGES:
        key, words = _RANGES[kind]
        return "out-of-range", f"found {describe(found)}, expected a number {words} {context[key]}", ""
    if kind == "literal_error":
        return _choice(found, str(context.get("expected", "")))
    if kind == "string_pattern_mismatch":
        return "bad-format", f"{describe(found)} is not written as it should be", f"the pattern is {context.get('pattern')}"
    if kind in {"too_short", "string_too_short"}:
        return "too-short", "empty, or too few entries", f"at least {context.get('min_length')}"
    if kind in {"too_long", "string_too_long"}:
        return "too-long", "too long, or too many entries", f"at most {context.get('max_length')}"
    return "wrong-type", f"found {describe(found)}, which does not fit", kind.replace("_", " ")


def _type_note(kind: str, found: Any) -> str:
    if kind == "string_type" and isinstance(found, int | float):
        return f'put it in quotes: "{str(found).lower()}"'
    if kind in {"int_type", "float_type", "bool_type"} and isinstance(found, str):
        return "write it without quotes"
    return ""


def _choice(found: Any, expected: str) -> tuple[str, str, str]:
    choices = [word.strip(" '") for part in expected.split(" or ") for word in part.split(",")]
    suggestion = nearest(str(found), choices)
    did_you_mean = f'; did you mean "{suggestion}"?' if suggestion else ""
    return "not-a-choice", f"{describe(found)} is not a choice{did_you_mean}", f"one of: {', '.join(choices)}"


def _sound_part(root: type[Spec], data: Any, paths: Iterable[Path]) -> Spec | None:
    """Return the specification without the entries at these paths, where the rest makes one."""
    sound = copy.deepcopy(data)
    for path in sorted(paths, key=len, reverse=True):
        _remove(sound, path)
    try:
        return root.model_validate(sound)
    except ValidationError:
        return None


def _remove(data: Any, path: Path) -> None:
    for step in path[:-1]:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return
    if path and isinstance(data, dict):
        data.pop(path[-1], None)
