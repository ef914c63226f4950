"""Releases on this machine: what is asked of it otherwise than of a cluster, and one release from start to end."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from repositories import ROOT, git, share_cache

from mlops_charts.assemble import Rendering, plan_of
from mlops_charts.errors import NotFound
from mlops_charts.generators.table import generators
from mlops_charts.judge.verdict import Compared
from mlops_charts.loading import load_path
from mlops_charts.local.release_story import Look, Move, Second, Story, read_story
from mlops_charts.planning import release_spec
from mlops_charts.release import Identity, nothing_released, release_text, state_of
from mlops_charts.running.grounds import LONGEST, chosen, hindrance, left_out, on_this_machine
from mlops_charts.running.judging import _read, job_of
from mlops_charts.running.serving import serving_chart
from mlops_charts.running.telling import awaited, moved

MODEL = """\
apiVersion: mlops-charts/v1
kind: Model
metadata: {name: iris}
training:
  entrypoint: train.py:train
  data: {uri: "sklearn://iris", split: {test: 0.3, by: stratified}}
validation: {minRows: 30, gates: [{metric: accuracy, min: 0.8}]}
release: {steps: [50]}
"""
TRAIN = '''\
"""Trains the classifier of iris flowers."""

from sklearn.linear_model import LogisticRegression


def train(X, y, context):
    """Return a classifier."""
    return LogisticRegression(max_iter=500, **context.params).fit(X, y)
'''
OLD = Identity(version="1.0.0", image="a/iris:1", run_id="r1", code_digest="c1", data_digest="d")
NEW = Identity(version="1.1.0", image="a/iris:2", run_id="r2", code_digest="c2", data_digest="d")
CHECK = Compared("errorRate", "undecided", critical=True, margin=1, effect_unit="points", log_pass=1.5, need_pass=3)


@pytest.fixture
def rendering(repository: Path) -> Rendering:
    """The rendering of iris with an autoscaler, and a check of the business."""
    file = repository / "model/iris/model.yaml"
    business = "{metric: business, name: sales, success: 's{slot}', total: 't{slot}', maxDropPercent: 20}"
    analysis = f"analysis: {{checks: [{{metric: latency, quantile: 0.95}}, {business}]}}\n"
    text = file.read_text().replace("  steps: [5, 25, 50]\n", f"  steps: [5, 25, 50]\n  {analysis}")
    text = text.replace("  replicas: 2\n", "  autoscaling: {min: 2, max: 4, cpuPercent: 60}\n")
    file.write_text(text.replace("serving: {replicas: 4}", "serving: {autoscaling: {max: 6}}"))
    loaded = load_path(repository / "model/iris", None)
    assert loaded.model is not None, loaded.problems
    return Rendering(plan_of(loaded.model), generators())


def test_where_releases_go(rendering: Rendering) -> None:
    """Without a name the first environment; the order is that of promotion; a name that is wrong is told."""
    plan = rendering.plan
    assert chosen(plan, ()) == ("staging",)
    assert chosen(plan, ("prod", "staging")) == chosen(plan, ("all",)) == ("staging", "prod")
    with pytest.raises(NotFound, match='no environment "prot"; did you mean "prod"'):
        chosen(plan, ("prot",))


def test_what_this_machine_changes(rendering: Rendering) -> None:
    """Seconds for hours, one pod, no business check, no freeze, a wide margin of latency; all of it is told."""
    here = on_this_machine(rendering, ("prod",)).plan
    (place,) = release_spec(here).environments
    policy = place.policy
    assert (policy.interval_seconds, policy.bake_seconds, policy.max_duration_seconds) == (8, 0.001, LONGEST)
    assert [(check.metric, check.max_ratio) for check in policy.checks] == [("latency", 8)]
    assert (place.replicas, place.autoscaled, place.freeze) == (1, False, ())
    told = "\n".join(left_out(rendering.plan, "prod"))
    for words in ("not 5m", "(30m)", "(sales)", "8 times as long, and not 1.2", "one pod", "freezes", "staging"):
        assert words in told


def test_what_cannot_be_released_here(rendering: Rendering) -> None:
    """Another ingress or runtime needs a cluster, and says so."""
    plan = rendering.plan
    assert hindrance(plan) == ""
    ingress = plan.platform.ingress.model_copy(update={"type": "istio"})
    assert "ingress istio" in hindrance(replace(plan, platform=plan.platform.model_copy(update={"ingress": ingress})))
    serving = plan.spec.serving.model_copy(update={"runtime": "sklearn"})
    assert "executor" in hindrance(replace(plan, spec=plan.spec.model_copy(update={"serving": serving})))


def test_the_chart_at_a_commit(rendering: Rendering, tmp_path: Path) -> None:
    """The real Helm renders it with what people set, but for replicas and autoscaling; no credential is left."""
    own = tmp_path / "own"
    own.mkdir()
    (own / "values-prod.yaml").write_text("# mine\nserving: {timeout: 9s, autoscaling: {max: 9}, replicas: 7}\n")
    chart = serving_chart(on_this_machine(rendering, ("prod",)), "prod", own, tmp_path / "chart")
    kinds = [one["kind"] for one in chart.objects(release_text(nothing_released()))]
    assert "SeldonDeployment" not in kinds
    assert "CronJob" not in kinds
    objects = chart.objects(release_text(state_of("canary", "gatewayApi", OLD, NEW)))
    (served,) = [one for one in objects if one["kind"] == "SeldonDeployment"]
    assert [one["replicas"] for one in served["spec"]["predictors"]] == [1, 1]
    assert "--timeout=9s" in json.dumps(served)
    (cron_job,) = [one for one in objects if one["kind"] == "CronJob"]
    job = job_of(cron_job, objects, tmp_path / "here.json", {"PATH": "/bin"}, tmp_path)
    line = " ".join(job.command[1:])
    expected = f"--spec {tmp_path / 'release.json'} --environment prod --here {tmp_path / 'here.json'} --format json"
    assert line == f"-m mlops_charts release tick {expected}"
    assert "HOME" not in job.environment
    assert json.loads((tmp_path / "release.json").read_text())["environments"][0]["name"] == "prod"


def test_what_a_tick_says() -> None:
    """The verdict is read whole, however its fields are written; a failure has the last line that was said."""
    check = {"check": "errorRate", "finding": "pass", "critical": True, "margin": 1.0, "effectUnit": "points"}
    said = {"outcome": "held", "message": "m", "verdict": {"decision": "hold", "reason": "r", "checks": [check]}}
    ticked = _read(0, json.dumps(said), "")
    assert (ticked.outcome, ticked.decision, ticked.checks[0].effect_unit) == ("held", "hold", "points")
    assert _read(3, "", '{"event": "x"}\nerror: git is away\n').message == "git is away"
    assert _read(0, "no json", "").status == -1


def test_what_is_told_while_it_goes_on() -> None:
    """A line for a transition, and one about what is awaited: samples, evidence, a person."""
    weights = {"1.0.0": 95, "1.1.0": 5}
    move = Move(10.0, 9.0, "abcdef0123", "Go on with iris", {}, "canary", 0, weights)
    assert moved(move) == "abcdef0  Go on with iris  (traffic: 1.0.0 95 %, 1.1.0 5 %)"
    state = state_of("canary", "gatewayApi", OLD, NEW)
    story = Story("iris", "staging", "1.1.0", "1.0.0", moves=(move,))
    traffic = (Second(9.0, {"1.1.0": 7}, 0), Second(11.0, {"1.0.0": 90, "1.1.0": 1200}, 0))
    assert awaited(state, story, traffic) == "1.1.0 canary: waiting for pods and route"
    look = Look(12.0, "held", "m", "canary", 0, "hold", "r", (CHECK, replace(CHECK, check="drift", finding="pass")))
    expected = "1.1.0 canary 5 %: 1,200 requests answered; errorRate 50% of the evidence, drift passed"
    assert awaited(state, replace(story, looks=(look,)), traffic) == expected
    waits = state_of("awaitingApproval", "gatewayApi", OLD, NEW)
    assert "`mlops-charts release approve iris 1.1.0 --local`" in awaited(waits, story, ())


def started(root: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start `run` as a user does."""
    command = [sys.executable, "-m", "mlops_charts", "run", "model/iris", *arguments, "--format", "json"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        command, cwd=root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_a_release_on_this_machine(tmp_path: Path) -> None:
    """1.0.0 settles; a bad version is interrupted, goes on with the next run, and is taken back; git tells it."""
    (tmp_path / "model/iris").mkdir(parents=True)
    (tmp_path / "model/iris/model.yaml").write_text(MODEL)
    (tmp_path / "model/iris/train.py").write_text(TRAIN)
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    share_cache(tmp_path)
    out, talk = started(tmp_path, "--bad", "errors").communicate(timeout=60)
    assert (out, "to compare a bad one with; first `mlops-charts run model/iris`" in talk) == ("", True), talk
    first = started(tmp_path, "--builder", "none")
    out, talk = first.communicate(timeout=180)
    assert first.returncode == 0, talk
    assert [(one["version"], one["outcome"]) for one in json.loads(out)["releases"]] == [("1.0.0", "settled")]

    bad = started(tmp_path, "--bad", "errors")
    assert bad.stderr is not None
    for line in bad.stderr:
        if "releasing 1.1.0" in line:
            break
    time.sleep(1)
    bad.send_signal(signal.SIGINT)
    _, talk = bad.communicate(timeout=60)
    assert (bad.returncode, talk.splitlines()[-1]) == (130, "interrupted")

    after = started(tmp_path, "--builder", "none")
    out, talk = after.communicate(timeout=180)
    assert after.returncode == 1, talk
    found = json.loads(out)
    (release,) = found["releases"]
    assert (release["version"], release["rival"], release["outcome"]) == ("1.1.0", "1.0.0", "rolledBack")
    assert "errorRate" in release["reason"]
    assert release["caught"] > 0
    log = git(tmp_path / ".mlops-charts/release.git", "log", "--reverse", "--format=%s", "main").splitlines()
    assert re.match(r"Roll back iris 1\.1\.0 in staging: canary 50 % -> rollingBack|Roll back", log[-3])
    story = read_story(Path(found["report"]).with_name("release-staging.json"))
    assert story is not None
    assert sum(one.answered.get("1.1.0", 0) for one in story.traffic) > 0
    assert "rolled back" in Path(found["report"]).read_text()
