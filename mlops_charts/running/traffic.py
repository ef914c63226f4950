"""The requests that users of this machine send: the rows of the model, replayed through its gateway."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mlops_charts.errors import Mistake
from mlops_charts.local.release_story import Second
from mlops_charts.local.replay import read_records
from mlops_charts.running.images import Shelf
from mlops_charts.steps.asked import RunSpec
from mlops_charts.workspace.write import replace_text

_TIMEOUT: Final = 600.0  # seconds in which the rows must have been read
_FAULT: Final = 500


@dataclass(frozen=True)
class Requests:
    """Requests of all rows of a model.

    Attributes:
        spec: The run's spec.
        text: The same as the ConfigMap has it.
        source: The model's folder.
        shelf: The folders of versions.
        folder: Where requests are kept, by the run of the version that they are made for.
        environ: What every process gets.
    """

    spec: RunSpec
    text: str
    source: Path
    shelf: Shelf
    folder: Path
    environ: Mapping[str, str]

    @property
    def path(self) -> str:
        """Where requests go, behind the address of the gateway."""
        if self.spec.model.serving.protocol == "v2":
            return f"/v2/models/{self.spec.name}/infer"
        return "/api/v1.0/predictions"

    def file(self, run_id: str) -> Path:
        """Return the file of the requests, a body a line; it is made anew where the model's folder is another.

        Raises:
            Mistake: The rows cannot be read.
        """
        file = self.folder / f"{run_id}.jsonl"
        if file.is_file():
            return file
        spec = self.folder / "model.json"
        replace_text(spec, self.text)
        python = self.shelf.python() or Path(sys.executable)
        part = file.with_suffix(".part")
        words = [str(word) for word in (spec, self.source, self.shelf.model(run_id), part)]
        done = subprocess.run(
            [python, "-m", "mlops_charts.running.rows", *words],
            capture_output=True,
            check=False,
            encoding="utf-8",
            errors="replace",
            env=dict(self.environ),
            timeout=_TIMEOUT,
        )
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1].removeprefix("error: ")
            raise Mistake(f"the rows cannot be replayed: {last}")
        part.rename(file)
        return file


def seconds(records: Path) -> tuple[Second, ...]:
    """Return what users got, second by second."""
    return tuple(
        Second(one.at, dict(one.versions), sum(n for code, n in one.statuses.items() if _failed(code)), one.p95)
        for one in (read_records(records) if records.is_file() else ())
    )


def _failed(status: str) -> bool:
    return not 0 < int(status) < _FAULT
