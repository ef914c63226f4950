"""Whether the story of a model holds: each commit against the rules of releases, and against its evidence.

Who may push can write a whole story that holds in itself; signed commits are git's answer to that. What is found here
is whatever was changed afterwards: a state, a commit that is gone, a trailer, a record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from mlops_charts import contract
from mlops_charts.errors import MlopsChartsError
from mlops_charts.history.evidence import flaws_of_record
from mlops_charts.history.replay import leading
from mlops_charts.history.story import Event
from mlops_charts.release import nothing_released, problems_of
from mlops_charts.release.asked import ReleaseSpec
from mlops_charts.release.moves import seconds_between
from mlops_charts.releasing import commits

Read = Callable[[str, str, str], bytes | None]  # the record of a run, an environment and a digest; None if it is gone
_APART: Final = 900.0  # seconds from a decision to its commit, rivals and silent servers included
_JUDGED: Final = frozenset({"advance", "regress"})


@dataclass(frozen=True)
class Finding:
    """What does not hold, or could not be checked.

    Attributes:
        commit: The commit; empty for all of them.
        environment: Its environment.
        message: What it is.
    """

    commit: str
    environment: str
    message: str


@dataclass(frozen=True)
class Verified:
    """What came of holding a story against rules and evidence.

    Attributes:
        commits: How many commits were looked at.
        records: How many records were held against theirs, and judged once more.
        wrong: What does not hold.
        unchecked: What could not be checked.
    """

    commits: int
    records: int
    wrong: tuple[Finding, ...]
    unchecked: tuple[Finding, ...]

    def status(self, *, require_all: bool) -> int:
        """Return the exit status."""
        if self.wrong or (self.unchecked and require_all):
            return contract.REFUSED
        return contract.FAILED if self.unchecked else contract.DONE


def verify(spec: ReleaseSpec, events: Sequence[Event], read: Read) -> Verified:
    """Return what does not hold in the story of a model.

    Args:
        spec: The model.
        events: Its story, of all that the branch has.
        read: Returns the record of a run, an environment and a digest; None if it is gone. It raises MlopsChartsError
            where it cannot say.
    """
    wrong = [Finding(one.commit, one.environment, text) for one in events for text in _of_commit(spec, one)]
    unchecked: list[Finding] = []
    records = 0
    for event in events:
        if not event.evidence:
            continue
        try:
            found = _of_record(event, read)
        except MlopsChartsError as error:
            unchecked.append(Finding(event.commit, event.environment, str(error)))
            continue
        records += 1
        wrong += [Finding(event.commit, event.environment, text) for text in found]
    order = {event.commit: number for number, event in enumerate(events)}
    return Verified(len(events), records, tuple(sorted(wrong, key=lambda one: order[one.commit])), tuple(unchecked))


def _of_commit(spec: ReleaseSpec, event: Event) -> Iterator[str]:
    if event.after is None:
        yield event.flaw
        return
    if flaws := problems_of(event.after, spec.ingress):
        yield f"{flaws[0].key}: {flaws[0].message}"
    others = [path for path in event.touched if path != event.path]
    if event.before is None:
        if event.after != nothing_released():
            yield f"the release file begins with {commits.described(event.after)}, and not before the first release"
        return
    if others:
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        yield f"it touches {others[0]}{more} beside the release file"
    yield from _of_transition(spec, event)


def _of_transition(spec: ReleaseSpec, event: Event) -> Iterator[str]:
    if event.before is None or event.after is None:
        return
    if event.before == event.after:
        if event.event:
            yield f"it says {event.event}, and nothing changes: the commit before it is gone, or another one"
        return  # a comment of the file
    states = event.before, event.after
    found = leading(*states, spec.ingress, event.at, claimed=event.event, evidence=event.evidence)
    moved = commits.moved(event.before, event.after)
    if found is None:
        yield f"no event leads here: {moved}; it was edited by hand, or a commit before it is gone"
        return
    name = commits.event_name(found)
    if not event.event:
        if event.evidence or event.verdict:
            yield "it names evidence, and not what has happened"
        elif name in _JUDGED:
            yield f"{moved}: only the judge does that, and it is without evidence; it was edited by hand"
        yield from _of_time(event)
        return
    if name != event.event:
        yield f"it says {event.event}, and what changes is {name}: {moved}"
        return
    yield from _of_time(event)
    if not event.subject.endswith(f": {moved}"):
        yield f"its first line does not say what changes, {moved}: the commit before it is gone, or another one"
    yield from _of_trailers(spec, event, commits.version_of(found, event.before, event.after))


def _of_time(event: Event) -> Iterator[str]:
    """Yield where the state names another time than the commit; both are of one clock, minutes apart at most."""
    if event.before is None or event.after is None:
        return
    said = event.after.step_started_at
    if said and said != event.before.step_started_at and abs(seconds_between(said, event.at)) > _APART:
        yield f"its state says that it happened at {said}, and the commit {event.at}"


def _of_trailers(spec: ReleaseSpec, event: Event, version: str) -> Iterator[str]:
    if event.claims.get(commits.MODEL, "") != spec.model:
        yield f"it says model {event.claims.get(commits.MODEL, '')}, and the release file is that of {spec.model}"
    if event.claims.get(commits.ENVIRONMENT, "") != event.environment:
        said = event.claims.get(commits.ENVIRONMENT, "")
        yield f"it says environment {said}, and the release file is that of {event.environment}"
    if event.version != version:
        yield f"it says version {event.version}, and the state says {version}"
    if event.run and event.after and event.before:
        run = commits.run_of(version, event.after) or commits.run_of(version, event.before)
        if event.run != run:
            yield f"it says run {event.run}, and the state says {run or 'none'}"
    if event.event in _JUDGED and not event.evidence:
        yield f"{event.event} without evidence"
    if event.event not in _JUDGED and (event.evidence or event.verdict):
        yield f"it names evidence, and {event.event} needs none"
    if event.verdict not in {"", {"advance": "advance", "regress": "rollback"}.get(event.event, "")}:
        yield f"it says verdict {event.verdict}, and what has happened is {event.event}"


def _of_record(event: Event, read: Read) -> Sequence[str]:
    if event.before is None:
        return ["it names evidence, and there was nothing to judge"]
    run = commits.run_of(event.version, event.before)
    if not run:
        return [f"it names evidence, and the state before knows no run of {event.version}"]
    try:
        data = event.carried or read(run, event.environment, event.evidence)
    except ValueError as error:
        return [str(error)]
    if data is None:
        return [f"the record {event.evidence[:23]} of its evidence is gone"]
    return list(flaws_of_record(event, data))
