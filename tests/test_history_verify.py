"""A story that is true verifies, and whatever was changed in it afterwards is found where it was changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from release_stories import POLICY, Entry, Told, edited, entries, rewritten, spec_of
from serving_samples import identity

from mlops_charts.history.story import story
from mlops_charts.history.verify import Verified, verify
from mlops_charts.release.events import Ready, RollBack, Start
from mlops_charts.release.repository import Remote, fetched
from mlops_charts.releasing import evidence
from mlops_charts.steps.call import Unavailable


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Return a first release, a good one and a bad one."""
    found = Told(tmp_path_factory.mktemp("story"))
    found.first()
    found.good()
    found.bad()
    return found


@pytest.fixture(scope="module")
def history(told: Told) -> list[Entry]:
    """Return its commits."""
    return entries(told.server)


def verified(told: Told, server: Path | None = None, read: Callable[..., bytes | None] | None = None) -> Verified:
    """Return what is found in a story."""
    place = server or told.server
    spec = spec_of(place)
    with fetched(Remote(str(place), "main"), history=True) as branch:
        return verify(spec, story(spec, branch), read or told.read)


def wrong(told: Told, history: list[Entry], folder: Path) -> list[tuple[int, str]]:
    """Return what is wrong in another history: the number of the commit, and the message."""
    server = rewritten(history, folder / "other.git")
    spec = spec_of(server)
    with fetched(Remote(str(server), "main"), history=True) as branch:
        events = story(spec, branch)
    order = list(dict.fromkeys(event.commit for event in events))
    return [(order.index(one.commit), one.message) for one in verify(spec, events, told.read).wrong]


def test_a_true_story_verifies(told: Told, history: list[Entry]) -> None:
    """Every commit follows from the one before, and every record is judged alike again."""
    found = verified(told)
    assert (found.wrong, found.unchecked, found.records) == ((), (), 3)
    assert (len(history), found.commits) == (19, 20)  # the first commit has the files of two environments
    assert (found.status(require_all=False), found.status(require_all=True)) == (0, 0)


def test_a_commit_that_is_gone_is_missed(told: Told, history: list[Entry], tmp_path: Path) -> None:
    """Whichever it is, but for the last, that nobody can miss: the commit behind the gap does not follow."""
    for index in range(1, len(history) - 1):
        folder = tmp_path / str(index)
        folder.mkdir()
        found = wrong(told, [*history[:index], *history[index + 1 :]], folder)
        assert found, index
        assert found[0][0] == index
        assert "a commit before it is gone" in found[0][1] or "the commit before it is gone" in found[0][1]


def test_a_state_that_was_rewritten_is_found(told: Told, history: list[Entry], tmp_path: Path) -> None:
    """In the commit itself, or where the next one does not follow from it."""
    start = next(i for i, one in enumerate(history) if "Mlops-Event: start\n" in one.message and "1.2.0" in one.message)
    canary = start + 1
    cases = {
        "weight": (canary, "weight: 95", "weight: 90", "sum to 95"),
        "paused": (canary + 1, "paused: true", "paused: false", ""),
        "image": (start, "0000002", "0000009", ""),
        "time": (
            canary,
            "stepStartedAt: ",
            "stepStartedAt: " + '"2020-01-01T00:00:00Z" # ',
            "its state says that it happened at 2020",
        ),
        "garbage": (canary, "release:", "relaese:", "no block release"),
        "policy": (canary, "intervalSeconds: 0.0", "intervalSeconds: 9.0", "no event leads here"),
    }
    for name, (index, old, new, message) in cases.items():
        folder = tmp_path / name
        folder.mkdir()
        found = wrong(told, edited(history, index, lambda text, o=old, n=new: text.replace(o, n)), folder)
        assert found, name
        assert index <= found[0][0] <= index + 1, (name, found)
        assert message in found[0][1], (name, found)


def test_a_forged_trailer_is_found(told: Told, history: list[Entry], tmp_path: Path) -> None:
    """What a commit claims is held against what it does."""
    advance = next(i for i, one in enumerate(history) if "Mlops-Event: advance" in one.message)
    digest = history[advance].message.partition("Mlops-Evidence: ")[2].split()[0]
    cases = {
        "Mlops-Event: advance": ("Mlops-Event: baked", "it says baked, and what changes is advance"),
        "Mlops-Version: 1.2.0": ("Mlops-Version: 1.3.0", "it says version 1.3.0, and the state says 1.2.0"),
        "Mlops-Model: iris": ("Mlops-Model: rose", "it says model rose"),
        "Mlops-Environment: staging": ("Mlops-Environment: prod", "it says environment prod"),
        "Mlops-Run: run-2": ("Mlops-Run: run-1", "it says run run-1, and the state says run-2"),
        "Mlops-Verdict: advance": ("Mlops-Verdict: rollback", "it says verdict rollback"),
        f"Mlops-Evidence: {digest}": (
            "Mlops-Evidence: sha256:" + "0" * 64,
            "the record sha256:0000000000000000 of its",
        ),
        f"Mlops-Evidence: {digest}\n": ("", "advance without evidence"),
        f"Evidence: {digest}": ("Evidence: ../../x", "no digest of a record"),
    }
    for number, (old, (new, message)) in enumerate(cases.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        change = edited(history, advance, lambda text, o=old, n=new: text.replace(o, n), message=True)
        found = wrong(told, change, folder)
        assert [one for one in found if one[0] == advance and message in one[1]], (old, found)


def stripped(message: str) -> str:
    """Return the first line of a message, as a person would leave it."""
    return message.partition("\n")[0] + "\n"


@pytest.mark.parametrize("event", ["advance", "regress"])
def test_what_only_the_judge_does_needs_evidence(
    told: Told, history: list[Entry], tmp_path: Path, *, event: str
) -> None:
    """Without its trailers a step of the judge is an edit by hand, and not one that is admitted."""
    index = next(i for i, one in enumerate(history) if f"Mlops-Event: {event}" in one.message)
    found = wrong(told, edited(history, index, stripped, message=True), tmp_path)
    assert [(index, True)] == [(at, "without evidence; it was edited by hand" in text) for at, text in found]


@pytest.mark.parametrize("event", ["pause", "resume", "unreject"])
def test_what_persons_do_needs_no_trailers(told: Told, history: list[Entry], tmp_path: Path, *, event: str) -> None:
    """They may write the release file themselves, where the event is one of theirs."""
    index = next(i for i, one in enumerate(history) if f"Mlops-Event: {event}" in one.message)
    assert wrong(told, edited(history, index, stripped, message=True), tmp_path) == []


def test_a_person_may_take_back_by_hand(tmp_path: Path) -> None:
    """What the judge could have done as well is a person's where nothing says that it was the judge."""
    story_of = Told(tmp_path)
    story_of.first()
    for event in (Start(identity(2), POLICY), Ready(), RollBack("customers complain")):
        story_of.happen(event)
    history = entries(story_of.server)
    by_hand = edited(history, len(history) - 1, stripped, message=True)
    assert wrong(story_of, by_hand, tmp_path) == []


def test_the_time_of_an_edit_by_hand_is_held_against_its_commit(
    told: Told, history: list[Entry], tmp_path: Path
) -> None:
    """A state of another year is found, with trailers or without."""
    index = next(i for i, one in enumerate(history) if "Mlops-Event: advance" in one.message)
    forged = edited(
        edited(history, index, stripped, message=True),
        index,
        lambda text: text.replace("stepStartedAt: ", 'stepStartedAt: "2020-01-01T00:00:00Z" # '),
    )
    found = [text for at, text in wrong(told, forged, tmp_path) if at == index]
    assert ["without evidence" in found[0], "happened at 2020" in found[1]] == [True, True]


def test_a_commit_touches_its_file_alone(told: Told, history: list[Entry], tmp_path: Path) -> None:
    """Whatever else it brings stands in no release."""
    entry = history[5]
    more = Entry(entry.message, {**entry.files, "model/iris/train.py": "x\n"}, entry.seconds)
    found = wrong(told, [*history[:5], more, *history[6:]], tmp_path)
    assert found == [(5, "it touches model/iris/train.py beside the release file")]


def test_a_record_that_was_changed_is_found(told: Told) -> None:
    """One byte, another record in its place, or none at all."""
    keys = list(told.records)
    bad, good = keys[-1], keys[0]
    for data, message in (
        (told.records[bad].replace(b'"errors": 2000', b'"errors": 1'), "the record of its evidence was changed"),
        (told.records[good], "the record of its evidence was changed"),
        (None, "of its evidence is gone"),
    ):
        records = {**told.records, bad: data}
        found = verified(told, read=lambda *key, r=records: r.get(key))
        assert [message in one.message for one in found.wrong] == [True]
        assert found.wrong[0].environment == "staging"


@pytest.mark.parametrize(
    ("path", "new", "message"),
    [
        (("window", "candidate", "errors"), 9000, "judged again, the recorded counts say rollback"),
        (("verdict", "decision"), "hold", "and hold was recorded"),
        (("environment",), "prod", "another environment than the commit: prod, and not staging"),
        (("model",), "rose", "another model than the commit"),
        (("policy", "confidence"), 0.5, "another policy than the commit"),
        (("release", "candidate", "image"), "evil", "another new version's slot than the commit"),
        (("window",), None, "has no counts, and it was decided by them"),
        (("form",), 9, "cannot be read"),
        (("window", "bounds"), "x", "cannot be read"),
        (("release",), None, "cannot be read"),
    ],
)
def test_a_record_that_was_made_to_fit_its_digest_is_judged_again(
    told: Told, history: list[Entry], tmp_path: Path, *, path: tuple[str, ...], new: object, message: str
) -> None:
    """Who changes record and trailer alike has to change the counts so that they say what was done."""
    index = max(i for i, one in enumerate(history) if "Mlops-Event: advance" in one.message)
    digest = history[index].message.partition("Mlops-Evidence: ")[2].split()[0]
    content = json.loads(told.records["run-2", "staging", digest])
    inner = content
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = new
    data = evidence.canonical(content)
    forged = edited(history, index, lambda text: text.replace(digest, evidence.digest(data)), message=True)
    records = {**told.records, ("run-2", "staging", evidence.digest(data)): data}
    found = verified(told, rewritten(forged, tmp_path / "other.git"), lambda *key: records.get(key))
    assert len(found.wrong) >= 1
    assert any(message in one.message for one in found.wrong), found.wrong


def test_what_cannot_be_read_is_unchecked_and_not_right(told: Told) -> None:
    """MLflow is away: the rules were checked, the evidence was not."""

    def away(*_: str) -> bytes | None:
        raise Unavailable("MLflow at http://mlflow: cannot be reached")

    found = verified(told, read=away)
    assert (found.wrong, len(found.unchecked), found.records) == ((), 3, 0)
    assert (found.status(require_all=False), found.status(require_all=True)) == (3, 1)
