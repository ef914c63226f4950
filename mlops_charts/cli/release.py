"""`mlops-charts release`: what persons decide about releases, and the look of the judge."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mlops_charts.cli import CLEAN, Commands, options

if TYPE_CHECKING:
    from mlops_charts.releasing.persons import Verb

Function = TypeVar("Function", bound=Callable[..., Any])

_HELP = """Start, approve, hold and take back releases. Each is one commit of the release file, and you are its author.

\b
Example:
  mlops-charts release status iris
  mlops-charts release approve iris 1.3.0
  mlops-charts release rollback iris --reason "wrong prices since noon"

MODEL is a model's name, its folder or its model.yaml. Commits are pushed to git.url of platform.yaml as git is set up
for you: with your name, credential helper, SSH agent and signature. --local means the releases of this machine.
Exit status: 0 done, or there was nothing to do; 1 it may not be; 2 usage; 3 git or MLflow cannot be reached.
"""
_TEXTS = {
    "start": """Start the release of a version that MLflow knows, such as an older one.

\b
Example:
  mlops-charts release start iris 1.2.0
  mlops-charts release start iris 1.2.0 --environment prod

It goes as every release does: it warms up, gets traffic step by step, and is judged. Without --environment it starts
in the first one. A version that was rejected has to be unrejected first.
""",
    "approve": """Approve the release of a version, where validation.approval is manual.

\b
Example:
  mlops-charts release approve iris 1.3.0
  mlops-charts release approve iris 1.3.0 --environment prod --reason "checked with the owners of the shop"
""",
    "pause": """Hold the release in flight: its time stands still, and evidence alone still moves it: back.

\b
Example:
  mlops-charts release pause iris
  mlops-charts release pause iris --environment prod --reason "until the campaign is over"
""",
    "resume": """Let a held release go on; its step begins anew.

\b
Example:
  mlops-charts release resume iris
""",
    "rollback": """Take a version back, and reject it: it is not released again until a person lifts that.

\b
Example:
  mlops-charts release rollback iris --reason "wrong prices since noon"
  mlops-charts release rollback iris 1.3.0 --environment prod

Without VERSION it is the one in flight, else the one that answers users. Where the version before has no pods any
more, it warms up first, and then gets all traffic at once.
""",
    "unreject": """Lift the rejection of a version, so that it may be released again.

\b
Example:
  mlops-charts release unreject iris 1.2.9
""",
    "status": """Say what is released where, and what each release waits for.

\b
Example:
  mlops-charts release status iris
  mlops-charts release status iris --environment prod --format json
""",
}
_DEMANDING = frozenset({"start", "approve", "unreject"})  # that must say which version they mean


class _Release(Commands):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), "tick"]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name == "tick":
            found: click.Command = import_module("mlops_charts.cli.release_tick").tick
            return found
        return super().get_command(ctx, cmd_name)


@click.group(cls=_Release, help=_HELP)
def command() -> None:
    """Group the commands."""


def _place(function: Function) -> Function:
    """Add what every command about a model's releases has."""
    for option in (
        options.platform,
        click.option("--local", is_flag=True, help="The releases of this machine, in .mlops-charts/release.git."),
        click.option(
            "--environment", default="", metavar="NAME", callback=options.given, help="Where; else where it fits."
        ),
    ):
        function = option(function)
    return function


def _decision(verb: Verb) -> click.Command:
    """Return the command of something that a person decides."""
    say = click.option("--reason", default="", metavar="TEXT", help="Why; it stands in the commit.")
    optional: dict[str, Any] = {} if verb in _DEMANDING else {"default": ""}
    version = click.argument("version", callback=options.given, **optional)
    model = click.argument("model", callback=options.given)
    return click.command(name=verb, help=_TEXTS[verb])(model(version(_place(say(partial(_decide, verb))))))


def _decide(
    verb: Verb, *, model: str, version: str, environment: str, reason: str, local: bool, platform_file: Path | None
) -> int:
    """Carry out a decision."""
    from mlops_charts.releasing.persons import Decision, decide  # noqa: PLC0415 - --help stays light
    from mlops_charts.steering.about import about, identity  # noqa: PLC0415

    found = about(model, platform_file, local=local)
    decision = Decision(verb, version, environment, reason, identity(found, version) if verb == "start" else None)
    done = decide(found.spec, found.remote, decision)
    options.say(done.message)
    if done.outcome == "moved":
        options.talk(f"commit {done.commit}")
    return CLEAN


for _verb in ("start", "approve", "pause", "resume", "rollback", "unreject"):
    command.add_command(_decision(_verb))


@command.command(help=_TEXTS["status"])
@click.argument("model", callback=options.given)
@_place
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def status(*, model: str, environment: str, local: bool, platform_file: Path | None, form: str) -> int:
    """Print what is released where."""
    from datetime import UTC, datetime  # noqa: PLC0415 - --help stays light

    from mlops_charts.releasing.persons import standing  # noqa: PLC0415
    from mlops_charts.releasing.status import status_of  # noqa: PLC0415
    from mlops_charts.steering.about import about  # noqa: PLC0415

    found, now = about(model, platform_file, local=local), datetime.now(UTC)
    wanted = found.spec.place(environment).name if environment else ""
    there = [status_of(found.spec, one, now=now) for one in standing(found.spec, found.remote)]
    told = [one for one in there if wanted in {"", one.environment}]
    if form == "json":
        click.echo(json.dumps([one.data() for one in told], indent=2, ensure_ascii=False))
        return CLEAN
    for one in told:
        click.echo(f"{found.spec.model} in {one.environment}")
        for title, text in one.lines(now).items():
            options.say(f"  {title:<13}{text}")
    return CLEAN
