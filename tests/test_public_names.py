"""The public names: each is what it says, whatever has been imported before."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

import mlops_charts
from mlops_charts import errors

CAUGHT_INSIDE = {
    "NotFiniteError",
    "TooLargeError",
    "Refused",
}  # and made problems of
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

ERRORS = """
import importlib, pkgutil
import mlops_charts
found = set()
for module in pkgutil.walk_packages(mlops_charts.__path__, "mlops_charts."):
    if not module.name.endswith("__main__"):
        found |= {each for each in vars(importlib.import_module(module.name)).values() if isinstance(each, type)}
errors = [each for each in found if issubclass(each, Exception) and each.__module__.startswith("mlops_charts.")]
foreign = [each.__name__ for each in errors if not issubclass(each, mlops_charts.MlopsChartsError)]
print(*sorted(name for name in foreign if not name.startswith("_")))
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


def test_every_error_is_one_of_ours() -> None:
    """Whoever catches MlopsChartsError catches whatever a room says no with."""
    found = subprocess.run([sys.executable, "-c", ERRORS], capture_output=True, text=True, check=False)
    assert found.stderr == ""
    assert set(found.stdout.split()) <= CAUGHT_INSIDE


def test_the_tree_of_errors_names_all_of_them() -> None:
    """The docstring of errors has every class, and names none that is no more."""
    code = ERRORS.replace("not issubclass(each,", "issubclass(each,")
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.stderr == ""
    tree, _, rest = (errors.__doc__ or "").partition("Rooms have")
    named = {*re.findall(r"(?:\+-- |^ {4})(?:\w+\.)?(\w+)", tree, re.MULTILINE), *re.findall(r"`([A-Z]\w+)`", rest)}
    assert named == set(found.stdout.split())


def test_importing_the_package_costs_nothing() -> None:
    """Neither pydantic nor YAML is loaded before a name is used."""
    code = "import sys, mlops_charts; print([name for name in ('pydantic', 'yaml', 'click') if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
