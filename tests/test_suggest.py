"""The nearest right word to a wrong one."""

import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlops_charts.problems import nearest
from mlops_charts.problems.suggest import distance

KEYS = [
    "apiVersion",
    "kind",
    "metadata",
    "name",
    "owner",
    "description",
    "labels",
    "annotations",
    "training",
    "entrypoint",
    "task",
    "framework",
    "params",
    "seed",
    "search",
    "data",
    "uri",
    "target",
    "exclude",
    "split",
    "test",
    "by",
    "requirements",
    "image",
    "sourceExclude",
    "resources",
    "cpu",
    "memory",
    "gpu",
    "retries",
    "limit",
    "onOutOfMemory",
    "factor",
    "max",
    "nodeSelector",
    "tolerations",
    "affinity",
    "priorityClassName",
    "env",
    "secrets",
    "schedule",
    "timeout",
    "allowPickle",
    "pipeline",
    "steps",
    "validation",
    "metrics",
    "minRows",
    "gates",
    "metric",
    "min",
    "on",
    "champion",
    "maxDrop",
    "confidence",
    "onInconclusive",
    "approval",
    "serving",
    "runtime",
    "protocol",
    "replicas",
    "autoscaling",
    "cpuPercent",
    "nonFinite",
    "batching",
    "maxSize",
    "maxDelay",
    "requestLog",
    "release",
    "strategy",
    "interval",
    "expectedRequestsPerSecond",
    "bake",
    "analysis",
    "power",
    "checks",
    "maxIncreasePoints",
    "critical",
    "quantile",
    "maxRatio",
]


def one_edit(word: str) -> set[str]:
    """Every word that is one letter inserted, deleted, replaced or swapped away."""
    letters = string.ascii_letters + "0-_"
    halves = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    deleted = {a + b[1:] for a, b in halves if b}
    swapped = {a + b[1] + b[0] + b[2:] for a, b in halves if len(b) > 1}
    replaced = {a + c + b[1:] for a, b in halves if b for c in letters}
    inserted = {a + c + b for a, b in halves for c in letters}
    return (deleted | swapped | replaced | inserted) - {word, ""}


@pytest.mark.parametrize("key", ["on", "uri", "min", "replicas", "requestLog", "expectedRequestsPerSecond"])
def test_one_wrong_letter_finds_the_key(key: str) -> None:
    """Any one-letter typo of a key suggests that key, unless it is as near to another one."""
    others = [other for other in KEYS if other != key]
    typos = [typo for typo in one_edit(key) if all(distance(typo, other, 1) > 1 for other in others)]
    assert {nearest(typo, KEYS) for typo in typos} == {key}


@given(st.sampled_from(KEYS), st.permutations(KEYS))
def test_the_order_of_candidates_does_not_matter(key: str, shuffled: list[str]) -> None:
    """The answer depends on the words alone."""
    typo = sorted(one_edit(key))[len(key) % 7]
    assert nearest(typo, shuffled) == nearest(typo, KEYS)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("request_log", "requestLog"),
        ("request-log", "requestLog"),
        ("REQUESTLOG", "requestLog"),
        ("Replicas", "replicas"),
        ("min_rows", "minRows"),
        ("expected-requests-per-second", "expectedRequestsPerSecond"),
        ("autoscale", "autoscaling"),
        ("replica", "replicas"),
        ("qualtile", "quantile"),
    ],
)
def test_other_spellings(word: str, expected: str) -> None:
    """Case, hyphens, underscores and endings do not hide a key."""
    assert nearest(word, KEYS) == expected


@pytest.mark.parametrize("word", ["volumeMounts", "zzz", "", "x" * 100_000])
def test_nothing_is_near(word: str) -> None:
    """A word unlike all others suggests nothing."""
    assert nearest(word, KEYS) is None


def test_no_candidates() -> None:
    """Without candidates there is no suggestion."""
    assert nearest("replicas", []) is None


def test_a_shared_start_decides_between_equals() -> None:
    """Of two keys that are one letter away, the one that begins alike is suggested."""
    assert nearest("mix", ["fix", "max", "min"]) == "min"


@given(st.text(max_size=30), st.text(max_size=30), st.integers(0, 4))
def test_distance_is_symmetric_and_bounded(left: str, right: str, limit: int) -> None:
    """Both directions cost the same, and more than the limit is one more than the limit."""
    found = distance(left, right, limit)
    assert found == distance(right, left, limit)
    assert 0 <= found <= limit + 1


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [("", "", 0), ("ab", "ba", 1), ("abc", "ac", 1), ("abc", "axc", 1), ("abcd", "badc", 2), ("abc", "xyz", 3)],
)
def test_distance(left: str, right: str, expected: int) -> None:
    """Inserting, deleting, replacing and swapping a letter count one each."""
    assert distance(left, right, 5) == expected


def test_many_candidates_are_quick() -> None:
    """A thousand candidates are compared in well under the time that a person notices."""
    words = [f"{key}{number}" for key in KEYS for number in range(12)]
    began = time.process_time()
    nearest("expectedRequestPerSeconds", words)
    assert time.process_time() - began < 2
