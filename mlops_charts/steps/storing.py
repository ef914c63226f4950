"""The forms in which an estimator may be stored, tried one after the other.

ONNX holds no code and is the fastest to compute, so it comes first; skops holds types that were agreed on; a pickle
runs whatever is in it, so it needs a waiver. A form counts only if what was stored answers all rows as the original.
"""

from __future__ import annotations

import errno
import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mlops_charts.contract import MODEL_ONNX, MODEL_PICKLE, MODEL_SKOPS
from mlops_charts.log import log
from mlops_charts.saved_model import Answers, BrokenModel, Rows, SavedModel, Signature
from mlops_charts.saved_model.estimator import load_pickle, load_skops, pickle_model, skops_model, untrusted_types
from mlops_charts.saved_model.isolated import modules_in
from mlops_charts.saved_model.onnx_model import onnx_model
from mlops_charts.steps.agreement import Agreement, agreement
from mlops_charts.steps.call import Refused
from mlops_charts.steps.converting import converted, ways
from mlops_charts.steps.skops_file import write_skops

_DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS})
_SHOWN = 200  # characters of a library's own reason
_FEW = 5  # classes named in a message


@dataclass(frozen=True)
class Original:
    """What is to be stored, and what it is held against.

    Attributes:
        fitted: What training returned.
        signature: What it takes and gives; the format is still to be decided.
        rows: All rows that there are.
        answers: What it says of them; None where it does not take them itself.
        source: The model's source files.
    """

    fitted: Any
    signature: Signature
    rows: Rows
    answers: Answers | None
    source: Path


@dataclass(frozen=True)
class Stored:
    """What was stored.

    Attributes:
        signature: With the format.
        agreement: With the original; None where there is nothing to compare.
        note: Why it is not stored in the form that would be better; empty if it is.
        code: Whether loading it needs the model's source files.
    """

    signature: Signature
    agreement: Agreement | None = None
    note: str = ""
    code: bool = False


def stored_onnx(original: Original, folder: Path) -> tuple[Stored | None, str]:
    """Store an estimator as ONNX, if it converts and agrees; else return why not."""
    path, reasons = folder / MODEL_ONNX, []
    signature = original.signature.model_copy(update={"format": "onnx"})
    for way in ways(signature):
        try:
            path.write_bytes(converted(original.fitted, signature, way))
            found = _held(original, onnx_model(path, signature))
        except Exception as error:  # noqa: BLE001 - converters raise anything
            _let_pass(error)
            reasons.append(f"{way}: {_reason(error)}")
            continue
        if found is None or found.agreed:
            return Stored(signature, found), ""
        reasons.append(f"{way}: {found.words}")
    path.unlink(missing_ok=True)
    return None, "; ".join(reasons)


def stored_skops(original: Original, folder: Path, trusted: Sequence[str], note: str) -> tuple[Stored | None, str]:
    """Store an estimator by skops, if it holds it, the types are trusted and it agrees; else return why not."""
    path = folder / MODEL_SKOPS
    try:
        write_skops(original.fitted, path)
        needed = untrusted_types(path, ())
    except Exception as error:  # noqa: BLE001 - skops raises what the estimator's own code raises
        path.unlink(missing_ok=True)
        _let_pass(error)
        return None, f"skops cannot hold it: {_reason(error)}"
    if unnamed := [name for name in needed if "<" in name]:
        path.unlink()
        return (
            None,
            f"it holds {', '.join(unnamed)}, which cannot be found by that name: define it at the top of a file",
        )
    strange = [name for name in needed if name not in trusted]
    if strange:
        path.unlink()
        return None, (
            f"it holds types that are not trusted; if they are yours or you have read them, write in model.yaml "
            f"training: {{trustedTypes: [{', '.join(strange)}]}}"
        )
    code = modules_in(original.source)
    own = any(code.has(name.rpartition(".")[0]) for name in needed)
    signature = original.signature.model_copy(update={"format": "skops", "trusted_types": tuple(needed)})
    stored, reason = _brought_back(original, signature, lambda wanted: _skops(original, path, wanted, trusted))
    if stored is None:
        path.unlink()
        return None, f"what skops stored is another model: {reason}"
    return replace(stored, note=note, code=own), ""


def _skops(original: Original, path: Path, signature: Signature, trusted: Sequence[str]) -> SavedModel | None:
    code = modules_in(original.source)
    if original.answers is None:
        load_skops(path, trusted, code)
        return None
    return skops_model(path, signature, trusted, code)


def stored_pickle(original: Original, folder: Path, note: str) -> Stored:
    """Store an estimator as a pickle; Refused if even that does not bring it back."""
    path = folder / MODEL_PICKLE
    try:
        path.write_bytes(pickle.dumps(original.fitted, protocol=5))
    except Exception as error:
        _let_pass(error)
        raise Refused(f"what training returned cannot be stored, not even as a pickle: {_reason(error)}") from error
    signature = original.signature.model_copy(update={"format": "pickle"})
    stored, reason = _brought_back(original, signature, lambda wanted: _pickled(original, path, wanted))
    if stored is None:
        raise Refused(f"what training returned cannot be stored: its pickle is another model: {reason}")
    log("stored as a pickle, which runs code when it is loaded: training.allowPickle admits it", why=note)
    return replace(stored, note=note, code=True)


def _pickled(original: Original, path: Path, signature: Signature) -> SavedModel | None:
    code = modules_in(original.source)
    if original.answers is None:
        load_pickle(path, code)
        return None
    return pickle_model(path, signature, code)


def _brought_back(
    original: Original, signature: Signature, load: Callable[[Signature], SavedModel | None]
) -> tuple[Stored | None, str]:
    """Load what was stored and ask it, first by a matrix, and by a data frame if that does not do."""
    reason = ""
    for frame in (False, True):
        asked = signature.model_copy(update={"frame": frame})
        try:
            model = load(asked)
            found = _held(original, model) if model else None
        except Exception as error:  # noqa: BLE001 - what was stored runs code of its own
            _let_pass(error)
            reason = _reason(error)
            continue
        if found is None or found.agreed:
            return Stored(asked, found), ""
        reason = found.words
    return None, reason


def _held(original: Original, model: SavedModel) -> Agreement | None:
    if original.answers is None:
        return None
    return agreement(original.answers, model.answer(original.rows), model.signature)


def _let_pass(error: Exception) -> None:
    """Raise again what says nothing of a form: no memory is left, or the disk does not take it."""
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in _DISK):
        raise error


def _reason(error: Exception) -> str:
    line = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}..."


def check_answers(model: SavedModel, rows: Rows, what: str) -> Answers:
    """Return the answers of a stored model that has no original, checked for sense.

    Raises:
        Refused: Its answers make no sense, or its probabilities are none. What its code raises passes.
    """
    try:
        answers = model.answer(rows)
    except BrokenModel as error:
        raise Refused(f"{what}: {error}") from None
    strange = set(map(str, answers.labels.tolist())) - set(model.signature.classes)
    if model.signature.task == "classification" and strange:
        known = ", ".join(model.signature.classes[:_FEW])
        raise Refused(f"{what} answers {', '.join(sorted(strange)[:_FEW])}, which is no class of the data ({known})")
    if answers.probabilities is not None:
        _check_probabilities(answers.probabilities, what)
    return answers


def _check_probabilities(found: Any, what: str) -> None:
    off = abs(found.sum(axis=1) - 1).max(initial=0)
    if found.min(initial=0) < 0 or not off <= 1e-3:  # noqa: PLR2004 - single precision leaves 1e-7 for each class
        raise Refused(
            f"{what} answers numbers that are no probabilities of the classes: those of a row add up to "
            f"{found.sum(axis=1)[0]:.3g}; end it with a softmax, or answer labels"
        )
