"""`mlops-charts diff` against real git: each kind of change is said in the right words, and only code retrains."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from diffs import MODEL, Say, commit, edit, run
from repositories import ROOT, git

from mlops_charts.release import Identity, Match, ReleaseState, release_text, state_of


def append(root: Path, text: str) -> None:
    """Write more at the end of model.yaml."""
    (root / MODEL).write_text((root / MODEL).read_text() + text)


def identity(version: str, digest: str) -> Identity:
    """Return a version that code of some digest has made."""
    return Identity(
        version=version,
        image=f"ghcr.io/acme/iris@sha256:{'0' * 64}",
        run_id="0" * 32,
        code_digest=digest,
        data_digest="0" * 64,
    )


OLD, NEW = identity("1.1.0", "b" * 64), identity("1.2.0", "a" * 64)


def release(root: Path, state: ReleaseState, environment: str = "prod") -> None:
    """Write a release file."""
    (root / f"charts/iris/serving/release-{environment}.yaml").write_text(release_text(state))


def at(phase: Any, weight: int = 5) -> ReleaseState:
    """Return the state of a release of 1.2.0 into green, beside 1.1.0 in blue."""
    match = Match(header="x-variant", value="candidate") if phase == "abTest" else None
    return state_of(phase, "gatewayApi", OLD, NEW, weight=weight, match=match)


CHANGES = {
    "replicas": (MODEL, "replicas: 2", "replicas: 3", "scales green from 2 to 3 pods"),
    "code": ("model/iris/train.py", "def train", "# another\ndef train", "will retrain: the code digest changes"),
    "gate": (MODEL, "accuracy, min: 0.85}", "accuracy, min: 0.86}", "will retrain: the code digest changes"),
    "override": (MODEL, "{replicas: 4}", "{replicas: 5}", "serving in prod"),
    "schedule": (MODEL, "0 3 * * 1", "0 4 * * 1", "retrains at 0 4 * * 1 instead of 0 3 * * 1"),
    "runtime": ("platform.yaml", "runtime:1.0.0", "runtime:1.1.0", "changes the pipeline from its next run on"),
    "timeout": (MODEL, "serving:", "serving:\n  timeout: 7s", "changes the route: timeouts.request (serving in"),
    "host": ("platform.yaml", "{environment}.example.com", "{environment}.example.org", "changes the host to iris."),
    "alerts": (
        MODEL,
        "release:",
        "monitoring: {objectives: {latency: {max: 50ms}}, drift: {maxPsi: 0.3}}\nrelease:",
        "changes the alerts ModelLatency, ModelFeatureDrift, ModelPredictionDrift (serving in prod, staging)",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_said(change: str, models: Path, say: Say) -> None:
    """The words name what will happen; the Workflow has another name after a change of code, and of nothing else."""
    file, before, after, words = CHANGES[change]
    edit(models, before, after, file)
    said = "\n".join(say("--base", "main"))
    assert words in said
    assert ("will retrain" in said) == (change in {"code", "gate"})


TRAFFIC = "moves traffic: blue {} -> {} percent, green {} -> {} percent; nothing restarts (serving in prod)"
PHASES = {
    "warming": ["starts to release 1.2.0 in green: its pods warm up without the users' traffic (serving in prod)"],
    "canary": ["starts the canary of 1.2.0 in green, against 1.1.0 in blue (serving in prod)"],
    "shadow": ["mirrors traffic: green gets copies of all requests (serving in prod)"],
    "abTest": ["starts the experiment: requests with the header x-variant: candidate go to 1.2.0 in green"],
    "promoting": ["promotes 1.2.0 in green (serving in prod)", TRAFFIC.format(100, 0, 0, 100)],
    "baking": ["watches 1.2.0 in green with all the traffic; 1.1.0 in blue stays warm (serving in prod)"],
    "rollingBack": ["rolls back: 1.1.0 in blue answers all users again", TRAFFIC.format(0, 100, 100, 0)],
    "settled": ["ends the release: 1.2.0 in green serves alone", "stops pods of blue, version 1.1.0"],
}
BEFORE = {"warming": "awaitingApproval", "baking": "promoting", "rollingBack": "baking", "settled": "baking"}


@pytest.mark.parametrize("phase", PHASES)
def test_a_phase_is_said(phase: str, models: Path, say: Say) -> None:
    """Each phase says what it does, with versions and slots, and none restarts or trains anything."""
    release(models, at(BEFORE.get(phase, "warming")))
    commit(models)
    release(models, at(phase))
    said = "\n".join(say())
    for words in PHASES[phase]:
        assert words in said
    assert "will " not in said
    assert "restarts pods" not in said


def test_a_step_of_a_canary_moves_traffic(models: Path, say: Say) -> None:
    """A step is one line with the numbers of both slots, and says that nothing restarts."""
    release(models, at("canary", 5))
    commit(models)
    release(models, at("canary", 25))
    assert say() == ["iris", TRAFFIC.format(95, 75, 5, 25)]


def test_a_first_release_opens_the_route(models: Path, say: Say) -> None:
    """A first version has no rival: its pods start, then users reach the model."""
    release(models, state_of("warming", "gatewayApi", None, NEW))
    said = say()
    assert said[1] == "starts the first release, of 1.2.0 in green: its pods warm up (serving in prod)"
    assert "starts pods of green, version 1.2.0 (serving in prod)" in said
    commit(models)
    release(models, state_of("promoting", "gatewayApi", None, NEW))
    assert say()[1:3] == [
        "promotes 1.2.0 in green (serving in prod)",
        "opens the route: users reach the model (serving in prod)",
    ]


def test_istio_moves_and_mirrors_traffic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, say: Say) -> None:
    """Behind Istio the predictors hold the weights, and the words are the same."""
    root = tmp_path / "istio"
    shutil.copytree(ROOT / "tests/cases/shadow-behind-istio", root)
    monkeypatch.chdir(root)
    git(root, "init", "-q", "-b", "main")
    where = "(serving in staging)"
    old, new = (one.model_copy(update={"model_uri": "s3://models/iris"}) for one in (OLD, NEW))
    said = {}
    for phase in ("warming", "canary", "shadow"):
        release(root, state_of(phase, "istio", old, new), "staging")
        said[phase] = say() if (root / ".git/refs/heads/main").exists() else []
        commit(root)
    assert f"moves traffic: blue 100 -> 95 percent, green 0 -> 5 percent; nothing restarts {where}" in said["canary"]
    assert f"mirrors traffic: green gets copies of 100 percent {where}" in said["shadow"]
    assert f"adds the series mlops_charts:slot_mirrored {where}" in said["shadow"]


def test_a_paused_release_is_said(models: Path, say: Say) -> None:
    """Nothing that is rendered differs when a person holds a release, and it is said nevertheless."""
    release(models, at("canary"))
    commit(models)
    release(models, at("canary").model_copy(update={"paused": True}))
    assert say("--exit-code", status=1) == ["iris", "holds the release where it is (serving in prod)"]


@pytest.mark.parametrize(
    ("edited", "part"), [("protocol: seldon", "protocol, command"), ("batching: {maxSize: 3}", "command")]
)
def test_a_restart_is_said(edited: str, part: str, models: Path, say: Say) -> None:
    """A change of what both slots share restarts what serves; while a release is in flight that is a warning."""
    release(models, at("settled"))
    commit(models)
    edit(models, "serving:", f"serving:\n  {edited}")
    assert f"restarts pods of green: {part} (serving in prod)" in say()
    release(models, at("canary"))
    git(models, "commit", "-q", "-m", "Release", "--", "charts")
    said = say()
    for slot, line in zip(("blue", "green"), said[1:3], strict=True):
        assert line == (
            f"warning: restarts pods of {slot}: {part}; 1.2.0 in green is being released: "
            "wait until that has ended (serving in prod)"
        )


def test_permissions_are_said(models: Path, say: Say) -> None:
    """What a Role gains is a new permission; what it loses is taken; read from the objects, not from model.yaml."""
    role = "charts/iris/serving/templates/role-judge.yaml"
    edit(models, "      - seldondeployments\n", "      - seldondeployments\n      - secrets\n", role)
    edit(models, "- deployments\n", "- replicasets\n", role)
    commit(models)
    said = say()
    names = "iris-blue-0-model, iris-green-0-model"
    where = "(serving in prod, staging)"
    assert said[1] == f"new permission: iris-judge may get deployments named {names} {where}"
    taken = f"iris-judge may no longer get replicasets named {names}; get secrets named iris {where}"
    assert f"takes a permission: {taken}" in said


def test_a_new_environment_is_said(models: Path, say: Say) -> None:
    """A new environment is one line and its permissions; the project of the fleet admits its namespace."""
    edit(models, "  - staging\n", "  - staging\n  - qa\n")
    edit(models, "  prod:\n", "  qa: {}\n  prod:\n", "platform.yaml")
    said = say()
    assert said[1] == "the environment is new: nothing is released there yet (serving in qa)"
    assert "adds Application iris-serving-qa (apps)" in said
    assert "new permission: the project models admits namespace *-qa (apps)" in said
    assert "ServiceAccount" not in "\n".join(said)


def test_a_removed_environment_is_said(models: Path, say: Say) -> None:
    """It is said which version stops to serve, and that a person is asked."""
    release(models, at("settled"))
    commit(models)
    text = (models / MODEL).read_text()
    (models / MODEL).write_text(text[: text.index("  - name: prod")])
    said = say()
    assert said[1] == "the environment is removed (serving in prod)"
    assert "stops to serve 1.2.0 in green once a person has confirmed it in Argo CD (serving in prod)" in said
    assert "removes Application iris-serving-prod (apps)" in said


def test_a_removed_model_is_said(models: Path, say: Say) -> None:
    """The last model can go too: what stops is said, and not every object that is gone."""
    release(models, at("settled"))
    commit(models)
    shutil.rmtree(models / "model/iris")
    assert not [line for line in say() if "removed" in line]  # its charts are still there, and so it goes on
    assert run("render", "--remove", "iris") == 0
    said = say()
    assert said[:2] == ["iris", "is removed: its pipeline, and its serving in prod, staging"]
    assert "closes the route (serving in prod)" in said
    assert len(said) < 10


def test_a_new_model_is_said(models: Path, say: Say) -> None:
    """A base without charts: what is new, that it trains, and what it may do; not every object."""
    git(models, "rm", "-r", "-q", "--cached", "charts", "apps")
    git(models, "commit", "-q", "-m", "Forget")
    said = say()
    assert said[:2] == ["iris", "is new: its pipeline, and its serving in staging, prod"]
    assert said[2].startswith("will train for the first time: iris-")
    assert "new permission: iris-steps may create, patch workflowtaskresults (pipeline)" in said
    assert "adds AppProject models (apps)" in said


def test_a_step_of_your_own_is_said(models: Path, say: Say) -> None:
    """A further step is named, and the account that gets rights for it."""
    append(
        models,
        'pipeline:\n  steps: [{name: score, after: train, image: "ghcr.io/acme/score:1.0.0", command: [score]}]\n',
    )
    said = say()
    assert "adds the step score (pipeline)" in said
    assert "new permission: iris-score gets the Role iris-steps (pipeline)" in said


def code_digest(root: Path) -> str:
    """Return the digest of the code that is rendered."""
    text = (root / "charts/iris/pipeline/templates/workflow.yaml").read_text()
    return text.rpartition("value: ")[2].strip()


@pytest.fixture
def reverted(models: Path) -> tuple[Path, str]:
    """A repository whose train.py is again what it was before its last commit, and the digest of that code."""
    digest, train = code_digest(models), (models / "model/iris/train.py").read_text()
    edit(models, "def train", "# another\ndef train", "model/iris/train.py")
    assert run("render") == 0
    commit(models)
    (models / "model/iris/train.py").write_text(train)
    return models, digest


def test_code_that_is_known_is_released_again(reverted: tuple[Path, str], say: Say) -> None:
    """A revert trains nothing: the version that its code has made is released where another one serves."""
    root, digest = reverted
    release(root, state_of("settled", "gatewayApi", identity("1.2.0", digest), identity("1.3.0", "c" * 64)))
    release(root, state_of("settled", "gatewayApi", OLD, identity("1.2.0", digest)), "staging")
    commit(root)
    said = say()
    assert f"will release 1.2.0 again in prod: its code is {digest[:10]}, and nothing is trained" in said
    assert "releases nothing in staging: 1.2.0, which has this code, is there already" in said


def test_a_rejected_version_is_not_released(reverted: tuple[Path, str], say: Say) -> None:
    """What was rejected is released nowhere it was rejected until a person lifts that, which is said too."""
    root, digest = reverted
    rejected = ({"version": "1.2.0", "codeDigest": digest},)
    sound = at("settled")
    release(root, sound.model_copy(update={"rejected": rejected}))
    commit(root)
    said = "\n".join(say())
    refused = (
        "releases nothing in prod: 1.2.0, which has this code, is rejected there until a person lifts the rejection"
    )
    assert refused in said
    assert "will release 1.2.0 again in staging" in said
    release(root, sound)
    assert "lifts the rejection of 1.2.0: it may be released again (serving in prod)" in say()
    commit(root)
    release(root, sound.model_copy(update={"rejected": rejected}))
    lifted = "rejects 1.2.0: it is not released again until a person lifts the rejection (serving in prod)"
    assert lifted in say()


def clones(root: Path, names: Sequence[str]) -> None:
    """Commit further models that are like iris."""
    for name in names:
        shutil.copytree(root / "model/iris", root / "model" / name)
        edit(root, "name: iris", f"name: {name}", f"model/{name}/model.yaml")
    assert run("render") == 0
    commit(root)


def test_two_models_are_counted(models: Path, say: Say) -> None:
    """Each model has its own words; the last line counts them."""
    clones(models, ["rose"])
    edit(models, "def train", "# another\ndef train", "model/rose/train.py")
    edit(models, "{replicas: 4}", "{replicas: 5}")
    said = say()
    assert [line for line in said if line in {"iris", "rose"}] == ["iris", "rose"]
    assert said[-1] == "2 models change: 1 retrained"


def test_many_models_do_not_drown_the_reader(models: Path, say: Say) -> None:
    """What the platform does to all models is said once for all of them; JSON still has every model."""
    clones(models, ["aster", "daisy", "rose", "tulip"])
    edit(models, "runtime:1.0.0", "runtime:1.1.0", "platform.yaml")
    said = say()
    assert said[0] == "5 models: aster, daisy, iris, rose, tulip"
    assert len([line for line in said if line.startswith("changes the pipeline from its next run on")]) == 1
    assert said[-1] == "5 models change: nothing is trained, restarted or moved"
    found = json.loads("\n".join(say("--format", "json")))
    assert [one["title"] for one in found] == ["aster", "daisy", "iris", "rose", "tulip"]


def test_a_kind_that_the_project_admits_is_said(models: Path, say: Say) -> None:
    """A kind that Argo CD may now deploy is a new permission of the fleet, and one that it may not is taken."""
    project = "apps/projects/models.yaml"
    edit(models, '    - group: ""\n      kind: ConfigMap\n', "", project)
    edit(models, "      kind: LimitRange\n", "      kind: Secret\n", project)
    commit(models)
    said = say()
    assert said == [
        "apps",
        "new permission: the project models admits ConfigMap, LimitRange (apps)",
        "takes a permission: the project models admits no longer Secret (apps)",
    ]
