"""Gates: each kind stops what it should, says by how much and on how many rows, and is monotone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_charts.saved_model import Answers
from mlops_charts.spec.quality import Gate
from mlops_charts.steps.judging.gates import few_rows, judge_gate
from mlops_charts.steps.judging.latency import Latency
from mlops_charts.steps.judging.sample import sample
from mlops_charts.steps.judging.subject import Subject
from mlops_charts.steps.judging.words import apart, number


def _subject(right: list[int], sizes: list[int], **more: Any) -> Subject:
    """Return rows of slices a, b, c, ... of some sizes, so many of each answered rightly; all are of two classes."""
    truth, said, slices = [], [], []
    for name, hits, size in zip("abcdef", right, sizes, strict=False):
        labels = np.arange(size) % 2
        truth += labels.tolist()
        said += np.where(np.arange(size) < hits, labels, 1 - labels).tolist()
        slices += [name] * size
    names = np.array(["no", "yes"])
    rows = sample("classification", names[truth], Answers(names[said]), ("no", "yes"))
    return Subject(rows, {"site": np.array(slices, dtype=object)}, **more)


def _lines(subject: Subject, min_rows: int = 10, **asked: Any) -> tuple[str, ...]:
    return judge_gate(Gate.model_validate({"metric": "accuracy", **asked}), subject, min_rows).failures


def test_min_and_max() -> None:
    """The line has the metric, the limit, the distance and the rows."""
    subject = _subject([62], [71])
    assert _lines(subject, min=0.9) == ("accuracy 0.873 is below min 0.9 by 0.027, on 71 test rows",)
    assert _lines(subject, max=0.8) == ("accuracy 0.873 is above max 0.8 by 0.073, on 71 test rows",)
    assert _lines(subject, min=0.8, max=0.9) == ()


def test_a_class() -> None:
    """The line has the rows of the class as well."""
    subject = _subject([62], [71])
    expected = "recall of yes 0.886 is below min 0.95 by 0.064, on 71 test rows, 35 of them yes"
    assert _lines(subject, metric="recall", min=0.95, **{"class": "yes"}) == (expected,)
    wrong = _lines(subject, metric="recall", min=0.95, **{"class": "perhaps"})
    assert wrong == ('recall of perhaps cannot be judged: there is no class "perhaps"; the classes are no, yes',)


def test_the_lower_bound() -> None:
    """An estimate that passes may have a bound that does not; of max it is the upper one."""
    subject = _subject([68], [71])
    assert _lines(subject, min=0.9) == ()
    expected = "the 95 % lower bound 0.894 of accuracy (estimate 0.958) is below min 0.9 by 0.006, on 71 test rows"
    assert _lines(subject, min=0.9, on="lowerBound") == (expected,)
    upper = _lines(subject, min=0.1, max=0.96, on="lowerBound")
    assert upper[0].startswith("the 95 % upper bound 0.988 of accuracy (estimate 0.958) is above max 0.96 by 0.028")


def test_each_slice_by_itself() -> None:
    """A slice that is bad stops a model that is good over all."""
    subject = _subject([99, 28], [100, 40])
    assert _lines(subject, min=0.9) == ()
    expected = 'accuracy 0.7 in site = "b" is below min 0.9 by 0.2, on 40 test rows'
    assert _lines(subject, min=0.9, slice={"column": "site"}) == (expected,)


def test_the_spread_of_slices() -> None:
    """Two slices differ by more than may be; the line names both with their rows."""
    subject = _subject([99, 34], [100, 40])
    expected = (
        'accuracy differs by 0.14 between site = "b" (0.85, 40 rows) and site = "a" (0.99, 100 rows), '
        "above maxSpread 0.05 by 0.09"
    )
    assert _lines(subject, slice={"column": "site"}, maxSpread=0.05) == (expected,)
    assert _lines(subject, slice={"column": "site"}, maxSpread=0.15) == ()


def test_a_slice_too_small_is_named_and_stops_nothing() -> None:
    """Three rows of which one is wrong say nothing; they are told, and count for no spread."""
    gate = Gate.model_validate({"metric": "accuracy", "min": 0.9, "slice": {"column": "site"}, "maxSpread": 0.05})
    found = judge_gate(gate, _subject([98, 39, 2], [100, 40, 3]), 30)
    assert (found.passed, found.failures) == (True, ())
    assert found.notes == ('accuracy in site = "c" is too small to judge: 3 test rows, fewer than 30',)
    assert [(one.value, one.rows, one.status) for one in found.slices] == [
        ("a", 100, "passed"),
        ("b", 40, "passed"),
        ("c", 3, "tooSmall"),
    ]
    assert found.spread == pytest.approx(0.005)


def test_a_small_slice_that_is_bad_beyond_doubt_stops() -> None:
    """Eight wrong of eight need no more rows."""
    line = _lines(_subject([98, 0], [100, 8]), 30, min=0.9, slice={"column": "site"})
    assert line == ('accuracy 0 in site = "b" is below min 0.9 by 0.9, on 8 test rows',)


def test_where_no_slice_can_be_judged_nothing_passes() -> None:
    """What nobody can judge is no pass."""
    gate = {"min": 0.9, "slice": {"column": "site"}}
    said = (
        "accuracy cannot be judged in the 2 slices of site: none that has the metric has 30 test rows, "
        "and the largest has 20"
    )
    assert _lines(_subject([20, 20], [20, 20]), 100, **gate) == (said,)
    spread = _lines(_subject([50, 20], [50, 20]), 100, slice={"column": "site"}, maxSpread=0.1)
    assert spread == ("accuracy cannot be compared: of the slices of site 1 can be judged",)


def test_a_slice_without_the_class_is_named() -> None:
    """A recall needs rows of the class in the slice."""
    names = np.array(["no"] * 40 + ["yes"] * 40)
    rows = sample("classification", names, Answers(names), ("no", "yes"))
    subject = Subject(rows, {"site": np.array(["a"] * 40 + ["b"] * 40, dtype=object)})
    gate = Gate.model_validate({"metric": "recall", "class": "yes", "min": 0.5, "slice": {"column": "site"}})
    found = judge_gate(gate, subject, 30)
    assert [one.status for one in found.slices] == ["undefined", "passed"]
    assert found.notes[0].startswith('recall of yes in site = "a" cannot be judged: recall of "yes" does not exist')


def test_latency() -> None:
    """A slow model is stopped like any other; the line counts calls."""
    subject = _subject([9], [10], latency=Latency(np.full(400, 0.012)))
    line = _lines(subject, metric="latencyP99Seconds", max=0.01)
    assert line == ("latencyP99Seconds 0.012 is above max 0.01 by 0.002, on 400 calls of one row each",)
    few = _subject([9], [10], latency=Latency(np.full(100, 0.001)))
    assert _lines(few, metric="latencyP99Seconds", max=0.01) == ()
    bound = _lines(few, metric="latencyP99Seconds", min=0.0, max=0.01, on="lowerBound")
    assert bound == ("latencyP99Seconds cannot be judged: 100 values are too few for a bound of their 0.99 quantile",)


def test_a_metric_that_does_not_exist_is_no_pass() -> None:
    """The reason stands in the line."""
    line = _lines(_subject([9], [10]), metric="rocAuc", min=0.5)
    assert line[0].startswith("rocAuc cannot be judged: rocAuc needs probabilities, and the model gives none")


def test_few_rows() -> None:
    """Fewer rows than asked for are a reason by themselves."""
    assert few_rows(45, 100) == ("45 test rows are fewer than minRows 100, by 55",)
    assert few_rows(100, 100) == ()


def test_the_same_number_passes() -> None:
    """A sum of floats that should be the limit is the limit."""
    assert _lines(_subject([27], [30]), min=0.9) == ()
    assert 0.1 * 3 > 0.3
    rows = sample("regression", [0.0], Answers(np.array([0.1 * 3])))
    assert judge_gate(Gate(metric="mae", max=0.3), Subject(rows, {}), 1).passed


def test_figures_do_not_read_alike() -> None:
    """As many digits as tell value and limit apart."""
    assert apart(0.873, 0.9) == ("0.873", "0.9", "0.027")
    assert apart(0.89996, 0.9) == ("0.89996", "0.9", "4e-05")
    assert [number(x) for x in (0, 1, 0.9, 12345.678, 0.0000234, -0.00001)] == [
        "0", "1", "0.9", "12,346", "2.3e-05", "-1e-05",
    ]  # fmt: skip


SIZES = st.lists(st.integers(1, 60), min_size=1, max_size=4)
LIMITS = st.floats(0, 1)


@given(SIZES, st.data(), LIMITS, LIMITS, st.booleans())
def test_gates_are_monotone(sizes: list[int], data: st.DataObject, one: float, other: float, sliced: bool) -> None:  # noqa: FBT001 - drawn
    """What passes a gate passes every easier one, of the whole and of slices."""
    right = [data.draw(st.integers(0, size)) for size in sizes]
    subject = _subject(right, sizes)
    slices = {"slice": {"column": "site"}} if sliced else {}
    for on in ("estimate", "lowerBound"):
        easy, hard = (_lines(subject, 5, min=limit, on=on, **slices) for limit in sorted((one, other)))
        assert easy == () or hard != ()
    easy, hard = (_lines(subject, 5, max=limit, **slices) for limit in sorted((one, other), reverse=True))
    assert easy == () or hard != ()
