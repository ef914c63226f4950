"""Releases on this machine: what stands for Argo CD and for the controller of CronJobs, until a version has settled.

At each commit of a release file the serving chart is rendered with the real Helm and handed to what stands for a
cluster, and about once a second the command of the judge's CronJob runs. Nothing here decides what becomes of a
release: that is the judge's, and git has it, so that whoever is stopped goes on from there.
"""

from __future__ import annotations

import fcntl
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mlops_charts.assemble import Rendering
from mlops_charts.local.cluster import LocalCluster
from mlops_charts.local.gateway import NoEnvoy
from mlops_charts.local.predictors import Image, Predictor
from mlops_charts.local.release_story import Story, write_story
from mlops_charts.local.releases import NAME, newest, text_at
from mlops_charts.planning import Plan
from mlops_charts.release import ReleaseState
from mlops_charts.release.start import flying_version, stable_version
from mlops_charts.release_file import state_in
from mlops_charts.running.following import Ears, Following
from mlops_charts.running.grounds import hindrance, left_out
from mlops_charts.running.images import Shelf, identity_in
from mlops_charts.running.serving import serving_chart
from mlops_charts.running.traffic import Requests
from mlops_charts.steps.asked import RunSpec

_LOOK: Final = 0.2  # seconds between two tries to get the lock


@dataclass(frozen=True)
class Ground:
    """What releases of a model have of this machine.

    Attributes:
        rendering: What is rendered, with the services and the policy of this machine.
        whole: The plan as it is for the cluster.
        spec: The run's spec, of `rendering`.
        spec_text: The same as it stands in the ConfigMap.
        source: The model's folder.
        own: The folder of the serving chart in the repository.
        home: The folder .mlops-charts.
        environ: What every process gets.
        requirements: The requirements.txt of the environment image; None without one.
    """

    rendering: Rendering
    whole: Plan
    spec: RunSpec
    spec_text: str
    source: Path
    own: Path
    home: Path
    environ: Mapping[str, str]
    requirements: Path | None

    @property
    def plan(self) -> Plan:
        """The plan for this machine."""
        return self.rendering.plan

    @property
    def repository(self) -> Path:
        """The bare repository of releases."""
        return self.home / NAME

    @property
    def branch(self) -> str:
        """The branch of the release files."""
        git = self.plan.platform.git
        return git.release_branch or git.branch

    def path(self, environment: str) -> str:
        """Return the path of an environment's release file, from the top of the repository."""
        place = Path(self.plan.platform.git.path, "charts", self.plan.model, "serving", f"release-{environment}.yaml")
        return place.as_posix()

    def state(self, environment: str) -> ReleaseState:
        """Return the state of an environment as git has it."""
        path = self.path(environment)
        return state_in(text_at(self.repository, newest(self.repository, self.branch), path), path)


def release(ground: Ground, environments: Sequence[str], folder: Path, ears: Ears, bad: str = "") -> tuple[Story, ...]:
    """Carry out the releases that git says are under way, one environment after the other.

    Args:
        ground: What there is.
        environments: Where, in the order of promotion.
        folder: The folder of the run, which gets the stories.
        ears: Who hears of it.
        bad: What the version was made to do wrong; empty for a good one.

    Returns:
        What became of each; it ends with the first environment that does not let the version through.
    """
    stories: list[Story] = []
    reason = hindrance(ground.whole)
    if reason:
        return (_left_out(ground, environments[0], reason),)
    with _alone(ground, ears.say), _ended_by_request():
        for environment in environments:
            story = _released(ground, environment, folder, ears, bad)
            write_story(folder, story)
            ears.keep(story)
            ears.live("")
            stories.append(story)
            if story.outcome not in {"settled", "unchanged"}:
                break
    return tuple(stories)


def _left_out(ground: Ground, environment: str, reason: str) -> Story:
    state = ground.state(environment)
    version = flying_version(state) or stable_version(state)
    return Story(ground.plan.model, environment, version, outcome="leftOut", reason=reason)


def _released(ground: Ground, environment: str, folder: Path, ears: Ears, bad: str) -> Story:
    state = ground.state(environment)
    version, serves = flying_version(state), stable_version(state)
    if not version:
        reason = f"{serves} serves in {environment} already" if serves else f"nothing has come to {environment}"
        return Story(ground.plan.model, environment, serves, outcome="unchanged", reason=reason)
    rival = "" if serves == version else serves
    ears.say(f"releasing {version} in {environment}{f' beside {rival}' if rival else ''}")
    story = Story(
        ground.plan.model,
        environment,
        version,
        rival,
        began=time.time(),
        strategy=str(state.policy.get("strategy", "")),
        bad=bad,
        left_out=left_out(ground.whole, environment),
    )
    home = ground.home / "releases" / ground.plan.model
    chart = serving_chart(ground.rendering, environment, ground.own, home / environment / "chart")
    shelf = Shelf(ground.spec, home / "models", ground.environ, ground.requirements, ground.home / "cache", ears.say)
    requests = Requests(ground.spec, ground.spec_text, ground.source, shelf, home / "requests", ground.environ)
    log = folder / f"cluster-{environment}.log"

    def images(predictor: Predictor) -> Image:
        return shelf.image(identity_in(ground.state(environment), predictor))

    def told(line: str) -> None:
        with log.open("a", encoding="utf-8") as file:
            file.write(f"{time.time():.3f} {line}\n")

    try:
        with LocalCluster(
            home / environment,
            images,
            namespace=chart.namespace,
            repository=ground.repository,
            environ=ground.environ,
            told=told,
        ) as cluster:
            following = Following(ground.repository, ground.branch, ground.path(environment), chart, cluster)
            return following.until_over(story, requests, ground.environ, folder, ears)
    except NoEnvoy as error:
        return _left_out(ground, environment, str(error))


@contextmanager
def _alone(ground: Ground, say: Callable[[str], None]) -> Iterator[None]:
    """Let nobody else release this model meanwhile."""
    place = ground.home / "locks" / f"releases-{ground.plan.model}.lock"
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("a") as lock:
        told = False
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if not told:
                    say(f"waiting: another run releases {ground.plan.model}")
                told = True
                time.sleep(_LOOK)
        yield


@contextmanager
def _ended_by_request() -> Iterator[None]:
    """Let the request to end be what Ctrl-C is, so that nothing is left behind."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


__all__ = ["Ears", "Ground", "release"]
