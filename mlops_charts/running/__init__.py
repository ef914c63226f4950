"""What `run` does: run the pipeline of a model here as it was rendered, and release what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from mlops_charts.contract import DONE, FAILED, REFUSED
from mlops_charts.local.engine import Part
from mlops_charts.local.flow import Flow, read_flow
from mlops_charts.local.page import write_page
from mlops_charts.local.part import part_of
from mlops_charts.local.records import Past, pasts, prune, read_past
from mlops_charts.local.release_story import Outcome, Story
from mlops_charts.local.running import Ears, new_uid, run_flow
from mlops_charts.local.setting import Setting
from mlops_charts.local.summary import Summary, summary
from mlops_charts.running import bad_run, releases
from mlops_charts.running.asked import Asked, Listener
from mlops_charts.running.preparing import Prepared, prepared, setting_of

_STATUSES: Final[Mapping[Outcome, int]] = {"rolledBack": REFUSED, "failed": FAILED}


def run(asked: Asked, listener: Listener, environ: Mapping[str, str] | None = None) -> Summary:
    """Run the pipeline of a model here, release what came of it, and return what became of all that.

    Args:
        asked: What was asked.
        listener: Who hears what happens.
        environ: The user's environment; that of this process if left out.

    Raises:
        InvalidSpec: The files have errors.
        NotFound: There is no such model or environment, or there are several models.
        MissingTool: Helm is not here.
        Mistake: No such step, a variable that stands for a Secret is missing, a field that a local run refuses.
        KeyboardInterrupt: It was stopped.
    """
    ready = prepared(asked, listener, environ)
    if asked.bad:
        return bad_run.run(ready, asked, listener)
    flow = read_flow(ready.objects, {"trigger": asked.trigger, "git-commit": ready.commit})
    earlier = pasts(ready.runs)
    part = part_of(flow, earlier, ready.home / "artifacts", asked.first, asked.last)
    _tell_of_other_code(part, earlier, flow, listener)
    setting = setting_of(ready.plan, ready.home, ready.runs / new_uid(), asked, ready.environ)
    listener.begins(ready.plan.model, [task["name"] for task in flow.tasks])
    try:
        past = run_flow(flow, setting, part, Ears(listener.told, listener.say))
    except KeyboardInterrupt:
        stopped = read_past(setting.folder)
        if stopped is not None:
            _written(stopped, summary(ready.plan.model, stopped, setting.artifacts, earlier), setting)
        raise
    found = summary(ready.plan.model, past, setting.artifacts, earlier)
    _written(past, found, setting)
    if found.exit_status == DONE and asked.release and not asked.last:
        found = _released(ready, past, found, setting, listener)
    prune([past, *earlier], setting.artifacts)
    return found


def _released(ready: Prepared, past: Past, found: Summary, setting: Setting, listener: Listener) -> Summary:
    """Carry out the releases that are under way, and return the summary with what became of them."""
    known: dict[str, Story] = {}

    def keep(story: Story) -> None:
        known[story.environment] = story

    ears = releases.Ears(listener.say, listener.live, keep)
    try:
        stories = releases.release(ready.ground(), ready.environments, setting.folder, ears)
    except BaseException:
        _written(past, replace(found, releases=tuple(known.values())), setting)
        raise
    status = max((_STATUSES.get(story.outcome, DONE) for story in stories), default=DONE)
    took = round(found.seconds + sum(story.seconds for story in stories), 1)
    words = "Failed" if status else found.status
    ended = replace(found, releases=stories, exit_status=status, status=words, seconds=took)
    _written(past, ended, setting)
    return ended


def _written(past: Past, found: Summary, setting: Setting) -> Path:
    return write_page(past, found, setting.artifacts)


def _tell_of_other_code(part: Part, earlier: Sequence[Past], flow: Flow, listener: Listener) -> None:
    """Say so where what is taken over was made by other code than that of this run."""
    for past in earlier:
        if past.uid == part.uid and past.parameters.get("code-digest") != flow.parameters.get("code-digest"):
            files = "model.yaml counts as it is now, the model's other files as they were then"
            listener.say(f"what is taken over from the run {past.uid} is of other code than this run: {files}")


__all__ = ["Asked", "Listener", "run"]
