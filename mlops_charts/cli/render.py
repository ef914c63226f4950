"""`mlops-charts render`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mlops_charts.cli import CLEAN, PROBLEMS, options

if TYPE_CHECKING:
    from mlops_charts.fleet import Outcome
    from mlops_charts.workspace import Changes, Workspace

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

    workspace, files = rendering.what(paths, platform_file)
    if gone is not None:
        return _remove(workspace, gone)
    outcome = rendering.render(workspace, files, check=check, whole=not paths)
    options.print_problems(outcome.problems, form)
    if outcome.failed:
        options.talk("nothing was written for what has errors")
    for one in outcome.changes:
        _say(one, check=check)
    if check:
        for text in rendering.diffs(outcome, workspace):
            click.echo(text, nl=False)
    options.talk(_summary(outcome.outcomes, outcome.changes, check=check))
    return PROBLEMS if outcome.failed or (check and any(outcome.changes)) else CLEAN


def _remove(workspace: Workspace, name: str) -> int:
    from mlops_charts import rendering  # noqa: PLC0415 - --help stays light

    removed = rendering.remove(workspace, name)
    for path in removed:
        click.echo(f"removed {path}")
    options.talk(f"{len(removed)} files removed; commit them, and Argo CD asks before it deletes what served")
    return CLEAN


def _say(changes: Changes, *, check: bool) -> None:
    words = ("would add", "stale", "would remove") if check else ("added", "changed", "removed")
    for word, names in zip(words, (changes.added, changes.changed, changes.removed), strict=True):
        for name in names:
            click.echo(f"{word} {name}")
    if changes.resumed:
        options.talk("an earlier run had been interrupted; it is finished now")


def _summary(outcomes: Sequence[Outcome], changes: Sequence[Changes], *, check: bool) -> str:
    written = sum(len(one.added) + len(one.changed) + len(one.removed) for one in changes)
    unchanged = sum(one.unchanged for one in changes)
    verb = "would be written or removed" if check else "written or removed"
    return f"{len(outcomes)} models: {written} files {verb}, {unchanged} unchanged"
