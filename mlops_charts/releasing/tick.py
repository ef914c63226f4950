"""One look at a release, and one step of it at most: what the judge's CronJob does every minute.

It has no memory: git has the state, MLflow the evidence, metrics the counts. So a tick may be killed at any point, left
out, or run twice at once; whatever it does ahead of the commit can be done again, and the commit is made only on the
very state that was looked at.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from mlops_charts.judge.counts import Window
from mlops_charts.judge.verdict import Verdict
from mlops_charts.log import log
from mlops_charts.release import Identity, ReleaseState
from mlops_charts.release.deciding import Judged, Observed, Wait, frozen_until, next_event
from mlops_charts.release.events import Advance, Ready, Regress, Settle
from mlops_charts.release.events import Seen as Event
from mlops_charts.release.machine import transition
from mlops_charts.release.moves import pair, policy_in, written
from mlops_charts.release.phases import RESTING
from mlops_charts.release.policy import Policy
from mlops_charts.release.repository import Commit, fetched, write
from mlops_charts.release.start import identity_in
from mlops_charts.release_file import sound_state
from mlops_charts.releasing.api_server import ApiServer, api_server_of_pod
from mlops_charts.releasing.asked import Asked, Ticked
from mlops_charts.releasing.cluster import Seen, look
from mlops_charts.releasing.commits import commit_of, described, event_name, moved
from mlops_charts.releasing.evidence import digest, enclosed, record
from mlops_charts.releasing.handing_over import frozen_seconds, hand_over
from mlops_charts.releasing.metrics import Question, Source
from mlops_charts.releasing.recording import conclude, keep
from mlops_charts.steps.call import Unavailable

if TYPE_CHECKING:
    from mlops_charts.releasing.scraping import Scraping

__all__ = ["Asked", "Ticked", "tick"]

_JUDGED: Final = frozenset({"canary", "shadow", "abTest", "promoting", "baking"})


def tick(asked: Asked) -> Ticked:
    """Look at a release once, and move it by one step at most.

    Raises:
        Mistake: The release file is missing or damaged.
        RepositoryError: Git cannot be reached, or refuses the push.
        NoCluster: The API server cannot be asked.
        Unavailable: MLflow cannot be reached, and something was to be written down: nothing has moved then. It holds no
            rollback up.
    """
    with fetched(asked.remote) as branch:
        text = branch.text(asked.path)
    state = sound_state(text, asked.path, asked.spec)
    if state.phase in RESTING:
        found = Ticked("resting", f"no release is in flight in {asked.place.name}", asked.place.name, state)
    else:
        found = _Tick(asked, text or "", state, datetime.now(UTC)).done()
    log(found.message, **{name: text for name, text in found.told().items() if name not in {"message", "event"}})
    return found


@dataclass(frozen=True)
class _Measured:
    window: Window
    verdict: Verdict

    @property
    def judged(self) -> Judged:
        failed = any(check.finding == "fail" for check in self.verdict.checks)
        no_data = self.verdict.decision == "rollback" and not failed
        return Judged(self.verdict.decision, self.verdict.reason, no_data=no_data)


@dataclass(frozen=True)
class _Tick:
    """One tick on one state.

    Attributes:
        asked: What it is told.
        text: The release file.
        state: The state in it.
        now: The time.
    """

    asked: Asked
    text: str
    state: ReleaseState
    now: datetime

    def done(self) -> Ticked:
        seen = look(self._api(), self.asked.spec, self.asked.place, self.state)
        measured = self._measured(seen)
        if measured is None:
            self._noted(seen)
        event = self._event(self._observed(seen, measured))
        if isinstance(event, Wait):
            return self._held(event.reason, measured)
        data = b""
        if isinstance(event, Advance | Regress):
            data = self._record(event, measured, seen)
            event = replace(event, evidence=digest(data))
        found = transition(self.state, event, ingress=self.asked.spec.ingress, at=self.at)
        if found.outcome != "moved":
            return self._held(found.why, measured)
        carried = self._write_down(event, data, measured)
        return self._committed(event, found.state, measured, carried)

    @property
    def at(self) -> str:
        return written(self.now)

    @property
    def version(self) -> Identity:
        """The version in flight."""
        return identity_in(self.state, pair(self.state).new)

    def _api(self) -> ApiServer:
        here = self.asked.here.api_server
        return ApiServer(here.rstrip("/")) if here else api_server_of_pod(self.asked.environ)

    def _observed(self, seen: Seen, measured: _Measured | None) -> Observed:
        """Return what was seen, as if what is only done ahead of an event had been done: `_event` does it then."""
        place = self.asked.place
        old = pair(self.state).old if self.state.stable == "none" else self.state.stable
        return Observed(
            running=seen.running,
            why=seen.why,
            verdict=measured.judged if measured else None,
            min_replicas=max(1, seen.pods.get(old, 1)) if place.autoscaled else 1,
            handed_over=True,
            frozen_seconds=frozen_seconds(place, self.state.started_at, self.now),
        )

    def _event(self, observed: Observed) -> Event | Wait:
        """Return what is next. Smoke test and handing over are done only where they alone are left to do."""
        event = self._next(observed)
        if isinstance(event, Ready) and self.state.phase == "warming":
            return self._next(self._smoked(observed))
        if isinstance(event, Settle):
            asked = self.asked
            if waits := hand_over(asked.spec, asked.place, self.state, asked.remote, self.now):
                found = self._next(replace(observed, handed_over=False))
                return Wait(waits) if isinstance(found, Wait) else found
        return event

    def _next(self, observed: Observed) -> Event | Wait:
        frozen = bool(frozen_until(self.asked.place.freeze, self.now))
        return next_event(self.state, observed, self.now.timestamp(), frozen)

    def _smoked(self, observed: Observed) -> Observed:
        from mlops_charts.releasing.smoking import smoked  # noqa: PLC0415 - only while warming

        asked, slot = self.asked, pair(self.state).new
        address = asked.here.services.get(slot) or self._service(slot)
        found = smoked(asked.spec, self.version, address, asked.registry)
        if found.unanswered:
            return replace(observed, running=False, why=found.unanswered)
        return replace(observed, smoke=found.differs or None)

    def _service(self, slot: str) -> str:
        spec, namespace = self.asked.spec, self.asked.place.namespace
        return f"http://{spec.services[slot]}.{namespace}:{spec.service_port}"

    def _measured(self, seen: Seen) -> _Measured | None:
        """Return the counts and the verdict on them; None in phases in which nothing is judged."""
        policy = policy_in(self.state)
        if policy is None or self.state.phase not in _JUDGED or not pair(self.state).rival:
            return None
        from mlops_charts.judge.judging import judge  # noqa: PLC0415 - only where something is judged

        window = self._source().window(self._question(policy, seen))
        return _Measured(window, judge(policy, window))

    def _noted(self, seen: Seen) -> None:
        """Look at servers that are scraped also where nothing is judged, so that a later window has a beginning."""
        policy, scraped = policy_in(self.state), self._scraped()
        if scraped and policy:
            scraped.note(self._question(policy, seen))

    def _question(self, policy: Policy, seen: Seen) -> Question:
        asked = self.asked
        return Question(asked.spec, asked.place, self.state, policy, seen.pods, self.now.timestamp())

    def _source(self) -> Source:
        if scraped := self._scraped():
            return scraped
        from mlops_charts.releasing.prometheus import Prometheus  # noqa: PLC0415 - only where something is judged

        return Prometheus(self.asked.spec.prometheus)

    def _scraped(self) -> Scraping | None:
        here = self.asked.here
        if not here.metrics or here.journal is None:
            return None
        from mlops_charts.releasing.scraping import Scraping  # noqa: PLC0415 - on this machine alone

        return Scraping(here.metrics, here.journal)

    def _record(self, event: Advance | Regress, measured: _Measured | None, seen: Seen) -> bytes:
        policy = policy_in(self.state)
        assert policy is not None  # noqa: S101 - without one nothing is decided
        window, verdict = (measured.window, measured.verdict) if measured else (None, None)
        asked = self.asked
        return record(
            asked.spec, asked.place, self.state, policy, window, verdict, self.at, event=event, pods=seen.pods
        )

    def _write_down(self, event: Event, data: bytes, measured: _Measured | None) -> str:
        """Do ahead of the commit what the commit says has been done; who is killed here does it again.

        A version that is worse waits for nobody: where MLflow cannot take the record of its evidence, the commit
        carries it. Return what it carries.
        """
        asked = self.asked
        if data:
            verdict = measured.verdict if measured else None
            try:
                keep(asked.registry, self.version.run_id, asked.place.name, data, verdict)
            except Unavailable as error:
                if not isinstance(event, Regress):
                    raise
                log("the commit carries the evidence, because MLflow cannot take it", error=str(error))
                return enclosed(data)
        if isinstance(event, Settle):
            conclude(asked.registry, asked.spec, asked.place, self.state, self.at)
        return ""

    def _committed(self, event: Event, after: ReleaseState, measured: _Measured | None, carried: str) -> Ticked:
        asked, here = self.asked, self.asked.place.name
        judged = isinstance(event, Advance | Regress)
        verdict = measured.verdict if measured and judged else None
        body = verdict.reason if verdict and isinstance(event, Advance) else ""
        told = "" if verdict is None else "advance" if isinstance(event, Advance) else "rollback"
        commit = commit_of(asked.spec.model, here, event, self.state, after, verdict=told, body=body, carried=carried)

        def change(text: str | None) -> Commit | None:
            return commit if text == self.text else None

        done = write(asked.remote, asked.path, change)
        if not done.changed:
            message = "somebody else has moved the release meanwhile; the next tick decides anew"
            return Ticked("overtaken", message, here, self.state)
        reason = getattr(event, "reason", "") or body
        message = f"{asked.spec.model} {self.version.version} in {here}: {moved(self.state, after)}"
        return Ticked(
            "moved",
            f"{message}: {reason}" if reason else message,
            here,
            after,
            event=event_name(event),
            version=self.version.version,
            evidence=getattr(event, "evidence", ""),
            commit=done.commit,
            verdict=measured.verdict if measured else None,
        )

    def _held(self, reason: str, measured: _Measured | None) -> Ticked:
        title = f"{self.asked.spec.model} {self.version.version} in {self.asked.place.name}"
        message = f"{title}: {described(self.state)}: {reason}"
        verdict = measured.verdict if measured else None
        return Ticked("held", message, self.asked.place.name, self.state, version=self.version.version, verdict=verdict)
