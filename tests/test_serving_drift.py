"""Drift: what is counted, over which time, what the index says of it, and how often it is wrong."""

from __future__ import annotations

import math
import tracemalloc
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_charts.saved_model import Answers, Column, Signature
from mlops_charts.saved_model.profile import CategoryBins, NumberBins, Profile
from mlops_charts.serving.drift import LEAST_ROWS, SLICES, Drift
from mlops_charts.serving.drift_counts import ROWS, DriftCounts
from mlops_charts.steps.profile import number_bins, prediction_bins, text_bins

CLASSES = ("a", "b", "c")
WINDOW = 1200.0
WEIGHTS = (0.5, 0.3, 0.2)
SIGNATURE = Signature(
    task="classification",
    format="onnx",
    inputs=tuple(Column(name=f"f{place}", type="double") for place in range(4)),
    classes=CLASSES,
)


def drawn(rng: np.random.Generator, rows: int) -> tuple[Any, Answers]:
    labels = np.array(CLASSES, object)[rng.choice(3, size=rows, p=WEIGHTS)]
    return rng.normal(size=(rows, 4)), Answers(labels)


def profile_of(matrix: Any, answers: Answers) -> Profile:
    return Profile(
        rows=len(matrix),
        features={f"f{place}": number_bins(matrix[:, place]) for place in range(matrix.shape[1])},
        prediction_rows=len(answers.labels),
        predictions=prediction_bins(SIGNATURE, answers),
    )


def counter(drift: Drift, signature: Signature = SIGNATURE) -> tuple[DriftCounts, Any]:
    block = np.zeros(drift.size)
    return DriftCounts(drift, signature, block), block


def index(shares: Sequence[float], counts: Sequence[int], rows: int) -> float:
    """Return the index as its definition says it, smoothed and without its mean, one bin after the other."""
    seen, found, free = sum(counts), 0.0, 0.0
    pseudo = 0.5 / min(seen, rows)
    for share, count in zip(shares, counts, strict=True):
        here = count / seen
        found += (here - share) * math.log((here + pseudo) / (share + pseudo))
        pooled = (count + share * rows) / (seen + rows)
        free += pooled * (1 - pooled) / (pooled + pseudo)
    return max(0.0, found - free * (1 / seen + 1 / rows))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_index_is_that_of_its_definition(dtype: Any) -> None:
    """Counted together or by the bins of the profile, as a matrix or by column, the same index comes out."""
    rng = np.random.default_rng(5)
    known, said = drawn(rng, 400)
    known = known.round(1)
    profile = profile_of(known, said)
    rows, answers = drawn(rng, ROWS)
    rows = (rows * 1.3).round(1)
    rows[::7, 2] = np.nan
    drift = Drift(profile, SIGNATURE, WINDOW)
    counts, block = counter(drift)

    counts.count(rows.astype(dtype), answers, 5.0)
    counts.flush()

    expected = {
        name: index((*bins.shares, bins.missing), bins.counts(rows[:, place]).tolist(), 400)
        for place, (name, bins) in enumerate(profile.features.items())
    }
    shift = drift.psi([block], 5.0)
    assert shift.features == pytest.approx(expected)
    bins = profile.predictions
    assert isinstance(bins, CategoryBins)
    assert shift.predictions == pytest.approx(index((*bins.shares, 0, 0), bins.counts(answers.labels).tolist(), 400))


def test_every_sort_of_column_is_counted_as_the_profile_counts_it() -> None:
    """Texts, lengths, integers with gaps, bytes, and values that a regression answers with."""
    columns = (("city", "string"), ("note", "string"), ("age", "integer"), ("image", "bytes"), ("new", "boolean"))
    signature = Signature(
        task="regression", format="code", inputs=tuple(Column(name=name, type=kind) for name, kind in columns)
    )
    rng = np.random.default_rng(3)
    rows = {
        "city": np.array([("Rom", "Ulm", None, "Bern")[one] for one in rng.integers(4, size=300)], object),
        "note": np.array(["x" * one for one in range(300)], object),
        "age": np.where(rng.random(300) < 0.1, np.nan, rng.integers(90, size=300)),
        "image": np.array([b"y" * one for one in range(300)], object),
        "new": rng.random(300) < 0.5,
    }
    answers = Answers(rng.normal(size=300))
    lengths = [len(one) for one in rows["note"]]
    length = number_bins(lengths, measured="length")
    features = {
        "city": text_bins(["Rom"] * 40 + ["Ulm"] * 40),
        "note": length,
        "age": number_bins(range(90)),
        "image": length,
        "new": number_bins([0, 1, 1]),
    }
    profile = Profile(rows=900, features=features, prediction_rows=90, predictions=number_bins(rng.normal(size=90)))
    drift = Drift(profile, signature, WINDOW)
    counts, block = counter(drift, signature)

    counts.count(rows, answers, 1.0)
    counts.flush()

    found = drift.counts([block], 1.0)
    for part, start, end in zip(drift.parts, drift.starts, [*drift.starts[1:], None], strict=True):
        values = answers.labels if part.name is None else rows[part.name]
        *inside, missing = part.bins.counts(values).tolist()
        cells = found[start:end].tolist()
        assert (cells[: len(inside)], sum(cells[len(inside) : -1]), cells[-1]) == (inside, 0, missing)
    assert [part.name for part in drift.parts] == ["note", "age", "image", "new", None, "city"]


def test_single_precision_falls_into_the_same_bins() -> None:
    """A value of the training is at most itself as a float of 32 bits too, and a constant column has not moved."""
    known = np.repeat([[5.8, 0.1], [5.8, 0.3], [5.8, 0.7]], 100, axis=0)
    signature = SIGNATURE.model_copy(update={"inputs": SIGNATURE.inputs[:2]})
    answers = Answers(np.array(["a"] * 300, object))
    drift = Drift(profile_of(known, answers), signature, WINDOW)
    counts, block = counter(drift, signature)

    counts.count({"f0": known[:, 0], "f1": known[:, 1]}, answers, 1.0)
    counts.count(known.astype(np.float32), answers, 1.0)
    counts.flush()

    assert drift.psi([block], 1.0).features == {"f0": 0.0, "f1": 0.0}


@pytest.mark.parametrize("reference", [120, 1000])
def test_no_false_alarm_beyond_the_stated_rate(reference: int) -> None:
    """200 windows of each of 4 features and of the predictions, from the distribution of the reference."""
    alarms = asked = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        drift = Drift(profile_of(*drawn(rng, reference)), SIGNATURE, WINDOW)
        counts, block = counter(drift)
        for window in range(20):
            now = 10 + window * 2 * WINDOW
            counts.count(*drawn(rng, 400), now)
            counts.flush()
            shift = drift.psi([block], now)
            said = [*shift.features.values(), *([] if shift.predictions is None else [shift.predictions])]
            asked, alarms = asked + len(said), alarms + sum(one > 0.2 for one in said)
    assert asked == 1000
    assert alarms <= {120: 25, 1000: 0}[reference]


def test_shift_by_one_deviation_is_seen_within_two_windows() -> None:
    """Traffic of one row a second; one feature moves, and it alone is seen, long before two windows have passed."""
    rng = np.random.default_rng(11)
    drift = Drift(profile_of(*drawn(rng, 1000)), SIGNATURE, WINDOW)
    counts, block = counter(drift)
    seen: list[tuple[int, str]] = []
    for second in range(int(4 * WINDOW)):
        rows, answers = drawn(rng, 1)
        rows[0, 2] += second >= 2 * WINDOW
        counts.count(rows, answers, float(second))
        if second % 60 == 0:
            moved = drift.psi([block], float(second)).features
            seen += [(second, name) for name, one in moved.items() if one > 0.2]

    assert {name for _, name in seen} == {"f2"}
    assert 2 * WINDOW < seen[0][0] < 3 * WINDOW
    assert drift.psi([block], 4 * WINDOW).features["f2"] > 0.6


def test_few_rows_say_nothing() -> None:
    """Below the least number of rows, and where the reference is too small to tell, there is no figure."""
    rng = np.random.default_rng(2)
    drift = Drift(profile_of(*drawn(rng, 1000)), SIGNATURE, WINDOW)
    counts, block = counter(drift)
    counts.count(*drawn(rng, LEAST_ROWS - 1), 1.0)
    counts.flush()
    before = drift.psi([block], 1.0)
    counts.count(*drawn(rng, 1), 1.0)
    counts.flush()
    small = Drift(profile_of(*drawn(rng, 20)), SIGNATURE, WINDOW)

    assert (before.features, before.predictions) == ({}, None)
    assert len(drift.psi([block], 1.0).features) == 4
    assert small.psi([block], 1.0).features == {}


@given(st.lists(st.tuples(st.integers(0, 700), st.integers(1, 40)), max_size=40), st.integers(0, 3000))
def test_window_holds_what_came_within_it(steps: list[tuple[int, int]], pause: int) -> None:
    """However rows come, the window has exactly those of its last twelve slices."""
    profile = profile_of(*drawn(np.random.default_rng(1), 50))
    drift = Drift(profile, SIGNATURE, WINDOW, features=("f1",))
    counts, block = counter(drift)
    now, came = 0.0, []
    for later, rows in steps:
        now += later
        counts.count(np.zeros((rows, 4)), Answers(np.array(["b"] * rows, object)), now)
        came.append((drift.slice(now), rows))
    now += pause
    counts.flush()

    expected = sum(rows for number, rows in came if number > drift.slice(now) - SLICES)
    assert drift.counts([block], now).sum() == 2 * expected


@given(st.lists(st.integers(0, 2), max_size=30))
def test_processes_add_up(owners: list[int]) -> None:
    """Who counted makes no difference to what is said."""
    rng = np.random.default_rng(9)
    drift = Drift(profile_of(*drawn(rng, 300)), SIGNATURE, WINDOW)
    workers, (alone, block) = [counter(drift) for _ in range(3)], counter(drift)
    for owner in owners:
        batch = drawn(rng, 30)
        workers[owner][0].count(*batch, 7.0)
        alone.count(*batch, 7.0)
    for counts in (*(one for one, _ in workers), alone):
        counts.flush()

    assert drift.psi([one for _, one in workers], 8.0) == drift.psi([block], 8.0)


def test_features_can_be_chosen() -> None:
    """Others are not counted, nor is what the model does not take, nor a model without a reference."""
    profile = profile_of(*drawn(np.random.default_rng(1), 50))
    chosen = Drift(profile, SIGNATURE, WINDOW, features=("f3", "f1", "none"))
    empty = Profile(rows=0, features={"x": NumberBins(edges=(), shares=(0.0,))}, prediction_rows=0,
                    predictions=profile.predictions)  # fmt: skip
    nothing = Drift(empty, SIGNATURE, WINDOW)
    counts, block = counter(nothing)
    counts.count(*drawn(np.random.default_rng(1), 50), 1.0)
    counts.flush()

    assert [part.name for part in chosen.parts] == ["f1", "f3", None]
    assert nothing.psi([block], 1.0).features == {}


def test_memory_is_constant() -> None:
    """A million rows take no more than the first thousand."""
    rng = np.random.default_rng(4)
    batch = drawn(rng, 500)
    drift = Drift(profile_of(*batch), SIGNATURE, WINDOW)
    counts, block = counter(drift)
    counts.count(*batch, 0.0)
    counts.flush()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for number in range(2000):
        counts.count(*batch, float(number))
    after, peak = (one - before for one in tracemalloc.get_traced_memory())
    tracemalloc.stop()
    assert after < 20_000
    assert peak < 300_000
    assert drift.counts([block], 1999.0).sum() > 5 * 400_000
