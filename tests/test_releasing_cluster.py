"""What runs, held against what git says, asked of a server that answers as the API server does."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from release_clusters import Cluster, objects_of, path_of, serving
from serving_samples import INGRESSES, NEW, OLD, plan_of, states

from mlops_charts.planning import release_spec
from mlops_charts.release import ReleaseState, nothing_released, state_of
from mlops_charts.releasing.api_server import ApiServer, NoCluster, api_server_of_pod
from mlops_charts.releasing.cluster import Seen, look

PLAN = plan_of({"replicas": 3})
CANARY = state_of("canary", "gatewayApi", OLD, NEW)
GREEN, BLUE = path_of("Deployment", "iris-green-0-model"), path_of("Deployment", "iris-blue-0-model")
ROUTE, SELDON = path_of("HTTPRoute", "iris"), path_of("SeldonDeployment", "iris")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A cluster whose objects each test sets."""
    with serving(Cluster()) as found:
        yield found


def seen(cluster: Cluster, state: ReleaseState = CANARY, plan: Any = PLAN) -> Seen:
    """Look at a cluster."""
    spec = release_spec(plan)
    return look(ApiServer(cluster.url), spec, spec.environments[0], state)


@pytest.mark.parametrize("runtime", ["python", "mlflow"])
@pytest.mark.parametrize("ingress", INGRESSES)
def test_what_the_chart_renders_is_what_git_says(cluster: Cluster, ingress: str, runtime: str) -> None:
    """In every state of a release the objects of the chart, and those that Seldon makes of them, are seen to run."""
    plan = plan_of({"runtime": runtime, "replicas": 2}, ingress)
    for title, state in states(ingress):
        cluster.objects = objects_of(plan, state)
        pods = {name: 2 * state.slot(name).enabled for name in ("blue", "green")}
        assert (title, seen(cluster, state, plan)) == (title, Seen(running=True, why="", pods=pods))


@pytest.mark.parametrize("ingress", INGRESSES)
def test_the_state_before_never_looks_like_the_one_that_follows(cluster: Cluster, ingress: str) -> None:
    """Until Argo CD, Seldon and the gateway have done their work, each look says that it is not yet so."""
    plan = plan_of({}, ingress)
    known = list(states(ingress))
    for (title, before), (other, after) in zip(known, known[1:] + known[:1], strict=True):
        if _runs(before) != _runs(after):
            cluster.objects = objects_of(plan, before)
            assert (title, other, seen(cluster, after, plan).running) == (title, other, False)


def _runs(state: ReleaseState) -> Any:
    """Return the part of a state that a cluster shows."""
    slots = [(one.version, one.model_dump()) if one.enabled else None for one in (state.blue, state.green)]
    return slots, state.match if any((state.blue.matched, state.green.matched)) else None


def changed(path: str, *keys: str | int, to: Any) -> Callable[[dict[str, Any]], None]:
    """Return what changes one place of one object."""

    def change(objects: dict[str, Any]) -> None:
        found = objects[path]
        for key in keys[:-1]:
            found = found[key]
        found[keys[-1]] = to

    return change


CONTAINER = ("spec", "template", "spec", "containers", 0)
WRONG: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "no deployment": (lambda objects: objects.pop(GREEN), "the Deployment iris-green-0-model is not there yet"),
    "not begun": (
        changed(GREEN, "metadata", "generation", to=4),
        "the Deployment iris-green-0-model has changed, and Kubernetes has not begun with it",
    ),
    "going away": (
        changed(GREEN, "metadata", "deletionTimestamp", to="2026-11-23T10:00:00Z"),
        "the Deployment iris-green-0-model is being deleted",
    ),
    "other image": (
        changed(GREEN, *CONTAINER, "image", to="ghcr.io/acme/iris:latest"),
        f"the Deployment iris-green-0-model runs the image ghcr.io/acme/iris:latest, and git says {NEW.image}",
    ),
    "other version": (
        changed(GREEN, *CONTAINER, "env", to=[{"name": "VERSION", "value": "1.0.9"}]),
        "the Deployment iris-green-0-model runs version 1.0.9, and git says 1.2.0",
    ),
    "other container": (
        changed(GREEN, *CONTAINER, "name", to="proxy"),
        "the Deployment iris-green-0-model has no container iris",
    ),
    "half rolled out": (
        changed(GREEN, "status", "updatedReplicas", to=1),
        "the Deployment iris-green-0-model is not rolled out: 1 of 3 pods are of its newest form",
    ),
    "old pods left": (
        changed(GREEN, "status", "replicas", to=4),
        "the Deployment iris-green-0-model is not rolled out: 3 of 4 pods are of its newest form",
    ),
    "never ready": (
        changed(GREEN, "status", "availableReplicas", to=None),
        "the Deployment iris-green-0-model is not ready: 0 of 3 pods are available",
    ),
    "stable not ready": (
        changed(BLUE, "status", "availableReplicas", to=2),
        "the Deployment iris-blue-0-model is not ready: 2 of 3 pods are available",
    ),
    "not synced": (
        changed(SELDON, "spec", "predictors", 1, "annotations", "version", to="1.1.9"),
        "the SeldonDeployment iris is not yet what git says: blue 1.1.0, green 1.1.9 there, blue 1.1.0, green 1.2.0",
    ),
    "no seldondeployment": (lambda objects: objects.pop(SELDON), "the SeldonDeployment iris is not there yet"),
    "no route": (lambda objects: objects.pop(ROUTE), "the HTTPRoute iris is not there yet"),
    "other weights": (
        changed(ROUTE, "spec", "rules", 0, "backendRefs", 1, "weight", to=25),
        "the HTTPRoute iris is not yet what git says: iris-blue 95, iris-green 25 there, iris-blue 95, iris-green 5 in",
    ),
    "a mirror more": (
        changed(ROUTE, "spec", "rules", 0, "filters", to=[{"requestMirror": {"backendRef": {"name": "iris-green"}}}]),
        "the HTTPRoute iris is not yet what git says: iris-blue 95, iris-green 5, a copy to iris-green there,",
    ),
    "another form": (
        changed(ROUTE, "spec", "rules", to=[]),
        "the HTTPRoute iris is not yet what git says: another form there,",
    ),
    "no gateway": (changed(ROUTE, "status", to={}), "the HTTPRoute iris has been taken by no gateway yet"),
    "gateway is late": (
        changed(ROUTE, "metadata", "generation", to=4),
        "the HTTPRoute iris has changed, and its gateway has not seen that yet",
    ),
    "gateway refuses": (
        changed(
            ROUTE, "status", "parents", 0, "conditions", to=[{"type": "Accepted", "status": "False", "reason": "No"}]
        ),
        "the HTTPRoute iris is not Accepted: No",
    ),
}


@pytest.mark.parametrize(("wrong", "why"), WRONG.values(), ids=WRONG.keys())
def test_whatever_is_not_as_git_says_is_told(cluster: Cluster, wrong: Callable[[Any], Any], why: str) -> None:
    """One difference is enough for no release to go on."""
    cluster.objects = objects_of(PLAN, CANARY)
    wrong(cluster.objects)
    found = seen(cluster)
    assert (found.running, found.why[: len(why)]) == (False, why)


def test_a_slot_that_git_has_no_more_must_be_gone(cluster: Cluster) -> None:
    """Seldon removes a predictor only once all pods of the others are ready."""
    rolling = state_of("rollingBack", "istio", OLD, NEW)
    plan = plan_of({}, "istio")
    cluster.objects = {**objects_of(plan, state_of("canary", "istio", OLD, NEW)), **objects_of(plan, rolling)}
    found = seen(cluster, rolling, plan)
    assert (found.running, found.why) == (
        False,
        "the Deployment iris-green-0-model is still there, and git has it no more",
    )


@pytest.mark.parametrize(("phase", "left"), [("rollingBack", GREEN), ("promoting", BLUE), ("baking", BLUE)])
def test_pods_that_are_never_ready_are_waited_for_only_where_they_serve(
    cluster: Cluster, phase: Any, left: str
) -> None:
    """Once they have left the traffic they keep no release from its end; those of who answers users count as ever."""
    state = state_of(phase, "gatewayApi", OLD, NEW)
    for path in (GREEN, BLUE):
        cluster.objects = objects_of(PLAN, state)
        cluster.objects[path]["status"]["availableReplicas"] = 0
        assert (path, seen(cluster, state).running) == (path, path == left)


def test_before_the_first_release_nothing_may_be_left(cluster: Cluster) -> None:
    """A first release that was taken back ends when nothing of it runs."""
    cluster.objects = {}
    assert seen(cluster, nothing_released()).running
    cluster.objects = {SELDON: objects_of(PLAN, CANARY)[SELDON]}
    assert seen(cluster, nothing_released()).why == "the SeldonDeployment iris is still there, and git has it no more"


def test_under_an_autoscaler_the_floor_counts(cluster: Cluster) -> None:
    """A slot is warm with as many pods as git says at least; that the number asked for moves disturbs nothing."""
    plan = plan_of({"autoscaling": {"min": 2, "max": 9}})
    state = state_of("canary", "gatewayApi", OLD, NEW, min_replicas=4)
    cluster.objects = objects_of(plan, state, pods=4)
    cluster.objects[GREEN]["spec"]["replicas"] = 7
    assert seen(cluster, state, plan) == Seen(running=True, why="", pods={"blue": 4, "green": 4})
    cluster.objects = objects_of(plan, state, pods=3)
    why = "is not rolled out: 3 of 4 pods are of its newest form"
    assert seen(cluster, state, plan).why == f"the Deployment iris-blue-0-model {why}"


BROKEN: dict[str, tuple[int, bytes, str]] = {
    "forbidden": (403, b'{"message": "iris-judge may not"}', "answers 403: iris-judge may not"),
    "failing": (500, b"oh", "answers 500: oh"),
    "no json": (200, b"<html>", "answers no object: <html>"),
    "no object": (200, b"[]", "answers no object: []"),
    "too large": (200, b'{"a": "' + b"x" * 5_000_000 + b'"}', "answers no object"),
    "redirect": (302, b"", "answers 302: nothing"),
}


@pytest.mark.parametrize(("status", "body", "why"), BROKEN.values(), ids=BROKEN.keys())
def test_an_api_server_that_fails_is_no_state(status: int, body: bytes, why: str) -> None:
    """Nothing is concluded from it: that an object could not be asked for does not mean that it is gone."""
    with serving(Cluster(broken=lambda _: (status, body))) as found, pytest.raises(NoCluster) as error:
        seen(found)
    assert why in str(error.value)


def test_nobody_there_is_said_in_one_line() -> None:
    """The address stands in it."""
    with serving(Cluster()) as found:
        pass
    with pytest.raises(NoCluster, match=rf"{found.url}/apis/.* does not answer: Connection refused"):
        seen(found)


def test_in_a_pod_its_token_and_certificate_authority_are_used(tmp_path: Path) -> None:
    """HTTPS with the cluster's own authority; the token is read anew for each question, because it is renewed."""
    key, certificate = tmp_path / "key.pem", tmp_path / "ca.crt"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-keyout", str(key), "-out", str(certificate), "-days", "1", "-subj", "/CN=kubernetes"]
    subprocess.run([*command, "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
    (tmp_path / "token").write_text("first\n", encoding="ascii")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    cluster = Cluster(objects={"/x": {"a": 1}})
    with serving(cluster, partial(context.wrap_socket, server_side=True)):
        port = cluster.url.rpartition(":")[2]
        api = api_server_of_pod({"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": port}, tmp_path)
        assert (api.get("/x"), api.get("/y")) == ({"a": 1}, None)
        (tmp_path / "token").write_text("second", encoding="ascii")
        api.get("/x")
        with pytest.raises(NoCluster, match="certificate verify failed"):
            ApiServer(api.url).get("/x")
    assert cluster.tokens == ["Bearer first", "Bearer first", "Bearer second"]


def test_outside_of_a_cluster_it_says_so(tmp_path: Path) -> None:
    """Neither the variables of a pod nor its token are guessed."""
    with pytest.raises(NoCluster, match="this is no pod of a cluster"):
        api_server_of_pod({}, tmp_path)
    with pytest.raises(NoCluster, match="token is missing"):
        api_server_of_pod({"KUBERNETES_SERVICE_HOST": "::1"}, tmp_path)
