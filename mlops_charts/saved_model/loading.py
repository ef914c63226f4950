"""Which backend loads which folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from mlops_charts.contract import MODEL_CODE_FOLDER, MODEL_ONNX, MODEL_PICKLE, MODEL_SKOPS, SIGNATURE
from mlops_charts.saved_model.estimator import pickle_model, skops_model
from mlops_charts.saved_model.isolated import Modules, modules_in
from mlops_charts.saved_model.model import BrokenModel, SavedModel
from mlops_charts.saved_model.onnx_model import onnx_model
from mlops_charts.saved_model.signature import Signature, read_signature
from mlops_charts.saved_model.sums import check_sums
from mlops_charts.saved_model.wrapped import wrapped_model


def load(
    folder: Path, *, trusted: Sequence[str] = (), allow_pickle: bool = False, threads: int = 1, wrapped: bool = True
) -> SavedModel:
    """Return the model in a folder.

    Args:
        folder: What a training step saved.
        trusted: Types that skops may load besides those of its own list and ours: what model.yaml pins, never what the
            file itself claims.
        allow_pickle: Whether a pickle may be loaded, which runs whatever is in it.
        threads: How many threads may compute one call.
        wrapped: Whether it answers through its entrypoint, if it has one. An entrypoint itself may ask for what is
            stored with False.

    Raises:
        BrokenModel: It cannot be loaded, is not what was saved, or names a type that is not trusted.
    """
    signature = checked_signature(folder)
    check_sums(folder)
    code = modules_in(folder / MODEL_CODE_FOLDER) if (folder / MODEL_CODE_FOLDER).is_dir() else None
    if signature.entrypoint and wrapped:
        if code is None:
            raise BrokenModel(f"{folder} has no {MODEL_CODE_FOLDER}/, which {signature.entrypoint} belongs in")
        return wrapped_model(folder, signature, code)
    return _stored(folder, signature, trusted, code, allow_pickle=allow_pickle, threads=threads)


def _stored(
    folder: Path,
    signature: Signature,
    trusted: Sequence[str],
    code: Modules | None,
    *,
    allow_pickle: bool,
    threads: int,
) -> SavedModel:
    if signature.format == "onnx":
        return onnx_model(folder / MODEL_ONNX, signature, threads=threads)
    if signature.format == "skops":
        return skops_model(folder / MODEL_SKOPS, signature, trusted, code)
    if signature.format == "code":
        raise BrokenModel(f"{folder} stores nothing that computes: only its entrypoint can answer")
    if not allow_pickle:
        raise BrokenModel(f"{folder / MODEL_PICKLE} is a pickle, which runs code; training.allowPickle admits it")
    return pickle_model(folder / MODEL_PICKLE, signature, code)


def checked_signature(folder: Path) -> Signature:
    """Return the signature in a model's folder; BrokenModel, in one line, if there is none."""
    try:
        return read_signature(folder)
    except OSError as error:
        raise BrokenModel(f"{folder / SIGNATURE} cannot be read: {error.strerror}") from None
    except ValidationError as error:
        first = error.errors()[0]
        reason = ": ".join(filter(None, (".".join(map(str, first["loc"])), first["msg"])))
        raise BrokenModel(f"{folder / SIGNATURE} is no signature of this version: {reason}") from None
