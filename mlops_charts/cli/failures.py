"""Exceptions as one clear line and an exit status: the user never meets a traceback for a mistake of theirs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

import click

from mlops_charts.cli import CLEAN, FAILED, INTERRUPTED, PROBLEMS, USAGE
from mlops_charts.errors import InvalidSpec, Mistake, MlopsChartsError
from mlops_charts.problems import visible_lines


def told(run: Callable[[], Any]) -> int:
    """Call and return an exit status; say on stderr what went wrong."""
    try:
        found = run()
        if sys.stdout is not None:  # a shell's `>&-` has closed it
            sys.stdout.flush()
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except SystemExit:
        return FAILED  # whoever read our output has gone, as `| head` does, and click ends so; a proof was not finished
    except (click.Abort, KeyboardInterrupt):
        return _say("interrupted", INTERRUPTED)
    except click.ClickException as error:
        error.show()
        return USAGE
    except Exception as error:
        status = _status(error)
        if status is None:
            raise
        return status
    return found if isinstance(found, int) else CLEAN


def _status(error: Exception) -> int | None:
    """Return the exit status of an error that is not ours, having said what it is; None for a mistake of ours."""
    if isinstance(error, BrokenPipeError):
        # The last of our output had no reader; Python must not complain of it again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    if isinstance(error, InvalidSpec):
        return _say(str(error), PROBLEMS)
    if isinstance(error, Mistake):
        return _say(f"error: {error}", PROBLEMS)
    if isinstance(error, OSError):
        return _say(f"error: {error.filename or 'the system'}: {error.strerror or error}", FAILED)
    if _is_loaded(error, "concurrent.futures", "BrokenExecutor"):
        return _say(
            "error: a process of ours was killed, most likely for want of memory; what it wrote is whole", FAILED
        )
    return _say(f"error: {error}", FAILED) if isinstance(error, MlopsChartsError) else None


def _is_loaded(error: Exception, module: str, name: str) -> bool:
    """Return whether an error is of a class whose module is loaded only where it is used."""
    found = sys.modules.get(module)
    return found is not None and isinstance(error, getattr(found, name))


def _say(line: str, status: int) -> int:
    click.echo(visible_lines(line), err=True)
    return status
