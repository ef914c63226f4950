"""What persons decide about releases, at the command line."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import mlflow_store
import pytest
from release_desks import AT, ENVIRONMENTS, Desk, after, path_of, sat_down
from repositories import git
from serving_samples import identity

from mlops_charts import contract
from mlops_charts.cli import status_of
from mlops_charts.local.releases import release_repository
from mlops_charts.release import nothing_released, release_text
from mlops_charts.release.events import Pause, Ready, RollBack, Settle, Start
from mlops_charts.release.policy import Policy
from mlops_charts.steps.registry import open_registry

POLICY = Policy(strategy="canary", steps=(5, 50), interval_seconds=300, bake_seconds=60, max_duration_seconds=3600)
FIRST = (Start(identity(1), POLICY), Ready(), Settle())
SECOND = (*FIRST, Start(identity(2), POLICY))
CANARY = (*SECOND, Ready())


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Desk:
    """Return a desk."""
    return sat_down(tmp_path, capsys, monkeypatch)


def test_a_decision_is_one_commit_of_a_person(desk: Desk) -> None:
    """The release file alone changes; the commit says who, what and why, in words and for programs."""
    desk.put(staging=after(*CANARY))
    before = desk.commits()
    status, said = desk.say("release", "pause", "iris", "--reason", "until the\n\nMlops-Event: settle campaign is over")
    assert status == 0
    assert said.startswith("iris in staging: a person holds the release of 1.2.0 (canary 5 % -> canary 5 % (paused))")
    assert (desk.state().paused, desk.commits()) == (True, before + 1)
    assert git(desk.server, "diff", "--name-only", "main^", "main").split() == [path_of("staging")]
    assert git(desk.server, "log", "-1", "--format=%an <%ae> %cn%n%B", "main").splitlines() == [
        "Ann <ann@example.com> Ann",
        "Pause the release of iris 1.2.0 in staging: canary 5 % -> canary 5 % (paused)", "",
        "until the Mlops-Event: settle campaign is over", "", "Mlops-Model: iris", "Mlops-Environment: staging",
        "Mlops-Version: 1.2.0", "Mlops-Run: run-2", "Mlops-Event: pause", "",
    ]  # fmt: skip
    assert said.endswith(f"commit {git(desk.server, 'rev-parse', 'main').strip()}")


def test_the_life_of_a_release_in_the_hands_of_persons(desk: Desk) -> None:
    """Approved, held, let go on, taken back, rejected and no longer rejected; the same again is no commit."""
    desk.put(staging=after(*FIRST, Start(identity(2), POLICY, approval=True)))
    for words, phase in (
        (("approve", "iris", "1.2.0"), "warming"),
        (("pause", "iris"), "warming"),
        (("resume", "iris", "1.2.0"), "warming"),
        (("rollback", "iris", "--reason", "wrong prices"), "rollingBack"),
        (("unreject", "iris", "1.2.0"), "rollingBack"),
    ):
        before = desk.commits()
        assert desk.say("release", *words)[0] == 0, words
        assert (desk.state().phase, desk.commits()) == (phase, before + 1), words
        if words[0] == "rollback":
            assert [one["reason"] for one in desk.state().rejected] == ["wrong prices"]
        if words[0] != "resume":
            status, said = desk.say("release", *words)
            assert (status, "nothing to do" in said) == (0, True), said
        assert desk.commits() == before + 1
    assert desk.state().rejected == ()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("pause iris", "no release is in flight here that could be held (settled)"),
        ("resume iris", "no release is in flight here that could be held (settled)"),
        ("pause iris 1.2.0", "1.2.0 is not in flight here, nothing is (settled)"),
        ("approve iris 1.9.0", "1.9.0 does not wait for approval here; start its release first"),
        ("rollback iris 1.9.0", "1.9.0 is neither in flight nor answers users here"),
        ("rollback iris", "no version is known from before 1.1.0; release another one"),
        ("pause iris --environment dev", "iris is not served in dev; its environments are staging, prod"),
        ("pause irs", 'no model "irs" in '),
        ("pause ../nowhere", 'no model "../nowhere"'),
        ("pause platform.yaml", "platform.yaml: this is a platform; name a model"),
        ("status -", 'no model "-"'),
        ("status iris --environment dev", "iris is not served in dev"),
        ("pause iris --local", "release.git is not there: this machine has no releases"),
    ],
)
def test_what_may_not_be_is_refused_in_words(desk: Desk, words: str, said: str) -> None:
    """Exit status 1, one line, and nothing has changed."""
    desk.put(staging=after(*FIRST))
    before = desk.commits()
    status, found = desk.say("release", *words.split())
    assert (status, desk.commits()) == (1, before), found
    assert said in found
    assert len(found.splitlines()) == 1


@pytest.mark.parametrize("words", ["approve iris", "start iris", "unreject iris", "pause", "pauze iris", "pause i 1 2"])
def test_a_wrong_call_is_a_question_of_usage(desk: Desk, words: str) -> None:
    """Exit status 2, and how it is called."""
    status, found = desk.say("release", *words.split())
    assert (status, "Usage: mlops-charts release" in found) == (2, True)


@pytest.mark.parametrize(
    "words",
    [("rollback", "iris", ""), ("approve", "iris", " "), ("pause", ""), ("status", "iris", "--environment", "")],
)
def test_an_empty_word_is_not_taken_for_none(desk: Desk, words: tuple[str, ...]) -> None:
    """A variable of a script that is not set must not roll back whatever is there."""
    desk.put(staging=after(*CANARY))
    before = desk.commits()
    status, found = desk.say("release", *words)
    assert (status, desk.commits(), "it is empty" in found) == (2, before, True)


def test_status_bears_a_release_without_a_beginning(desk: Desk) -> None:
    """An edit may leave the clocks empty."""
    state = after(*CANARY).model_copy(update={"started_at": "", "step_started_at": ""})
    desk.put(staging=state)
    status, found = desk.say("release", "status", "iris", "--environment", "staging")
    assert (status, "waits for" in found) == (0, True)


def test_a_clock_that_no_time_can_be_added_to_is_told(desk: Desk) -> None:
    """The last moment of the calendar is read as a date, and no sum with it is."""
    last = "9999-12-31T23:59:59-14:00"
    desk.put(staging=after(*CANARY, Pause()).model_copy(update={"started_at": last}))
    status, found = desk.say("release", "resume", "iris", "--environment", "staging")
    assert (status, "is no moment" in found) == (1, True)


def test_a_release_file_in_another_encoding_is_left_alone(desk: Desk) -> None:
    """Its bytes would come back as others."""
    path = path_of("staging")
    odd = release_text(after(*CANARY)).replace('"1.1.0"', '"1.1.0\u00fc"').encode("latin-1")
    work = desk.root / "work"
    git(desk.root, "clone", "--quiet", str(desk.server), str(work))
    (work / path).write_bytes(odd)
    git(work, "commit", "--quiet", "-am", "Save it elsewhere")
    git(work, "push", "--quiet", "origin", "HEAD:main")
    before = desk.commits()
    status, found = desk.say("release", "pause", "iris", "--environment", "staging")
    assert (status, desk.commits()) == (1, before)
    assert "does not belong in a text file" in found
    status, found = desk.say("history", "iris", "--environment", "staging")
    assert (status, "does not belong in a text file" in found) == (0, True)


def test_the_environment_is_the_one_that_fits(desk: Desk) -> None:
    """Where a release is in flight; where several are, it has to be said."""
    desk.put(staging=after(*FIRST), prod=after(*SECOND))
    assert desk.say("release", "pause", "iris")[1].startswith("iris in prod: a person holds the release of 1.2.0")
    desk.put(staging=after(*SECOND), prod=after(*CANARY))
    before = desk.commits()
    status, said = desk.say("release", "rollback", "iris")
    assert (status, desk.commits()) == (1, before)
    assert said == (
        "error: iris: this fits staging (1.2.0 warming) and prod (1.2.0 canary 5 %); say which by --environment"
    )
    assert desk.say("release", "rollback", "iris", "--environment", "prod")[0] == 0
    assert (desk.state("staging").phase, desk.state("prod").phase) == ("warming", "rollingBack")


def test_another_version_than_the_one_in_flight_is_not_meant(desk: Desk) -> None:
    """Who names a version is safe from a newer one that has come meanwhile."""
    desk.put(staging=after(*SECOND), prod=after(*SECOND))
    words = ("release", "pause", "iris", "1.1.0", "--environment", "staging")
    assert desk.say(*words) == (1, "error: iris in staging: 1.1.0 is not in flight here, that is 1.2.0 (warming)")
    assert desk.say("release", "approve", "iris", "1.3.0", "--environment", "staging")[0] == 1


@pytest.mark.parametrize("odd", ["\x1b[31mred", "a\nb", "x" * 5000, "$(touch ran)", "-", "ü 中"])
def test_odd_words_are_words(desk: Desk, odd: str) -> None:
    """Bytes that are no text, colours, lines, lengths, what a shell would run: refused in a line, or kept harmless."""
    desk.put(staging=after(*CANARY))
    for words in (("approve", "iris", odd), ("pause", odd), ("status", "iris", "--environment", odd)):
        status, found = desk.say("release", *words)
        assert (status, "Traceback" in found) == (1, False), found
    assert desk.say("release", "pause", "iris", "--reason", odd)[0] == 0
    body = git(desk.server, "log", "-1", "--format=%b", "main")
    assert "\x1b" not in body
    assert body.endswith("Mlops-Event: pause\n\n")
    assert max(map(len, body.splitlines())) <= 1000
    assert not list(desk.root.rglob("ran"))
    assert desk.say("release", "resume", "iris", "--reason", "no \udcff text")[0] == 0


def test_what_a_terminal_would_obey_is_shown(desk: Desk) -> None:
    """A reason that somebody wrote into the file by hand colours no terminal of others, and hides no line."""
    state = after(*CANARY)
    rejected = ({"version": "0.9.0", "reason": "\x1b[2J gone\r\x7f"},)
    desk.put(staging=release_text(state.model_copy(update={"rejected": rejected})))
    for words in (("release", "status", "iris"), ("history", "iris")):
        status, said = desk.say(*words)
        assert (status, [character for character in said if not character.isprintable() and character != "\n"]) == (
            0,
            [],
        )
    assert r"0.9.0: \x1b[2J gone\r\x7f" in desk.say("release", "status", "iris")[1]


def test_a_release_file_that_is_missing_or_damaged_is_named(desk: Desk) -> None:
    """Nothing is written over what nobody understands."""
    flawed = after(*CANARY)
    flawed = flawed.model_copy(update={"green": flawed.green.model_copy(update={"weight": 7})})
    for text, said in (
        ("hello: {", "release-staging.yaml is no release file"),
        ("hello: 1\n", "it has no block release"),
        ("release: {phase: 5}\n", "release.phase: "),
        (release_text(after(*CANARY)) + "replicas: 3\n", "replicas: a release file has the one key release; values go"),
        (release_text(flawed), "the weights of the routed slots sum to 102"),
    ):
        desk.put(staging=text)
        before = desk.commits()
        status, found = desk.say("release", "rollback", "iris", "--environment", "staging")
        assert (status, desk.commits(), said in found) == (1, before, True), found
    git(desk.root / "git/work", "rm", "--quiet", path_of("staging"))
    git(desk.root / "git/work", "commit", "--quiet", "-m", "Lose it")
    git(desk.root / "git/work", "push", "--quiet", "origin", "HEAD")
    status, found = desk.say("release", "pause", "iris", "--environment", "staging")
    assert (status, "is not in the repository; commit what `mlops-charts render` writes" in found) == (1, True)
    assert "is not in the repository" in desk.say("release", "status", "iris")[1]


def test_a_server_that_is_not_there_is_nobody_s_mistake(desk: Desk) -> None:
    """Exit status 3 and one line, also for an address that leads nowhere."""
    desk.server.rename(desk.root / "gone")
    for words in (("release", "status", "iris"), ("release", "pause", "iris"), ("history", "iris")):
        status, said = desk.say(*words)
        assert (status, len(said.splitlines()), "cannot be reached" in said) == (3, 1, True), said


def test_who_has_no_name_is_told_how_to_get_one(desk: Desk) -> None:
    """Exit status 1; what is only read needs no name."""
    config = desk.root / "home/.gitconfig"
    config.write_text("[url" + config.read_text().partition("[url")[2])
    desk.put(staging=after(*CANARY))
    status, said = desk.say("release", "pause", "iris")
    assert (status, len(said.splitlines()), "git does not know who you are" in said) == (1, 1, True)
    assert desk.say("release", "status", "iris")[0] == 0


def test_status_says_what_each_environment_waits_for(desk: Desk) -> None:
    """For a person in words, for a program as data."""
    held = after(*CANARY, Pause())
    desk.put(staging=held, prod=after(*FIRST, Start(identity(2), POLICY, approval=True), RollBack("no")))
    status, said = desk.say("release", "status", "iris")
    assert status == 0
    lines = {line[:15].strip(): line[15:] for line in said.partition("iris in prod")[0].splitlines()}
    assert lines["phase"] == "canary, step 1 of 2, held by a person"
    assert (lines["stable"], lines["new version"], lines["traffic"]) == ("1.1.0", "1.2.0", "1.1.0 95 %, 1.2.0 5 %")
    assert lines["waits for"] == "a person: mlops-charts release resume iris --environment staging"
    assert lines["policy"] == "canary 5 % -> 50 %, at least 5m each, bake 1m, at most 1h"
    assert lines["since"].startswith(f"{AT}, ")
    assert "rejected     1.2.0: no" in said.partition("iris in prod")[2]
    status, said = desk.say("release", "status", "iris", "--environment", "prod", "--format", "json")
    (found,) = json.loads(said)
    assert (status, found["environment"], found["phase"], found["stable"]) == (0, "prod", "rollingBack", "1.1.0")
    assert found["rejected"] == [{"version": "1.2.0", "reason": "no"}]
    assert found["waitsFor"] == "the cluster, to run without 1.2.0"


WAITS = {
    "": (),
    "pods of 1.1.0 that are ready": FIRST[:1],
    "the route, to be seen with all traffic": FIRST[:2],
    "the next look of the judge": CANARY,
    "a person: mlops-charts release approve iris 1.2.0": (*FIRST, Start(identity(2), POLICY, approval=True)),
}


@pytest.mark.parametrize("waits", WAITS)
def test_every_phase_waits_for_something(desk: Desk, waits: str) -> None:
    """Of the judge, of the cluster, of a person."""
    desk.put(staging=after(*WAITS[waits]))
    (found, _) = json.loads(desk.say("release", "status", "iris", "--format", "json")[1])
    assert found["waitsFor"].startswith(waits)
    assert bool(found["waitsFor"]) == bool(waits)


def registered(desk: Desk, monkeypatch: pytest.MonkeyPatch, *versions: str, digest: str = "sha256:" + "a" * 64) -> None:
    """Let MLflow know some versions, built into an image."""
    uri = mlflow_store.store(desk.root)
    registry = open_registry(mlflow_store.call(desk.root, mlflow_store.spec(), tracking_uri=uri))
    for version in versions:
        run = registry.open(f"code of {version}", "data", "abc", "commit")
        tags = {contract.TAG_CODE: run.code, contract.TAG_DATA: "data", contract.TAG_VERSION: version}
        image = {contract.TAG_IMAGE: f"ghcr.io/acme/iris:{version}", contract.TAG_IMAGE_DIGEST: digest}
        registry.register(f"{run.artifacts}/model", run.id, tags | image)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)


def test_a_version_is_started_by_hand(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """As MLflow knows it: its image by digest, its run; the policy is that of model.yaml now; older ones too."""
    registered(desk, monkeypatch, "1.0.0", "1.1.0")
    desk.put(staging=after(*FIRST[:1], Ready(), Settle()))
    status, said = desk.say("release", "start", "iris", "1.0.0", "--reason", "1.1.0 is slow")
    assert (status, said.splitlines()[0]) == (
        0, "iris in staging: the release of 1.0.0 starts (settled -> warming)",
    )  # fmt: skip
    slot = desk.state().green
    assert (slot.version, slot.image) == ("1.0.0", f"ghcr.io/acme/iris@sha256:{'a' * 64}")
    assert (slot.code_digest, bool(slot.run_id), desk.state().policy["steps"]) == ("code of 1.0.0", True, [5, 25, 50])
    assert "nothing to do, 1.0.0 is in flight already" in desk.say("release", "start", "iris", "1.0.0")[1]
    assert desk.say("release", "start", "iris", "9.9.9") == (
        1, "error: iris 9.9.9 is not in the registry, so it cannot be released",
    )  # fmt: skip
    assert desk.say("release", "start", "iris", "1.1.0", "--environment", "prod")[0] == 0
    assert desk.state("prod").phase == "warming"


def test_a_start_needs_a_digest_a_registry_and_no_freeze(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is missing is said in a line."""
    registered(desk, monkeypatch, "1.0.0", digest="")
    status, said = desk.say("release", "start", "iris", "1.0.0")
    assert (status, "has no digest" in said) == (1, True)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{desk.root}/nowhere/mlflow.db")
    status, said = desk.say("release", "start", "iris", "1.0.0")
    assert (status, len(said.splitlines()), "mlflow.db is not there" in said) == (3, 1, True)
    now = datetime.now(UTC)
    span = (
        f'{{from: "{now - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}", to: "{now + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"}}'
    )
    platform = desk.repo / "platform.yaml"
    platform.write_text(platform.read_text().replace("staging: {}", f"staging: {{freeze: [{span}]}}"))
    desk.put(staging=after(*FIRST, Start(identity(2), POLICY, approval=True)))
    status, said = desk.say("release", "approve", "iris", "1.2.0")
    assert (status, "no release starts before" in said) == (1, True)
    assert desk.say("release", "rollback", "iris", "1.2.0")[0] == 0


def test_the_releases_of_this_machine(desk: Desk) -> None:
    """--local works on the repository of `run`, and not on the server's."""
    home, before = desk.repo / ".mlops-charts", desk.commits()
    files = {path_of(name): release_text(nothing_released()) for name in ENVIRONMENTS}
    files[path_of("staging")] = release_text(after(*CANARY))
    (home / "locks").mkdir(parents=True)
    place = release_repository(home, ["main"], files)
    assert desk.say("release", "pause", "iris", "--local")[0] == 0
    assert git(place, "log", "-1", "--format=%an").strip() == "Ann"
    assert "held by a person" in desk.say("release", "status", "iris", "--local")[1]
    assert desk.commits() == before


def test_a_model_is_named_as_everywhere(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its name, its folder, or its model.yaml, from wherever one stands in the repository."""
    monkeypatch.chdir(desk.repo / "model")
    for name in ("iris", "iris/model.yaml", str(desk.repo / "model/iris"), "../model/iris"):
        assert desk.say("release", "status", name)[0] == 0, name
    (desk.repo / "model/rose").mkdir()
    (desk.repo / "model/rose/model.yaml").write_text("x: 1\n")
    assert desk.say("release", "status", "..") == (
        1,
        "error: ..: there are 2 models; say which: model/iris, model/rose",
    )
    (desk.repo / "model/iris/model.yaml").write_text("apiVersion: nonsense\n")
    status, said = desk.say("release", "status", "iris")
    assert (status, "model/iris/model.yaml:1:" in said) == (1, True)


def test_a_closed_stdout_is_no_failure(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell's `>&-` leaves nothing to write to, and whoever does so wants nothing."""
    desk.put(staging=after(*CANARY))
    monkeypatch.setattr(sys, "stdout", None)
    assert status_of(["release", "pause", "iris"]) == 0
    assert desk.state().paused
