"""The report: a page that needs nothing but itself, whatever is in the rows, and figures that can be read again."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from mlops_charts.saved_model import Answers, Rows, Signature
from mlops_charts.spec.quality import Champion, Gate
from mlops_charts.steps.judging.champion import Contest, judge_champion
from mlops_charts.steps.judging.gates import judge_gate
from mlops_charts.steps.judging.latency import Latency, measure
from mlops_charts.steps.judging.meanings import MEANINGS
from mlops_charts.steps.judging.metrics import defined_metrics
from mlops_charts.steps.judging.page import page, write_report
from mlops_charts.steps.judging.report import Report
from mlops_charts.steps.judging.sample import Sample, sample
from mlops_charts.steps.judging.subject import MISSING, Subject, slice_values
from mlops_charts.steps.judging.svg import span, ticks

HOSTILE = '<script>alert("1 & 2")</script>'
VOID = frozenset({"meta", "br", "circle", "rect", "path", "polyline"})


class Tags(HTMLParser):
    """Follows a page's tags, and collects what it would load and what it runs."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag and what it names."""
        self.seen.add(tag)
        self.loads += [str(text) for name, text in attrs if name in {"src", "href", "srcset", "action"}]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Hold the end of a tag against its begin."""
        if tag not in VOID:
            assert self.open.pop() == tag


def _classified(classes: int) -> Sample:
    rng = np.random.default_rng(0)
    names = np.array([HOSTILE, *(f"class {i}" for i in range(1, classes))])
    truth = rng.integers(classes, size=120)
    shares = rng.dirichlet(np.ones(classes), 120) + np.eye(classes)[truth]
    shares /= shares.sum(axis=1, keepdims=True)
    return sample("classification", names[truth], Answers(names[shares.argmax(axis=1)], shares), tuple(names))


def _numbers() -> Sample:
    truth = np.random.default_rng(0).normal(size=80)
    return sample("regression", truth, Answers(truth * 0.9))


def _lists() -> Sample:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 60)
    return sample("ranking", truth, Answers(truth + rng.normal(size=60)), groups=np.arange(60) // 6)


def _report(rows: Sample, gate: dict[str, Any], champion: str) -> Report:
    slices = np.array([HOSTILE, "b"], dtype=object)[np.arange(len(rows)) % 2]
    latency = Latency(np.linspace(0.001, 0.002, 300))
    subject = Subject(rows, {"site": slices}, latency=latency)
    gates = tuple(
        judge_gate(Gate.model_validate(one), subject, 10) for one in (gate, {**gate, "slice": {"column": "site"}})
    )
    figures, undefined = defined_metrics(rows)
    failures = tuple(line for one in gates for line in one.failures)
    return Report(
        model="iris",
        task=rows.task,
        run_id="5d2e",
        data_digest="3f1c",
        verdict="failed" if failures else "passed",
        failures=failures,
        test_rows=len(rows),
        train_rows=300,
        min_rows=10,
        classes=dict.fromkeys(rows.classes, 1),
        metrics=figures,
        undefined=undefined,
        gates=gates,
        champion=judge_champion(Champion(metric=champion), Contest(subject, subject, "1.0.0", notes=(HOSTILE,))),
        latency=latency.figures(),
    )


CASES: dict[str, tuple[Any, dict[str, Any], str]] = {
    "two classes": (lambda: _classified(2), {"metric": "accuracy", "min": 0.999}, "f1"),
    "twelve classes": (lambda: _classified(12), {"metric": "accuracy", "min": 0.1}, "accuracy"),
    "many classes": (lambda: _classified(40), {"metric": "accuracy", "min": 0.1}, "accuracy"),
    "numbers": (_numbers, {"metric": "mae", "max": 0.01}, "rmse"),
    "lists": (_lists, {"metric": "ndcg", "min": 0.1}, "ndcg"),
    "no picture": (
        lambda: sample("custom", ["a"] * 30, Answers(np.array(["a"] * 30))),
        {"metric": "none", "min": 1},
        "x",
    ),
}


@pytest.mark.parametrize("case", CASES, ids=list(CASES))
def test_a_page_needs_nothing_but_itself(case: str, tmp_path: Any) -> None:
    """It loads nothing and runs nothing, its tags close, and names from the data are text."""
    rows, gate, champion = CASES[case]
    found = rows()
    report = _report(found, gate, champion)
    text = page(report, found)
    tags = Tags()
    tags.feed(text)
    assert (tags.open, tags.loads) == ([], [])
    assert not tags.seen & {"script", "link", "img", "iframe", "object"}
    assert "url(" not in text
    assert "@import" not in text
    assert not re.search(r"\b(nan|None|inf)\b", text)
    write_report(report, found, tmp_path)
    assert Report.model_validate_json((tmp_path / "report.json").read_bytes()) == report
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == text


def test_the_verdict_comes_first() -> None:
    """The title and the first lines say what became of the model, in plain words, with every reason."""
    rows = _classified(2)
    report = _report(rows, {"metric": "logLoss", "max": 0.001}, "accuracy")
    text = page(report, rows)
    assert "<title>iris: validation failed</title>" in text
    assert text.index("iris was stopped") < text.index("<h2>Gates</h2>") < text.index("All metrics")
    assert page(report, rows) == text


def test_every_metric_has_a_meaning() -> None:
    """Each metric that validation produces is told in words."""
    from mlops_charts.contract import TASK_METRICS  # noqa: PLC0415 - beside its one use

    assert {name for names in TASK_METRICS.values() for name in names} == set(MEANINGS)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (-3, 7, [-2, 0, 2, 4, 6]),
        (5, 5, [5]),
        (0, 1e-3, [0, 2e-4, 4e-4, 6e-4, 8e-4, 1e-3]),
    ],
)
def test_ticks_are_round(low: float, high: float, expected: list[float]) -> None:
    """About five round numbers between two."""
    assert ticks(low, high) == pytest.approx(expected)


def test_a_span_is_never_empty() -> None:
    """Also where all values are one."""
    assert all(low < value < high for value in (0.0, 5.0, -2.0) for low, high in [span(value, value)])


def test_slices_of_a_column() -> None:
    """Values are text, missing ones are a slice, a misspelt column is met with the one that was meant."""
    import pandas as pd  # noqa: PLC0415 - beside its one use

    from mlops_charts.steps.call import Refused  # noqa: PLC0415

    frame = pd.DataFrame({"site": ["a", None, "b"], "year": [2001, 2002, 2001], "id": range(3)})
    assert slice_values(frame, "site").tolist() == ["a", MISSING, "b"]
    assert slice_values(frame, "year").tolist() == ["2001", "2002", "2001"]
    with pytest.raises(Refused, match='no column "sites"; did you mean "site"'):
        slice_values(frame, "sites")
    many = pd.DataFrame({"id": range(150)})
    with pytest.raises(Refused, match='column "id" has 150 values in the test rows'):
        slice_values(many, "id")


class Still:
    """A model that answers at once."""

    signature = Signature(task="regression", format="code", inputs=())

    def __init__(self) -> None:
        self.asked: list[int] = []

    def answer(self, rows: Rows) -> Answers:
        """Answer with the first column, and note how many rows were asked."""
        self.asked.append(len(rows["a"]))
        return Answers(rows["a"])

    def answer_matrix(self, matrix: Any) -> Answers:
        """Answer with the first column."""
        return Answers(matrix[:, 0])


def test_latency_is_of_single_rows() -> None:
    """Each call has one row; enough calls for a bound are made even if there are few rows."""
    model = Still()
    found = measure(model, {"a": np.arange(3.0)}, 3)
    assert set(model.asked) == {1}
    assert 300 <= len(found.seconds) <= 2000
    bounds = found.interval(0.95)
    assert 0 < bounds.low <= found.p99 <= bounds.high
    assert found.figures().calls == len(found.seconds)
