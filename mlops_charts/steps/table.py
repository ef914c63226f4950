"""Which module runs which step, and what it prints."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Final

from mlops_charts.contract import STEPS
from mlops_charts.steps.call import Call, Result

NAMES: Final = tuple(STEPS)
"""The steps of ours, in their order. Each is a module of this room with `run(call)` and the class of its result."""


def runner(name: str) -> Callable[[Call], Result]:
    """Return what runs a step; its module is loaded only now, because each loads what it needs and no more."""
    run: Callable[[Call], Result] = import_module(f"mlops_charts.steps.{name}").run
    return run


def result_type(name: str) -> type[Result]:
    """Return the class of a step's result."""
    module = import_module(f"mlops_charts.steps.{name}")
    found: type[Result] = getattr(module, f"{name.title()}Result")
    return found
