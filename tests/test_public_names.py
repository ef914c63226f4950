"""The public names: each is what it says, whatever has been imported before."""

from __future__ import annotations

import subprocess
import sys

import pytest

import mlops_charts

FUNCTIONS = ("load", "plan", "record", "render", "text", "validate", "value", "when", "write")

EVERYTHING = """
import importlib, pkgutil
import mlops_charts
for module in pkgutil.walk_packages(mlops_charts.__path__, "mlops_charts."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
for name in mlops_charts.__all__:
    kind = type(getattr(mlops_charts, name)).__name__
    assert kind != "module", f"{name} is a module"
print(" ".join(name for name in mlops_charts.__all__ if type(getattr(mlops_charts, name)).__name__ == "function"))
"""


def test_the_list_is_sorted_and_complete() -> None:
    """Each public name resolves, `dir` shows it, and nothing stands in the list twice."""
    assert list(mlops_charts.__all__) == sorted(set(mlops_charts.__all__))
    assert set(mlops_charts.__all__) <= set(dir(mlops_charts))
    assert [name for name in mlops_charts.__all__ if getattr(mlops_charts, name) is None] == []


def test_no_module_hides_a_public_name() -> None:
    """After every module has been imported, functions are still functions."""
    found = subprocess.run([sys.executable, "-c", EVERYTHING], capture_output=True, text=True, check=False)
    assert found.stderr == ""
    assert tuple(found.stdout.split()) == FUNCTIONS


def test_an_unknown_name_is_an_attribute_error() -> None:
    """As of any module."""
    with pytest.raises(AttributeError, match="no attribute 'absent'"):
        _ = mlops_charts.absent


def test_importing_the_package_costs_nothing() -> None:
    """Neither pydantic nor YAML is loaded before a name is used."""
    code = "import sys, mlops_charts; print([name for name in ('pydantic', 'yaml', 'click') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
