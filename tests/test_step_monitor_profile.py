"""Bins of numbers and texts: every row falls into exactly one, and there are few of them."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_charts import contract
from mlops_charts.saved_model import Answers, Column, Signature
from mlops_charts.saved_model.profile import Bins, CategoryBins, NumberBins, Profile, profile_text, read_profile
from mlops_charts.steps.profile import (
    BINS,
    CATEGORIES,
    feature_bins,
    features_of,
    number_bins,
    prediction_bins,
    text_bins,
)

NUMBERS = st.lists(st.floats() | st.integers(-3, 3).map(float) | st.just(math.nan), max_size=60)
TEXTS = st.lists(st.none() | st.sampled_from(("a", "b", "c")) | st.text(max_size=4), max_size=150)


def total(bins: Bins) -> float:
    other = bins.other if isinstance(bins, CategoryBins) else 0.0
    return math.fsum((*bins.shares, other, bins.missing))


@given(NUMBERS)
def test_numbers_fall_into_rising_bins(values: list[float]) -> None:
    """Shares sum to one, edges rise and are finite, and counting the same rows gives the same shares."""
    bins = number_bins(np.array(values, dtype=np.float64))
    assert len(bins.shares) == len(bins.edges) + 1 <= BINS + 1
    assert all(map(math.isfinite, bins.edges))
    assert sorted(set(bins.edges)) == list(bins.edges)
    assert total(bins) == pytest.approx(1 if values else 0)
    assert all(0 <= share <= 1 for share in (*bins.shares, bins.missing))
    counts = bins.counts(values)
    assert counts.sum() == len(values)
    assert [share * len(values) for share in (*bins.shares, bins.missing)] == pytest.approx(counts.tolist())


@given(TEXTS)
def test_texts_fall_into_few_bins(values: list[str | None]) -> None:
    """The same of texts, whether their values or their lengths are counted."""
    bins = text_bins(values)
    assert len(bins.shares) <= max(CATEGORIES, BINS + 1)
    assert total(bins) == pytest.approx(1 if values else 0)
    counts = bins.counts(values)
    assert counts.sum() == len(values)
    assert counts[-1] == sum(value is None for value in values)


@given(NUMBERS)
def test_a_profile_survives_its_file(values: list[float]) -> None:
    """What is read is what was written, to the last digit."""
    bins = number_bins(np.array(values, dtype=np.float64))
    profile = Profile(rows=len(values), features={"a": bins}, prediction_rows=0, predictions=text_bins([]))
    assert Profile.model_validate_json(profile_text(profile)) == profile


def test_deciles_hold_as_many_rows() -> None:
    """Each of ten bins a tenth."""
    bins = number_bins(np.arange(1000))
    assert bins.shares == pytest.approx([0.1] * BINS)
    assert bins.edges == tuple(range(99, 900, 100))


def test_a_constant_column_sees_both_sides() -> None:
    """What later lies below or above the one value falls elsewhere."""
    bins = number_bins(np.full(7, 5.0))
    assert bins.shares == (0.0, 1.0, 0.0)
    assert bins.counts([4.9, 5.0, 5.1, math.nan]).tolist() == [1, 1, 1, 1]


@pytest.mark.parametrize("values", [[], [math.nan, math.nan], [math.inf, -math.inf]])
def test_a_column_without_numbers_has_one_bin(values: list[float]) -> None:
    """There is nothing to divide."""
    bins = number_bins(np.array(values))
    assert bins.edges == ()
    assert bins.counts(values).sum() == len(values)


def test_the_commonest_texts_are_kept() -> None:
    """Fifty, by their number and then by name; the rest is other."""
    values = [f"c{index % 60:02}" for index in range(180)] + ["top"] * 20 + [None] * 100
    bins = text_bins(values)
    assert isinstance(bins, CategoryBins)
    assert bins.categories[:3] == ("top", "c00", "c01")
    assert len(bins.categories) == CATEGORIES
    assert bins.other == pytest.approx(11 * 3 / 300)
    assert bins.missing == pytest.approx(1 / 3)
    assert bins.counts(["top", "c01", "unseen", None]).nonzero()[0].tolist() == [0, 2, 50, 51]


def test_what_people_wrote_is_measured_by_its_length() -> None:
    """Texts that do not repeat are no categories, and do not travel with the model."""
    texts = [f"a comment of one person, {'x' * index}" for index in range(100)]
    bins = text_bins(texts)
    assert isinstance(bins, NumberBins)
    assert bins.measured == "length"
    assert bins.counts(["", "y" * 500, None]).tolist() == [1, *[0] * 8, 1, 1]


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        ("boolean", np.array([True, False, True, True]), "value"),
        ("integer", np.array([1, 2, 3, 4]), "value"),
        ("double", np.array([1.5, math.nan, 3, 4]), "value"),
        ("bytes", np.array([b"ab", None, b"abc"], dtype=object), "length"),
    ],
)
def test_each_type_has_bins(kind: str, values: object, expected: str) -> None:
    """Numbers by their value, bytes by their length."""
    bins = feature_bins(Column.model_validate({"name": "a", "type": kind}), values)
    assert isinstance(bins, NumberBins)
    assert bins.measured == expected
    assert total(bins) == pytest.approx(1)


SIGNATURE = Signature(
    task="classification", format="onnx", inputs=(Column(name="a", type="double"), Column(name="b", type="string")),
    classes=("False", "True"), class_type="boolean",
)  # fmt: skip
ROWS = {"a": np.array([1.0, 2.0]), "b": np.array(["x", "x"], dtype=object)}


def test_every_class_is_counted() -> None:
    """Also one that the model never answers, and labels of any type."""
    found = prediction_bins(SIGNATURE, Answers(np.array([True, True])))
    assert found == CategoryBins(categories=("False", "True"), shares=(0.0, 1.0))


@pytest.mark.parametrize("labels", [np.arange(10.0), np.arange(10)])
def test_values_have_quantiles(labels: object) -> None:
    """Of a regression, or of the scores of a ranking."""
    signature = SIGNATURE.model_copy(update={"task": "regression", "classes": ()})
    assert isinstance(prediction_bins(signature, Answers(labels)), NumberBins)


def test_labels_without_classes_are_categories() -> None:
    """A custom task may answer with text."""
    signature = SIGNATURE.model_copy(update={"task": "custom", "classes": ()})
    found = prediction_bins(signature, Answers(np.array(["a", "a", "b", "b"], dtype=object)))
    assert found == CategoryBins(categories=("a", "b"), shares=(0.5, 0.5))


def test_the_features_that_are_watched() -> None:
    """All, or those of a list, in the order of the signature; one that is none is told."""
    assert list(features_of(SIGNATURE, "all", ROWS)) == ["a", "b"]
    assert list(features_of(SIGNATURE, ("b",), ROWS)) == ["b"]
    with pytest.raises(KeyError, match="c"):
        features_of(SIGNATURE, ("a", "c"), ROWS)


def test_a_folder_without_a_profile(tmp_path: Path) -> None:
    """A model that was never profiled has none."""
    assert read_profile(tmp_path) is None
    profile = Profile(rows=0, features={}, prediction_rows=0, predictions=text_bins([]))
    (tmp_path / contract.PROFILE).write_text(profile_text(profile))
    assert read_profile(tmp_path) == profile
