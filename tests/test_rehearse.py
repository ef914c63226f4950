"""`rehearse`: whole releases simulated by the judge, counted, told and drawn."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from repositories import ROOT, Run, process

from mlops_charts import load, plan
from mlops_charts.errors import Mistake, NotFound
from mlops_charts.judge.counts import Counts, Window
from mlops_charts.judge.judging import judge
from mlops_charts.judge.scenario import Scenario
from mlops_charts.planning import policy_of, release_spec
from mlops_charts.release import nothing_released
from mlops_charts.release.events import Advance
from mlops_charts.releasing import evidence
from mlops_charts.running.rehearsal_plot import Curve, write_plot
from mlops_charts.running.rehearsing import RehearsalAsked, Rehearsed, kind_of, rehearsed, title_of, worse_by

IRIS = ROOT / "model/iris"
FEW = RehearsalAsked(IRIS, "prod", releases=10)


@pytest.fixture(scope="module")
def table() -> Rehearsed:
    """The rehearsal of iris without effects."""
    return rehearsed(FEW)


def test_without_effects_each_check_is_worse_by_its_margin_and_by_twice_as_much(table: Rehearsed) -> None:
    """The kinds are an equal version and, check by check, its margin and twice that."""
    assert [(cell.title, cell.kind) for cell in table.cells] == [
        ("equal", "equal"),
        ("errors +1 points", "worse"),
        ("errors +2 points", "worse"),
        ("latency x 1.2", "worse"),
        ("latency x 1.4", "worse"),
        ("drift PSI 0.2", "worse"),
        ("drift PSI 0.4", "worse"),
    ]


def test_every_release_ends_in_one_of_three_ways(table: Rehearsed) -> None:
    """Promoted, rolled back and undecided are all there is; each share is within its interval."""
    for cell in table.cells:
        rates = (cell.promoted, cell.rolled_back, cell.undecided)
        assert sum(rate.count for rate in rates) == FEW.releases
        assert all(rate.low <= rate.share <= rate.high for rate in rates)
        assert list(cell.seconds) == sorted(cell.seconds)


def test_good_versions_go_on_and_bad_ones_do_not(table: Rehearsed) -> None:
    """With the sample's settings the judge is right about both, and says which check found it."""
    equal, *worse = table.cells
    assert (equal.promoted.count, [cell.promoted.count for cell in worse]) == (10, [0] * 6)
    assert [next(iter(cell.ended_by)) for cell in worse] == [
        "errorRate", "errorRate", "latency p95", "latency p95", "predictionDrift", "predictionDrift",
    ]  # fmt: skip
    assert table.sound
    assert table.false_rollback == equal.rolled_back


def test_a_rate_that_is_shown_to_be_too_high_is_not_sound(table: Rehearsed) -> None:
    """A lower end above what the confidence admits is a finding; a wide interval is none."""
    equal = table.cells[0]
    wrong = replace(equal, rolled_back=replace(equal.rolled_back, count=9, low=0.5, high=1.0))
    assert not replace(table, cells=(wrong, *table.cells[1:])).sound
    unclear = replace(equal, rolled_back=replace(equal.rolled_back, count=1, low=0.003, high=0.4))
    assert replace(table, cells=(unclear, *table.cells[1:])).sound


def test_a_switch_without_stages_promises_nothing_about_regressions() -> None:
    """With blueGreen a bad version may get all traffic; what can be judged is that a good one keeps it."""
    found = rehearsed(RehearsalAsked(ROOT / "model/sentiment", effects=Scenario(1.0), releases=8))
    assert found.missed
    assert found.missed.promoted.low > found.allowed
    assert found.sound


def test_the_same_seed_gives_the_same(table: Rehearsed) -> None:
    """Figures follow from the seed alone, and another seed gives others."""
    asked = replace(FEW, effects=Scenario(0.5), releases=30)
    assert rehearsed(asked).cells == rehearsed(asked).cells
    assert rehearsed(replace(asked, seed=1)).cells != rehearsed(asked).cells


def test_effects_are_rehearsed_beside_an_equal_version() -> None:
    """What is asked for is one kind, in words; progress counts every release."""
    done: list[int] = []
    found = rehearsed(replace(FEW, effects=Scenario(0.5, 1.1), releases=3), done.append)
    assert [(cell.title, cell.kind) for cell in found.cells] == [
        ("equal", "equal"),
        ("errors +0.5 points, latency x 1.1", "between"),
    ]
    assert sum(done) == 6


def test_worse_is_what_reaches_a_margin() -> None:
    """By less than every margin it is in between; faster and better are not worse."""
    policy = policy_of(plan(load(IRIS)).environment("prod"))
    assert [kind_of(policy, worse_by(Scenario(), check, 1)) for check in policy.checks] == ["worse"] * 3
    assert [kind_of(policy, worse_by(Scenario(), check, 0.9)) for check in policy.checks] == ["between"] * 3
    assert kind_of(policy, Scenario(latency_ratio=0.5)) == "between"
    assert title_of(Scenario()) == "equal"


def recorded(tmp_path: Path, window: Window | None) -> Path:
    """Return a record of evidence with some counts."""
    spec = release_spec(plan(load(IRIS)))
    place = spec.place("prod")
    verdict = judge(place.policy, window) if window else None
    at = "2026-11-23T10:00:00Z"
    content = evidence.record(spec, place, nothing_released(), place.policy, window, verdict, at, event=Advance())
    path = tmp_path / "record.json"
    path.write_bytes(content)
    return path


def test_the_version_that_serves_may_be_a_measured_one(tmp_path: Path) -> None:
    """Counts of a record take the place of what is assumed; its errors alone can be given another rate."""
    durations = (0,) * 30 + (1000, 3000, 900, 100) + (0,) * 23
    counts = Counts(5000, 250, durations, {"a": 3000, "b": 2000})
    bounds = (0.00025, 0.0005, *(round(0.001 * 10 ** (3 * i / 50), 6) for i in range(51)), 2.5, 5.0, 10.0)
    path = recorded(tmp_path, Window(0, 600, counts, Counts(200, 10, durations, {"a": 120, "b": 80}), counts, bounds))
    asked = replace(FEW, evidence=path, effects=Scenario(5.0), releases=3)
    found = rehearsed(asked)
    assert (found.scenario.measured, found.scenario.bounds) == (counts, bounds)
    assert found.cells[1].rolled_back.count == 3
    other = rehearsed(replace(asked, error_percent=2.0)).scenario.measured
    assert other
    assert (other.errors, other.latency) == (100, counts.latency)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"nonsense", "it is no JSON"), (b"{}", "it is no record of evidence"), (b"[1]", "it is no record of evidence")],
)
def test_what_is_no_record_is_said_in_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    """Neither nonsense nor other JSON is taken for counts."""
    path = tmp_path / "record.json"
    path.write_bytes(content)
    with pytest.raises(Mistake, match=message):
        rehearsed(replace(FEW, evidence=path))


def test_a_record_without_counts_is_refused(tmp_path: Path) -> None:
    """A release that ended before it had traffic has measured nothing."""
    with pytest.raises(Mistake, match="has no counts of the version that served"):
        rehearsed(replace(FEW, evidence=recorded(tmp_path, None)))


def test_an_environment_that_is_not_there() -> None:
    """The message names those that are."""
    with pytest.raises(NotFound, match="iris is not served in moon; its environments are staging, prod"):
        rehearsed(replace(FEW, environment="moon"))


def test_pictures_are_whole_and_the_same_twice(table: Rehearsed, tmp_path: Path) -> None:
    """A PNG, an SVG, and a page that asks for no other file; the same rehearsal gives the same bytes."""
    rate = table.cells[0].promoted
    curve = Curve("errorRate", (0.0, 1.0, 2.0), (rate, rate, rate))
    for form, begins in (("png", b"\x89PNG"), ("svg", b"<?xml"), ("html", b"<!doctype html>")):
        path = tmp_path / f"r.{form}"
        write_plot(table, [curve], path, "a <table>")
        content = path.read_bytes()
        assert content.startswith(begins)
        write_plot(table, [curve], path, "a <table>")
        assert path.read_bytes() == content
    page = (tmp_path / "r.html").read_text()
    assert "a &lt;table&gt;" in page
    assert "<script" not in page
    assert not [part for part in ("src=", "<link", "@import") if part in page]


def said(*arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command in this repository as a process."""
    return process(["-m", "mlops_charts", "rehearse", *arguments], ROOT, env=dict(env or {}))


def test_the_command_prints_a_table_and_the_two_rates() -> None:
    """The result is on stdout and nothing else; JSON says the same."""
    arguments = ("model/iris", "--environment", "prod", "--releases", "5", "--errors", "2")
    done = said(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert "  errors +2 points  0 %       100 %        0 %" in done.stdout
    assert "  false rollbacks     0 of 5: 0 % (0 % to 52.2 %); 5 % is admitted" in done.stdout
    data: dict[str, Any] = json.loads(said(*arguments, "--format", "json").stdout)
    assert (data["missedRegression"]["count"], data["missedRegression"]["of"]) == (0, "errors +2 points")
    assert [kind["kind"] for kind in data["kinds"]] == ["equal", "worse"]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["model/iris", "--plot", "r.gif"], 2, "is no .png, .svg or .html"),
        (["model/iris", "--errors", "-1"], 2, "-1.0 is not in the range"),
        (["model/iris", "--look", "soon"], 2, "is no duration"),
        (["model/iris", "--evidence", "none.json"], 2, "does not exist"),
        (["model/rose"], 1, "rose"),
        ([], 1, "there are 5 models; say which"),
    ],
)
def test_bad_input(arguments: list[str], status: int, message: str) -> None:
    """A mistake is one clear line and the right status."""
    done = said(*arguments)
    assert done.returncode == status
    assert message in done.stderr + done.stdout
    assert "Traceback" not in done.stderr


def test_a_model_with_errors_is_its_problems(run: Run, repository: Path) -> None:
    """Nothing is rehearsed of a file with errors; what is impossible is said instead."""
    model = repository / "model/iris/model.yaml"
    model.write_text(model.read_text().replace("expectedRequestsPerSecond: 20}", "expectedRequestsPerSecond: 0.1}"))
    model.write_text(model.read_text().replace("expectedRequestsPerSecond: 20\n", "expectedRequestsPerSecond: 0.1\n"))
    done = run("rehearse")
    assert done.returncode == 1
    assert "check-undecidable" in done.stdout + done.stderr


def test_help_loads_no_numbers() -> None:
    """`--help` imports neither numpy nor matplotlib."""
    code = "import sys; from mlops_charts.cli import status_of; status_of(['rehearse', '--help'])"
    code += "; print([m for m in ('numpy', 'matplotlib', 'pydantic') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
