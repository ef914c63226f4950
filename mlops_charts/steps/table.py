"""Which module runs which step, and what it prints: each of contract.STEPS is a module of this room."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from mlops_charts.steps.call import Call, Result


def runner(name: str) -> Callable[[Call], Result]:
    """Return what runs a step; its module is loaded only now, because each loads what it needs and no more."""
    run: Callable[[Call], Result] = import_module(f"mlops_charts.steps.{name}").run
    return run


def result_type(name: str) -> type[Result]:
    """Return the class of a step's result."""
    module = import_module(f"mlops_charts.steps.{name}")
    found: type[Result] = getattr(module, f"{name.title()}Result")
    return found
