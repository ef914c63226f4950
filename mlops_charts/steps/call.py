"""One call of a step: its spec, parameters and folders, and the ways in which a step says no."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from mlops_charts.errors import Mistake, MlopsChartsError
from mlops_charts.steps.asked import RunSpec

_SHOWN: Final = 12  # characters of a digest that a person reads


class Refused(Mistake):
    """The user's side says no: a gate failed, train.py raised, data are not what was said. Never tried again."""


class Unavailable(MlopsChartsError):  # noqa: N818 - it is a fact about a service
    """A tool or a service failed. Tried again."""


class Result(BaseModel):
    """What a step found, as result.json holds it; each step has a subclass of its own."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True, serialize_by_alias=True
    )


@dataclass(frozen=True)
class Call:
    """One call of a step.

    Attributes:
        spec: What was asked and decided.
        inputs: Folder with an artifact in each folder below it.
        outputs: Folder that gets a file for each parameter, a folder for each artifact, and result.json.
        parameters: By the names of the step's contract; one that was not given is empty.
        environ: Variables of the environment.
    """

    spec: RunSpec
    inputs: Path
    outputs: Path
    parameters: Mapping[str, str]
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def artifact(self, name: str) -> Path | None:
        """Return the folder of an artifact; None if the step that makes it was skipped."""
        folder = self.inputs / name
        return folder if folder.is_dir() else None

    @property
    def source(self) -> Path:
        """The model's source files.

        Raises:
            Unavailable: They are not there, although every step but guard gets them from guard.
        """
        found = self.artifact("source")
        if found is None:
            raise Unavailable(f"{self.inputs / 'source'} is missing: the source files are the artifact of guard")
        return found

    def write(self, name: str, content: str) -> None:
        """Write an output parameter, whole or not at all."""
        self.outputs.mkdir(parents=True, exist_ok=True)
        part = self.outputs / f".{name}.part"
        part.write_text(content, encoding="utf-8")
        part.replace(self.outputs / name)

    @contextmanager
    def making(self, name: str) -> Iterator[Path]:
        """Yield an empty folder that becomes the artifact once the block has ended well; else it is removed."""
        self.outputs.mkdir(parents=True, exist_ok=True)
        part, final = self.outputs / f".{name}.part", self.outputs / name
        for old in (part, final):
            shutil.rmtree(old, ignore_errors=True)
        part.mkdir()
        try:
            yield part
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
        part.rename(final)


def check_code(call: Call) -> None:
    """Refuse a run whose spec was replaced by that of another commit: what it makes would bear the wrong digest.

    Raises:
        Refused: The spec is of other code than the run.
    """
    given, known = call.parameters.get("code-digest", ""), call.spec.plan.code_digest
    if given and given != known:
        message = f"this run is of the code {given[:_SHOWN]}, and the spec by now of {known[:_SHOWN]}"
        raise Refused(f"{message}: a commit changed the model meanwhile, and has a run of its own")
