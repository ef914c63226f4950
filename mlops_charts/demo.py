"""`make demo`: the sample iris, from model.yaml to proven charts and a built version, as a person would do it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from mlops_charts.cli import status_of

_ROOT = Path(__file__).resolve().parent.parent
_MODEL = "model/iris"


def main(root: Path = _ROOT) -> int:
    """Run the commands of the demo below a repository; return the first exit status that is not 0."""
    import os  # noqa: PLC0415 - the folder is the commands' own input

    os.chdir(root)
    for title, arguments in (
        ("Render charts/ and apps/ from model/iris/model.yaml", ["render", _MODEL]),
        ("What was decided", ["plan", _MODEL]),
        ("Prove every object, at every phase of a release", ["validate", "--deep", _MODEL]),
        ("Run the pipeline that was rendered, on this machine", ["run", _MODEL]),
    ):
        click.secho(f"\n== {title}", bold=True)
        _show(arguments)
        status = status_of(arguments)
        if status:
            return status
        if arguments[0] == "render":
            click.echo("\n".join(_tree(root)))
    return 0


def _show(arguments: Sequence[str]) -> None:
    click.echo(f"$ mlops-charts {' '.join(arguments)}")
    sys.stdout.flush()


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
