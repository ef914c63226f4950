"""Counts from the servers themselves, kept from look to look in a journal: for a machine without Prometheus.

Each look adds to what is known of a server by how much its counters grew, so that a restart loses no more than what
happened since the look ahead of it. A window counts from the last look at or before its beginning, and where there was
none within a minute and a half, from the first look behind.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from mlops_charts.judge.counts import Counts, Window
from mlops_charts.release.state import SLOTS, SlotName
from mlops_charts.releasing.counting import (
    COUNTED_BY,
    NOT_PREDICTIONS,
    Counted,
    Key,
    counted,
    increase,
    known,
    names_of,
)
from mlops_charts.releasing.exposition import samples
from mlops_charts.releasing.journal import Journal, Look, Pod
from mlops_charts.releasing.metrics import MAX_AGE_SECONDS, Question, Stretch, stretches, untimely, unusable
from mlops_charts.releasing.reading import Unread, plain, read

_LIMIT: Final = 8 << 20
_SECONDS: Final = 5.0
_OK: Final = 200
_MOST_GONE: Final = 8  # servers that are remembered although nobody scrapes them any more


@dataclass(frozen=True)
class Scraping:
    """Servers whose metrics are read.

    Attributes:
        addresses: By slot, the addresses of the metrics of all its pods.
        journal: The folder that what was read is kept in; of this release alone, or of those ahead of it too.
    """

    addresses: Mapping[str, Sequence[str]]
    journal: Path

    def window(self, question: Question) -> Window:
        """Look at the servers, and return the counts of both slots since the step of the release began."""
        flaws = [*untimely(question, question.now, "the clock here"), *_unasked(question)]
        try:
            look, found = self._looked(question)
        except OSError as error:
            return unusable(question, question.now, [*flaws, _unkept(self.journal, error)])
        if flaws:
            return unusable(question, question.now, [*flaws, *found])
        over, journal = stretches(question, look.at), Journal(self.journal)
        try:
            stable, candidate, before = (
                _counted(journal, question, one) for one in (over.stable, over.candidate, over.before)
            )
        except OSError as error:
            return unusable(question, question.now, [_unkept(self.journal, error)])
        told = [f"{over.stable.slot} {flaw}" for flaw in stable.flaws]
        told += [f"{over.candidate.slot} {flaw}" for flaw in candidate.flaws]
        return Window(
            begin=question.begin,
            end=look.at,
            stable=stable.counts,
            candidate=candidate.counts,
            before=Counts() if before.flaws else before.counts,
            bounds=names_of(executor=question.policy.executor).bounds,
            flaws=tuple(dict.fromkeys([*found, *told])),
            concurrent=question.concurrent,
        )

    def note(self, question: Question) -> tuple[str, ...]:
        """Look at the servers, so that a later window has a beginning; return what is wrong with them."""
        try:
            return tuple(self._looked(question)[1])
        except OSError as error:
            return (_unkept(self.journal, error),)

    def _looked(self, question: Question) -> tuple[Look, list[str]]:
        """Look at all servers and keep what they say; OSError if it cannot be kept."""
        journal, now = Journal(self.journal), round(question.now, 3)
        times = journal.times()
        later = [at for at in times if at > now]
        journal.remove(later)
        last = journal.last(at for at in times if at <= now)
        seen, flaws = self._pods(question, now)
        flaws += _dropped(last, seen)
        look = Look(now, tuple(_continued(last, seen, now)))
        journal.write(look)
        begun = _beginning(journal.times(), question.begin)
        journal.thin(now, [now] if begun is None else [now, begun])
        if later:
            ahead = f"{later[-1] - now:.0f} s ahead of the clock here"
            flaws.append(f"{self.journal} had a look {ahead}, which is forgotten now; keep the clock from jumping")
        return look, flaws

    def _pods(self, question: Question, now: float) -> tuple[list[Pod], list[str]]:
        pods, flaws = [], []
        for slot in SLOTS:
            addresses, wanted = self.addresses.get(slot, ()), question.pods.get(slot, 0)
            judged = question.concurrent or slot == question.candidate
            if judged and len(addresses) < max(1, wanted):
                flaws.append(
                    f"{slot} has {wanted} available pods, and {len(addresses)} addresses to scrape; name them all"
                )
            for address in addresses:
                try:
                    pods.append(_pod(question, slot, address, now))
                except Unread as error:
                    flaws += [f"{slot}: {plain(address)} {error}"] if judged else []
        return pods, flaws


def _unkept(folder: Path, error: OSError) -> str:
    return f"{folder} cannot be written or read: {error.strerror}; it keeps what servers counted from look to look"


def _unasked(question: Question) -> Iterator[str]:
    for check in question.checks("business"):
        yield f"{check.title} asks Prometheus, and there is none; leave the check out, or name prometheus.url"


def _pod(question: Question, slot: SlotName, address: str, now: float) -> Pod:
    """Return what a server says; Unread if it is not what is wanted, or no count."""
    names, counters, versions = names_of(executor=question.policy.executor), {}, set()
    for name, labels, value in _samples(address, names.all):
        own = dict(labels)
        if own.get(names.model) != question.spec.model or own.get(names.slot) != slot:
            continue
        if own.get("service") in NOT_PREDICTIONS:
            continue
        if not 0 <= value < math.inf:
            raise Unread(f"exposes {name} {value:g}, which is no count; restart it")
        versions.add(own.get(names.version, ""))
        counters[name, tuple(one for one in labels if one[0] in COUNTED_BY)] = value
    if not counters and not question.policy.executor:
        raise Unread(f"exposes no {names.requests} of {question.spec.model} in {slot}; is that its address?")
    wrong = sorted(versions - {question.version(slot)})
    if wrong:
        raise Unread(f"reports version {wrong[0]}, not {question.version(slot)}; wait until that one runs")
    return Pod(address, slot, question.version(slot), counters, {}, now)


def _samples(address: str, names: Sequence[str]) -> list[tuple[str, tuple[tuple[str, str], ...], float]]:
    try:
        answer = read(address, limit=_LIMIT, seconds=_SECONDS)
    except Unread as error:
        raise Unread(f"{error}; look whether it runs") from None
    if answer.status != _OK:
        raise Unread(f"answers with HTTP status {answer.status}; is that the address of its metrics?")
    try:
        return [(one.name, one.labels, one.value) for one in samples(answer.body.decode(), names)]
    except ValueError:
        raise Unread("does not expose metrics in the text form of Prometheus; is that their address?") from None


def _dropped(last: Look | None, seen: Sequence[Pod]) -> Iterator[str]:
    for pod in seen:
        old = last.pod(pod.identity) if last else None
        gone = {name for name, _ in old.raw} - {name for name, _ in pod.raw} if old else set()
        if gone:
            yield f"{pod.slot}: {plain(pod.address)} exposes {min(gone)} no more; restart it"


def _continued(last: Look | None, seen: Sequence[Pod], now: float) -> Iterator[Pod]:
    """Yield the servers with what they did since they were first seen, those that are gone behind them."""
    watched = last is not None and now - last.at <= MAX_AGE_SECONDS
    for pod in seen:
        old = last.pod(pod.identity) if last else None
        # One that appears while the others were watched began at 0; of any other nobody knows since when it counts.
        grown = increase(old.raw if old else {}, pod.raw) if old or watched else {}
        before = old.total if old else {}
        total = {key: before.get(key, 0.0) + grown.get(key, 0.0) for key in (*before, *pod.raw)}
        yield replace(pod, raw=known(old.raw if old else {}, pod.raw), total=total)
    here = {pod.identity for pod in seen}
    gone = [pod for pod in (last.pods if last else ()) if pod.identity not in here]
    yield from sorted(gone, key=lambda pod: pod.at, reverse=True)[:_MOST_GONE]


def _beginning(times: Sequence[float], moment: float) -> float | None:
    """Return the look that a stretch is counted from or to; None without one."""
    ahead = [at for at in times if moment - MAX_AGE_SECONDS <= at <= moment]
    return ahead[-1] if ahead else next((at for at in times if at > moment), None)


def _counted(journal: Journal, question: Question, over: Stretch) -> Counted:
    if not over.version:
        return Counted(Counts(), ("holds no version, so that there is nothing to compare with; roll the release back",))
    first, last = (_look(journal, moment) for moment in (over.begin, over.end))
    if first is None or last is None:
        return Counted(Counts())
    pods = (pod for pod in last.pods if (pod.slot, pod.version) == (over.slot, over.version))
    return counted((_since(first, pod) for pod in pods), names_of(executor=question.policy.executor), question.metrics)


def _look(journal: Journal, moment: float) -> Look | None:
    times = journal.times()
    ahead = journal.last(at for at in times if moment - MAX_AGE_SECONDS <= at <= moment)
    return ahead or journal.first(at for at in times if at > moment)


def _since(look: Look, pod: Pod) -> dict[Key, float]:
    then = look.pod(pod.identity)
    return {key: value - (then.total.get(key, 0.0) if then else 0.0) for key, value in pod.total.items()}
