"""The story of a model, as its commits tell it, and at the command line."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import mlflow_store
import pytest
from release_desks import ADDRESS, Desk, path_of, sat_down
from release_remotes import push
from release_stories import POLICY, Told
from repositories import git
from serving_samples import identity

from mlops_charts.history.story import Event, releases, story
from mlops_charts.history.told import data, text
from mlops_charts.release.events import Ready, Start
from mlops_charts.release.repository import Remote, fetched
from mlops_charts.releasing import evidence
from mlops_charts.steps.registry import Registry, open_registry


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """Return a first release, a good one, a bad one, and one that another one supersedes."""
    found = Told(tmp_path_factory.mktemp("story"))
    found.first()
    found.good()
    found.bad()
    found.happen(Start(identity(3), POLICY))
    found.happen(Start(identity(4), POLICY))
    push(found.root, {"README.md": "more\n"}, "Nothing of releases")
    return found


def read(told: Told) -> tuple[Event, ...]:
    """Return the story."""
    with fetched(Remote(str(told.server), "main"), history=True) as branch:
        return story(told.spec, branch)


def test_every_commit_of_a_release_file_is_an_event(told: Told) -> None:
    """Who, when, what, from which phase to which, on which evidence."""
    events = [event for event in read(told) if event.environment == "staging"]
    assert [event.event for event in events] == [
        "", "start", "ready", "settle", "start", "ready", "pause", "resume", "advance", "advance", "ready", "baked",
        "settle", "start", "ready", "regress", "ready", "settle", "unreject", "start", "start",
    ]  # fmt: skip
    advance = events[8]
    assert (advance.phases, advance.weights, advance.version) == (
        ("canary", "canary"),
        {"1.1.0": 50, "1.2.0": 50},
        "1.2.0",
    )
    assert (advance.verdict, advance.run, advance.author) == ("advance", "run-2", "mlops-charts")
    assert ("run-2", "staging", advance.evidence) in told.records
    assert (advance.touched, advance.path) == ((path_of("staging"),), path_of("staging"))
    assert git(told.server, "log", "-1", "--format=%H", "main", "--", path_of("staging")).strip() == events[-1].commit
    assert events[6].body == "until the campaign is over"
    assert all(one.before == other.after for other, one in pairwise(events))


def test_events_make_up_releases(told: Told) -> None:
    """Each with its end; the first commit of a release file belongs to none."""
    found = [(one.environment, one.version, one.outcome, len(one.events)) for one in releases(read(told))]
    assert sorted(found[:2]) == [("prod", "", "settled", 1), ("staging", "", "settled", 1)]
    assert found[2:] == [
        ("staging", "1.1.0", "settled", 3),
        ("staging", "1.2.0", "settled", 9),
        ("staging", "1.3.0", "rolledBack", 5),
        ("staging", "", "settled", 1),
        ("staging", "1.3.0", "superseded", 1),
        ("staging", "1.4.0", "inFlight", 1),
    ]


def test_a_person_reads_it_from_top_to_bottom(told: Told) -> None:
    """Newest last, by release, with the reasons."""
    found = text("iris", read(told))
    order = [
        "iris\n", "the release file comes to be: none", "1.1.0 in staging: settled", "1.1.0 starts: warming",
        "1.2.0 in staging: settled",
        "1.2.0 runs: canary 5 % (1.1.0 95 %, 1.2.0 5 %)", "1.2.0 is held: canary 5 % (paused)",
        "until the campaign is over", "1.2.0 has passed every check: canary 50 %", "evidence sha256:",
        "1.3.0 in staging: rolled back", "1.3.0 is taken back by the judge: rollingBack", "errorRate is worse",
        "1.3.0 may be released again", "1.3.0 in staging: superseded by a newer version", "1.4.0 in staging: in flight",
    ]  # fmt: skip
    at = 0
    for line in order:
        assert line in found[at:], line
        at = found.index(line, at)
    assert data("iris", read(told))["releases"][-1]["events"][0]["to"] == "warming"


def test_a_release_branch_that_merges_is_one_line(tmp_path: Path) -> None:
    """What a merge brings is one event, whatever its branch had."""
    told = Told(tmp_path)
    told.first()
    work = tmp_path / "work"
    git(work, "pull", "--quiet", "origin", "main")
    git(work, "checkout", "--quiet", "-b", "side")
    path = work / told.path
    for old, new in (("step: 0", "step: 1"), ("step: 1", "step: 2")):
        path.write_text(path.read_text().replace(old, new))
        git(work, "commit", "--quiet", "-am", new)
    git(work, "checkout", "--quiet", "main")
    git(work, "commit", "--quiet", "--allow-empty", "-m", "Elsewhere")
    git(work, "merge", "--quiet", "--no-ff", "-m", "Merge", "side")
    git(work, "push", "--quiet", "origin", "main")
    events = [event for event in read(told) if event.environment == "staging"]
    assert [event.subject for event in events][-2:] == [events[-2].subject, "Merge"]
    assert (events[-1].before, events[-1].author) == (events[-2].after, "Iris")


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Return a desk."""
    return sat_down(tmp_path, capsys, monkeypatch)


def served(desk: Desk, told: Told) -> None:
    """Let the address of the platform lead to a story."""
    config = desk.root / "home/.gitconfig"
    config.write_text(
        f'[user]\n\tname = Ann\n\temail = ann@example.com\n[url "{told.server}"]\n\tinsteadOf = {ADDRESS}\n'
    )


def test_history_verifies_against_mlflow(
    desk: Desk, told: Told, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its exit status says whether all holds; a record that was tampered with in the storage is found and located."""
    served(desk, told)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    assert desk.say("history", "iris", "--verify")[0] == 3
    status, said = desk.say("history", "iris", "--verify", "--require-all")
    assert (status, "3 unchecked" in said, "unchecked: " in said) == (1, True, True)
    uri = mlflow_store.store(tmp_path)
    registry = open_registry(mlflow_store.call(tmp_path, mlflow_store.spec(), tracking_uri=uri))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    files = _with_real_runs(desk, told, registry, tmp_path)
    status, said = desk.say("history", "--verify")
    assert (status, "2 records of evidence judged again: 0 wrong, 0 unchecked" in said) == (0, True), said
    kept = next(tmp_path.glob(f"mlflow/artifacts/**/{files[-1]}"))
    kept.write_bytes(kept.read_bytes().replace(b'"errors": 20,', b'"errors": 21,'))
    status, said = desk.say("history", "iris", "--verify")
    assert (status, "1 wrong, 0 unchecked" in said) == (1, True)
    assert "WRONG: the record of its evidence was changed" in said
    found = json.loads(desk.say("history", "iris", "--verify", "--format", "json")[1])[0]["verified"]
    assert [(one["environment"], len(one["commit"])) for one in found["wrong"]] == [("staging", 40)]


def _with_real_runs(desk: Desk, told: Told, registry: Registry, folder: Path) -> list[str]:
    """Tell the story of a good release anew, with a run of MLflow for its version; return the names of its records."""
    again = Told(folder / "again")
    run = registry.open("code", "data", "abc", "commit")
    version = identity(2).model_copy(update={"run_id": run.id})
    again.first()
    again.good(version)
    for (owner, environment, _), data_ in again.records.items():
        assert owner == run.id
        evidence.store(registry, owner, environment, data_)
    served(desk, again)
    return [Path(evidence.path_of(environment, named)).name for _, environment, named in again.records]


def test_history_tells_of_one_environment_or_all_models(desk: Desk, told: Told) -> None:
    """Without a model it tells of each; a wrong one is a mistake."""
    served(desk, told)
    assert "in prod" not in desk.say("history", "iris", "--environment", "staging")[1]
    status, said = desk.say("history")
    assert (status, said.startswith("iris\n"), "in prod" in said) == (0, True, True)
    assert desk.say("history", "irs") == (1, f'error: no model "irs" in {desk.repo}/model; did you mean "iris"?')
    assert desk.say("history", "iris", "--environment", "dev")[0] == 1
    status, said = desk.say("history", "--require-all")
    assert (status, "--require-all goes with --verify" in said) == (2, True)


def test_a_person_s_rollback_tells_who(desk: Desk) -> None:
    """Their name stands in the story, and the reason."""
    told = Told(desk.root / "told")
    told.first()
    told.happen(Start(identity(2), POLICY))
    told.happen(Ready())
    served(desk, told)
    assert desk.say("release", "rollback", "iris", "--reason", "wrong prices")[0] == 0
    said = desk.say("history", "iris")[1]
    assert "1.2.0 is taken back by a person: rollingBack (1.1.0 100 %), by Ann" in said
    assert "wrong prices" in said
    assert desk.say("history", "iris", "--verify")[0] == 0


@pytest.mark.parametrize(
    "reason", ["Mlops-Event: approve", "See The record of its evidence, because MLflow could not take it: eA== here"]
)
def test_no_reason_is_taken_for_what_programs_say(desk: Desk, reason: str) -> None:
    """It is told as it was given, whatever it looks like."""
    told = Told(desk.root / "told")
    told.first()
    told.happen(Start(identity(2), POLICY))
    told.happen(Ready())
    served(desk, told)
    assert desk.say("release", "rollback", "iris", "--reason", reason)[0] == 0
    event = read(told)[-1]
    assert (event.event, event.body, event.carried) == ("rollBack", reason, None)
