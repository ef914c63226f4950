"""What came of a run, in a few fields; it knows the names of our steps and what they write."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mlops_charts.contract import DONE, FAILED, REFUSED
from mlops_charts.local.pods import said
from mlops_charts.local.records import FINE, REPORT, Node, Past
from mlops_charts.local.release_story import Story

_SHOWN: Final = 2  # metrics in the line of a step


@dataclass(frozen=True)
class Failure:
    """A step that failed by itself.

    Attributes:
        step: Its name.
        reason: In a line.
        said: What it said to people.
        log: The file with all that it said; empty if it had no process.
    """

    step: str
    reason: str
    said: tuple[str, ...]
    log: str


@dataclass(frozen=True)
class Summary:
    """What came of a run.

    Attributes:
        model: The model.
        status: Succeeded or Failed.
        run: Name of the run here.
        seconds: How long it took.
        action: What guard decided: train, resume, release or nothing.
        reason: Why.
        version: The version that it made, or found; empty if it came to none.
        code_digest: SHA-256 of what decides what training makes.
        data_digest: SHA-256 of the data.
        git_commit: The commit of the model's folder.
        run_id: The run in MLflow.
        image: The image that serves the version.
        image_digest: Its digest; empty where no image was built.
        model_folder: The saved model; empty if nothing was trained.
        report: The page with all of it.
        exit_status: 0 done, 1 a step said no, 3 a tool or service failed.
        failures: The steps that failed by themselves, the first one first.
        releases: What became of its releases on this machine, in the order of promotion.
    """

    model: str
    status: str
    run: str
    seconds: float
    action: str
    reason: str
    version: str
    code_digest: str
    data_digest: str
    git_commit: str
    run_id: str
    image: str
    image_digest: str
    model_folder: str
    report: str
    exit_status: int
    failures: tuple[Failure, ...] = ()
    releases: tuple[Story, ...] = ()


def summary(model: str, past: Past, artifacts: Path, earlier: Iterable[Past] = ()) -> Summary:
    """Return what came of a run; a model that it went on with is found in one of the earlier runs."""
    guard = _node(past, "guard")
    folder = _model(past, earlier)
    return Summary(
        model=model,
        status=past.status,
        run=past.uid,
        seconds=round(past.seconds, 1),
        action=guard.parameters.get("action", ""),
        reason=str(guard.result.get("reason", "")),
        version=_output(past, "version", "version") or guard.parameters.get("version", ""),
        code_digest=past.parameters.get("code-digest", ""),
        data_digest=guard.parameters.get("data-digest", ""),
        git_commit=guard.parameters.get("git-commit", "") or past.parameters.get("git-commit", ""),
        run_id=guard.parameters.get("run-id", ""),
        image=_output(past, "build", "image"),
        image_digest=_output(past, "image", "image-digest"),
        model_folder=str(artifacts / folder) if folder else "",
        report=str(past.folder / REPORT),
        exit_status=_status(past),
        failures=tuple(_failure(past, node) for node in failures(past)),
    )


def _failure(past: Past, node: Node) -> Failure:
    log = past.folder / node.log if node.log else None
    return Failure(node.name, node.reason, tuple(said(log)) if log else (), str(log or ""))


def _model(past: Past, earlier: Iterable[Past]) -> str:
    """Return the folder of the model that a run is about: the one that the same run in MLflow has trained."""
    about = _output(past, "guard", "run-id")
    same = (one for one in (past, *earlier) if _output(one, "guard", "run-id") == about)
    return next((found for one in same if (found := _node(one, "train").artifacts.get("model", ""))), "")


def _node(past: Past, name: str) -> Node:
    return past.nodes.get(name, Node(name))


def _output(past: Past, step: str, name: str) -> str:
    return _node(past, step).parameters.get(name, "")


def _status(past: Past) -> int:
    if past.status == "Succeeded":
        return DONE
    first = next(failures(past), None)
    return REFUSED if first is not None and first.refused else FAILED


def failures(past: Past) -> Iterator[Node]:
    """Yield the nodes that failed by themselves, and not because of others."""
    failed = [node for node in past.nodes.values() if node.status in {"Failed", "Error"}]
    for node in failed:
        inner = (other.name.startswith((f"{node.name}/", f"{node.name}(")) for other in failed)
        if node.pod or not any(inner):
            yield node


def shown(past: Past) -> Iterator[Node]:
    """Yield the nodes that readers want to see: every task, and the pods of a fan-out."""
    for node in past.nodes.values():
        if "/" not in node.name or node.pod or node.status not in FINE:
            yield node


def figure(node: Node) -> str:
    """Return what a step found, in a few words; empty if it said nothing of the kind."""
    return next(filter(None, _figures(node)), "")


def _figures(node: Node) -> Iterator[str]:
    """Yield what could be said of a step, the most telling first."""
    result, action = node.result, str(node.result.get("action") or node.parameters.get("action", ""))
    if action and node.task == "guard":
        yield decided(action, str(result.get("reason") or ""))
    if version := result.get("version") or node.parameters.get("version"):
        yield f"version {version}"
    if form := result.get("format"):  # figures of training rows say nothing of how good a model is
        yield f"stored as {form}"
    yield ", ".join(f"{name} {number(value)}" for name, value in _telling(result)[:_SHOWN])
    if "metric" in result and isinstance(result.get("value"), float | int):
        yield f"{result['metric']} {number(result['value'])}"
    if isinstance(features := result.get("features"), int):
        yield f"{features} features profiled"
    yield str(result.get("image") or node.note)


def _telling(result: Mapping[str, Any]) -> list[tuple[str, float]]:
    """Return the metrics of a result, those first that a gate asks for."""
    found, gates = metrics(result), result.get("gates") or ()
    asked = [str(gate.get("metric")) for gate in gates if isinstance(gate, Mapping)]
    return sorted(found.items(), key=lambda one: asked.index(one[0]) if one[0] in asked else len(asked))


def decided(action: str, reason: str) -> str:
    """Return a decision with its reason."""
    return reason if reason.startswith(action) else ": ".join(filter(None, (action, reason)))


def metrics(result: Mapping[str, Any]) -> dict[str, float]:
    """Return the metrics of a result: numbers by name, where it has an object or a list of them."""
    found = result.get("metrics") or {}
    if isinstance(found, list):
        found = {str(one.get("name", one.get("metric", ""))): one for one in found if isinstance(one, Mapping)}
    if not isinstance(found, Mapping):
        return {}
    values = {name: one.get("value") if isinstance(one, Mapping) else one for name, one in found.items()}
    return {name: one for name, one in values.items() if isinstance(one, float | int) and not isinstance(one, bool)}


def number(value: float) -> str:
    """Return a number with as many digits as a reader can use."""
    return f"{value:.4g}"
