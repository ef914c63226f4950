"""What build leaves: a context that is the same twice, complete, and free of secrets."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from packaged import CODE, COMMIT, DATA, SIGNATURE, build_call, model

from mlops_charts import contract
from mlops_charts.contract import ALLOW_PICKLE, TRUSTED_TYPES
from mlops_charts.steps import build
from mlops_charts.steps.call import Call, Refused, Unavailable
from mlops_charts.steps.context import folder_digest, paths_in
from mlops_charts.steps.registry import open_registry

BASE = "docker.io/library/python:3.11.14-slim-bookworm"
WRAPPED = SIGNATURE.model_copy(update={"format": "skops", "entrypoint": "serve.py:Model"})
SOURCE = {
    "train.py": b"def train(X, y, context): ...\n",
    "serve.py": b"class Model: ...\n",
    "requirements.txt": b"# ours\nnumpy==2.3.5 \\\n  --hash=sha256:" + b"1" * 64 + b"\nxgboost==3.1.1\n",
}
ENTRYPOINT = {
    "serving": {"entrypoint": "serve.py:Model"},
    "training": {"data": {"uri": "sklearn://iris"}, "requirements": "requirements.txt"},
}


def instructions(context: Path) -> list[list[str]]:
    """Return the instructions of the Dockerfile, each as its words."""
    text = (context / "Dockerfile").read_text().replace("\\\n", " ")
    return [shlex.split(line) for line in text.splitlines() if line]


def labels(context: Path) -> dict[str, str]:
    return {
        name: text
        for verb, *words in instructions(context)
        if verb == "LABEL"
        for name, _, text in (word.partition("=") for word in words)
    }


@pytest.fixture
def built(tmp_path: Path) -> tuple[Call, build.BuildResult]:
    """A build of the smallest model."""
    call = build_call(tmp_path)
    return call, build.run(call)


def test_the_context_has_all_that_the_dockerfile_copies(built: tuple[Call, build.BuildResult]) -> None:
    """Whatever is copied is there and not ignored, and nothing else is there."""
    context = built[0].outputs / "context"
    copied = {words[0].rstrip("/") for verb, *words in instructions(context) if verb == "COPY" and words[0][0] != "-"}
    assert {"model", "packages", contract.SBOM} == copied
    assert {path.name for path in context.iterdir()} == copied | {"Dockerfile", ".dockerignore"}
    ignored = (context / ".dockerignore").read_text().splitlines()
    assert ignored[0] == "*"
    assert copied <= {line.removeprefix("!") for line in ignored[1:]}
    assert (context / "model" / contract.PROFILE).is_file()


def test_the_image_is_small_and_not_of_root(built: tuple[Call, build.BuildResult]) -> None:
    """Two stages on the pinned base; the last one runs as nobody, installs nothing and finds the server on PATH."""
    found = instructions(built[0].outputs / "context")
    stages = [index for index, (verb, *_) in enumerate(found) if verb == "FROM"]
    assert [found[index][1] for index in stages] == [BASE, BASE]
    last = found[stages[1] :]
    assert ["USER", "65532:65532"] in last
    assert "RUN" not in {verb for verb, *_ in last}
    assert any(word == "PATH=/opt/mlops/bin:$PATH" for verb, *words in last for word in words if verb == "ENV")
    assert "ENTRYPOINT" not in {verb for verb, *_ in found}
    run = next(words for verb, *words in found if verb == "RUN")
    assert "--require-hashes" in run
    assert "latest" not in (built[0].outputs / "context/Dockerfile").read_text()


def test_the_labels_say_what_it_is(built: tuple[Call, build.BuildResult]) -> None:
    """Version, digests, run and commit."""
    run_id = built[0].parameters["run-id"]
    assert labels(built[0].outputs / "context") == {
        "mlops.code-digest": CODE,
        "mlops.data-digest": DATA,
        "mlops.git-commit": COMMIT,
        "mlops.model": "iris",
        "mlops.run-id": run_id,
        "mlops.version": "1.2.0",
        "org.opencontainers.image.base.name": BASE,
        "org.opencontainers.image.revision": COMMIT,
        "org.opencontainers.image.source": "https://git.example.com/ml/models.git",
        "org.opencontainers.image.title": "iris",
        "org.opencontainers.image.version": "1.2.0",
    }


def test_a_label_is_what_was_written(tmp_path: Path) -> None:
    """Quotes, dollars and backslashes of a description are no syntax."""
    text = 'Costs "5 $HOME" \\ more\nin ${two} lines'
    call = build_call(tmp_path, {"metadata": {"name": "iris", "description": text}})
    build.run(call)
    dockerfile = (call.outputs / "context/Dockerfile").read_text()
    (line,) = (line for line in dockerfile.splitlines() if "image.description" in line)
    assert line == (r'LABEL org.opencontainers.image.description="Costs \"5 \$HOME\" \\ more in \${two} lines"')


def test_the_result_says_what_was_packaged(built: tuple[Call, build.BuildResult]) -> None:
    """The tag has the version and twelve digits; the run knows it, and has not advanced."""
    call, result = built
    context = call.outputs / "context"
    assert re.fullmatch(r"ghcr\.io/acme/iris:1\.2\.0-[0-9a-f]{12}|[^:]+/iris:1\.2\.0-[0-9a-f]{12}", result.image)
    assert result.context_digest == folder_digest(context)
    assert result.context_bytes == sum(path.stat().st_size for _, path in paths_in(context))
    assert (result.serves, result.runtime, result.own_packages, result.profiled) == (True, "python", 0, True)
    assert (call.outputs / "image").read_text() == result.image
    run = open_registry(call).run(call.parameters["run-id"])
    assert run.tags[contract.TAG_IMAGE] == result.image
    assert run.stage == "opened"


def test_the_same_run_gives_the_same_bytes(built: tuple[Call, build.BuildResult], tmp_path: Path) -> None:
    """No clock and no chance is in a context."""
    again = build_call(tmp_path, name="again", run_id=built[0].parameters["run-id"])
    assert build.run(again) == built[1]
    ours, theirs = (dict(paths_in(call.outputs / "context")) for call in (built[0], again))
    assert {name: path.read_bytes() for name, path in ours.items()} == {
        name: path.read_bytes() for name, path in theirs.items()
    }
    assert {path.stat().st_mode & 0o777 for path in theirs.values()} == {0o644}


def test_another_model_is_another_image(built: tuple[Call, build.BuildResult], tmp_path: Path) -> None:
    """A byte of the model changes the tag."""
    other = model(files={"model.onnx": b"other"})
    again = build_call(tmp_path, name="again", run_id=built[0].parameters["run-id"], saved=other)
    assert build.run(again).image != built[1].image


def test_a_step_killed_halfway_is_done_again(built: tuple[Call, build.BuildResult]) -> None:
    """What a killed step left is no artifact, and is gone after the next try."""
    call, result = built
    left = call.outputs / ".context.part"
    left.mkdir()
    (left / "Dockerfile").write_text("half")
    assert build.run(call) == result
    assert not left.exists()


def test_secrets_of_the_environment_stay_there(tmp_path: Path) -> None:
    """What the step knows to reach services is in no file that leaves it."""
    environ = {"AWS_SECRET_ACCESS_KEY": "kept-7Qx1-key", "MLFLOW_TRACKING_PASSWORD": "kept-7Qx1-word"}
    call = build_call(tmp_path, environ=environ)
    build.run(call)
    content = b"".join(path.read_bytes() for _, path in paths_in(call.outputs))
    assert b"kept-7Qx1" not in content
    assert str(tmp_path).encode() not in content


def test_own_packages_come_first(tmp_path: Path) -> None:
    """What the requirements pin is installed as they say, and the lock constrains what they pull in."""
    call = build_call(
        tmp_path, ENTRYPOINT, files=SOURCE, saved=model(WRAPPED, {"code/serve.py": b"class Model: ...\n"})
    )
    result = build.run(call)
    packages = call.outputs / "context/packages"
    lock, constraints = (packages / "lock.txt").read_text(), (packages / "constraints.txt").read_text()
    assert "numpy==" not in lock
    assert "scikit-learn==" in lock
    assert "--hash" not in constraints
    assert [line.partition(" ")[0] for line in lock.splitlines() if line[0] != " "] == constraints.splitlines()
    assert (packages / "requirements.txt").read_bytes() == SOURCE["requirements.txt"]
    assert result.own_packages == 2
    run = next(words for verb, *words in instructions(call.outputs / "context") if verb == "RUN")
    assert " ".join(run).count("pip --python /opt/mlops/bin/python install") == 3
    purls = {one.get("purl") for one in _bill(call)["components"]}
    assert {"pkg:pypi/numpy@2.3.5", "pkg:pypi/xgboost@3.1.1"} <= purls


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (
            b"import numpy\n\nimport pandas.testing\n",
            r"serve\.py:3 imports pandas, which .*: pin pandas in requirements\.txt",
        ),
        (b"from words import tokens\n", r"words\.py:2 imports matplotlib, which"),
    ],
)
def test_an_import_that_would_fail_is_told(tmp_path: Path, code: bytes, says: str) -> None:
    """Before there is an image; also one of a file that the entrypoint imports."""
    held = {"code/serve.py": code, "code/words.py": b"import yaml\nimport matplotlib\n"}
    call = build_call(tmp_path, ENTRYPOINT, files=SOURCE, saved=model(WRAPPED, held))
    with pytest.raises(Refused, match=says):
        build.run(call)


def test_imports_that_may_fail_are_left_alone(tmp_path: Path) -> None:
    """What is guarded, what comes later, what nobody knows here, and what the packages of the image need."""
    code = (
        b"import json, scipy.special, numpy as np\nfrom . import x\nimport unheard_of\n"
        b"import threadpoolctl\nimport mlops_charts\n"
        b"try:\n    import pandas\nexcept ImportError:\n    pandas = None\n"
        b"def late():\n    import matplotlib\n"
    )
    call = build_call(tmp_path, ENTRYPOINT, files=SOURCE, saved=model(WRAPPED, {"code/serve.py": code}))
    assert build.run(call).serves


def test_requirements_that_nothing_serves_with_stay_out(tmp_path: Path) -> None:
    """A model in ONNX without an entrypoint needs none of what trained it."""
    asked = {"training": ENTRYPOINT["training"]}
    call = build_call(tmp_path, asked, files=SOURCE)
    assert build.run(call).own_packages == 0
    assert not (call.outputs / "context/packages/requirements.txt").exists()


@pytest.mark.parametrize(
    ("update", "wanted", "unwanted"),
    [
        ({}, "onnxruntime==", "scikit-learn=="),
        ({"format": "skops"}, "skops==", "pandas=="),
        ({"format": "skops", "frame": True}, "pandas==", "mlflow=="),
    ],
)
def test_the_lock_is_as_large_as_the_format(tmp_path: Path, update: dict[str, Any], wanted: str, unwanted: str) -> None:
    """Nothing is installed that the model does not need."""
    call = build_call(tmp_path, saved=model(SIGNATURE.model_copy(update=update)))
    build.run(call)
    lock = (call.outputs / "context/packages/lock.txt").read_text()
    assert wanted in lock
    assert unwanted not in lock


def test_a_prepackaged_server_gets_the_model_from_the_storage(tmp_path: Path) -> None:
    """Its image carries the model and its bill, and nothing that runs."""
    asked = {
        "serving": {"runtime": "sklearn", "protocol": "v2"},
        "training": {"data": {"uri": "sklearn://iris"}, "allowPickle": True},
    }
    call = build_call(tmp_path, asked)
    result = build.run(call)
    context = call.outputs / "context"
    assert (result.serves, result.packages) == (False, 0)
    assert instructions(context)[0] == ["FROM", "scratch"]
    assert {verb for verb, *_ in instructions(context)} == {"FROM", "LABEL", "COPY", "USER"}
    assert not (context / "packages").exists()
    assert {one["type"] for one in _bill(call)["components"]} == {"machine-learning-model", "data"}


def test_the_wrapper_has_a_lock_of_its_own(tmp_path: Path) -> None:
    """Its source distributions are built with locked tools, which are installed ahead of them."""
    call = build_call(tmp_path, {"serving": {"runtime": "seldon-core", "protocol": "seldon"}})
    build.run(call)
    packages = call.outputs / "context/packages"
    assert "seldon-core==1.17.1" in (packages / "lock.txt").read_text()
    assert re.findall(r"^(\w+)==", (packages / "build.txt").read_text(), re.MULTILINE) == ["setuptools", "wheel"]


def test_the_wrapper_refuses_another_python(tmp_path: Path) -> None:
    """Its lock is for one Python, and a base image whose tag says another is refused ahead of the build."""
    platform = {"images": {"python": "docker.io/library/python:3.13.1-slim"}}
    call = build_call(tmp_path, {"serving": {"runtime": "seldon-core", "protocol": "seldon"}}, platform=platform)
    with pytest.raises(Refused, match=r"seldon-core runs on Python 3\.11; images\.python of platform\.yaml is docker"):
        build.run(call)


@pytest.mark.parametrize(
    ("training", "stored", "expected"),
    [
        ({}, "onnx", {}),
        ({"trustedTypes": ["a.B", "c.D"]}, "skops", {TRUSTED_TYPES: "a.B,c.D"}),
        ({"allowPickle": True}, "skops", {}),
        ({"allowPickle": True}, "pickle", {ALLOW_PICKLE: "1"}),
    ],
)
def test_the_image_says_what_may_be_loaded(
    tmp_path: Path, training: dict[str, Any], stored: str, expected: dict[str, str]
) -> None:
    """What model.yaml pins, where the server looks for it."""
    asked = {"training": {"data": {"uri": "sklearn://iris"}, **training}}
    call = build_call(tmp_path, asked, saved=model(SIGNATURE.model_copy(update={"format": stored})))
    build.run(call)
    words = [word for verb, *words in instructions(call.outputs / "context") if verb == "ENV" for word in words]
    found = dict(word.split("=", 1) for word in words)
    assert {name: found[name] for name in (TRUSTED_TYPES, ALLOW_PICKLE) if name in found} == expected
    assert found[contract.SERVED_RUN] == call.parameters["run-id"]
    assert {len(found[name]) for name in (contract.SERVED_CODE, contract.SERVED_DATA)} == {64}
    assert (found["MODEL"], found["VERSION"]) == ("iris", "1.2.0")


def test_a_model_without_signature_is_none(tmp_path: Path) -> None:
    """One line says so, and no artifact is left."""
    call = build_call(tmp_path, saved={"model.onnx": b"1"})
    with pytest.raises(Unavailable, match=r"signature\.json of the saved model cannot be read"):
        build.run(call)
    assert not (call.outputs / "context").exists()


def test_a_version_that_is_none_is_refused(tmp_path: Path) -> None:
    """It would be no tag of an image."""
    given = build_call(tmp_path)
    call = replace(given, parameters={**given.parameters, "version": "1.0/x"})
    with pytest.raises(Refused, match=r'^--version is "1\.0/x", expected one such as 1\.0\.0$'):
        build.run(call)


def test_a_run_without_version_has_no_image(tmp_path: Path) -> None:
    """The step ahead gives it one; a parameter that is missing is taken from the run."""
    given = build_call(tmp_path)
    call = replace(given, parameters={**given.parameters, "version": ""})
    with pytest.raises(Unavailable, match="has no version yet"):
        build.run(call)
    open_registry(call).tag(call.parameters["run-id"], contract.TAG_VERSION, "3.0.0")
    assert build.run(call).image.partition(":")[2].startswith("3.0.0-")


def test_a_bill_that_nobody_asked_for_is_not_made(tmp_path: Path) -> None:
    """build.sbom: false."""
    call = build_call(tmp_path, {"build": {"sbom": False}})
    build.run(call)
    assert not (call.outputs / "context" / contract.SBOM).exists()
    assert contract.SBOM not in (call.outputs / "context/Dockerfile").read_text()
    assert open_registry(call).get(call.parameters["run-id"], "sbom", tmp_path / "got") is None


def _bill(call: Call) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((call.outputs / "context" / contract.SBOM).read_text())
    return found
