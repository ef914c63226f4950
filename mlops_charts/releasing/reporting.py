"""Whether all pods of a slot report to Prometheus, lately, and as the version that they should be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mlops_charts.release.state import SlotName
from mlops_charts.releasing.counting import names_of
from mlops_charts.releasing.metrics import MAX_AGE_SECONDS, Question
from mlops_charts.releasing.promql import Api, quoted


@dataclass(frozen=True)
class _Report:
    """What is newest of one pod.

    Attributes:
        pod: Its name.
        version: What it says that it is; empty where nobody asks for predictions yet.
        target: The labels that it is scraped under.
        age: Seconds since it was scraped.
    """

    pod: str
    version: str
    target: tuple[tuple[str, str], ...]
    age: float


def pod_of(labels: Mapping[str, str]) -> str:
    """Return what a series' pod is called."""
    return labels.get("pod") or labels.get("instance") or "a pod without a name"


def missing_pods(api: Api, question: Question, slot: SlotName, clock: float) -> Iterator[str]:
    """Yield what is wrong with the reports of a slot; Unread if Prometheus cannot be asked.

    Args:
        api: Prometheus.
        question: What is asked.
        slot: The slot.
        clock: The time there.
    """
    version, wanted = question.version(slot), question.pods.get(slot, 0)
    reports = _reports(api, question, slot, clock)
    if not wanted:
        yield "has no available pod; wait for its Deployment"
    if not reports:
        yield f"is not scraped at all in {question.place.namespace}; look at the targets of {question.spec.model} there"
        return
    newest = min(report.age for report in reports)
    if newest > MAX_AGE_SECONDS:
        yield f"was scraped {newest:.0f} s ago for the last time; look at its targets"
        return
    fresh = [report for report in reports if report.age <= MAX_AGE_SECONDS]
    others = sorted({report.version for report in fresh if report.version not in {version, ""}})
    if others:
        yield f"has a pod that reports version {others[0]}, not {version}; wait until it is gone"
    own = [report for report in fresh if report.version in {version, ""}]
    pods = {report.pod for report in own}
    if len(pods) < wanted:
        yield f"has {wanted} available pods, and {len(pods)} of them report; look at its targets"
    targets = {(report.pod, report.version): report.target for report in own}
    twice = [report.pod for report in own if report.target != targets[report.pod, report.version]]
    if twice:
        yield f"has the pod {min(twice)} in two targets, so that it would count twice; let one job scrape it"


def watched(api: Api, question: Question, slot: str, at: float) -> bool:
    """Return whether a slot was scraped at a moment, whatever it had to say; Unread if Prometheus cannot be asked."""
    return bool(api.instant(f"max_over_time({_up(question, slot)}[5m]) == 1", at))


def _reports(api: Api, question: Question, slot: str, clock: float) -> list[_Report]:
    executor = question.policy.executor
    names = names_of(executor=executor)
    wanted = {"namespace": question.place.namespace, names.model: question.spec.model, names.slot: slot}
    matchers = ",".join(f"{label}={quoted(value)}" for label, value in wanted.items())
    up = _up(question, slot)  # the executor has no series of its own before the first request
    query = f"timestamp({up}) and {up} == 1" if executor else f"timestamp({names.requests}{{{matchers}}})"
    found = api.instant(query, clock)
    if executor:
        found += api.instant(f"timestamp({names.requests}{{{matchers}}})", clock)
    own = {*names.all, "code", "service", "method", names.model, names.slot, names.version, "predictor"}
    return [
        _Report(
            pod_of(one.labels),
            one.labels.get(names.version, ""),
            tuple(sorted((label, value) for label, value in one.labels.items() if label not in own)),
            clock - one.values[0],
        )
        for one in found
    ]


def _up(question: Question, slot: str) -> str:
    wanted = {"namespace": question.place.namespace, "predictor": question.spec.services.get(slot, "")}
    return f"up{{{','.join(f'{label}={quoted(value)}' for label, value in wanted.items())}}}"
