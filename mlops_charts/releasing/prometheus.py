"""Counts out of Prometheus, by its own clock.

The counters themselves are asked for, pod by pod, and what happened between two looks is taken here: `increase()` would
guess what lies beyond the first and the last sample, and errors are few. A window counts from the last sample at or
before its beginning; what appears later, a pod or a status, began at 0.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from time import time
from typing import Final

from mlops_charts.judge.counts import Counts, Window
from mlops_charts.releasing.business import business
from mlops_charts.releasing.counting import COUNTED_BY, NOT_PREDICTIONS, Counted, Key, counted, growth, names_of
from mlops_charts.releasing.metrics import MAX_SKEW_SECONDS, Question, Stretch, stretches, untimely, unusable
from mlops_charts.releasing.promql import Api, Found, Grid, grid, quoted
from mlops_charts.releasing.reading import Unread, plain
from mlops_charts.releasing.reporting import missing_pods, pod_of, watched

_PREDICTIONS_ALONE: Final = f'service!~"{"|".join(NOT_PREDICTIONS)}"'
_LEAD_SECONDS: Final = 300.0  # a pod may be unreachable for so long as the window begins
_SAMPLES: Final = 400_000  # about 12 MB of an answer
_SERIES: Final = 230  # of a pod that predicts as many classes as are told apart, about
_MOST_LOOKS: Final = 1000
_FEWEST_LOOKS: Final = 60


@dataclass(frozen=True)
class Prometheus:
    """A server that speaks Prometheus' HTTP API.

    Attributes:
        url: Its address.
        here: The clock of this machine, in seconds since 1970.
    """

    url: str
    here: Callable[[], float] = time

    def window(self, question: Question) -> Window:
        """Return the counts of both slots since the step of the release began."""
        name = f"Prometheus at {plain(self.url)}"
        try:
            api = Api(self.url)
            clock = api.clock()
            apart = clock - self.here()
            flaws = untimely(question, clock, f"the clock of {name}")
            if not abs(apart) <= MAX_SKEW_SECONDS:
                flaws.append(
                    f"the clock of {name} differs by {apart:+.0f} s from the one here; set the one that is wrong"
                )
            return unusable(question, question.now, flaws) if flaws else _window(api, question, clock, name)
        except Unread as error:
            return unusable(
                question, question.now, [f"{name} {error}; look at it, and at prometheus.url in platform.yaml"]
            )


def _window(api: Api, question: Question, clock: float, name: str) -> Window:
    over = stretches(question, clock)
    candidate = _measured(api, question, over.candidate)
    stable = _measured(api, question, over.stable)
    before = _measured(api, question, over.before)
    pods = [
        f"{slot} {flaw}"
        for slot in ((question.stable, question.candidate) if question.concurrent else (question.candidate,))
        for flaw in missing_pods(api, question, slot, clock)
    ]
    flaws = (*pods, *_told(question.stable, stable), *_told(question.candidate, candidate))
    return Window(
        begin=question.begin,
        end=clock,
        stable=stable.counts,
        candidate=candidate.counts,
        before=Counts() if before.flaws else before.counts,
        bounds=names_of(executor=question.policy.executor).bounds,
        flaws=tuple(f"{name}: {flaw}" for flaw in dict.fromkeys(flaws)),
        concurrent=question.concurrent,
    )


def _told(slot: str, one: Counted) -> Iterator[str]:
    return (f"{slot} {flaw}" for flaw in one.flaws)


def _measured(api: Api, question: Question, over: Stretch) -> Counted:
    if not over.version:
        return Counted(Counts(), ("holds no version, so that there is nothing to compare with; roll the release back",))
    looks = _grid(question, over)
    pods = _pods(api.ranged(_counters(question, over), looks))
    flaws = [*_no_numbers(pods), *_history(api, question, over, pods, looks)]
    if flaws:
        return Counted(Counts(), tuple(flaws))
    last = looks.looks - 1
    found = counted(
        (growth(pod, looks.begin, last) for pod in pods.values()),
        names_of(executor=question.policy.executor),
        question.metrics,
    )
    rates = business(api, question, over, looks)
    return Counted(replace(found.counts, business=rates.business), (*found.flaws, *rates.flaws))


def _grid(question: Question, over: Stretch) -> Grid:
    pods = max(1, question.pods.get(over.slot, 1))
    looks = min(_MOST_LOOKS, max(_FEWEST_LOOKS, _SAMPLES // (_SERIES * pods)))
    return grid(over.begin, over.end, lead=_LEAD_SECONDS, looks=looks)


def _counters(question: Question, over: Stretch) -> str:
    names = names_of(executor=question.policy.executor)
    wanted = {"namespace": question.place.namespace, names.model: question.spec.model}
    wanted |= {names.slot: over.slot, names.version: over.version}
    matchers = [f"{label}={quoted(value)}" for label, value in wanted.items()]
    matchers += [_PREDICTIONS_ALONE] if question.policy.executor else []
    return f'{{__name__=~"{"|".join(names.all)}",{",".join(matchers)}}}'


def _pods(found: list[Found]) -> dict[str, dict[Key, Mapping[int, float]]]:
    """Return the series of each pod; one that is scraped under two addresses is two."""
    pods: dict[str, dict[Key, Mapping[int, float]]] = {}
    for one in found:
        name, own, by = one.labels.get("__name__", ""), {}, []
        for label, value in sorted(one.labels.items()):
            if label in COUNTED_BY:
                by.append((label, value))
            elif label != "__name__":
                own[label] = value
        pods.setdefault(json.dumps(own), {})[name, tuple(by)] = one.values
    return pods


def _no_numbers(pods: Mapping[str, Mapping[Key, Mapping[int, float]]]) -> Iterator[str]:
    for labels, pod in pods.items():
        for (name, _), values in pod.items():
            wrong = next((value for value in values.values() if not 0 <= value < math.inf), None)
            if wrong is not None:
                yield f"exposes {name} {wrong:g} in {pod_of(json.loads(labels))}, which is no count; restart that pod"
                break


def _history(
    api: Api, question: Question, over: Stretch, pods: Mapping[str, Mapping[Key, Mapping[int, float]]], looks: Grid
) -> Iterator[str]:
    """Say where the old version was not watched from the beginning on: its counts would then be of its whole life."""
    if over.slot != question.stable or over.begin < question.begin:
        return
    known = any(min(values, default=looks.looks) <= looks.begin for pod in pods.values() for values in pod.values())
    if not known and not (question.policy.executor and watched(api, question, over.slot, over.begin)):
        yield (
            "is not known from the beginning of the step on, as if Prometheus had lost what it knew;"
            " pause and resume the release, so that its step begins anew"
        )
