"""Options that several commands share, and how results are printed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from mlops_charts.problems import Problem, format_github, format_json, format_text, visible_lines

Command = TypeVar("Command", bound=Callable[..., Any])

FORMATS = ("text", "json", "github")


class _Meant(click.Path):
    """A model by its name, its folder or its file; never an empty word, as an unset variable of a script is."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not str(value).strip():
            self.fail("it is empty", param, ctx)
        return super().convert(value, param, ctx)


def paths(function: Command) -> Command:
    """Add the argument MODEL..., names of models, their folders or files."""
    meant = _Meant(path_type=Path, allow_dash=True)
    return click.argument("paths", nargs=-1, type=meant, metavar="[MODEL]...")(function)


def model(function: Command) -> Command:
    """Add the argument MODEL, which may be left out: a model's name, its folder or its file."""
    return click.argument("path", required=False, type=_Meant(path_type=Path), metavar="[MODEL]")(function)


def given(context: click.Context, parameter: click.Parameter, found: str) -> str:
    """Refuse a word that was given and is empty, as an unset variable of a script is: it would mean something else."""
    source = context.get_parameter_source(parameter.name or "")
    if source is ParameterSource.COMMANDLINE and not found.strip():
        raise click.BadParameter("it is empty", context, parameter)
    return found


def platform(function: Command) -> Command:
    """Add the option --platform."""
    option = click.option(
        "--platform",
        "platform_file",
        type=click.Path(path_type=Path, dir_okay=False),
        help="The platform.yaml to use; else the nearest one above the model.",
    )
    return option(function)


def output_format(function: Command) -> Command:
    """Add the option --format."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(FORMATS),
        default="text",
        show_default=True,
        help="How problems are printed.",
    )(function)


def print_problems(problems: Sequence[Problem], form: str) -> None:
    """Print problems on stdout in a format."""
    if form == "json":
        click.echo(format_json(problems))
    elif form == "github":
        _echo(format_github(problems))
    else:
        _echo(format_text(problems, color=colourful()))


def colourful() -> bool:
    """Return whether stdout is a terminal that wants colour."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def say(text: str) -> None:
    """Print what others have written, as a release file or a commit: what a terminal would obey, it shows."""
    click.echo(visible_lines(text))


def talk(line: str) -> None:
    """Say something that is not the result."""
    click.echo(line, err=True)


def _echo(text: str) -> None:
    if text:
        click.echo(text.rstrip("\n"), color=True)
