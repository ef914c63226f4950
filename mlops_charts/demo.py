"""`make demo`: the sample iris, from model.yaml to proven charts, as a person would do it, told step by step."""

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
    ):
        click.secho(f"\n== {title}", bold=True)
        _show(arguments)
        status = status_of(arguments)
        if status:
            return status
        if arguments[0] == "render":
            click.echo("\n".join(_tree(root)))
    click.secho("\n== Next", bold=True)
    click.echo(
        "Read charts/iris as a reviewer would, edit model/iris/model.yaml, and ask `mlops-charts diff` what it causes."
    )
    return 0


def _show(arguments: Sequence[str]) -> None:
    click.echo(f"$ mlops-charts {' '.join(arguments)}")
    sys.stdout.flush()


def _tree(root: Path) -> list[str]:
    """Return the generated folders as a tree, each file with its size."""
    lines: list[str] = []
    for top in ("charts/iris", "apps"):
        lines.append(f"{top}/")
        lines += _below(root / top, "  ")
    return lines


def _below(folder: Path, indent: str) -> list[str]:
    lines: list[str] = []
    for path in sorted(folder.iterdir(), key=lambda each: (each.is_dir(), each.name)):
        if path.is_dir():
            lines += [f"{indent}{path.name}/", *_below(path, f"{indent}  ")]
        else:
            lines.append(f"{indent}{path.name:<44} {path.stat().st_size:>7,} bytes")
    return lines


if __name__ == "__main__":
    sys.exit(main())
