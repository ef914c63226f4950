"""`mlops-charts render`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlops_charts.cli import CLEAN, PROBLEMS, options

if TYPE_CHECKING:
    from mlops_charts.rendering import Rendered
    from mlops_charts.workspace import Workspace

_HELP = """Write charts/ and apps/ from model.yaml and platform.yaml.

\b
Example:
  mlops-charts render                   every model of the repository
  mlops-charts render model/iris        one model, and what the repository has once
  mlops-charts render --check           write nothing; exit 1 with a diff if anything committed is stale
  mlops-charts render --remove iris     remove what was generated for a model that is gone
"""


@click.command(help=_HELP)
@options.paths
@click.option("--check", is_flag=True, help="Write nothing; exit 1 with a diff if anything is stale.")
@click.option("--remove", "gone", metavar="NAME", help="Remove the charts and Applications of a model that is gone.")
@options.platform
@options.output_format
def command(*, paths: tuple[Path, ...], check: bool, gone: str | None, platform_file: Path | None, form: str) -> int:
    """Write charts/ and apps/."""
    from mlops_charts import rendering  # noqa: PLC0415 - --help stays light

    if any(str(path) == "-" for path in paths):
        raise click.UsageError("render needs a model's folder, its train.py and all; a text alone can be validated")
    workspace, files = rendering.repository(paths, platform_file)
    if gone is not None:
        return _remove(workspace, gone)
    outcome = rendering.render(workspace, files, check=check, whole=not paths)
    if form == "json":
        click.echo(json.dumps(_data(outcome), indent=2))
    else:
        _print(outcome, form, workspace, check=check)
    _talk(outcome, files, check=check)
    stale = check and (any(outcome.changes) or outcome.gone)
    return PROBLEMS if outcome.failed or stale else CLEAN


def _remove(workspace: Workspace, name: str) -> int:
    from mlops_charts import rendering  # noqa: PLC0415 - --help stays light

    removed, left = rendering.remove(workspace, name)
    for path in removed:
        click.echo(f"removed {path}")
    for path in left:
        options.talk(f"left {path}: people or releases wrote in it; remove it yourself if nobody needs it")
    options.talk(f"{_count(len(removed), 'file')} removed; commit them, and Argo CD asks before it deletes what served")
    return CLEAN


def _print(outcome: Rendered, form: str, workspace: Workspace, *, check: bool) -> None:
    from mlops_charts import rendering  # noqa: PLC0415 - --help stays light

    options.print_problems(outcome.problems, form)
    words = ("would add", "stale", "would remove") if check else ("added", "changed", "removed")
    for one in outcome.changes:
        for word, names in zip(words, (one.added, one.changed, one.removed), strict=True):
            for name in names:
                click.echo(f"{word} {name}")
    if check:
        for name in outcome.gone:
            click.echo(f"left over: {name} (there is no model/{name}/model.yaml)")
        for line in rendering.diffs(outcome, workspace):
            click.echo(line, nl=False)


def _data(outcome: Rendered) -> dict[str, Any]:
    from mlops_charts.problems import format_json  # noqa: PLC0415 - --help stays light

    return {
        "problems": json.loads(format_json(outcome.problems)),
        "added": [name for one in outcome.changes for name in one.added],
        "changed": [name for one in outcome.changes for name in one.changed],
        "removed": [name for one in outcome.changes for name in one.removed],
        "gone": list(outcome.gone),
        "unchanged": sum(one.unchanged for one in outcome.changes),
    }


def _talk(outcome: Rendered, files: Sequence[Path], *, check: bool) -> None:
    if any(one.resumed for one in outcome.changes):
        options.talk("an earlier run had been interrupted; what it began is finished now")
    if len(outcome.changes) <= len(files):  # one for each model, and one for the platform
        options.talk("nothing was written for what has errors")
    if outcome.partial and outcome.platform:
        options.talk("what all models share has changed as well; `mlops-charts render` renders every model")
    if not check:
        for name in (name for one in outcome.outcomes for name in one.left):
            options.talk(f"left {name}: people or releases wrote in it; remove it yourself if nobody needs it")
        for name in outcome.gone:
            options.talk(
                f"model/{name} is gone, its charts are not: `mlops-charts render --remove {name}` removes them"
            )
    touched = sum(len(one.added) + len(one.changed) + len(one.removed) for one in outcome.changes)
    unchanged = sum(one.unchanged for one in outcome.changes)
    verb = "would be written or removed" if check else "written or removed"
    options.talk(f"{_count(len(files), 'model')}: {_count(touched, 'file')} {verb}, {unchanged} unchanged")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
