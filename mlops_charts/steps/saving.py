"""The folder of a model, from what training returned.

It knows what was asked and what training gave; it must not know where the folder goes.
"""

from __future__ import annotations

import copy
import pickle
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlops_charts.contract import EXAMPLE, MODEL_CODE_FOLDER, MODEL_JOBLIB, MODEL_ONNX, SIGNATURE
from mlops_charts.log import log
from mlops_charts.saved_model import (
    Answers,
    BrokenModel,
    SavedModel,
    Signature,
    example_text,
    load,
    signature_text,
)
from mlops_charts.saved_model.positions import by_position
from mlops_charts.saved_model.signature import Format
from mlops_charts.saved_model.sums import SUMS, sums_text
from mlops_charts.steps.asked import RunSpec
from mlops_charts.steps.call import Refused
from mlops_charts.steps.converting import write_checked
from mlops_charts.steps.examples import example_of, example_rows
from mlops_charts.steps.mlflow_model import write_mlflow_files
from mlops_charts.steps.originals import original_answers
from mlops_charts.steps.rows import rows_of
from mlops_charts.steps.signing import signature_of
from mlops_charts.steps.storing import Original, Stored, check_answers, stored_onnx, stored_pickle, stored_skops
from mlops_charts.steps.user_code import calling

if TYPE_CHECKING:
    from mlops_charts.steps.data import Part

_NO_SOURCE = shutil.ignore_patterns("__pycache__", "*.pyc")


@dataclass(frozen=True)
class Saved:
    """What was saved.

    Attributes:
        signature: What the model takes and gives.
        rows: How many rows the stored model and the original both answered; 0 where there is no original to ask.
        differing: On how many of them the label is another one: 0.
        difference: The largest difference of a probability, absolute, or of a value, relative: at most 1e-5.
        note: Why it is not stored in the form that would be better; empty if it is.
    """

    signature: Signature
    rows: int = 0
    differing: int = 0
    difference: float = 0.0
    note: str = ""

    @property
    def format(self) -> Format:
        """How it is stored."""
        return self.signature.format

    @property
    def agreement(self) -> dict[str, float]:
        """The figures of the agreement, by name."""
        return {"rows": self.rows, "differing": self.differing, "difference": self.difference}


def save(  # noqa: PLR0917 - each is of a type of its own
    fitted: Any, train: Part, test: Part, spec: RunSpec, source: Path, folder: Path
) -> Saved:
    """Write a model's folder.

    ONNX is chosen where it converts and answers all rows, of train and test, with the same labels, with probabilities
    within 1e-5, and with values within 1e-5 of their size (see `agreement`); else skops, with types that model.yaml
    trusts; else a pickle, where training.allowPickle admits it.

    The same fitted model gives the same bytes, as far as libraries admit it: sets of text have no order in a pickle,
    search trees of neighbours count the questions that they were asked, and for a few estimators, those of neighbours
    among them, the converter to ONNX gives out numbers that go on within one process.

    Args:
        fitted: What the training entrypoint returned: an estimator, an onnx.ModelProto, or None where all that
            computes is in the serving entrypoint.
        train: The rows that it was trained on.
        test: The rows that will judge it.
        spec: The run.
        source: The model's source files.
        folder: An empty folder.

    Raises:
        Refused: It cannot be stored, or does not answer as it must.
    """
    import pandas as pd  # noqa: PLC0415 - 0.4 s

    signature = signature_of(fitted, train, spec)
    every = pd.concat([train.X, test.X], ignore_index=True) if len(test.X) else train.X
    rows = rows_of(every, signature)
    if type(fitted).__name__ == "ModelProto":
        stored = _stored_proto(fitted, signature, spec, folder)
    elif fitted is None and signature.entrypoint:
        stored = Stored(signature)
    else:
        answers = original_answers(fitted, every, signature, spec.model.training.entrypoint)
        stored = _stored(Original(fitted, signature, rows, answers, source), spec, folder)
    if spec.model.serving.runtime == "sklearn":
        _write_joblib(fitted, spec, folder)
    if signature.entrypoint or stored.code:
        shutil.copytree(source, folder / MODEL_CODE_FOLDER, ignore=_NO_SOURCE)
    signature = _finished(stored, test if len(test.X) else train, every, spec, folder)
    return _told(signature, stored)


def _stored(original: Original, spec: RunSpec, folder: Path) -> Stored:
    training = spec.model.training
    note = "framework custom stands behind its serving.entrypoint, which is given what training returned"
    stored = None
    if training.framework != "custom" or not original.signature.entrypoint:
        stored, note = stored_onnx(original, folder)
    if stored is None:
        note = f"not ONNX ({note})"
        stored, why = stored_skops(original, folder, training.trusted_types, note)
        if stored is None and not training.allow_pickle:
            name = type(original.fitted).__qualname__
            raise Refused(f"{training.entrypoint} returned {name}, which cannot be stored safely: {note}; {why}")
        stored = stored or stored_pickle(original, folder, f"{note}; {why}")
    return stored


def _stored_proto(proto: Any, signature: Signature, spec: RunSpec, folder: Path) -> Stored:
    try:
        write_checked(proto, folder / MODEL_ONNX)
    except ValueError as error:
        raise Refused(f"{spec.model.training.entrypoint} returned an invalid ONNX model: {error}") from None
    classified = signature.task == "classification"
    return Stored(signature.model_copy(update={"format": "onnx", "probabilities": classified}))


def _finished(stored: Stored, judged: Part, every: Any, spec: RunSpec, folder: Path) -> Signature:
    """Write what stands around the model once it is known what it answers."""
    signature = stored.signature
    (folder / SIGNATURE).write_text(signature_text(signature), encoding="utf-8")
    training = spec.model.training
    model = _loaded(folder, spec)
    if stored.agreement is None or signature.entrypoint:
        answers = _first_answers(model, every, spec)
        signature = signature.model_copy(update={"probabilities": answers.probabilities is not None})
        (folder / SIGNATURE).write_text(signature_text(signature), encoding="utf-8")
        model = _loaded(folder, spec)
    chosen = example_rows(judged.X)
    rows = rows_of(chosen, signature)
    example = example_of(rows, model.answer(rows), signature)
    (folder / EXAMPLE).write_text(example_text(example), encoding="utf-8")
    write_mlflow_files(folder, signature, rows, training.trusted_types)
    (folder / SUMS).write_text(sums_text(folder), encoding="utf-8")
    return signature


def _loaded(folder: Path, spec: RunSpec) -> SavedModel:
    training = spec.model.training
    try:
        return load(folder, trusted=training.trusted_types, allow_pickle=training.allow_pickle)
    except BrokenModel as error:
        raise Refused(str(error)) from error


def _first_answers(model: SavedModel, every: Any, spec: RunSpec) -> Answers:
    """Return answers that have no original, to all rows and to one alone."""
    wrapped = model.signature.entrypoint
    what = f"serving.entrypoint {wrapped}" if wrapped else f"what {spec.model.training.entrypoint} returned"
    with calling(what):
        answers = check_answers(model, rows_of(every, model.signature), what)
        check_answers(model, rows_of(every.head(1), model.signature), what)
    return answers


def _write_joblib(fitted: Any, spec: RunSpec, folder: Path) -> None:
    if not spec.model.training.allow_pickle:
        raise Refused(
            "serving.runtime sklearn loads a pickle, which runs whatever is in it: admit it with training: "
            "{allowPickle: true}, or take the runtime python, which loads what is stored safely"
        )
    if not hasattr(fitted, "predict"):
        raise Refused(f"serving.runtime sklearn serves estimators of scikit-learn; training returned {type(fitted)!r}")
    import joblib  # type: ignore[import-untyped]  # noqa: PLC0415 - only this server needs it

    log(f"wrote {MODEL_JOBLIB}, a pickle, for serving.runtime sklearn: training.allowPickle admits it")
    by_number = by_position(copy.deepcopy(fitted))  # that server hands it a matrix
    joblib.dump(by_number, folder / MODEL_JOBLIB, protocol=pickle.DEFAULT_PROTOCOL)


def _told(signature: Signature, stored: Stored) -> Saved:
    found = stored.agreement
    if found is None:
        saved = Saved(signature, note=stored.note)
    else:
        saved = Saved(signature, found.rows, found.differing, found.difference, stored.note)
    log("stored the model", format=saved.format, rows=saved.rows, difference=saved.difference, note=saved.note)
    return saved
