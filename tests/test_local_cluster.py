"""Tests for mlops_charts.local.cluster: rendered charts become real servers behind a real Envoy, and are told truly."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from model_servers import asked, iris_folder
from serving_samples import NEW, OLD, chart_of, identity, manifests, plan_of

from mlops_charts.contract import SERVED_CODE
from mlops_charts.local import predictors
from mlops_charts.local.cluster import LocalCluster
from mlops_charts.local.predictors import Image, Images, Ports, Predictor, predictors_of
from mlops_charts.local.replay import Traffic, read_records, read_summary, replay_command
from mlops_charts.planning.release import release_spec
from mlops_charts.release.phases import state_of
from mlops_charts.release.state import ReleaseState
from mlops_charts.releasing.api_server import ApiServer
from mlops_charts.releasing.cluster import look
from mlops_charts.releasing.here import read_here
from mlops_charts.saved_model import read_example

PLAN = plan_of({"replicas": 1})
SPEC = release_spec(PLAN)
PLACE = SPEC.environments[0]
CHART = chart_of(PLAN)
HOST = PLAN.environments[0].host
DEPLOYMENT = f"/apis/apps/v1/namespaces/{PLACE.namespace}/deployments/iris-blue-0-model"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved model of iris."""
    return iris_folder(tmp_path_factory.mktemp("iris"))


@contextmanager
def running(tmp_path: Path, images: Images) -> Iterator[tuple[LocalCluster, list[str]]]:
    """A cluster, and what it tells."""
    told: list[str] = []
    home, repository = tmp_path / "cluster", tmp_path / "release.git"
    with LocalCluster(home, images, namespace=PLACE.namespace, repository=repository, told=told.append) as cluster:
        yield cluster, told


def objects(state: ReleaseState) -> list[dict[str, Any]]:
    """Return what the chart renders in a state of a release."""
    return manifests(CHART, state)


def seen(cluster: LocalCluster, state: ReleaseState) -> str:
    """Return what the judge finds different from a state; empty if all is as git says."""
    return look(ApiServer(cluster.api), SPEC, PLACE, state).why


def deployment(cluster: LocalCluster) -> dict[str, Any]:
    """Return the Deployment of the slot blue."""
    status, found = asked(cluster.api + DEPLOYMENT)
    assert status == 200
    return dict(found)


def through(cluster: LocalCluster, path: str) -> int:
    """Return the status of a GET through the gateway."""
    connection = HTTPConnection(urlsplit(cluster.gateway).netloc, timeout=10)
    try:
        connection.request("GET", path, headers={"Host": str(HOST)})
        return connection.getresponse().status
    finally:
        connection.close()


def test_a_release_runs_as_its_commits_say(tmp_path: Path, model: Path) -> None:
    """From the first version over a canary to the next one alone: nothing restarts, and no request fails."""
    stable = state_of("settled", "gatewayApi", None, OLD, stable="green")
    steps = [
        state_of("warming", "gatewayApi", OLD, NEW, stable="blue"),
        state_of("canary", "gatewayApi", OLD, NEW, stable="blue"),
        state_of("promoting", "gatewayApi", OLD, NEW, stable="blue"),
        state_of("settled", "gatewayApi", OLD, NEW, stable="blue"),
    ]
    with running(tmp_path, lambda _: Image(model)) as (cluster, told):
        cluster.apply(objects(stable))
        assert seen(cluster, stable) != ""
        assert cluster.wait(60), told
        assert seen(cluster, stable) == ""
        (first,) = cluster.states()
        records, process = replay(cluster, model, tmp_path)
        for state in steps:
            cluster.apply(objects(state))
            assert cluster.wait(60), told
            assert seen(cluster, state) == ""
            if state.slot("blue").enabled:
                assert [one.pid for one in cluster.states() if one.slot == "blue"] == [first.pid]
                assert until(partial(answered, records, state.slot("green").weight))
        assert [(one.slot, one.version) for one in cluster.states()] == [("green", "1.2.0")]
        assert not Path(f"/proc/{first.pid}").exists()
    assert process.returncode == 0
    summary = read_summary(records)
    assert summary is not None
    assert summary.statuses.keys() == {"200"}
    assert summary.versions.keys() == {"1.1.0", "1.2.0"}
    assert summary.sent == sum(summary.statuses.values())


def answered(records: Path, weight: int) -> bool:
    """Return whether users have met what is there: the new version too, once it has a weight."""
    versions = {version for second in read_records(records) for version in second.versions}
    return versions >= ({"1.1.0", "1.2.0"} if weight else {"1.1.0"})


def replay(cluster: LocalCluster, model: Path, folder: Path) -> tuple[Path, Any]:
    """Let users ask, and return where that is told, and the process."""
    bodies, records = folder / "bodies.jsonl", folder / "records.jsonl"
    bodies.write_text(json.dumps(read_example(model).v2) + "\n")
    traffic = Traffic(cluster.gateway, str(HOST), "/v2/models/iris/infer", bodies, records, rate=100)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    log = folder / "replay.log"
    command = replay_command(traffic)
    process = cluster.family.start(command, environment=environment, folder=folder, output=log, log=log)
    return records, process


def test_another_version_in_the_same_slot_is_rolled_out(tmp_path: Path, model: Path) -> None:
    """The new pod is ready before the old one goes; status and file of the machine say which there are."""
    before, after = (state_of("settled", "gatewayApi", None, one, stable="green") for one in (OLD, NEW))
    with running(tmp_path, lambda _: Image(model, {SERVED_CODE: "abc"})) as (cluster, told):
        cluster.apply(objects(before))
        assert cluster.wait(60), told
        old = cluster.states()[0]
        assert 'code_digest="abc"' in metrics(old.metrics)
        records, process = replay(cluster, model, tmp_path)
        assert until(records.exists)
        cluster.apply(objects(after))
        found = deployment(cluster)
        assert found["spec"]["template"]["spec"]["containers"][0]["image"] == NEW.image
        assert found["metadata"]["generation"] == found["status"]["observedGeneration"] == 2
        counts = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
        assert [found["status"].get(name) for name in counts] == [2, 1, 1, 1]
        here = read_here(cluster.here)
        assert len(here.metrics["blue"]) == 2
        assert (here.journal, here.repository) == (cluster.journal, str(tmp_path / "release.git"))
        assert cluster.wait(60), told
        here = read_here(cluster.here)
        assert here.metrics == {"blue": (cluster.states()[0].metrics,)}
        assert asked(here.services["blue"] + "/v2/models/iris")[1]["versions"] == [NEW.version]
        assert here.api_server == cluster.api
        assert seen(cluster, after) == ""
        cluster.family.end(process)
        summary = read_summary(records)
        cluster.apply(objects(ReleaseState()))
        assert cluster.wait(60), told
        assert through(cluster, "/v2") == 404
        assert seen(cluster, ReleaseState()) == ""
        assert cluster.states() == ()
    assert summary is not None
    assert summary.statuses.keys() == {"200"}
    assert "blue 1.1.0: " in told[0]


def test_a_server_that_dies_is_begun_anew(tmp_path: Path, model: Path) -> None:
    """After SIGKILL it is back at the same ports; meanwhile its share gets 503, and the Deployment says so."""
    state = state_of("settled", "gatewayApi", None, OLD, stable="green")
    with running(tmp_path, lambda _: Image(model)) as (cluster, told):
        cluster.apply(objects(state))
        assert cluster.wait(60), told
        (before,) = cluster.states()
        os.kill(before.pid, signal.SIGKILL)
        assert until(lambda: through(cluster, "/v2") == 503)
        assert until(lambda: "exit status -9" in said(cluster)["message"])
        assert until(lambda: "is not ready: 0 of 1 pods are available" in seen(cluster, state))
        assert until(cluster.settled), told
        (after,) = cluster.states()
    assert (after.restarts, after.http) == (1, before.http)
    assert after.pid != before.pid
    assert not Path(f"/proc/{after.pid}").exists()


def test_what_cannot_start_is_tried_again_and_told(tmp_path: Path, model: Path) -> None:
    """A pod without an image, and one whose server says no, are tried again and again, each time later."""
    tries: list[str] = []

    def images(predictor: Predictor) -> Image:
        tries.append(predictor.version)
        if len(tries) == 1:
            raise KeyError("no such version")
        return Image(tmp_path if len(tries) < 3 else model)

    state = state_of("settled", "gatewayApi", None, OLD, stable="green")
    with running(tmp_path, images) as (cluster, told):
        cluster.apply(objects(state))
        assert until(lambda: "signature.json" in said(cluster)["message"])
        assert said(cluster)["message"].startswith("blue 1.1.0: back-off 1 s before another start: exit status 3: ")
        assert cluster.wait(60), told
        assert cluster.states()[0].restarts == 2
    assert told[0] == "blue 1.1.0: back-off 0.5 s before another start: nothing stands for its image: 'no such version'"


def test_nothing_outlives_the_process_that_began_it(tmp_path: Path, model: Path) -> None:
    """After Ctrl-C and after SIGKILL alike, servers and Envoy are gone."""
    program = textwrap.dedent("""
        import json, signal, sys, time
        from pathlib import Path
        signal.signal(signal.SIGINT, signal.default_int_handler)  # who began the tests in the background ignores it
        from mlops_charts.local.cluster import LocalCluster
        from mlops_charts.local.predictors import Image
        home, model, objects = map(Path, sys.argv[1:])
        with LocalCluster(home, lambda _: Image(model), namespace="models", repository=home) as cluster:
            cluster.apply(json.loads(objects.read_text()))
            cluster.wait(60)
            (home / "pid").write_text(str(cluster.states()[0].pid))
            time.sleep(60)
    """)
    file = tmp_path / "objects.json"
    file.write_text(json.dumps(objects(state_of("settled", "gatewayApi", None, OLD, stable="green")), default=str))
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    for number, status in ((signal.SIGINT, -signal.SIGINT), (signal.SIGKILL, -signal.SIGKILL)):
        home = tmp_path / number.name
        command = [sys.executable, "-c", program, str(home), str(model), str(file)]
        with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, start_new_session=True) as process:
            assert until((home / "pid").exists)
            process.send_signal(number)
            began = time.monotonic()
            assert process.wait(30) == status
        assert until(lambda home=home: not _of(home)), _of(home)
        assert time.monotonic() - began < 20


def _of(home: Path) -> list[str]:
    """Return the command lines of what runs in the folder of a cluster."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if str(home) in str((place / "cwd").readlink()):
                found.append((place / "cmdline").read_text())
    return found


def test_the_api_server_says_what_there_is_not(tmp_path: Path) -> None:
    """What is not there is told as Kubernetes tells it, whatever the path."""
    with running(tmp_path, lambda _: Image(tmp_path)) as (cluster, _):
        status, found = asked(cluster.api + DEPLOYMENT)
        assert (status, found["reason"]) == (404, "NotFound")
        assert found["message"] == 'deployments.apps "iris-blue-0-model" not found'
        for path in ("/", "/apis", DEPLOYMENT.replace("v1", "v2"), DEPLOYMENT.replace("deployments", "pods")):
            assert asked(cluster.api + path)[1]["message"] == "the server could not find the requested resource"
        assert asked(cluster.api + DEPLOYMENT.replace(PLACE.namespace, "other"))[0] == 404


def test_the_jobs_of_a_release_are_held(tmp_path: Path, model: Path) -> None:
    """The judge's CronJob is there while a release is in flight."""
    with running(tmp_path, lambda _: Image(model)) as (cluster, _):
        cluster.apply(objects(state_of("warming", "gatewayApi", None, OLD, stable="green")))
        assert list(cluster.cron_jobs) == ["iris-judge"]
        cluster.apply([])
        assert cluster.cron_jobs == {}


def test_a_container_says_what_runs_here() -> None:
    """Flags are those of the container; places are those of this machine, and a folder stands for the bucket."""
    (one,) = _predictors({"replicas": 1, "nonFinite": "missing", "requestLog": {"sample": 0.5}})
    words = predictors.command(one, Image(Path("/a model"), python=Path("/venv/python")), Ports(1, 2, 3), Path("/kept"))
    head = ["/venv/python", "-m", "mlops_charts", "serve", "/a model", "--host=127.0.0.1", "--http-port=1"]
    assert words[:7] == head
    assert {"--metrics-port=3", "--grpc-port=2", "--workers=1", "--request-log=/kept", "--non-finite=missing"} < {
        *words
    }
    assert not [word for word in words if "s3" in word or "region" in word]
    environ = {"AWS_ACCESS_KEY_ID": "me", "FOREIGN": "x"}
    variables = predictors.environment(one, Image(Path("m"), {"A": "1"}), environ, Path("cache"))
    assert {name: variables[name] for name in ("A", "MODEL", "SLOT", "VERSION", "AWS_ACCESS_KEY_ID")} == {
        "A": "1",
        "MODEL": "iris",
        "SLOT": "blue",
        "VERSION": "1.1.0",
        "AWS_ACCESS_KEY_ID": "me",
    }
    assert "FOREIGN" not in variables


@pytest.mark.parametrize("runtime", ["seldon-core", "sklearn", "mlflow"])
def test_our_server_stands_for_those_of_seldon(runtime: str) -> None:
    """What Seldon's servers speak, ours speaks in their place."""
    (one,) = _predictors({"replicas": 1, "runtime": runtime, "protocol": "seldon"})
    assert not predictors.own(one)
    assert predictors.command(one, Image(Path("m")), Ports(1, 2, 3), Path("kept"))[-1] == "--protocol=seldon"


def test_traffic_and_replicas_restart_nothing() -> None:
    """Whatever a release changes besides a version leaves the pods as they are."""
    states = [
        state_of(phase, "gatewayApi", OLD, NEW, stable="blue") for phase in ("warming", "canary", "shadow", "baking")
    ]
    digests = {one.name: {one.digest} for one in predictors_of(objects(states[0]))}
    for state in states:
        for one in predictors_of(objects(state)):
            assert digests[one.name] == {one.digest}
    (other,) = predictors_of(objects(state_of("settled", "gatewayApi", None, identity(7), stable="green")))
    assert other.digest not in digests["blue"]


def _predictors(serving: dict[str, Any]) -> list[Predictor]:
    state = state_of("settled", "gatewayApi", None, OLD, stable="green")
    return list(predictors_of(manifests(chart_of(plan_of(serving)), state)))


def said(cluster: LocalCluster) -> dict[str, str]:
    """Return the condition Available of the Deployment."""
    found: dict[str, str] = deployment(cluster)["status"]["conditions"][0]
    return found


def metrics(url: str) -> str:
    """Return the text of a page of metrics."""
    connection = HTTPConnection(urlsplit(url).netloc, timeout=10)
    try:
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def until(true: Callable[[], bool]) -> bool:
    """Wait until something is true, and return whether it is."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.02)
    return False
