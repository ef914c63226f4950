"""Whatever fails about a tick ends in a hold, a retry or a rollback, and never in a promotion."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from typing import Any

import pytest
from release_clusters import path_of
from release_worlds import LONG_AGO, POLICY, World, started, world
from repositories import git

from mlops_charts.cli import status_of
from mlops_charts.contract import REQUESTS
from mlops_charts.errors import Mistake, MlopsChartsError
from mlops_charts.release.asked import Freeze, ReleaseSpec
from mlops_charts.release.git import RepositoryError
from mlops_charts.release.moves import written
from mlops_charts.release.repository import Remote
from mlops_charts.releasing import tick as ticks
from mlops_charts.releasing.api_server import NoCluster
from mlops_charts.releasing.evidence import content_of, digest, disclosed
from mlops_charts.steps.call import Unavailable

NOWHERE = "http://127.0.0.1:9"  # nobody may listen there
DEPLOYMENT = path_of("Deployment", "iris-green-0-model")


@pytest.fixture
def life(tmp_path: Path) -> Iterator[World]:
    """A world in which 1.2.0 is warm, in the first step of its canary, and has had enough good traffic to advance."""
    with world(tmp_path) as found:
        found.begin(started(found.new))
        found.tick()
        found.sync()
        found.traffic()
        yield found


@pytest.fixture
def warming(tmp_path: Path) -> Iterator[World]:
    """A world in which 1.2.0 is warm, and is tested next."""
    with world(tmp_path) as found:
        found.begin(started(found.new))
        yield found


def exposing(text: str) -> Callable[[World], None]:
    """Return what makes the new version's pod expose something else."""

    def change(life: World) -> None:
        life.served["green"].text = text

    return change


def in_cluster(*keys: str | int, to: Any) -> Callable[[World], None]:
    """Return what makes something of the new version's Deployment otherwise."""

    def change(life: World) -> None:
        found = life.cluster.objects[DEPLOYMENT]
        for key in keys[:-1]:
            found = found[key]
        found[keys[-1]] = to

    return change


def route_is_late(life: World) -> None:
    """Leave the route as it was before the canary began."""
    rule = life.cluster.objects[path_of("HTTPRoute", "iris")]["spec"]["rules"][0]
    rule["backendRefs"] = [{"name": "iris-blue", "weight": 100}]


HOLDS: dict[str, tuple[Callable[[World], None], str]] = {
    "a pod's metrics are down": (
        lambda life: life.cluster.texts.pop("/metrics/green") and None,
        "answers with HTTP status 404",
    ),
    "NaN": (
        exposing(f'{REQUESTS}{{model="iris",slot="green",version="1.2.0",code="200"}} NaN\n'),
        "which is no count",
    ),
    "series missing": (exposing("# nothing\n"), f"exposes no {REQUESTS}"),
    "another version answers": (
        exposing(f'{REQUESTS}{{model="iris",slot="green",version="1.1.9",code="200"}} 9\n'),
        "reports version 1.1.9, not 1.2.0",
    ),
    "another image runs": (
        in_cluster("spec", "template", "spec", "containers", 0, "image", to="iris:latest"),
        "runs the image iris:latest",
    ),
    "pods are not ready": (in_cluster("status", "availableReplicas", to=0), "0 of 1 pods are available"),
    "the route is late": (route_is_late, "the HTTPRoute iris is not yet what git says"),
}


@pytest.mark.parametrize(("wrong", "why"), HOLDS.values(), ids=HOLDS.keys())
def test_what_cannot_be_trusted_holds(life: World, wrong: Callable[[World], None], why: str) -> None:
    """The counts would pass, and yet nothing advances; once all is right again, the next tick does."""
    before, texts = life.commits(), {**life.cluster.texts}
    wrong(life)
    found = life.tick()
    assert (found.outcome, why in found.message, life.commits()) == ("held", True, before), found.message
    life.cluster.texts, life.served["green"].text = texts, None
    life.sync()
    life.traffic()
    assert life.tick().event == "advance"


def test_prometheus_that_is_down_holds(life: World) -> None:
    """No address of it answers, so there is nothing to judge by."""
    spec = life.spec.model_copy(update={"prometheus": NOWHERE})
    found = ticks.tick(replace(life.asked(metrics=None), spec=spec, here=life.asked(metrics=None, journal=None).here))
    assert (found.outcome, f"{NOWHERE} does not answer" in found.message) == ("held", True), found.message


def test_a_clock_that_is_behind_holds(life: World) -> None:
    """The step seems to begin in the future; what was counted until then means nothing."""
    later = written(datetime.fromtimestamp(datetime.now(UTC).timestamp() + 300, UTC))
    life.begin(life.state().model_copy(update={"step_started_at": later}))
    found = life.tick()
    assert (found.outcome, "clock" in found.message) == ("held", True), found.message


def test_no_data_rolls_back_where_the_policy_says_so(tmp_path: Path) -> None:
    """Blindness is then reason enough, and the record says that it was the reason."""
    with world(tmp_path) as life:
        life.begin(started(life.new, POLICY.model_copy(update={"on_no_data": "rollback"})))
        life.tick()
        life.sync()
        life.served["green"].text = "# nothing\n"
        found = life.tick()
        assert (found.event, found.state.phase) == ("regress", "rollingBack")
        kept = life.registry.read(life.new.run_id, f"releases/staging/{found.evidence[7:23]}.json")
        assert json.loads(kept or b"")["decision"]["cause"] == "noData"


@pytest.mark.parametrize("wrong", ["pods never ready", "no server behind the Service", "no example"])
def test_a_version_that_never_gets_ready_is_taken_back_in_the_end(warming: World, wrong: str) -> None:
    """Until its time is over each tick says what is missing; it never gets traffic."""
    here: dict[str, Any] = {}
    if wrong == "pods never ready":
        in_cluster("status", "availableReplicas", to=None)(warming)
    elif wrong == "no server behind the Service":
        here = {"services": {"green": NOWHERE}}
    else:
        warming.new = warming.new.model_copy(update={"run_id": _empty_run(warming)})
        warming.begin(started(warming.new))
    said = {"no example": "has no model/example.json", "pods never ready": "0 of 1 pods are available"}
    found = warming.tick(**here)
    assert (found.outcome, said.get(wrong, "does not answer") in found.message) == ("held", True), found.message
    old = warming.state().model_copy(update={"started_at": LONG_AGO})
    warming.begin(old)
    if wrong == "pods never ready":
        in_cluster("status", "availableReplicas", to=None)(warming)
    found = warming.tick(**here)
    assert (found.event, found.state.phase) == ("regress", "rollingBack")
    assert found.state.rejected[-1]["reason"].startswith("undecided after 3600 s: ")


def _empty_run(life: World) -> str:
    experiment = life.registry.experiment
    run: str = life.registry.connection.ask(lambda client: client.create_run(experiment)).info.run_id
    return run


@pytest.mark.parametrize(
    ("path", "answer", "reason"),
    [
        ("infer", {"outputs": [{"name": "label", "shape": [2], "data": ["a", "c"]}]}, "does not answer its example"),
        ("", {"name": "iris", "versions": ["1.1.9"]}, "says that it is version 1.1.9, and git says 1.2.0"),
    ],
)
def test_a_version_that_fails_its_smoke_test_never_gets_traffic(
    warming: World, path: str, answer: Any, reason: str
) -> None:
    """It answers something else than when it was saved, or is another version: it is rejected with that as evidence."""
    warming.cluster.answers["/".join(filter(None, ("/serve/green/v2/models/iris", path)))] = answer
    found = warming.tick()
    assert (found.event, found.state.phase, found.state.green.enabled) == ("regress", "rollingBack", False)
    assert reason in found.state.rejected[-1]["reason"]
    kept = warming.registry.read(warming.new.run_id, f"releases/staging/{found.evidence[7:23]}.json")
    content = json.loads(kept or b"")
    assert (content["decision"]["cause"], content["window"], content["verdict"]) == ("smoke", None, None)


def test_pods_that_crash_hold_no_rollback_up(life: World) -> None:
    """Evidence counts while they are not ready, and they are switched off although they never were again."""
    life.traffic(failing=0.2)
    happened = []
    for _ in range(6):
        if DEPLOYMENT in life.cluster.objects:
            in_cluster("status", "availableReplicas", to=None)(life)
        found = life.tick()
        happened.append(f"{found.event} {found.state.phase}")
        life.sync()
        if found.state.phase == "settled":
            break
    assert happened == ["regress rollingBack", "ready rollingBack", "settle settled"]
    assert (life.state().stable, life.state().green.enabled) == ("blue", False)


def test_without_mlflow_nothing_moves(life: World, tmp_path: Path) -> None:
    """A decision that cannot be written down is not carried out; the next tick makes it."""
    before = life.commits()
    (tmp_path / "file").write_text("", encoding="utf-8")
    spec = life.spec.model_copy(update={"tracking_uri": f"sqlite:///{tmp_path}/file/mlflow.db"})
    with pytest.raises(Unavailable, match="MLflow at sqlite"):
        ticks.tick(replace(life.asked(), spec=spec))
    assert life.commits() == before
    assert life.tick().event == "advance"


def test_without_mlflow_a_bad_version_is_taken_back_all_the_same(life: World, tmp_path: Path) -> None:
    """The commit then carries the record of the evidence, which its trailer names."""
    life.traffic(failing=0.2)
    (tmp_path / "file").write_text("", encoding="utf-8")
    spec = life.spec.model_copy(update={"tracking_uri": f"sqlite:///{tmp_path}/file/mlflow.db"})
    found = ticks.tick(replace(life.asked(), spec=spec))
    assert (found.event, found.state.phase) == ("regress", "rollingBack")
    words, data = disclosed(git(life.server, "log", "-1", "--format=%b", "main").partition("\n\nMlops-")[0])
    assert data is not None
    assert found.evidence == digest(data)
    assert content_of(data)["decision"]["reason"] == words


def test_without_git_nothing_moves(life: World) -> None:
    """A server that is down is asked again for a while, and then by the next tick."""
    before = life.commits()
    down = Remote("http://127.0.0.1:9/models.git", "main", patience=0.2)
    with pytest.raises(RepositoryError, match="cannot be reached"):
        ticks.tick(replace(life.asked(), remote=down))
    assert life.commits() == before
    assert life.tick().event == "advance"


def test_a_push_that_is_refused_is_tried_by_the_next_tick(life: World) -> None:
    """Nothing has changed in git then, and there is one commit in the end."""
    hook = life.server / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho 'the branch is protected' >&2\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    before = life.commits()
    with pytest.raises(RepositoryError, match="the branch is protected"):
        life.tick()
    assert life.commits() == before
    hook.unlink()
    assert life.tick().event == "advance"
    assert len(life.commits()) == len(before) + 1


def test_without_the_api_server_nothing_moves(life: World) -> None:
    """What runs is not known then."""
    before = life.commits()
    with pytest.raises(NoCluster, match="does not answer"):
        life.tick(api_server=NOWHERE)
    assert life.commits() == before


DAMAGED: dict[str, tuple[Callable[[str], str], str]] = {
    "no yaml": (lambda _: "release: {", "is no release file"),
    "another block": (lambda _: "x: 1\n", "has no block release"),
    "a field that is none": (lambda text: text.replace("step: 0", "step: -1"), "release.step"),
    "weights that sum to 90": (lambda text: text.replace("weight: 95", "weight: 85"), "sum to 90"),
    "a phase of other slots": (lambda text: text.replace('"canary"', '"promoting"'), "the slots are not those"),
}


@pytest.mark.parametrize(("damage", "why"), DAMAGED.values(), ids=DAMAGED.keys())
def test_a_damaged_release_file_is_told_and_left_alone(life: World, damage: Callable[[str], str], why: str) -> None:
    """A tick never makes sense of what no release command would have written."""
    from release_remotes import push  # noqa: PLC0415 - only here

    path = life.spec.path("staging")
    push(life.root, {path: damage(git(life.server, "show", f"main:{path}"))})
    before = life.commits()
    with pytest.raises(Mistake, match=why):
        life.tick()
    assert life.commits() == before


def test_evidence_against_a_version_counts_in_a_freeze_too(tmp_path: Path) -> None:
    """Nothing goes on then, and yet a version that fails is taken back."""
    frozen = (Freeze(from_=LONG_AGO, to="2099-01-01T00:00:00Z"),)
    with world(tmp_path, environments={"staging": {"freeze": frozen}}) as life:
        life.begin(started(life.new))
        assert life.tick().message.endswith("no release advances in a freeze")
        thawed = life.asked()
        thawed = replace(thawed, place=thawed.place.model_copy(update={"freeze": ()}))
        assert ticks.tick(thawed).state.phase == "canary"
        life.sync()
        life.traffic(failing=0.1)
        assert life.tick().event == "regress"


def test_two_ticks_at_once_make_one_commit(life: World) -> None:
    """Whoever is slower finds another state than the one that it looked at, and leaves it to the next tick."""
    before = life.commits()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: life.tick(), range(4)))
    assert sorted({one.outcome for one in found} - {"held"}) in (["moved"], ["moved", "overtaken"])
    assert [one.event for one in found if one.outcome == "moved"] == ["advance"]
    assert len(life.commits()) == len(before) + 1


def test_a_person_who_is_faster_is_not_overwritten(life: World) -> None:
    """What was decided on one state is not committed on another."""
    hook = life.server / "hooks" / "pre-receive"
    path = life.spec.path("staging")
    text = git(life.server, "show", f"main:{path}").replace("paused: false", "paused: true")
    (life.root / "paused.yaml").write_text(text, encoding="utf-8")
    hook.write_text(_RIVAL.format(file=life.root / "paused.yaml", path=path, hook=hook), encoding="utf-8")
    hook.chmod(0o755)
    found = life.tick()
    assert (found.outcome, life.state().paused, life.commits()[-1]) == ("overtaken", True, "Pause")


_RIVAL = """#!/bin/sh
# Somebody else's commit comes while the push of a tick is under way, which is refused as the server's git does it.
rm {hook}
unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES
export GIT_INDEX_FILE=$PWD/rival.index GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a
git read-tree main
git update-index --add --cacheinfo 100644,$(git hash-object -w {file}),{path}
git update-ref refs/heads/main $(git commit-tree -p main -m Pause $(git write-tree))
"""


def command(life: World, root: Path, **spec: Any) -> list[str]:
    """Write the files of a tick, and return its command line."""
    told = ReleaseSpec.model_validate(life.spec.model_dump() | spec)
    (root / "release.json").write_text(told.model_dump_json(by_alias=True, exclude_none=True), encoding="utf-8")
    here = life.asked().here.model_dump(mode="json", by_alias=True, exclude_none=True)
    (root / "here.json").write_text(json.dumps(here), encoding="utf-8")
    names = ["--spec", str(root / "release.json"), "--environment", "staging", "--here", str(root / "here.json")]
    return ["release", "tick", *names]


def test_a_tick_that_is_killed_before_its_push_leaves_nothing_undone(life: World, tmp_path: Path) -> None:
    """The evidence is there already; the next tick finds the state as it was, and makes the one commit."""
    before, wrapper = life.commits(), tmp_path / "bin" / "git"
    wrapper.parent.mkdir()
    real = subprocess.run(["which", "git"], capture_output=True, text=True, check=True).stdout.strip()
    wrapper.write_text(
        f'#!/bin/sh\nfor word; do [ "$word" = push ] && kill -9 $PPID && exit; done\nexec {real} "$@"\n',
        encoding="utf-8",
    )
    wrapper.chmod(0o755)
    environ = {**os.environ, "PATH": f"{wrapper.parent}:{os.environ['PATH']}"}
    killed = subprocess.run(
        [sys.executable, "-m", "mlops_charts", *command(life, tmp_path)], env=environ, check=False, capture_output=True
    )
    assert (killed.returncode, life.commits()) == (-9, before)
    kept = list((tmp_path / "mlflow").rglob("releases/staging/*.json"))
    assert len(kept) == 1
    found = life.tick()
    assert (found.event, found.state.phase, found.state.green.weight) == ("advance", "canary", 50)
    assert len(life.commits()) == len(before) + 1


def test_a_hold_is_light(life: World, tmp_path: Path) -> None:
    """A tick that only looks loads neither MLflow nor numpy, so that one a minute costs nothing."""
    life.served["green"].text = "# nothing\n"
    begun = getrusage(RUSAGE_CHILDREN)
    program = "import sys; from mlops_charts.cli import status_of; print(status_of(sys.argv[1:])); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program, *command(life, tmp_path), "--format", "json"],
        check=True,
        capture_output=True,
        text=True,
    )
    ended = getrusage(RUSAGE_CHILDREN)
    printed, status, modules = done.stdout.splitlines()
    assert (json.loads(printed)["outcome"], status) == ("held", "0")
    assert not {"mlflow", "numpy", "pandas", "sqlalchemy"} & {*modules.split()}
    assert ended.ru_utime + ended.ru_stime - begun.ru_utime - begun.ru_stime < 0.6


def test_exit_statuses_say_who_is_to_act(life: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """0 where it moved or held, 1 for what is wrong in git, 3 for what cannot be reached, 2 for a wrong call."""
    words = command(life, tmp_path)
    assert status_of(words) == 0
    assert "canary 5 % -> canary 50 %" in capsys.readouterr().out
    assert status_of(["nowhere" if word == "staging" else word for word in words]) == 1
    assert "its environments are staging, prod" in capsys.readouterr().err
    assert status_of(words[:4]) == 2
    (tmp_path / "here.json").write_text(json.dumps({"apiServer": NOWHERE, "repository": str(life.server)}))
    assert status_of(words) == 3
    (tmp_path / "here.json").write_text('{"apiServer": "https://kubernetes.default.svc"}', encoding="utf-8")
    assert status_of(words) == 1
    assert issubclass(NoCluster, MlopsChartsError)
