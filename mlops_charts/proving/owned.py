"""The two files of an environment that render does not own: what people set, and the state of the release.

Their text is held against the chart's schema and the rules of a release, each problem located in the file itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from mlops_charts.assemble import Rendering
from mlops_charts.chart import default_values, merge, values_schema
from mlops_charts.chart.chart import nested
from mlops_charts.contract import PREPACKAGED
from mlops_charts.planning import EnvironmentPlan
from mlops_charts.problems import Problem
from mlops_charts.release import ReleaseState, nothing_released, problems_of
from mlops_charts.source import Source, parse, read
from mlops_charts.standing import release_lost
from mlops_charts.validation.schemas.flaw import UNKNOWN, Flaw
from mlops_charts.validation.schemas.reasons import reasons

_IDENTITY = frozenset({"namespace", "environment"})


@dataclass(frozen=True)
class OwnedFiles:
    """The files of one environment that are not generated.

    Attributes:
        rendering: The model's rendering.
        environment: The environment.
        root: The repository.
    """

    rendering: Rendering
    environment: EnvironmentPlan
    root: Path

    @property
    def problems(self) -> list[Problem]:
        """What is wrong with the two files."""
        return [*self._people[1], *self._release[1]]

    @property
    def people(self) -> Mapping[str, Any]:
        """What people set; nothing if the file has problems."""
        return self._people[0]

    @property
    def release(self) -> Mapping[str, Any] | None:
        """The state of the release; None if the file has problems."""
        return self._release[0]

    @property
    def in_flight(self) -> bool:
        """Whether the file says so of a release, right or wrong in all else."""
        source, _ = self._file
        release = source.data.get("release") if source is not None else None
        return isinstance(release, Mapping) and release.get("inFlight") is True

    @cached_property
    def _file(self) -> tuple[Source | None, list[Problem]]:
        return self._read("release")

    @cached_property
    def _people(self) -> tuple[Mapping[str, Any], list[Problem]]:
        source, problems = self._read("values")
        if source is None or not source.data:
            return {}, problems
        problems += self._people_problems(source)
        return ({} if problems else source.data), problems

    @cached_property
    def _release(self) -> tuple[Mapping[str, Any] | None, list[Problem]]:
        source, problems = self._file
        if source is None:
            return (None if problems else nothing_released().data()), problems
        problems = [*problems, *self._release_problems(source)]
        return (None if problems else source.data["release"]), problems

    def _read(self, kind: str) -> tuple[Source | None, list[Problem]]:
        """Return a file's source; none where there is no file yet, or a values file holds nothing but comments."""
        name = f"{self.rendering.folder}/serving/{kind}-{self.environment.name}.yaml"
        path = self.root / name
        if not path.exists():
            return None, self._lost(name) if kind == "release" else []
        content, problems = read(path)
        if content is None:
            return None, problems
        source, found = parse(content, name)
        empty = kind == "values" and all(problem.code == "file-empty" for problem in found)
        return source, [] if empty and source is None else [*problems, *found]

    def _lost(self, name: str) -> list[Problem]:
        """Return the problem with a release file that is gone: nothing is released only where nothing was rendered."""
        environment = f"{self.rendering.folder}/serving/environment-{self.environment.name}.yaml"
        return [release_lost(name, environment)] if (self.root / environment).exists() else []

    def _people_problems(self, source: Source) -> Iterator[Problem]:
        if "release" in source.data:
            message = "release is set here, where people write; it belongs to the release commands"
            note = f"remove it; release-{self.environment.name}.yaml has the state of the release"
            yield Problem("values-file-release", message, source.position(("release",), key=True), "release", note)
        for key in _IDENTITY & source.data.keys():
            message = f"{key} says which environment this is; that is for platform.yaml alone"
            note = "remove it: the accounts, alerts and releases of another environment would be meant"
            yield Problem("values-file", message, source.position((key,), key=True), key, note)
        serving = self.rendering.serving
        overlay = nested(serving.overlays[self.environment.name])
        given = {key: content for key, content in source.data.items() if key != "release"}
        values = merge(default_values(serving.chart), overlay, given)
        for flaw in _flaws({**self._schema, "allOf": []}, {**values, "release": None}, without="release"):
            yield _problem("values-file", source, flaw)

    def _release_problems(self, source: Source) -> Iterator[Problem]:
        if list(source.data) != ["release"]:
            message = "a release file has the one key release"
            yield Problem(
                "release-file", message, source.position(()), "", f"found {', '.join(source.data) or 'nothing'}"
            )
            return
        if _is_whole(source.data["release"]):
            yield from self._state_problems(source)
            return
        schema = self._schema["properties"]["release"]
        flaws = [flaw._replace(path=("release", *flaw.path)) for flaw in _flaws(schema, source.data["release"])]
        for flaw in flaws:
            yield _problem("release-file", source, flaw)
        if not flaws:
            yield from self._state_problems(source)

    def _state_problems(self, source: Source) -> Iterator[Problem]:
        state = ReleaseState.model_validate(source.data["release"])
        ingress = self.rendering.plan.platform.ingress.type
        prepackaged = self.environment.spec.serving.runtime in PREPACKAGED
        for flaw in problems_of(state, ingress, prepackaged=prepackaged):
            yield Problem(
                "release-file", flaw.message, source.position(tuple(flaw.key.split("."))), flaw.key, flaw.note
            )

    @cached_property
    def _schema(self) -> Mapping[str, Any]:
        return values_schema(self.rendering.serving.chart)


def _is_whole(release: Any) -> bool:
    """Return whether a release is of the right types and has every key; the schema need not be asked then."""
    try:
        return bool(ReleaseState.model_validate_json(json.dumps(release), strict=True).data() == release)
    except ValueError:
        return False


def _flaws(schema: Mapping[str, Any], values: Any, without: str = "") -> Iterator[Flaw]:
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - costs, and few files need it

    for error in Draft202012Validator(schema).iter_errors(values):
        if not without or without not in error.absolute_path:
            yield from reasons(error)


def _problem(code: str, source: Source, flaw: Flaw) -> Problem:
    path = ".".join(str(step) for step in flaw.path)
    return Problem(code, flaw.message, source.position(flaw.path, key=flaw.code == UNKNOWN), path, flaw.note)
