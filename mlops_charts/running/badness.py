"""Bad versions on purpose: the version that serves, wrapped so that it fails, dawdles or drifts, and registered.

The version is real: it has a run of its own that says so, a number by the registry's rules, a model's folder that
passes its own example, and it is handed to releases by the step that hands on every version. It must not know how a
release goes.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import redirect_stderr
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final, Literal, get_args

from mlops_charts import contract
from mlops_charts.errors import Mistake
from mlops_charts.release.state import Identity
from mlops_charts.saved_model.example import read_example
from mlops_charts.saved_model.profile import CategoryBins, NumberBins, read_profile
from mlops_charts.saved_model.signature import Signature, read_signature, signature_text
from mlops_charts.saved_model.sums import SUMS, sums_text
from mlops_charts.steps.asked import RunSpec
from mlops_charts.steps.call import Call

Kind = Literal["errors", "latency", "drift"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

_SHARES: Final[Mapping[Kind, float]] = {"errors": 0.25, "latency": 0.4, "drift": 0.6}
_SLOW: Final = 0.1  # seconds
_MOST_SALTS: Final = 10_000
_CODE: Final = "misbehaving.py"
_ASKED: Final = "misbehaving.json"
_GOOD: Final = "good"
TAG_BAD: Final = "mlops.bad"


@dataclass(frozen=True)
class Bad:
    """A bad version.

    Attributes:
        version: Its semantic version.
        run_id: Its run in MLflow.
        does: What is bad about it, in words.
    """

    version: str
    run_id: str
    does: str


def release_bad(kind: Kind, spec: RunSpec, good: Identity, commit: str, environ: Mapping[str, str]) -> Bad:
    """Make a bad version of a good one, register it, and start its release in the first environment.

    Args:
        kind: What is bad about it.
        spec: The run's spec, with the services of this machine.
        good: The version that it is made of.
        commit: The commit of the model's folder.
        environ: Variables of a step's process.

    Raises:
        Mistake: The good version is not in the registry, or cannot be made bad.
        Unavailable: MLflow or git cannot be reached.
    """
    from mlops_charts.steps import deploy, version  # noqa: PLC0415 - they bring MLflow, two seconds
    from mlops_charts.steps.registry import open_registry  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="bad-") as scratch:
        place = Path(scratch)
        registry = open_registry(Call(spec, place, place, {}, environ))
        found = registry.get(good.run_id, contract.MODEL_ARTIFACTS, place / _GOOD)
        if found is None:
            raise Mistake(f"MLflow has no model of the run {good.run_id}, which made version {good.version}")
        profile = registry.get(good.run_id, contract.PROFILE_ARTIFACTS, place / "profile")
        made = write_bad(kind, found, profile, place / contract.MODEL_ARTIFACTS)
        code = hashlib.sha256(f"{good.code_digest} {place.name} {sums_text(made.folder)}".encode()).hexdigest()
        run = registry.open(code, good.data_digest, commit, contract.TRIGGERS[0])
        params = {"bad": kind, "badDoes": made.does, "badMadeOf": good.version}
        registry.log(run.id, params, {})
        registry.tag(run.id, TAG_BAD, kind)
        registry.put(run.id, made.folder, contract.MODEL_ARTIFACTS)
        if profile is not None:
            registry.put(run.id, profile, contract.PROFILE_ARTIFACTS)
        registry.advance(run.id, "validated")  # by nobody: the release is what must find it out
        shutil.copytree(made.folder, place / "inputs" / "model")
        parameters = {"run-id": run.id, "code-digest": code, "data-digest": good.data_digest, "git-commit": commit}
        call = Call(spec, place / "inputs", place / "outputs", parameters, environ)
        with redirect_stderr(io.StringIO()):  # the steps write their logs for those who read a pod's
            versioned = version.run(call)
        words = f"Bad on purpose ({kind}): {made.does}. {good.version} is what it is made of."
        registry.describe(versioned.number, f"{registry.model} {versioned.version}. {words}")
        registry.tag_version(versioned.number, TAG_BAD, kind)
        image = f"{spec.plan.images.model}:{versioned.version}-bad-{kind}"
        handed = {**parameters, "action": "release", "version": versioned.version, "image": image}
        with redirect_stderr(io.StringIO()):
            deploy.run(Call(spec, place / "inputs", place / "outputs", handed, environ))
        return Bad(versioned.version, run.id, made.does)


@dataclass(frozen=True)
class Made:
    """The folder of a bad model.

    Attributes:
        folder: The folder.
        does: What is bad about it, in words.
    """

    folder: Path
    does: str


def write_bad(kind: Kind, good: Path, profile: Path | None, folder: Path) -> Made:
    """Write a model's folder that answers as a good one does, but for a share of the rows.

    Args:
        kind: What it does to them.
        good: The folder of the good model.
        profile: The folder of its profile; None if it has none.
        folder: Where to write; nothing is there yet.

    Raises:
        Mistake: Its predictions cannot drift, or its example has every row that there could be.
    """
    signature = read_signature(good)
    share, does, more = _SHARES[kind], "", {}
    if kind == "errors":
        does = f"fails on {share:.0%} of all rows"
    elif kind == "latency":
        does, more = f"takes {1000 * _SLOW:g} ms longer for {share:.0%} of all rows", {"seconds": _SLOW}
    else:
        says, more = _drift(signature, profile)
        does = f"answers {says} to {share:.0%} of all rows"
    shutil.copytree(good, folder / _GOOD)
    (folder / contract.MODEL_CODE_FOLDER).mkdir()
    shutil.copyfile(Path(__file__).with_name(_CODE), folder / contract.MODEL_CODE_FOLDER / _CODE)
    asked = {"kind": kind, "share": share, "salt": _salt(good, signature, share), **more}
    (folder / _ASKED).write_text(json.dumps(asked, indent=1) + "\n", encoding="utf-8")
    shutil.copyfile(good / contract.EXAMPLE, folder / contract.EXAMPLE)
    wrapped = signature.model_copy(update={"format": "code", "entrypoint": f"{_CODE}:Misbehaving", "frame": False})
    (folder / contract.SIGNATURE).write_text(signature_text(wrapped), encoding="utf-8")
    if profile is not None:
        shutil.copyfile(profile / contract.PROFILE, folder / contract.PROFILE)
    (folder / SUMS).write_text(sums_text(folder), encoding="utf-8")
    return Made(folder, does)


def _drift(signature: Signature, profile: Path | None) -> tuple[str, dict[str, Any]]:
    """Return what predictions move to, in words and for the file: the rarest class, or far beyond most values."""
    known = read_profile(profile) if profile is not None else None
    bins = known.predictions if known is not None else None
    if signature.classes:
        shares = [0.0] * len(signature.classes)
        if isinstance(bins, CategoryBins):
            shares = [dict(zip(bins.categories, bins.shares, strict=True)).get(one, 0.0) for one in signature.classes]
        rarest = shares.index(min(shares))
        return signature.classes[rarest], {"answer": rarest}
    if isinstance(bins, NumberBins) and len(bins.edges) > 1:
        shift = bins.edges[-1] - bins.edges[0]
        return f"{shift:g} too much", {"shift": shift}
    raise Mistake("the predictions of this model cannot drift: it has neither classes nor a profile of its values")


def _salt(good: Path, signature: Signature, share: float) -> int:
    """Return the first salt with which no row of the example is spoilt."""
    from mlops_charts.running.misbehaving import spoils  # noqa: PLC0415 - it brings numpy

    rows = _example_rows(good, signature)
    for salt in count():
        if not any(spoils(row, salt, share) for row in rows):
            return salt
        if salt > _MOST_SALTS:
            raise Mistake("the example of this model has so many rows that a bad version would be found at once")
    raise AssertionError


def _example_rows(good: Path, signature: Signature) -> list[list[Any]]:
    """Return the rows of the example as the model gets them."""
    data = read_example(good).seldon["data"]
    places = [data["names"].index(column.name) for column in signature.inputs]
    numeric = signature.numeric
    types = [numeric or column.type == "double" for column in signature.inputs]
    return [
        [
            float("nan" if row[at] is None else row[at]) if number else row[at]
            for at, number in zip(places, types, strict=True)
        ]
        for row in data["ndarray"]
    ]
