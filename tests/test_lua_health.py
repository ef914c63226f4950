"""The health checks for Argo CD, run by a Lua as old as Argo CD's own and as poor in libraries."""

import json
from typing import Any

import pytest
from lupa import lua51

from mlops_charts.generators.argocd.bootstrap import HEALTH_CHECKS, health_check

APPLICATION = "argoproj.io_Application"
SELDON = "machinelearning.seldon.io_SeldonDeployment"
UNWATCHED = ("Progressing", "Argo CD has not looked at it yet")
UNTOUCHED = ("Progressing", "the operator has not looked at it yet")


def health(kind: str, obj: dict[str, Any]) -> tuple[str, str]:
    """Return status and message that a check finds, in a state without the libraries that Argo CD leaves out."""
    lua = lua51.LuaRuntime(unpack_returned_tuples=True, register_eval=False, register_builtins=False)
    lua.execute("string, io, math, debug, coroutine, package, require, dofile, loadfile, python = nil")
    lua.globals()["obj"] = as_table(lua, obj)
    found = lua.execute(health_check(kind))
    assert sorted(found.keys()) == ["message", "status"]
    return found["status"], found["message"]


def as_table(lua: Any, data: Any) -> Any:
    if isinstance(data, dict):
        return lua.table_from({key: as_table(lua, one) for key, one in data.items()})
    if isinstance(data, list):
        return lua.table_from([as_table(lua, one) for one in data])
    return data


def test_both_kinds_that_argo_cd_lacks_have_a_check() -> None:
    """A kind is named as the key of argocd-cm wants it: group_Kind."""
    assert sorted(HEALTH_CHECKS) == [APPLICATION, SELDON]


@pytest.mark.parametrize("kind", sorted(HEALTH_CHECKS))
def test_a_check_stands_in_yaml_as_it_is(kind: str) -> None:
    """No tabs and no trailing blanks, so that the text is a readable block of the ConfigMap."""
    lines = health_check(kind).splitlines()
    assert [line for line in lines if line != line.rstrip() or "\t" in line] == []


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (None, UNTOUCHED),
        ({}, UNTOUCHED),
        ({"state": ""}, UNTOUCHED),
        ({"replicas": 1}, UNTOUCHED),
        ({"state": "Creating"}, ("Progressing", "")),
        ({"state": "Available"}, ("Healthy", "")),
        ({"state": "Available", "description": "one condition is old"}, ("Healthy", "one condition is old")),
        ({"state": "Failed"}, ("Degraded", "")),
        ({"state": "Failed", "description": "no such image"}, ("Degraded", "no such image")),
        ({"state": "Sleeping"}, ("Unknown", "unknown state Sleeping")),
    ],
)
def test_seldon_deployment_states(status: dict[str, Any] | None, expected: tuple[str, str]) -> None:
    """Every state of the operator has its health, and what is not known yet is never healthy."""
    obj: dict[str, Any] = {"metadata": {"name": "iris"}}
    if status is not None:
        obj["status"] = status
    assert health(SELDON, obj) == expected


def test_seldon_deployment_names_what_it_waits_for() -> None:
    """While pods are missing, the message says of which Deployments, in a fixed order."""
    deployments = {
        "iris-green-0-model": {"replicas": 2},
        "iris-blue-0-model": {"replicas": 3, "availableReplicas": 1},
        "iris-done-0-model": {"replicas": 2, "availableReplicas": 2},
    }
    expected = "iris-blue-0-model: 1 of 3 pods available; iris-green-0-model: 0 of 2 pods available"
    assert health(SELDON, {"status": {"state": "Creating", "deploymentStatus": deployments}}) == (
        "Progressing",
        expected,
    )


@pytest.mark.parametrize("state", ["Available", "Creating", "Failed"])
def test_seldon_deployment_that_is_deleted(state: str) -> None:
    """What is being deleted is on its way, whatever its last state was."""
    obj = {"metadata": {"deletionTimestamp": "2026-11-23T10:00:00Z"}, "status": {"state": state}}
    assert health(SELDON, obj) == ("Progressing", "it is being deleted")


@pytest.mark.parametrize("status", ["Healthy", "Progressing", "Degraded", "Missing", "Suspended", "Unknown"])
def test_application_has_its_own_health(status: str) -> None:
    """An Application is to those above it what it is to itself."""
    assert health(APPLICATION, {"status": {"health": {"status": status}}}) == (status, "")


def test_application_hands_on_its_message() -> None:
    """The message of the health comes with it."""
    obj = {"status": {"health": {"status": "Degraded", "message": "a pod crashes"}}}
    assert health(APPLICATION, obj) == ("Degraded", "a pod crashes")


@pytest.mark.parametrize("obj", [{}, {"status": {}}, {"status": {"health": {}}}, {"status": {"sync": {}}}])
def test_application_without_status_is_on_its_way(obj: dict[str, Any]) -> None:
    """A new Application is not healthy before Argo CD has said so."""
    assert health(APPLICATION, obj) == UNWATCHED


@pytest.mark.parametrize("phase", ["Failed", "Error"])
@pytest.mark.parametrize("status", ["Healthy", "Missing", "Progressing"])
def test_application_whose_sync_failed_is_degraded(phase: str, status: str) -> None:
    """What runs may be healthy while the commit that should run cannot be applied."""
    operation = {"phase": phase, "message": "namespaces is forbidden"}
    obj = {"status": {"health": {"status": status}, "operationState": operation}}
    assert health(APPLICATION, obj) == ("Degraded", "the last sync failed: namespaces is forbidden")


def test_application_whose_sync_failed_without_a_message() -> None:
    """A failure without a message is a failure."""
    obj = {"status": {"operationState": {"phase": "Failed"}}}
    assert health(APPLICATION, obj) == ("Degraded", "the last sync failed: without a message")


@pytest.mark.parametrize("phase", ["Running", "Succeeded", "Terminating"])
def test_application_whose_sync_goes_on_keeps_its_health(phase: str) -> None:
    """A sync that runs, or has run well, changes nothing."""
    obj = {"status": {"health": {"status": "Healthy"}, "operationState": {"phase": phase, "message": "syncing"}}}
    assert health(APPLICATION, obj) == ("Healthy", "")


def test_checks_survive_what_json_holds() -> None:
    """Lists and numbers beside what is read do no harm."""
    obj = json.loads('{"status": {"state": "Available", "conditions": [{"type": "Ready"}], "replicas": 2.0}}')
    assert health(SELDON, obj) == ("Healthy", "")
