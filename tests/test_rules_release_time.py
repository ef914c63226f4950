"""Checks that cannot be decided in time: told where they stand, once, with what would be possible."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from repositories import ROOT

from mlops_charts.judge.samples import planned
from mlops_charts.loading import load_path
from mlops_charts.planning import checks_of, policy_asked
from mlops_charts.problems import Problem
from mlops_charts.rules import Asked, check_model
from mlops_charts.source import parse
from mlops_charts.spec.model import ModelSpec
from mlops_charts.spec.parse import parse_spec
from mlops_charts.spec.platform import PlatformSpec
from mlops_charts.spec.scalars import seconds

MODEL: dict[str, Any] = {
    "metadata": {"name": "iris"},
    "training": {"data": {"uri": "sklearn://iris"}},
    "validation": {"gates": [{"metric": "accuracy", "min": 0.9}]},
}
ERRORS = {"metric": "errorRate", "maxIncreasePoints": 1}
LATENCY = {"metric": "latency", "quantile": 0.95, "maxRatio": 1.2}
DRIFT = {"metric": "predictionDrift", "maxPsi": 0.2}
BUSINESS = {
    "metric": "business",
    "name": "conversion",
    "success": 'a{slot="{slot}"}',
    "total": 'b{slot="{slot}"}',
    "maxDropPercent": 5,
}
CODES = {"check-undecidable", "release-too-long"}


def problems(release: Mapping[str, Any], **more: Any) -> list[Problem]:
    """Return what is wrong with a model's release, as its file says it."""
    text = yaml.safe_dump({**MODEL, "release": dict(release), **more}, sort_keys=False)
    source, wrong = parse(text, "model/iris/model.yaml")
    assert source
    assert wrong == []
    parsed = parse_spec(ModelSpec, source)
    assert parsed.problems == ()
    platform = PlatformSpec.model_validate({"environments": {"staging": {}, "prod": {}, "far": {}}})
    return check_model(Asked(parsed.spec, platform, source))


def release(check: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    return {"analysis": {"checks": [dict(check)]}, **fields}


SLOW = 0.5  # requests/s


@pytest.mark.parametrize("check", [ERRORS, LATENCY, DRIFT, BUSINESS], ids=lambda one: str(one["metric"]))
def test_whatever_is_called_possible_is_possible(check: dict[str, Any]) -> None:
    """Each way that the note names ends the problem by itself."""
    asked = release(check, expectedRequestsPerSecond=SLOW / 10 if check is DRIFT else SLOW)
    (problem,) = problems(asked)
    assert problem.code == "check-undecidable"
    ways = re.findall(r"(\w+): (\[[^\]]*\]|[\w.]+)", problem.note)
    assert len(ways) >= 2
    for field, text in ways:
        content = yaml.safe_load(text)
        if field in check:
            changed = {**asked, "analysis": {"checks": [{**check, field: content}]}}
        else:
            changed = {**asked, field: content}
        assert problems(changed) == [], f"{field}: {text}"


def test_it_is_told_where_it_stands() -> None:
    """The traffic is blamed if it is stated, else the longest duration, else the margin."""
    few = release(ERRORS, expectedRequestsPerSecond=SLOW)
    assert problems(few)[0].path == "release.expectedRequestsPerSecond"
    assert problems(release(ERRORS, maxDuration="20m", interval="1m"))[0].path == "release.maxDuration"
    fine = release({**ERRORS, "maxIncreasePoints": 0.1})
    assert problems(fine)[0].path == "release.analysis.checks[0].maxIncreasePoints"


def test_an_environment_is_told_by_its_name_and_at_its_override() -> None:
    """What one environment cannot decide is told there alone."""
    overrides = {"release": {"expectedRequestsPerSecond": SLOW}}
    (problem,) = problems(release(ERRORS), environments=["staging", {"name": "prod", "overrides": overrides}])
    assert problem.message.startswith("in prod errorRate takes ")
    assert problem.path == "environments[1].overrides.release.expectedRequestsPerSecond"


def test_what_environments_share_is_told_once() -> None:
    """Environments without overrides have one problem together."""
    found = problems(release(ERRORS, expectedRequestsPerSecond=SLOW), environments=["staging", "prod"])
    assert [problem.code for problem in found] == ["check-undecidable"]


def test_what_no_environment_has_is_not_told() -> None:
    """Where every environment says otherwise, the model as it stands is served nowhere."""
    environments = [
        {"name": name, "overrides": {"release": {"expectedRequestsPerSecond": rate}}}
        for name, rate in (("staging", 100), ("prod", 200))
    ]
    assert problems(release(ERRORS, expectedRequestsPerSecond=SLOW), environments=environments) == []


def test_intervals_that_are_too_long_are_told_alone() -> None:
    """Where the intervals alone are too long, the checks are not blamed as well; the bake comes behind and is not."""
    found = problems(release(ERRORS, interval="4h"))
    assert [(problem.code, problem.note) for problem in found] == [("release-too-long", "maxDuration: 12h or more")]
    assert problems(release(ERRORS, bake="48h")) == []
    assert problems(release(ERRORS, strategy="blueGreen", interval="12h")) == []


def test_checks_that_are_decided_one_by_one_and_not_together() -> None:
    """Each check alone would end in time; the slowest of every stage together do not."""
    checks = [{**ERRORS, "maxIncreasePoints": 1.1}, LATENCY]
    asked = {"analysis": {"checks": checks}, "steps": [5, 90], "interval": "1m"}
    alone = max(planned_seconds({**asked, "analysis": {"checks": [check]}}) for check in checks)
    assert alone < 2500 < planned_seconds(asked)
    (problem,) = problems({**asked, "maxDuration": "2500s"})
    assert problem.message.startswith("all checks together take")
    ((_, text),) = re.findall(r"(maxDuration): (\w+)", problem.note)
    assert problems({**asked, "maxDuration": text}) == []


def planned_seconds(asked: Mapping[str, Any]) -> float:
    """Return how long all stages of a release are planned to take."""
    spec = ModelSpec.model_validate({**MODEL, "release": dict(asked)})
    return sum(stage.seconds for stage in planned(policy_asked(spec, checks_of(spec))).stages)


@pytest.mark.parametrize("limit", ["30m", "1h", "2h", "8h"])
def test_it_agrees_with_the_plan(limit: str) -> None:
    """There is a problem exactly where the stages are planned to last longer than a release may."""
    asked = {"maxDuration": limit, "expectedRequestsPerSecond": 10}
    found = {problem.code for problem in problems(asked)}
    assert bool(found & CODES) == (planned_seconds(asked) > seconds(limit))


@pytest.mark.parametrize(
    "broken",
    [
        {"metric": "errorRate"},
        {"metric": "latency", "quantile": 0.95, "maxRatio": 1.01},
        {**BUSINESS, "success": "sum(a)"},
    ],
    ids=["no margin", "too fine", "no slot"],
)
def test_what_is_broken_is_not_judged_as_well(broken: dict[str, Any]) -> None:
    """A check that another rule has something against is not called undecidable, and nothing fails."""
    found = problems(release(broken, expectedRequestsPerSecond=SLOW))
    assert found
    assert not {problem.code for problem in found} & CODES


@pytest.mark.parametrize("steps", [[0, 50], [50, 5], [5, 100]])
def test_steps_that_do_not_rise_are_told_alone(steps: list[int]) -> None:
    """No plan is made of them."""
    found = problems(release(ERRORS, steps=steps, expectedRequestsPerSecond=SLOW))
    assert {problem.code for problem in found} == {"steps-not-rising"}


def test_a_share_that_no_bucket_can_show() -> None:
    """The executor's buckets are coarse; where no number of requests is enough, the note says what to do."""
    found = problems(
        release({**LATENCY, "quantile": 0.95, "maxRatio": 2.5}, expectedRequestsPerSecond=20),
        serving={"runtime": "seldon-core"},
    )
    assert all(problem.note for problem in found)


@pytest.mark.parametrize("path", sorted((ROOT / "model").glob("*/model.yaml")), ids=lambda path: path.parent.name)
def test_the_samples_can_be_decided(path: Any) -> None:
    """No sample has a check that its environments cannot decide."""
    assert [problem for problem in load_path(path).problems if problem.code in CODES] == []
