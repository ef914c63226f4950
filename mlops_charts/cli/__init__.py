"""The command line: a command parses, calls one function, prints, and returns an exit status.

Exit status: 0 clean, 1 problems found, 2 usage, 3 a tool or service failed, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from io import TextIOWrapper
from typing import Any

import click

CLEAN, PROBLEMS, USAGE, FAILED, INTERRUPTED = 0, 1, 2, 3, 130

# Command -> what the list of commands says; its module is imported when it is called.
COMMANDS = {
    "init": "Start a model: model.yaml, train.py, schemas, and platform.yaml where there is none.",
    "validate": "Prove model.yaml, platform.yaml and everything rendered from them.",
    "plan": "Say what was decided for a model.",
    "render": "Write charts/ and apps/.",
    "diff": "Compare what is rendered with another revision, object by object.",
    "run": "Run the pipeline of a model here: the same graph and commands, as processes.",
    "step": "Run one step of the pipeline, as the pods of a workflow do.",
    "serve": "Serve a model's folder.",
    "smoke": "Ask a server whether it answers as the model did when it was saved.",
    "card": "Write the card of a version: all that is known of it, from its rows to its traffic.",
    "release": "Start, approve, hold and take back releases; say what is released where.",
    "history": "Tell the story of a model's releases, and hold it against its evidence.",
    "rehearse": "Simulate whole releases: how often a verdict is wrong, and when it comes.",
    "bench": "Measure what a model's pods carry.",
    "explain": "Explain a field of model.yaml or platform.yaml, or the code of a problem.",
    "schema": "Print the JSON Schema of model.yaml or platform.yaml.",
    "schemas": "Fetch and list the schemas of custom resources.",
    "platform": "Work on platform.yaml: resolve image tags to digests.",
}
_EXAMPLE = """One model.yaml becomes proven Helm charts and Argo CD Applications.

\b
Example:
  mlops-charts init iris
  mlops-charts validate
  mlops-charts render
"""


class Commands(click.Group):
    """Commands by name; for one that does not exist it says which was meant."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Return the command that arguments begin with."""
        names = self.list_commands(ctx)
        if args and args[0] not in names and not args[0].startswith("-"):
            from mlops_charts.problems import nearest  # noqa: PLC0415 - for mistakes alone

            meant = nearest(args[0], names)
            hint = f'; did you mean "{meant}"?' if meant else ""
            ctx.fail(f'no command "{args[0]}"{hint}')
        return super().resolve_command(ctx, args)


class _Ours(Commands):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"mlops_charts.cli.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=_Ours, help=_EXAMPLE, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="mlops-charts", message="%(version)s")
def cli() -> None:
    """Parse the command line."""


def main(arguments: list[str] | None = None) -> None:
    """Run a command and exit with its status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a name that the terminal cannot show is no reason to fail
    sys.exit(status_of(arguments))


def status_of(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit status."""
    # Looking through every installed package for plugins of pydantic costs each start; ours has no use for any.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from mlops_charts.cli.failures import told  # noqa: PLC0415 - keeps --help light

    return told(lambda: cli.main(arguments, prog_name="mlops-charts", standalone_mode=False))
