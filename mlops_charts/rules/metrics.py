"""Which metrics a model's evaluation produces, and the rules of gates that follow."""

from collections.abc import Iterator

from mlops_charts.contract import CLASS_METRICS, TASK_METRICS
from mlops_charts.problems import Problem, nearest
from mlops_charts.rules.asked import View
from mlops_charts.source import Path
from mlops_charts.spec.quality import Gate

_AT_MOST_ONE = frozenset({
    "accuracy", "balancedAccuracy", "precision", "recall", "specificity", "f1", "rocAuc", "r2", "ndcg", "map", "mrr",
    "hitRate",
})  # fmt: skip


def _unknown(view: View, metric: str, path: Path) -> Iterator[Problem]:
    """A metric is one of the task's, unless the model computes metrics of its own."""
    known = TASK_METRICS[view.spec.training.task]
    if metric in known or view.spec.validation.metrics:
        return
    suggestion = nearest(metric, known)
    did_you_mean = f'; did you mean "{suggestion}"?' if suggestion else ""
    task = view.spec.training.task
    note = f"the task {task} has: {', '.join(known)}; more come from validation.metrics"
    others = [other for other, metrics in TASK_METRICS.items() if metric in metrics]
    if others:
        note += f"\n{metric} is of training.task: {' or '.join(others)}"
    yield view.problem("unknown-metric", f'nothing produces the metric "{metric}"{did_you_mean}', path, note=note)


def gate_metrics(view: View) -> Iterator[Problem]:
    """Every gate is on a metric that is produced."""
    for index, gate in enumerate(view.spec.validation.gates):
        yield from _unknown(view, gate.metric, ("validation", "gates", index, "metric"))


def champion_metric(view: View) -> Iterator[Problem]:
    """The champion is compared by a metric that is produced."""
    champion = view.spec.validation.champion
    if champion:
        yield from _unknown(view, champion.metric, ("validation", "champion", "metric"))


def search_metric(view: View) -> Iterator[Problem]:
    """A search looks for a metric that is produced."""
    search = view.spec.training.search
    if search:
        yield from _unknown(view, search.metric, ("training", "search", "metric"))


def gate_class(view: View) -> Iterator[Problem]:
    """A class stands only beside a metric that one class can have."""
    for index, gate in enumerate(view.spec.validation.gates):
        own = view.spec.validation.metrics and gate.metric not in TASK_METRICS[view.spec.training.task]
        if gate.cls is not None and gate.metric not in CLASS_METRICS and not own:
            note = f"metrics of one class: {', '.join(CLASS_METRICS)}"
            path: Path = ("validation", "gates", index, "class")
            yield view.problem("gate-class", f"{gate.metric} is not taken of one class", path, note=note)


def gate_bounds(view: View) -> Iterator[Problem]:
    """A gate says what passes, and something can pass."""
    for index, gate in enumerate(view.spec.validation.gates):
        yield from _bounds(view, gate, ("validation", "gates", index))


def _bounds(view: View, gate: Gate, path: Path) -> Iterator[Problem]:
    if gate.max_spread is not None and gate.slice is None:
        note = "add slice: {column: NAME}, or remove maxSpread"
        yield view.problem(
            "gate-spread",
            "maxSpread is the difference between slices, and there are none",
            (*path, "maxSpread"),
            note=note,
        )
    elif gate.min is None and gate.max is None and gate.max_spread is None:
        note = "add min, max, or both"
        yield view.problem("gate-without-bound", f"the gate on {gate.metric} lets everything pass", path, note=note)
    if gate.min is not None and gate.max is not None and gate.min > gate.max:
        yield view.problem(
            "gate-range", f"min {gate.min:g} is above max {gate.max:g}", (*path, "min"), note="nothing can pass"
        )
    if gate.on == "lowerBound" and gate.min is None and gate.max is None:
        note = "add min or max, or remove on: lowerBound"
        yield view.problem(
            "gate-lower-bound", "a bound is held against min or max, and neither is there", (*path, "on"), note=note
        )


def gate_reach(view: View) -> Iterator[Problem]:
    """A share is at most 1: a gate of 95 was meant as 0.95."""
    for index, gate in enumerate(view.spec.validation.gates):
        if gate.metric in _AT_MOST_ONE and gate.min is not None and gate.min > 1 and not view.spec.validation.metrics:
            path: Path = ("validation", "gates", index, "min")
            note = f"a share between 0 and 1; {gate.min:g} percent are {gate.min / 100:g}"
            yield view.problem("gate-out-of-reach", f"{gate.metric} is never above 1", path, note=note)


def duplicate_gates(view: View) -> Iterator[Problem]:
    """Two gates do not say the same thing twice."""
    seen: dict[tuple[object, ...], int] = {}
    for index, gate in enumerate(view.spec.validation.gates):
        key = (gate.metric, gate.cls, gate.slice, gate.on)
        first = seen.setdefault(key, index)
        if first != index:
            message = f"the same as validation.gates[{first}]"
            note = "put min and max into one gate"
            yield view.problem("duplicate-gate", message, ("validation", "gates", index), note=note)


def no_gates(view: View) -> Iterator[Problem]:
    """A model without gates is released whatever it has learnt."""
    if not view.spec.validation.gates:
        note = "add one: validation: {gates: [{metric: accuracy, min: 0.9}]}"
        yield view.problem(
            "no-gates",
            "nothing is asked of a new version before it is released",
            ("validation", "gates"),
            note=note,
            key=True,
        )
