"""Fields of model.yaml for one run alone: `--set training.params.max_depth=3`, through the parser and all rules."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path as File
from typing import Any, Final

from mlops_charts.errors import InvalidSpec, Mistake
from mlops_charts.loading import Model, load_model
from mlops_charts.problems import Position, Problem, has_errors
from mlops_charts.source import Path, dotted, parse

_STEP: Final = re.compile(r"\.?([A-Za-z_][A-Za-z0-9_-]*)|\[(\d+)\]|\[\"([^\"]+)\"\]")


@dataclass(frozen=True)
class _Assignment:
    """One field and what it is to be.

    Attributes:
        written: As it was given.
        path: The field.
        value: What it is to be, typed as YAML types it.
    """

    written: str
    path: Path
    value: Any

    @property
    def name(self) -> str:
        return dotted(self.path)

    def position(self, *, key: bool) -> Position:
        """Return the place of the value, or of the field's name."""
        split = self.written.index("=") + 1
        begin, end = (1, split) if key else (split + 1, len(self.written) + 1)
        return Position("--set", 1, min(begin, len(self.written)), end, self.written)


def changed(model: Model, file: File, assignments: Sequence[str]) -> Model:
    """Return a model with fields changed, as if its model.yaml said so.

    Args:
        model: As the file has it.
        file: Its model.yaml.
        assignments: `path=value`, later ones after earlier ones.

    Raises:
        Mistake: An assignment is none, or its path leads through what is no object or list.
        InvalidSpec: The model would have errors; each is located in its assignment.
    """
    data = copy.deepcopy(model.source.data)
    asked = [_read(each) for each in assignments]
    for each in asked:
        _assign(data, each)
    text = json.dumps(data, indent=1, ensure_ascii=False).encode()
    loaded = load_model(file, model.workspace, model.platform, text)
    if loaded.model is None or has_errors(loaded.problems):
        raise InvalidSpec([_located(problem, asked) for problem in loaded.problems])
    return loaded.model


def _read(written: str) -> _Assignment:
    name, sign, text = written.partition("=")
    path = _path(name.strip())
    if not sign or not path:
        raise Mistake(f"--set {written}: expected FIELD=VALUE, such as training.params.max_depth=3")
    source, problems = parse(f"value: {text}\n", "--set")
    if source is None or has_errors(problems) or set(source.data) != {"value"}:
        raise Mistake(f"--set {written}: what is behind = is no value; text with : or # in it stands in quotes")
    return _Assignment(written, path, source.data["value"])


def _path(name: str) -> Path:
    steps: list[str | int] = []
    at = 0
    while at < len(name):
        found = _STEP.match(name, at)
        if found is None:
            return ()
        steps.append(int(found[2]) if found[2] else found[1] or found[3])
        at = found.end()
    return tuple(steps)


def _assign(data: Any, asked: _Assignment) -> None:
    place = data
    for index, step in enumerate(asked.path[:-1]):
        following: Any = [] if isinstance(asked.path[index + 1], int) else {}
        if isinstance(place, dict) and isinstance(step, str):
            if place.get(step) is None:
                place[step] = following
            place = place[step]
        elif isinstance(place, list) and isinstance(step, int) and step < len(place):
            place = place[step]
        else:
            raise Mistake(f"--set {asked.written}: {dotted(asked.path[: index + 1])} is not there to be changed")
    last = asked.path[-1]
    if isinstance(place, dict) and isinstance(last, str):
        place[last] = asked.value
    elif isinstance(place, list) and isinstance(last, int) and last <= len(place):
        place[last : last + 1] = [asked.value]
    else:
        raise Mistake(f"--set {asked.written}: {asked.name} is not there to be changed")


def _located(problem: Problem, asked: Sequence[_Assignment]) -> Problem:
    """Return a problem with its place: in the assignment that is about its field, else in the first one."""
    near = (one for one in asked if problem.path.startswith(one.name) or one.name.startswith(problem.path or "?"))
    cause = next(near, asked[0])
    return replace(problem, position=cause.position(key=problem.code == "unknown-field"))
