"""The laws of each split, for any rows that admit it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlops_charts.spec.training import Split
from mlops_charts.steps.call import Refused
from mlops_charts.steps.splitting import positions

SHARES = st.floats(0.1, 0.5)
SEEDS = st.integers(0, 2**32 - 1)


def split(by: Any, share: float = 0.2, column: str | None = None) -> Split:
    """Return a split."""
    return Split(by=by, test=share, column=column)


def frame(**columns: Any) -> pd.DataFrame:
    """Return rows with these columns."""
    return pd.DataFrame(columns)


def is_partition(size: int, train: Any, test: Any) -> bool:
    """Return whether two arrays of positions rise and together hold each position once."""
    rises = all((np.diff(side) > 0).all() for side in (train, test))
    return bool(rises and len(train) and len(test) and sorted([*train, *test]) == list(range(size)))


@settings(deadline=None)
@given(size=st.integers(10, 200), share=SHARES, seed=SEEDS)
def test_random(size: int, share: float, seed: int) -> None:
    """A random split takes its share, the same for the same seed."""
    rows = frame(a=range(size))
    train, test = positions(rows, rows["a"], split("random", share), seed)
    again = positions(rows, rows["a"], split("random", share), seed)
    assert is_partition(size, train, test)
    assert len(test) == round(size * share)
    assert (again[1] == test).all()


@settings(deadline=None)
@given(counts=st.lists(st.integers(2, 40), min_size=2, max_size=6), share=SHARES, seed=SEEDS)
def test_stratified(counts: list[int], share: float, seed: int) -> None:
    """A stratified split has each class on both sides, in each within one row of the share where that is possible."""
    y = pd.Series(np.repeat([f"c{i}" for i in range(len(counts))], counts)).sample(frac=1, random_state=seed % 1000)
    y = y.reset_index(drop=True)
    train, test = positions(y.to_frame(), y, split("stratified", share), seed)
    assert is_partition(len(y), train, test)
    for i, count in enumerate(counts):
        taken = int((y.iloc[test] == f"c{i}").sum())
        assert 1 <= taken < count
        assert abs(taken - count * share) <= 1


@settings(deadline=None)
@given(groups=st.lists(st.integers(0, 8), min_size=10, max_size=120), share=SHARES, seed=SEEDS)
def test_group(groups: list[int], share: float, seed: int) -> None:
    """No group is on both sides."""
    rows = frame(site=groups, a=range(len(groups)))
    if len(set(groups)) == 1:
        with pytest.raises(Refused, match="has one group alone"):
            positions(rows, rows["a"], split("group", share, "site"), seed)
        return
    train, test = positions(rows, rows["a"], split("group", share, "site"), seed)
    assert is_partition(len(groups), train, test)
    assert set(rows["site"].iloc[train]).isdisjoint(rows["site"].iloc[test])


@settings(deadline=None)
@given(times=st.lists(st.integers(0, 30), min_size=10, max_size=120), share=SHARES)
def test_time(times: list[int], share: float) -> None:
    """Every training row is earlier than every test row, and the test has its share if ties admit it."""
    rows = frame(day=times)
    if len(set(times)) == 1:
        with pytest.raises(Refused, match="is the same in all rows"):
            positions(rows, rows["day"], split("time", share, "day"), 0)
        return
    train, test = positions(rows, rows["day"], split("time", share, "day"), 0)
    assert is_partition(len(times), train, test)
    assert rows["day"].iloc[train].max() < rows["day"].iloc[test].min()
    if rows["day"].iloc[test].min() > min(times) and len(set(times)) == len(times):
        assert len(test) == max(round(len(times) * share), 1)


@settings(deadline=None)
@given(sides=st.lists(st.sampled_from(["train", "test"]), min_size=2, max_size=60), seed=SEEDS)
def test_given(sides: list[str], seed: int) -> None:
    """A given split is what the column says."""
    rows = frame(part=sides)
    if len(set(sides)) == 1:
        with pytest.raises(Refused, match="none is left to"):
            positions(rows, rows["part"], split("given", column="part"), seed)
        return
    train, test = positions(rows, rows["part"], split("given", column="part"), seed)
    assert is_partition(len(sides), train, test)
    assert set(rows["part"].iloc[train]) == {"train"}
    assert set(rows["part"].iloc[test]) == {"test"}


def test_times_as_text_are_compared_as_times() -> None:
    """Times of ISO 8601 are ordered as times, in whatever zone and precision they are."""
    times = ["2026-11-23T10:00:00+02:00", "2026-11-23T09:00:00Z", "2026-02-01", "2026-11-23T08:30:00Z"]
    rows = frame(when=pd.Series(times, dtype="str"))
    assert list(positions(rows, rows["when"], split("time", 0.25, "when"), 0)[1]) == [1]


def test_ties_of_time_go_to_the_test() -> None:
    """Rows of one time are never on both sides; they are test rows unless none would be left to train on."""
    rows = frame(day=[1, 2, 3, 3, 3, 3])
    assert list(positions(rows, rows["day"], split("time", 0.2, "day"), 0)[1]) == [2, 3, 4, 5]
    rows = frame(day=[1, 1, 1, 1, 1, 2])
    assert list(positions(rows, rows["day"], split("time", 0.5, "day"), 0)[1]) == [5]


@pytest.mark.parametrize(
    ("rows", "asked", "expected"),
    [
        (frame(y=["a", "b", "a"]), split("stratified"), "one row alone is of class b; stratified needs two of each"),
        (frame(y=[1]), split("random"), "of 1 rows none is left to test"),
        (frame(y=[1, 2]), split("random", 0.9), "of 2 rows none is left to train on"),
        (
            frame(y=["train", "tset"]),
            split("given", column="y"),
            "\"y\" is 'tset' in row 2; neither train nor test in 1",
        ),
        (frame(y=["a", None]), split("group", column="y"), '"y" has no value in 1 of 2 rows'),
        (
            frame(y=["1.2.2026", "2026-01-01"]),
            split("time", column="y"),
            "\"y\" holds '1.2.2026'; times are numbers or",
        ),
    ],
)
def test_rows_that_cannot_be_divided(rows: pd.DataFrame, asked: Split, expected: str) -> None:
    """What stands in the way of a split is told with the value that does."""
    with pytest.raises(Refused) as caught:
        positions(rows, rows["y"], asked, 0)
    assert str(caught.value).startswith(f"training.data.split: {expected}")


def test_rows_held_out_of_the_training_rows_are_drawn_independently() -> None:
    """The seed of a second division is not that of the first."""
    rows = frame(a=range(100))
    assert list(positions(rows, rows["a"], split("random"), 7)[1]) != list(
        positions(rows, rows["a"], split("random"), (7, 1))[1]
    )
