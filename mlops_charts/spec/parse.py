"""From a Source to a specification, with every problem of the types located and put into the user's words."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from mlops_charts.problems import Problem, nearest
from mlops_charts.problems.suggest import distance
from mlops_charts.source import Source, dotted
from mlops_charts.spec.base import Block
from mlops_charts.spec.fields import Path, block_at, by_key, field_at
from mlops_charts.spec.mismatch import mismatch

Spec = TypeVar("Spec", bound=Block)

_UNKNOWN = "extra_forbidden"
_MISSING = "missing"
_FAR = 3
_PLACEHOLDERS: Mapping[str, Any] = {"metadata": {"name": "unknown"}, "training": {"data": {"uri": "sklearn://unknown"}}}


@dataclass(frozen=True)
class Parsed(Generic[Spec]):
    """A specification and what is wrong with its text.

    Attributes:
        spec: Blocks that hold a problem stand at their defaults, or at placeholders if they are required.
        problems: What the types object to.
        broken: Top-level blocks that hold a problem, or were meant by a misspelt key; what the specification says of
            them is not what the text says.
    """

    spec: Spec
    problems: tuple[Problem, ...]
    broken: frozenset[str]


@dataclass(frozen=True)
class _Flaw:
    path: Path
    detail: ErrorDetails
    suggestion: str | None = None

    @property
    def kind(self) -> str:
        return self.detail["type"]

    @property
    def meant(self) -> Path:
        """The path that a misspelt key should have had; else its own."""
        return (*self.path[:-1], self.suggestion) if self.suggestion else self.path


def parse_spec(root: type[Spec], source: Source) -> Parsed[Spec]:
    """Return the specification that a source holds, and all problems of its types."""
    try:
        return Parsed(root.model_validate(source.data), (), frozenset())
    except ValidationError as error:
        details = error.errors(include_url=False)
    flaws = _without_echoes([_flaw(root, source.data, detail) for detail in details])
    broken = frozenset(str(path[0]) for flaw in flaws for path in (flaw.path, flaw.meant) if path)
    return Parsed(_sound_part(root, source.data, broken), tuple(_problem(root, source, flaw) for flaw in flaws), broken)


def _flaw(root: type[Block], data: Any, detail: ErrorDetails) -> _Flaw:
    if detail["type"] == _MISSING and isinstance(detail["loc"][-1], int):
        short = ErrorDetails(type="too_short", loc=detail["loc"][:-1], msg="", input=detail["input"])
        short["ctx"] = {"min_length": detail["loc"][-1] + 1}
        detail = short
    path = _trim(data, detail)
    return _Flaw(path, detail, _suggest(root, data, path) if detail["type"] == _UNKNOWN else None)


def _trim(data: Any, detail: ErrorDetails) -> Path:
    """Return the part of an error's location that stands in the text, and the key that is missing behind it."""
    path: list[str | int] = []
    location = detail["loc"]
    for index, step in enumerate(location):
        if _holds(data, step):
            data = data[step]
        elif not (detail["type"] == _MISSING and index == len(location) - 1):
            continue  # a name of pydantic's for one of several types
        path.append(step)
    return tuple(path)


def _holds(data: Any, step: str | int) -> bool:
    return step in data if isinstance(data, Mapping) else isinstance(data, list) and step in range(len(data))


def _without_echoes(flaws: list[_Flaw]) -> list[_Flaw]:
    """Drop what follows from another flaw: a required key that was only misspelt, a second opinion on one value."""
    meant = {flaw.meant for flaw in flaws if flaw.suggestion}
    kept: dict[Path, _Flaw] = {}
    for flaw in flaws:
        if not (flaw.kind == _MISSING and flaw.path in meant):
            kept.setdefault(flaw.path, flaw)
    return list(kept.values())


def _suggest(root: type[Block], data: Any, path: Path) -> str | None:
    """Return the key that was meant: one that is not there yet if any is near, else one that is."""
    block = block_at(root, path[:-1])
    if block is None:
        return None
    for step in path[:-1]:
        data = data[step]
    word, known = str(path[-1]), by_key(block)
    near = nearest(word, [key for key in known if key not in data]) or nearest(word, known)
    if near is None or (edits := distance(word, near, _FAR)) > _FAR:
        return near
    alike = [key for key in known if key not in data and distance(word, key, _FAR) == edits]
    return next((key for key in sorted(alike) if _fits(known[key].annotation, data[word])), near)


def _fits(annotation: Any, found: Any) -> bool:
    """Return whether a value is one of a type: among keys that are equally near, that one was meant."""
    try:
        TypeAdapter(annotation).validate_python(found)
    except ValidationError:
        return False
    return True


def _problem(root: type[Block], source: Source, flaw: _Flaw) -> Problem:
    path, where = flaw.path, dotted(flaw.path)
    if flaw.kind == _UNKNOWN:
        did_you_mean = f'; did you mean "{flaw.suggestion}"?' if flaw.suggestion else ""
        at = source.position(path, key=True)
        return Problem("unknown-field", f"unknown field{did_you_mean}", at, where, _accepted(root, path))
    if flaw.kind == _MISSING:
        field = field_at(root, path)
        note = f"add {path[-1]}: {field.description}" if field else f"add {path[-1]}"
        at = source.position(path[:-1], key=True)
        return Problem("missing-field", f'"{path[-1]}" is required and not there', at, where, note)
    code, message, note = mismatch(flaw.detail, str(path[-1]) if path else "file", field_at(root, path))
    return Problem(code, message, source.position(path, key=flaw.detail["loc"][-1] == "[key]"), where, note)


def _accepted(root: type[Block], path: Path) -> str:
    block = block_at(root, path[:-1])
    return f"{dotted(path[:-1]) or 'the file'} accepts: {', '.join(sorted(by_key(block)))}" if block else ""


def _sound_part(root: type[Spec], data: Mapping[str, Any], broken: frozenset[str]) -> Spec:
    """Return the specification without its broken blocks."""
    sound = {key: copy.deepcopy(found) for key, found in data.items() if key not in broken}
    for key, field in by_key(root).items():
        if field.is_required() and key not in sound:
            sound[key] = _PLACEHOLDERS[key]
    return root.model_validate(sound)
