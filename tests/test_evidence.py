"""The record behind a decision: canonical, kept with the run, and enough to judge again."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlflow_store import store
from release_worlds import POLICY, started
from serving_samples import NEW, OLD, plan_of

from mlops_charts.judge.counts import Counts, Window
from mlops_charts.judge.judging import judge
from mlops_charts.judge.verdict import Compared, Verdict
from mlops_charts.planning import release_spec
from mlops_charts.release import state_of
from mlops_charts.release.events import Advance, Regress
from mlops_charts.releasing import evidence
from mlops_charts.steps.registry import registry_at

SPEC = release_spec(plan_of())
STATE = state_of("canary", "gatewayApi", OLD, NEW).model_copy(
    update={"policy": started(NEW).policy, "step_started_at": "2026-11-23T10:00:00Z"}
)
COUNTED = Counts(4000, 3, (1, 3999, 0), {"a": 1000, "b": 3000}, {"conversion": (7, 90)})
WINDOW = Window(1763892000.25, 1763892300.5, COUNTED, COUNTED, Counts(9, 1), (0.1, 0.2))
AT = "2026-11-23T10:05:00Z"


def recorded(window: Window | None = WINDOW, verdict: Verdict | None = None, event: Any = None) -> bytes:
    """Return a record."""
    verdict = judge(POLICY, window) if window and verdict is None else verdict
    place = SPEC.environments[0]
    return evidence.record(
        SPEC, place, STATE, POLICY, window, verdict, AT, event=event or Advance(), pods={"blue": 2, "green": 1}
    )


def test_a_record_says_all_that_a_decision_was_made_of() -> None:
    """Model, environment, both versions with their digests, policy, counts, figures, and what was decided."""
    found = json.loads(recorded())
    assert (found["model"], found["environment"], found["at"]) == ("iris", "staging", AT)
    assert found["decision"] == {"event": "advance", "cause": "", "reason": found["verdict"]["reason"]}
    candidate, stable = found["release"]["candidate"], found["release"]["stable"]
    assert (candidate["slot"], candidate["version"], candidate["image"]) == ("green", NEW.version, NEW.image)
    assert (stable["slot"], stable["codeDigest"]) == ("blue", OLD.code_digest)
    assert (found["release"]["phase"], found["release"]["pods"]) == ("canary", {"blue": 2, "green": 1})
    assert [one["check"] for one in found["verdict"]["checks"]] == [check.title for check in POLICY.checks]


def test_a_class_of_half_a_character_can_be_recorded() -> None:
    """The record is UTF-8 all the same, and what is read back are the very classes."""
    odd = replace(WINDOW, candidate=replace(COUNTED, predictions={"\ud800": 3997, "ü": 3}))
    data = recorded(odd)
    assert rb'"\ud800": 3997' in data
    assert odd == evidence.window_in(evidence.content_of(data))


def test_judging_a_record_again_says_the_same() -> None:
    """What is read back are the very counts and the very policy."""
    content = evidence.content_of(recorded())
    window = evidence.window_in(content)
    assert (window, evidence.policy_in(content)) == (WINDOW, POLICY)
    assert window is not None
    assert judge(evidence.policy_in(content), window) == judge(POLICY, WINDOW)


counts = st.builds(
    Counts,
    requests=st.integers(0, 10**12),
    errors=st.integers(0, 10**12),
    latency=st.lists(st.integers(0, 10**12), max_size=4).map(tuple),
    predictions=st.dictionaries(st.text(max_size=5), st.integers(0, 10**9), max_size=3),
    business=st.dictionaries(st.text(max_size=5), st.tuples(st.integers(0, 99), st.integers(0, 99)), max_size=2),
)
moments = st.floats(0, 4e9)


@given(
    st.builds(
        Window,
        begin=moments,
        end=moments,
        stable=counts,
        candidate=counts,
        before=counts,
        bounds=st.lists(st.floats(0, 100), max_size=3).map(tuple),
        flaws=st.lists(st.text(max_size=9), max_size=2).map(tuple),
        concurrent=st.booleans(),
    )
)
def test_any_counts_come_back_as_they_were(window: Window) -> None:
    """To the last digit, whatever classes are called."""
    verdict = Verdict("hold", "", ())
    assert evidence.window_in(evidence.content_of(recorded(window, verdict))) == window


def test_the_same_content_has_the_same_digest_and_another_has_another() -> None:
    """The order of keys is no content; a single count is."""
    assert evidence.canonical({"a": 1, "b": (2.5,)}) == evidence.canonical({"b": [2.5], "a": 1})
    other = Window(WINDOW.begin, WINDOW.end, Counts(4001), COUNTED)
    assert evidence.digest(recorded()) == evidence.digest(recorded())
    assert evidence.digest(recorded()) != evidence.digest(recorded(other))


def test_numbers_that_json_does_not_have_stand_as_words() -> None:
    """Evidence may be infinite, and a reader of strict JSON still reads all of it."""
    compared = Compared("x", "fail", True, 1, "points", log_fail=math.inf, log_pass=-math.inf, effect=math.nan)
    text = recorded(WINDOW, Verdict("rollback", "", (compared,)), Regress("x")).decode()
    (found,) = json.loads(text, parse_constant=_refused)["verdict"]["checks"]
    assert (found["log_fail"], found["log_pass"], found["effect"]) == ("Infinity", "-Infinity", "NaN")


def _refused(word: str) -> None:
    raise AssertionError(f"{word} is no JSON")


def test_a_decision_without_counts_says_so() -> None:
    """Before the new version has traffic nothing is judged."""
    content = evidence.content_of(recorded(None, event=Regress("it differs", cause="smoke")))
    assert (evidence.window_in(content), content["verdict"]) == (None, None)
    assert content["decision"] == {"event": "regress", "cause": "smoke", "reason": "it differs"}


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"[]",
        b'{"form": 2}',
        b"[" * 100_000,
        recorded().replace(b'"form": 1', b'"form": 9'),
        recorded().replace(b'"end": 1763892300.5', b'"end": null'),
        recorded().replace(b'"requests": 4000', b'"requests": [4000]'),
    ],
)
def test_what_is_no_record_is_refused_in_one_way(damaged: bytes) -> None:
    """Whoever verifies a history meets anything; all of it is a ValueError."""
    with pytest.raises(ValueError, match=r"."):
        evidence.window_in(evidence.content_of(damaged))


def test_a_record_is_kept_beside_others_under_its_digest(tmp_path: Path) -> None:
    """Kept twice it is there once; read back it is the same bytes; one that was never kept is None."""
    registry = registry_at(store(tmp_path), "iris", {})
    experiment = registry.connection.ask(lambda client: client.create_experiment("iris"))
    run = registry.connection.ask(lambda client: client.create_run(experiment)).info.run_id
    one, other = recorded(), recorded(None)
    names = [evidence.store(registry, run, "staging", data) for data in (one, other, one)]
    assert names == [evidence.digest(one), evidence.digest(other), evidence.digest(one)]
    assert evidence.read(registry, run, "staging", names[0]) == one
    assert evidence.read(registry, run, "staging", names[1]) == other
    assert evidence.read(registry, run, "prod", names[0]) is None
    with pytest.raises(ValueError, match="is no digest of a record"):
        evidence.read(registry, run, "staging", "sha256:../../../model")
