"""`make demo`: the sample iris, from model.yaml to releases that prove themselves, as a person would do it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from mlops_charts.cli import status_of

_ROOT = Path(__file__).resolve().parent.parent
_MODEL = "model/iris"
_SCENES: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("Render charts/ and apps/ from model/iris/model.yaml", ("render", _MODEL)),
    ("What was decided", ("plan", _MODEL)),
    ("Prove every object, at every phase of a release", ("validate", "--deep", _MODEL)),
    (
        "Run the pipeline that was rendered, on this machine, and release what came of it",
        ("run", _MODEL, "--fresh-releases"),
    ),
    (
        "Another version, with deeper trees: it proves itself beside the first, and takes over",
        ("run", _MODEL, "--set", "training.params.max_depth=5"),
    ),
    ("A bad version, slow for two rows of five: it is caught, and taken back", ("run", _MODEL, "--bad", "latency")),
)


def main(root: Path = _ROOT) -> int:
    """Run the commands of the demo below a repository; return the first exit status that is not 0."""
    import os  # noqa: PLC0415 - the folder is the commands' own input

    os.chdir(root)
    began = time.monotonic()
    for title, arguments in _SCENES:
        click.secho(f"\n== {title}", bold=True)
        _show(arguments)
        status = status_of(list(arguments))
        if status:
            return status
        if arguments[0] == "render":
            click.echo("\n".join(_tree(root)))
    click.secho("\n== The story of both, as git tells it", bold=True)
    _story(root / ".mlops-charts" / "release.git")
    click.echo(f"\nAll of it took {time.monotonic() - began:.0f} s. What was measured and decided, on a page each:")
    click.echo("\n".join(_reports(root)))
    return 0


def _show(arguments: Sequence[str]) -> None:
    click.echo(f"$ mlops-charts {' '.join(arguments)}")
    sys.stdout.flush()


def _story(repository: Path) -> None:
    """Print the history of the releases, the oldest first."""
    arguments = ["git", "-C", str(repository), "log", "--reverse", "--format=%h  %ad  %s", "--date=format:%H:%M:%S"]
    click.echo("$ git -C .mlops-charts/release.git log --reverse")
    click.echo(subprocess.run(arguments, capture_output=True, check=True, encoding="utf-8").stdout.rstrip())


def _reports(root: Path) -> list[str]:
    """Return the reports of the runs of the demo, the oldest first."""
    runs = sorted((root / ".mlops-charts" / "runs" / "iris").glob("*/report.html"), key=lambda path: path.parent.name)
    return [str(path) for path in runs[-sum(arguments[0] == "run" for _, arguments in _SCENES) :]]


def _tree(root: Path) -> list[str]:
    """Return the generated folders as a tree, each with its number of files and their size."""
    lines: list[str] = []
    for top in ("charts/iris/pipeline", "charts/iris/serving", "apps"):
        files = [path for path in sorted((root / top).rglob("*")) if path.is_file()]
        size = sum(path.stat().st_size for path in files)
        lines.append(f"{top:<22} {len(files):>3} files, {size:>7,} bytes")
    return lines


if __name__ == "__main__":
    sys.exit(main())
