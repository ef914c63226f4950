"""What `run --bad` does: make a bad version of the one that serves, release it, and see it taken back."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, cast

from mlops_charts.contract import DONE, FAILED, REFUSED
from mlops_charts.errors import Mistake
from mlops_charts.local.page import write_page
from mlops_charts.local.records import Record, pasts, prune
from mlops_charts.local.release_story import Story
from mlops_charts.local.running import new_uid
from mlops_charts.local.summary import Summary, summary
from mlops_charts.release import Identity
from mlops_charts.release.start import flying_version
from mlops_charts.running import releases
from mlops_charts.running.asked import Asked, Listener
from mlops_charts.running.badness import Kind, release_bad
from mlops_charts.running.grounds import hindrance
from mlops_charts.running.preparing import Prepared
from mlops_charts.running.releases import Ground

_STEP: Final = "bad-version"


def run(ready: Prepared, asked: Asked, listener: Listener) -> Summary:
    """Release a bad version, and return what became of it; the exit status is 0 if it was rolled back.

    Raises:
        Mistake: No good version serves yet, or releases cannot be carried out here.
        KeyboardInterrupt: It was stopped.
    """
    ground, environment = ready.ground(), ready.environments[0]
    good = _good(ground, environment)
    folder, artifacts, known = ready.runs / new_uid(), ready.home / "artifacts", dict[str, Story]()
    listener.begins(ready.plan.model, [_STEP])
    began = time.monotonic()
    record = Record(folder, folder.name, datetime.now(UTC).isoformat(), {"git-commit": ready.commit}, listener.told)
    record.change(_STEP, status="Running", template="bad", pod=True)

    def keep(story: Story) -> None:
        known[story.environment] = story

    try:
        bad = release_bad(cast("Kind", asked.bad), ground.spec, good, ready.commit, ground.environ)
        result = {"version": bad.version, "madeOf": good.version, "does": bad.does}
        took = round(time.monotonic() - began, 3)
        record.change(_STEP, status="Succeeded", seconds=took, result=result, parameters={"run-id": bad.run_id})
        ears = releases.Ears(listener.say, listener.live, keep)
        stories = releases.release(ground, ready.environments, folder, ears, bad.does)
    except BaseException as error:
        record.stop(str(error) or "the run was stopped", time.monotonic() - began)
        past = record.end("Stopped", time.monotonic() - began)
        stopped = summary(ready.plan.model, past, artifacts)
        write_page(past, replace(stopped, releases=tuple(known.values())), artifacts)
        raise
    past = record.end("Succeeded", time.monotonic() - began)
    found = summary(ready.plan.model, past, artifacts)
    ended = _summary(found, bad.version, bad.run_id, stories)
    write_page(past, ended, artifacts)
    prune([past, *pasts(ready.runs)[1:]], artifacts)
    return ended


def _good(ground: Ground, environment: str) -> Identity:
    """Return the version that serves, of which a bad one can be made.

    Raises:
        Mistake: None serves, or another release is under way.
    """
    model, command = ground.plan.model, f"`mlops-charts run {Path(ground.plan.folder).as_posix()}`"
    if reason := hindrance(ground.whole):
        raise Mistake(f"a bad version of {model} cannot be released here: {reason}")
    state = ground.state(environment)
    if flying := flying_version(state):
        raise Mistake(f"the release of {model} {flying} is under way in {environment}; {command} goes on with it first")
    if state.stable == "none":
        raise Mistake(f"no version of {model} serves in {environment} yet, to compare a bad one with; first {command}")
    slot = state.slot(state.stable)
    return Identity.model_validate(slot.model_dump(include=set(Identity.model_fields)))


def _summary(found: Summary, version: str, run_id: str, stories: tuple[Story, ...]) -> Summary:
    """Return what came of it: that it was taken back is what should be."""
    outcome = stories[-1].outcome
    status = {"rolledBack": DONE, "settled": REFUSED, "superseded": REFUSED}.get(outcome, FAILED)
    return replace(
        found,
        version=version,
        run_id=run_id,
        action="bad",
        reason=f"{version} was made bad on purpose: it {stories[-1].bad}",
        status="Failed" if status else "Succeeded",
        exit_status=status,
        releases=stories,
    )
