"""`mlops-charts diff`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlops_charts.cli import CLEAN, options

if TYPE_CHECKING:
    from mlops_charts.comparing import Change, Comparison

_HELP = """Compare what is rendered with another revision, object by object, and say what the change will cause.

\b
Example:
  mlops-charts diff                       the working tree against HEAD
  mlops-charts diff --base main           against main
  mlops-charts diff model/iris --objects  one model, with every field that differs
"""


@click.command(help=_HELP)
@options.paths
@click.option("--base", default="HEAD", show_default=True, help="The revision to compare with.")
@click.option("--objects", is_flag=True, help="Also list every field that differs.")
@options.platform
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(*, paths: tuple[Path, ...], base: str, objects: bool, platform_file: Path | None, form: str) -> int:
    """Compare with another revision."""
    from mlops_charts.comparing import compare  # noqa: PLC0415 - --help stays light
    from mlops_charts.rendering import what  # noqa: PLC0415

    workspace, files = what(paths, platform_file)
    found = compare(workspace, files, base, whole=not paths)
    if form == "json":
        click.echo(json.dumps([_data(one) for one in found], indent=2))
        return CLEAN
    for comparison in found:
        _print(comparison, objects=objects)
    if not found:
        options.talk(f"nothing that is rendered differs from {base}")
    return CLEAN


def _print(comparison: Comparison, *, objects: bool) -> None:
    click.echo(comparison.title)
    for effect in comparison.effects:
        click.echo(f"  {effect}")
    if not objects:
        return
    for change in comparison.changes:
        click.echo(f"    {change.verb} {change.kind} {change.name} ({change.place})")
        for path, before, after in change.fields():
            click.echo(f"      {path}: {_short(before)} -> {_short(after)}")


def _short(content: Any) -> str:
    text = "absent" if content is None else json.dumps(content, ensure_ascii=False)
    return text if len(text) <= 100 else f"{text[:99]}…"  # noqa: PLR2004 - one line of a terminal


def _data(comparison: Comparison) -> dict[str, Any]:
    return {
        "title": comparison.title,
        "effects": list(comparison.effects),
        "changes": [_change(change) for change in comparison.changes],
    }


def _change(change: Change) -> dict[str, Any]:
    fields = [{"path": path, "before": before, "after": after} for path, before, after in change.fields()]
    return {
        "place": change.place,
        "kind": change.kind,
        "name": change.name,
        "verb": change.verb,
        "served": change.served,
        "fields": fields,
    }
