"""From what a proof found in an object to the line of model.yaml or platform.yaml that caused it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

from mlops_charts.chart import Chart, Template, origin_at
from mlops_charts.loading import Model
from mlops_charts.problems import Position, Problem, Severity
from mlops_charts.validation.model import Finding

_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")
_PLATFORM = "platform:"


class Blame:
    """Turns findings about one model into problems, each told once however many renderings show it.

    Args:
        model: The model with its texts.
        charts: Its charts by their folder.
        built: The image that the pipeline builds for its own steps; empty if there is none.
    """

    def __init__(self, model: Model, charts: Mapping[str, Chart], built: str = "") -> None:
        self._model = model
        self._charts = charts
        self._built = built

    @cached_property
    def _templates(self) -> dict[str, Template]:
        return {
            f"{folder}/templates/{template.file}": template
            for folder, chart in self._charts.items()
            for template in chart.templates
        }

    @cached_property
    def _images(self) -> dict[str, str]:
        """Where each image that somebody chose is written."""
        spec, platform = self._model.spec, self._model.platform.spec
        tools = {image: f"{_PLATFORM}images.{key}" for key, image in platform.images.model_dump(by_alias=True).items()}
        own = {step.image: f"pipeline.steps[{index}].image" for index, step in enumerate(spec.pipeline.steps)}
        training = {spec.training.image: "training.image"} if spec.training.image else {}
        return {**tools, platform.pipeline.runtime_image: f"{_PLATFORM}pipeline.runtimeImage", **own, **training}

    def problems(self, findings: Iterable[tuple[str, Finding]]) -> list[Problem]:
        """Return the problems behind findings, each with the title of the first rendering that showed it."""
        told: dict[tuple[str, ...], Problem] = {}
        unchecked: dict[str, Finding] = {}
        for title, finding in findings:
            if self._is_content_addressed(finding):
                continue
            if finding.code == "kind-unchecked" and finding.severity is Severity.WARNING:
                unchecked.setdefault(finding.object.kind, finding)
                continue
            key = _key(finding)
            if key not in told:
                told[key] = self._problem(title, finding)
        return [*told.values(), *_unchecked(unchecked)]

    def _is_content_addressed(self, finding: Finding) -> bool:
        """Return whether an image without a digest is one whose tag is the digest of its contents."""
        return finding.code == "image-no-digest" and _at(finding.object.manifest, finding.path) == self._built

    def _problem(self, title: str, finding: Finding) -> Problem:
        found = finding.object
        where = f"{found.file}: {_text(finding.path)}" if finding.path else found.file
        notes = (finding.note, f"in {where} ({title})")
        return Problem(
            code=finding.code,
            message=f"{found.kind} {found.name}: {finding.message}",
            position=self._position(finding),
            path=self._origin(finding).removeprefix(_PLATFORM),
            note="\n".join(note for note in notes if note),
            severity=finding.severity,
        )

    def _origin(self, finding: Finding) -> str:
        image = _at(finding.object.manifest, finding.path)
        if isinstance(image, str) and image in self._images:
            return self._images[image]
        template = self._templates.get(finding.object.file)
        return origin_at(template, finding.path) if template else finding.object.origin

    def _position(self, finding: Finding) -> Position:
        origin = self._origin(finding)
        if origin.startswith(_PLATFORM) and self._model.platform.source is not None:
            return self._model.platform.source.position(_path(origin.removeprefix(_PLATFORM)))
        return self._model.source.position(_path(origin.removeprefix(_PLATFORM)))


def _path(origin: str) -> tuple[str | int, ...]:
    return tuple(int(index) if index else key for index, key in _STEP.findall(origin))


def _text(path: Iterable[str | int]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


def _unchecked(kinds: Mapping[str, Finding]) -> Iterator[Problem]:
    """Yield one warning for all kinds that no schema is known for, however many they are."""
    if kinds:
        first = next(iter(kinds.values()))
        message = f"not checked, for want of a schema: {', '.join(sorted(kinds))}"
        yield Problem(first.code, message, None, "", first.note, first.severity)


def _key(finding: Finding) -> tuple[str, ...]:
    """Return what makes two findings one: an image is told once, anything else once for each object."""
    if finding.code.startswith("image-"):
        return finding.code, finding.message
    return finding.code, finding.object.kind, finding.object.name, _text(finding.path), finding.message


def _at(content: Any, path: Iterable[str | int]) -> Any:
    for step in path:
        try:
            content = content[step]
        except (KeyError, IndexError, TypeError):
            return None
    return content
