"""One model.yaml becomes proven Helm charts and Argo CD Applications.

    from mlops_charts import load, plan, render, validate, write

    model = load("model/iris")
    rendering = render(plan(model))
    report = validate(model, rendering)
    write(rendering, ".")

Names are imported when they are first used, so that importing the package costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlops_charts.api import load, plan, render, validate, write
    from mlops_charts.assemble import Rendering
    from mlops_charts.chart import Chart, ChartError, Record, Template, Text, Value, When, record, text, value, when
    from mlops_charts.errors import InvalidSpec, MlopsChartsError, NoPlatform, NotFound
    from mlops_charts.generators.model import Generator, Part
    from mlops_charts.loading import Model
    from mlops_charts.planning import EnvironmentPlan, Plan
    from mlops_charts.problems import Position, Problem, Severity
    from mlops_charts.proving import Report
    from mlops_charts.tree import Tree
    from mlops_charts.workspace import Changes

_HOMES = {
    "mlops_charts.api": ("load", "plan", "render", "validate", "write"),
    "mlops_charts.assemble": ("Rendering",),
    "mlops_charts.chart": (
        "Chart", "ChartError", "Record", "Template", "Text", "Value", "When", "record", "text", "value", "when",
    ),
    "mlops_charts.errors": ("InvalidSpec", "MlopsChartsError", "NoPlatform", "NotFound"),
    "mlops_charts.generators.model": ("Generator", "Part"),
    "mlops_charts.loading": ("Model",),
    "mlops_charts.planning": ("EnvironmentPlan", "Plan"),
    "mlops_charts.problems": ("Position", "Problem", "Severity"),
    "mlops_charts.proving": ("Report",),
    "mlops_charts.tree": ("Tree",),
    "mlops_charts.workspace": ("Changes",),
}  # fmt: skip
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Changes",
    "Chart",
    "ChartError",
    "EnvironmentPlan",
    "Generator",
    "InvalidSpec",
    "MlopsChartsError",
    "Model",
    "NoPlatform",
    "NotFound",
    "Part",
    "Plan",
    "Position",
    "Problem",
    "Record",
    "Rendering",
    "Report",
    "Severity",
    "Template",
    "Text",
    "Tree",
    "Value",
    "When",
    "load",
    "plan",
    "record",
    "render",
    "text",
    "validate",
    "value",
    "when",
    "write",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(_HOME[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
