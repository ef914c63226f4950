"""The sample models of this repository for tests: called as their steps call them, without MLflow."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline_plans import objects_of, of_kind
from repositories import ROOT

import mlops_charts
from mlops_charts.saved_model import SavedModel
from mlops_charts.steps.asked import spec_of
from mlops_charts.steps.call import Call
from mlops_charts.steps.data import Divided, divided
from mlops_charts.steps.fitting import answers_of, fit, lists_of, saved
from mlops_charts.steps.judging.own import own_metrics
from mlops_charts.steps.judging.sample import sample
from mlops_charts.steps.judging.subject import Subject, slice_values
from mlops_charts.steps.saving import Saved, save
from mlops_charts.steps.user_code import Context, context_of

NAMES = tuple(sorted(path.parent.name for path in (ROOT / "model").glob("*/model.yaml")))
SEARCHED = {"digits": {"C": 5.0, "gamma": 0.001}}
"""What stands in the middle of the space that a sample searches."""


def call_of(name: str, folder: Path) -> Call:
    """Return a call of a step for a sample, with copies of its source files in a folder."""
    model = mlops_charts.load(ROOT / "model" / name)
    maps = of_kind(objects_of(mlops_charts.plan(model)), "ConfigMap").values()
    (text,) = (one["data"]["model.json"] for one in maps if "model.json" in one.get("data", {}))
    for path, content in model.content.files.items():
        target = folder / "inputs" / "source" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return Call(spec_of(json.loads(text)), folder / "inputs", folder / "outputs", {}, {})


@dataclass(frozen=True)
class Trained:
    """A sample that was trained.

    Attributes:
        call: The call that it was trained by.
        rows: Its rows, divided.
        kept: How it was saved.
        model: What was saved, loaded as it will be served.
        folder: Where it was saved.
    """

    call: Call
    rows: Divided
    kept: Saved
    model: SavedModel
    folder: Path

    def subject(self, answers: Any = None) -> Subject:
        """Return the model on its test rows, as validation judges it; or other answers in its place."""
        call, test = self.call, self.rows.test
        found = answers or answers_of(self.model, test)
        classes = self.model.signature.classes
        rows = sample(call.spec.model.training.task, test.y, found, classes, lists_of(call.spec, test))
        columns = {gate.slice.column for gate in call.spec.model.validation.gates if gate.slice}
        own = own_metrics(call.spec, call.source, test.y, found.labels)
        return Subject(rows, {column: slice_values(test.rows, column) for column in columns}, own)


def context(call: Call, name: str, **params: Any) -> Context:
    """Return what a sample's training is told, with other parameters if they are given."""
    return context_of(call.spec, {**SEARCHED.get(name, {}), **params})


def trained(name: str, folder: Path) -> Trained:
    """Train a sample and save it, as its step does."""
    call = call_of(name, folder)
    rows = divided(call)
    target = folder / "model"
    target.mkdir()
    kept = save(fit(call, rows.train, context(call, name)), rows.train, rows.test, call.spec, call.source, target)
    return Trained(call, rows, kept, saved(call, target), target)


def install_requirements(folder: Path) -> str:
    """Install what a sample's requirements.txt names into a folder; why it could not be, or nothing.

    Only what is missing here is installed, without what it needs itself: the runtime image has that.
    """
    if importlib.util.find_spec("autograd"):
        return ""
    asked = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--target", str(folder)]
    file = ROOT / "model/sentiment/requirements.txt"
    done = subprocess.run(
        [sys.executable, *asked, "-r", str(file)], capture_output=True, text=True, check=False, timeout=60
    )
    return done.stderr.strip()[-300:] if done.returncode else ""
