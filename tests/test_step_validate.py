"""validate: every kind of gate stops a bad model, with numbers; good ones go on; the report stays either way."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from judged_models import files, model_of, validating

from mlops_charts import contract
from mlops_charts.saved_model import Answers
from mlops_charts.spec.quality import Gate, Slice
from mlops_charts.steps import validate
from mlops_charts.steps.call import Call, Refused
from mlops_charts.steps.judging.gates import judge_gate
from mlops_charts.steps.judging.own import OwnMetrics
from mlops_charts.steps.judging.report import Report
from mlops_charts.steps.judging.sample import sample
from mlops_charts.steps.judging.subject import Subject
from mlops_charts.steps.registry import open_registry


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of saved models, by how good they are."""
    return {kind: model_of(kind, tmp_path_factory.mktemp(kind)) for kind in ("good", "weak", "useless")}


def _report(call: Call) -> Report:
    return Report.model_validate_json((call.outputs / "report" / "report.json").read_bytes())


def _refused(call: Call) -> list[str]:
    with pytest.raises(Refused) as caught:
        validate.run(call)
    return str(caught.value).splitlines()


PASSING: dict[str, Any] = {
    "metrics": "metrics.py:compute",
    "gates": [
        {"metric": "accuracy", "min": 0.85, "on": "lowerBound"},
        {"metric": "recall", "class": "virginica", "min": 0.8},
        {"metric": "accuracy", "slice": {"column": "site"}, "min": 0.75, "maxSpread": 0.25},
        {"metric": "latencyP99Seconds", "max": 1.0},
        {"metric": "regret", "max": 0.2},
    ],
    "champion": {"metric": "accuracy"},
}


def test_a_good_model_goes_on(tmp_path: Path, models: dict[str, Path]) -> None:
    """The run is validated, its figures and report are in MLflow, and the result says what the report says."""
    call = validating(tmp_path, models["good"], PASSING)
    result = validate.run(call)
    report = _report(call)
    assert (result.verdict, report.verdict, report.failures) == ("passed", "passed", ())
    assert (result.gates, result.metrics, result.latency) == (report.gates, report.metrics, report.latency)
    assert (report.test_rows, report.train_rows, report.classes["virginica"]) == (120, 180, 40)
    assert report.champion is not None
    assert report.champion.sentence == "not compared: no version has been promoted yet"
    registry = open_registry(call)
    run = registry.run(call.parameters["run-id"])
    assert (run.stage, run.tags["mlops.verdict"]) == ("validated", "passed")
    assert run.metrics["test_accuracy"] == report.metrics["accuracy"]
    assert run.metrics["test_regret"] == report.metrics["regret"]
    kept = registry.get(run.id, contract.REPORT_ARTIFACTS, tmp_path / "kept")
    assert kept is not None
    assert (kept / "report.html").read_bytes() == (call.outputs / "report" / "report.html").read_bytes()


GATES: dict[str, tuple[Mapping[str, Any], str]] = {
    "min": ({"metric": "accuracy", "min": 0.9}, "accuracy 0.65 is below min 0.9 by 0.25, on 120 test rows"),
    "max": (
        {"metric": "brier", "max": 0.2},
        r"brier 0\.\d+ is above max 0.2 by 0\.\d+, on 120 test rows",
    ),
    "lower bound": (
        {"metric": "accuracy", "min": 0.6, "on": "lowerBound"},
        r"the 95 % lower bound 0.572 of accuracy \(estimate 0.65\) is below min 0.6 by 0.028, on 120 test rows",
    ),
    "class": (
        {"metric": "recall", "class": "versicolor", "min": 0.9},
        "recall of versicolor 0 is below min 0.9 by 0.9, on 120 test rows, 40 of them versicolor",
    ),
    "slice": (
        {"metric": "accuracy", "slice": {"column": "site"}, "min": 0.65},
        'accuracy 0.614 in site = "south" is below min 0.65 by 0.036, on 44 test rows',
    ),
    "spread": (
        {"metric": "accuracy", "slice": {"column": "site"}, "maxSpread": 0.05},
        r'accuracy differs by 0.067 between site = "south" \(0.614, 44 rows\) and site = "north" \(0.681, .*',
    ),
    "latency": (
        {"metric": "latencyP99Seconds", "max": 1e-9},
        r"latencyP99Seconds \S+ is above max 1e-09 by \S+, on \d,?\d* calls of one row each",
    ),
    "own metric": (
        {"metric": "regret", "max": 0.2},
        "regret 0.35 is above max 0.2 by 0.15, on 120 test rows",
    ),
    "own metric that is not there": (
        {"metric": "regrets", "max": 0.2},
        r'regrets cannot be judged: .* returned missed, regret; there is no "regrets"; did you mean "regret"\?',
    ),
}


@pytest.mark.parametrize("kind", GATES, ids=list(GATES))
def test_every_kind_of_gate_stops_a_bad_model(tmp_path: Path, models: dict[str, Path], kind: str) -> None:
    """A model that never answers one of three classes is stopped; the line has the numbers; the stage stays."""
    gate, expected = GATES[kind]
    call = validating(tmp_path, models["useless"], {"metrics": "metrics.py:compute", "gates": [gate]})
    (line,) = _refused(call)
    assert re.fullmatch(expected, line), line
    run = open_registry(call).run(call.parameters["run-id"])
    assert (run.stage, run.tags["mlops.verdict"]) == ("trained", "failed")
    assert _report(call).failures == (line,)


def test_too_few_rows_stop_any_model(tmp_path: Path, models: dict[str, Path]) -> None:
    """A verdict on fewer rows than asked for is none."""
    call = validating(tmp_path, models["good"], {"minRows": 500, "gates": [{"metric": "accuracy", "min": 0.5}]})
    assert _refused(call) == ["120 test rows are fewer than minRows 500, by 380"]


def test_all_failures_at_once_and_the_report_stays(tmp_path: Path, models: dict[str, Path]) -> None:
    """Every gate is judged; the report is an artifact and with the run although the step fails; twice is the same."""
    asked = {"minRows": 500, "gates": [{"metric": "accuracy", "min": 0.9}, {"metric": "f1", "min": 0.9}]}
    call = validating(tmp_path, models["weak"], asked)
    lines = _refused(call)
    assert [line.split()[0] for line in lines] == ["120", "accuracy", "f1"]
    assert _refused(call) == lines
    registry = open_registry(call)
    kept = registry.get(call.parameters["run-id"], contract.REPORT_ARTIFACTS, tmp_path / "kept")
    assert kept is not None
    assert json.loads((kept / "report.json").read_text())["verdict"] == "failed"
    page = (kept / "report.html").read_text()
    assert "iris was stopped" in page
    assert all(line in page for line in lines)


def _promote(call: Call, data: str = "") -> None:
    """Make the model of a call's run the champion."""
    registry = open_registry(call)
    run_id = call.parameters["run-id"]
    tags = {
        contract.TAG_VERSION: "1.0.0",
        contract.TAG_CODE: "a" * 64,
        contract.TAG_DATA: data or call.parameters["data-digest"],
    }
    source = f"{registry.run(run_id).artifacts}/{contract.MODEL_ARTIFACTS}"
    registry.alias(contract.ALIAS_CHAMPION, registry.register(source, run_id, tags).number)


CHAMPION = {"gates": [], "champion": {"metric": "accuracy", "maxDrop": 0.05}}


def test_a_model_worse_than_the_champion_is_stopped(tmp_path: Path, models: dict[str, Path]) -> None:
    """Both answer the same rows; the line has the drop, its bounds and what these rows could have excluded."""
    _promote(validating(tmp_path, models["good"], {}, "first"))
    call = validating(tmp_path, models["useless"], CHAMPION)
    (line,) = _refused(call)
    assert line.startswith("against champion 1.0.0, accuracy is worse by 0.275 on the same 120 test rows, the drop")
    assert "it is worse by more than maxDrop 0.05; the smallest drop that they could have excluded is 0.0" in line
    found = _report(call).champion
    assert found is not None
    assert (found.verdict, found.version, found.notes) == ("worse", "1.0.0", ())


def test_a_model_as_good_as_the_champion_goes_on(tmp_path: Path, models: dict[str, Path]) -> None:
    """The same model is no worse; that the champion may have seen some rows is noted."""
    _promote(validating(tmp_path, models["good"], {}, "first"), data="e" * 64)
    result = validate.run(validating(tmp_path, models["good"], CHAMPION))
    assert result.champion is not None
    assert (result.champion.verdict, result.champion.drop) == ("notWorse", 0.0)
    assert "may have seen some of these test rows" in result.champion.notes[0]


def test_a_champion_that_cannot_answer_is_skipped(tmp_path: Path, models: dict[str, Path]) -> None:
    """A champion that asks for a column that is gone has nothing to say; the reason is told, and the model goes on."""
    before = {**files(), "rows.csv": files()["rows.csv"].replace(b"petal_width", b"width", 1)}
    _promote(validating(tmp_path, model_of("good", tmp_path / "before", before), {}, "first"))
    result = validate.run(validating(tmp_path, models["good"], CHAMPION))
    assert result.champion is not None
    assert (result.champion.verdict, result.champion.passed) == ("skipped", True)
    assert result.champion.sentence == (
        'not compared: champion 1.0.0 cannot answer these rows: the rows have no column "width" (double), '
        "which the model takes"
    )


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (3, "metrics.py:compute returned int; expected a number for each metric"),
        ({"cost": float("nan")}, "metrics.py:compute returned cost = nan; a metric is a finite number"),
        ({"cost": 10**400}, f"metrics.py:compute returned cost = 1{'0' * 39}; a metric is a finite number"),
        ({"cost": "much"}, "metrics.py:compute returned cost = 'much'; expected a number"),
        ({"cost": True}, "metrics.py:compute returned cost = True; expected a number"),
        ({"accuracy": 1.0}, "which the task classification has already"),
        ({1: 1.0}, "returned the name 1; names of metrics are text"),
    ],
)
def test_own_metrics_that_are_none_are_refused(found: Any, expected: str) -> None:
    """What compute returns must be a finite number for each name, and no name of ours."""
    rows = np.array(["a", "b"])
    own = OwnMetrics("metrics.py:compute", lambda *_: found, None, "classification", rows, rows)
    with pytest.raises(Refused, match=re.escape(expected)):
        own.figures()


def test_an_own_metric_may_change_what_it_is_given() -> None:
    """What is judged next are the rows as they were."""
    truth, answers = np.array(["a", "b"]), np.array(["a", "a"])

    def compute(truth: Any, answers: Any, _: Any) -> dict[str, float]:
        right = float((truth == answers).mean())
        answers[:] = truth
        return {"right": right}

    own = OwnMetrics("metrics.py:compute", compute, None, "classification", truth, answers)
    assert [own.value("right"), own.value("right")] == [0.5, 0.5]
    assert answers.tolist() == ["a", "a"]


def test_an_own_metric_that_fails_on_some_rows_does_not_exist_there() -> None:
    """A slice or a resample without what the function divides by is no fault of the whole."""
    truth = np.array(["a"] * 5 + ["b"] * 45)
    rows = sample("classification", truth, Answers(truth), ("a", "b"))
    own = OwnMetrics("m.py:f", lambda t, *_: {"cost": 1 / int((t == "a").sum())}, None, "classification", truth, truth)
    subject = Subject(rows, {"site": np.where(np.arange(50) < 30, "x", "y").astype(object)}, own=own)
    whole = judge_gate(Gate(metric="cost", min=0.1, on="lowerBound"), subject, 10)
    assert (whole.passed, whole.estimate, whole.low) == (True, 0.2, 0.2)
    sliced = judge_gate(Gate(metric="cost", min=0.1, slice=Slice(column="site")), subject, 10)
    assert [one.status for one in sliced.slices] == ["passed", "undefined"]
    assert sliced.notes[0] == 'cost in site = "y" cannot be judged: m.py:f raised ZeroDivisionError: division by zero'


def test_own_metrics_that_raise_are_the_users(tmp_path: Path, models: dict[str, Path]) -> None:
    """The step says no in the user's words, with the user's line."""
    call = validating(tmp_path, models["good"], {"metrics": "metrics.py:compute"})
    source = call.inputs / "source" / "metrics.py"
    source.write_text("def compute(truth, answers, context):\n    raise ValueError('no rows')\n")
    lines = _refused(call)
    assert lines[0] == "metrics.py:compute raised ValueError: no rows"
    assert "judging" not in "\n".join(lines)
