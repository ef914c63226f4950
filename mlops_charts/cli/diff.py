"""`mlops-charts diff`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlops_charts.cli import CLEAN, FAILED, PROBLEMS, options

if TYPE_CHECKING:
    from mlops_charts.comparing import Change, Comparison, Section

_HELP = """Compare what is rendered with another revision, object by object, and say what the change will cause.

\b
Example:
  mlops-charts diff                       the working tree against HEAD
  mlops-charts diff --base main           against main
  mlops-charts diff model/iris --objects  one model, with every field that differs

What many models share is said once for all of them. If Helm refuses a chart of one of the two sides, the rest is
compared nevertheless, and the exit status is 3.
"""


@click.command(help=_HELP)
@options.paths
@click.option("--base", default="HEAD", show_default=True, help="The revision to compare with.")
@click.option("--objects", is_flag=True, help="Also list every field that differs.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 if anything differs.")
@options.platform
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(
    *, paths: tuple[Path, ...], base: str, objects: bool, exit_code: bool, platform_file: Path | None, form: str
) -> int:
    """Compare with another revision."""
    from mlops_charts.comparing import compare  # noqa: PLC0415 - --help stays light
    from mlops_charts.errors import InvalidSpec  # noqa: PLC0415
    from mlops_charts.rendering import repository, what  # noqa: PLC0415

    workspace, files = repository(paths, platform_file)
    if workspace.platform is None:
        what(paths, platform_file)  # the last model of a repository may be gone, but a folder of anything is none
    try:
        found = compare(workspace, files, base, whole=not paths)
    except InvalidSpec as error:
        options.print_problems(error.problems, form)
        return PROBLEMS
    if form == "json":
        click.echo(json.dumps([_data(one) for one in found], indent=2))
    else:
        _print_all(found, objects=objects)
    if not found and form == "text":
        options.talk(f"nothing that is rendered differs from {base}")
    refused = [line for one in found for line in one.refused]
    for line in refused:
        click.echo(f"error: {line}", err=True)
    return FAILED if refused else PROBLEMS if found and exit_code else CLEAN


def _print_all(found: list[Comparison], *, objects: bool) -> None:
    from mlops_charts.comparing import sections, totals  # noqa: PLC0415 - as above

    for section in sections(found):
        if section.effects or (objects and section.alone):
            _print(section, objects=objects)
    if counted := totals(found):
        click.echo(counted)


def _print(section: Section, *, objects: bool) -> None:
    click.echo(section.title)
    for effect in section.effects:
        click.echo(f"  {effect}")
    if not objects or section.alone is None:
        return
    for change in section.alone.changes:
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
        "refused": list(comparison.refused),
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
