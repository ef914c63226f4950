"""One release, from commit to commit until it is over: git's newest state runs here, and the judge is called."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from mlops_charts.local.cluster import LocalCluster
from mlops_charts.local.release_story import Look, Move, Outcome, Second, Story, write_story
from mlops_charts.local.releases import history, newest, text_at
from mlops_charts.local.replay import Traffic, replay_command
from mlops_charts.release import ReleaseState
from mlops_charts.release.start import flying_version, is_rejected, stable_version
from mlops_charts.release.state import SLOTS
from mlops_charts.release_file import state_in
from mlops_charts.running.calm import Calm
from mlops_charts.running.grounds import RATE
from mlops_charts.running.judging import Job, Running, Ticked, job_of
from mlops_charts.running.serving import Manifest, ServingChart
from mlops_charts.running.telling import awaited, moved
from mlops_charts.running.traffic import Requests, seconds

_LOOK: Final = 0.1  # seconds between two looks at git
_TICK: Final = 1.0  # seconds from one tick to the next
_PATIENT: Final = 4.0  # the same while what was committed does not run yet
_TOLD: Final = 0.5  # seconds between two lines about what is going on
_FAILURES: Final = 15  # ticks in a row after which nobody waits any longer
_EXPERIMENT: Final = 0.5  # share of the users of an abTest who meet the new version


@dataclass(frozen=True)
class Ears:
    """Who hears of releases.

    Attributes:
        say: A line for each event.
        live: What is going on right now, in a line that the next one replaces; empty for nothing.
        keep: Of a story whenever there is more of it.
    """

    say: Callable[[str], None]
    live: Callable[[str], None]
    keep: Callable[[Story], None]


@dataclass
class Following:
    """A release that is followed.

    Attributes:
        repository: The bare repository of releases.
        branch: The branch of the release files.
        path: The release file, from the top of the repository.
        chart: The serving chart of the environment.
        cluster: What stands for a cluster.
    """

    repository: Path
    branch: str
    path: str
    chart: ServingChart
    cluster: LocalCluster
    _commit: str = ""
    _state: ReleaseState = field(default_factory=ReleaseState)
    _objects: Sequence[Manifest] = ()
    _exposed: float | None = None
    _job: Job | None = None
    _tick: Running | None = None
    _judged: ReleaseState = field(default_factory=ReleaseState)
    _begun: float = 0.0
    _told: float = 0.0
    _failed: int = 0
    _records: Path = Path()
    _calm: Calm | None = None
    _replaying: bool = False

    def until_over(
        self, story: Story, requests: Requests, environ: Mapping[str, str], folder: Path, ears: Ears
    ) -> Story:
        """Follow the release until it is over, and return what happened.

        Args:
            story: Whose release it is.
            requests: What users ask.
            environ: What every process gets.
            folder: The folder of the run.
            ears: Who hears of it.

        Raises:
            KeyboardInterrupt: It was stopped; all of it so far was told.
        """
        self._calm = Calm(self.cluster, story.environment)
        self._records = folder / f"traffic-{story.environment}.jsonl"
        try:
            while not (outcome := self._outcome(story)):
                story = self._follow(story, environ, ears)
                self._replay(requests, environ, folder)
                story = self._judge(story, ears)
                self._tell(story, ears)
                time.sleep(_LOOK)
            return self._ended(story, *outcome)
        except KeyboardInterrupt:
            stopped = self._ended(story, "stopped", f"while {self._state.phase}; the next run goes on from there")
            write_story(folder, stopped)
            ears.keep(stopped)
            raise

    def _outcome(self, story: Story) -> tuple[Outcome, str] | None:
        """Return what became of the release, once it is over."""
        state, version = self._state, story.version
        flying = flying_version(state)
        if self._failed >= _FAILURES:
            return "failed", f"the judge failed {self._failed} times in a row: {story.looks[-1].message}"
        if not self._commit or flying == version:
            return None
        if flying:
            return "superseded", f"by {flying}"
        if stable_version(state) == version:
            return "settled", ""
        rejected = [one for one in state.rejected if one.get("version") == version]
        return ("rolledBack", str(rejected[-1].get("reason", ""))) if rejected else ("superseded", "by a person")

    def _follow(self, story: Story, environ: Mapping[str, str], ears: Ears) -> Story:
        """Run what git says by now."""
        commit = newest(self.repository, self.branch)
        if commit == self._commit:
            return story
        since, self._commit = self._commit, commit
        new = history(self.repository, commit, self.path, since)
        if since and not new:
            return story
        text = text_at(self.repository, commit, self.path)
        self._state = state_in(text, self.path)
        self._objects = self.chart.objects(text)
        self.cluster.apply(self._objects)
        self._job = self._job_of(environ)
        self._begun = 0.0
        moves = [self._move(one.commit, one.at, one.subject, one.trailers) for one in new]
        moves = [move for move in moves if move.began >= self._state.started_at or since]
        for move in moves if since else moves[-1:]:
            ears.say(moved(move))
        if self._exposed is None and any(_meets(move, story.version) for move in moves):
            self._exposed = time.time()
        if self._exposed and story.caught is None and is_rejected(self._state, story.version, "-", "-"):
            story = replace(story, caught=round(time.time() - self._exposed, 2))
        story = replace(story, moves=(*story.moves, *moves))
        ears.keep(story)
        return story

    def _move(self, commit: str, at: float, subject: str, trailers: Mapping[str, str]) -> Move:
        state = state_in(text_at(self.repository, commit, self.path), self.path)
        slots = [state.slot(name) for name in SLOTS]
        shadow = next((slot.version for slot in slots if slot.mirrored or slot.matched), "")
        weights = {slot.version: slot.weight for slot in slots if slot.routed}
        began = state.started_at
        return Move(time.time(), at, commit, subject, trailers, state.phase, state.step, weights, shadow, began)

    def _job_of(self, environ: Mapping[str, str]) -> Job | None:
        for name, cron_job in self.cluster.cron_jobs.items():
            if name.endswith("-judge") and not cron_job["spec"].get("suspend"):
                folder = self.chart.folder.with_name("judge")
                folder.mkdir(exist_ok=True)
                return job_of(cron_job, self._objects, self.cluster.here, environ, folder)
        return None

    def _replay(self, requests: Requests, environ: Mapping[str, str], folder: Path) -> None:
        """Let users ask, from the moment on that there is a route and somebody behind it."""
        routes = [one for one in self._objects if one.get("kind") == "HTTPRoute"]
        state = self._state
        routed = next((name for name in SLOTS if state.slot(name).routed), "")
        ready = any(pod.slot == routed and pod.ready for pod in self.cluster.states())
        if self._replaying or not routes or not ready:
            return
        slot = state.slot("green" if routed == "green" else "blue")
        traffic = Traffic(
            gateway=self.cluster.gateway,
            host=str(routes[0]["spec"]["hostnames"][0]),
            path=requests.path,
            bodies=requests.file(slot.run_id),
            records=self._records,
            rate=RATE,
            header=f"{state.match.header}={state.match.value}" if state.match.header else "",
            share=_EXPERIMENT if state.match.header else 0.0,
        )
        log = folder / "replay.log"
        self.cluster.family.start(replay_command(traffic), environment=environ, folder=folder, output=log, log=log)
        self._replaying = True

    def _judge(self, story: Story, ears: Ears) -> Story:
        """Start the judge's job where it is time, and take in what it said."""
        if self._tick is not None:
            ticked = self._tick.result()
            if ticked is None:
                return story
            self._tick = None
            return self._looked(story, ticked, ears)
        pause = _TICK if self.cluster.settled() else _PATIENT
        if self._job is None or self._calm is None:
            return story
        if not self._calm.over(self._state, self._job.spec, replaying=self._replaying):
            return story
        if time.monotonic() - self._begun >= pause:
            self._begun = time.monotonic()
            self._judged = self._state
            self._tick = self._job.start(self.cluster.family)
        return story

    def _looked(self, story: Story, ticked: Ticked, ears: Ears) -> Story:
        if ticked.status and (not story.looks or story.looks[-1].message != ticked.message):
            ears.say(f"the judge failed: {ticked.message}")
        self._failed = self._failed + 1 if ticked.status else 0
        state = self._judged
        look = Look(
            time.time(),
            "failed" if ticked.status else ticked.outcome,
            ticked.message,
            state.phase,
            state.step,
            ticked.decision,
            ticked.reason,
            ticked.checks,
        )
        story = replace(story, looks=(*story.looks, look))
        ears.keep(story)
        return story

    def _tell(self, story: Story, ears: Ears) -> None:
        now = time.monotonic()
        if now - self._told >= _TOLD:
            self._told = now
            ears.live(awaited(self._state, story, self._traffic()))

    def _traffic(self) -> tuple[Second, ...]:
        return seconds(self._records)

    def _ended(self, story: Story, outcome: Outcome, reason: str) -> Story:
        took = round(time.time() - story.began, 1)
        return replace(story, outcome=outcome, reason=reason, seconds=took, traffic=self._traffic())


def _meets(move: Move, version: str) -> bool:
    """Return whether users met a version, or a copy of their requests did."""
    return bool(move.weights.get(version)) or move.shadow == version
