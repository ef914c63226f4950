"""Loading a model's folder: what is refused, and how."""

# ruff: noqa: N806 - X is the field's own name for features

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from saved_folders import iris, rows, saved
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from mlops_charts.saved_model import BrokenModel, load
from mlops_charts.saved_model.trusted import TRUSTED


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return a folder with ONNX and one with skops."""
    base = tmp_path_factory.mktemp("saved")
    X, y = iris()
    return {
        "onnx": saved(base, RandomForestClassifier(5, random_state=0).fit(X, y), (X, y), name="onnx")[1],
        "skops": saved(
            base, KNeighborsClassifier(algorithm="brute", metric="canberra").fit(X, y), (X, y), name="skops"
        )[1],
    }


def _copy(folder: Path, tmp_path: Path, *, sums: bool = False) -> Path:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    if not sums:
        (copy / "SHA256SUMS").unlink()
    return copy


@pytest.mark.parametrize("kind", ["onnx", "skops"])
def test_a_changed_file_is_not_what_was_saved(folders: dict[str, Path], tmp_path: Path, kind: str) -> None:
    """One changed bit in what is stored is told by its checksum."""
    copy = _copy(folders[kind], tmp_path, sums=True)
    path = copy / f"model.{kind}"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(BrokenModel, match=rf"model\.{kind} is not the file that was saved"):
        load(copy)


def test_a_missing_file_is_told(folders: dict[str, Path], tmp_path: Path) -> None:
    """A file that the checksums name must be there."""
    copy = _copy(folders["onnx"], tmp_path, sums=True)
    (copy / "model.onnx").unlink()
    with pytest.raises(BrokenModel, match=r"model\.onnx cannot be read: No such file"):
        load(copy)


def test_a_profile_may_come_later(folders: dict[str, Path], tmp_path: Path) -> None:
    """What monitor adds is not held against the checksums of training."""
    copy = _copy(folders["onnx"], tmp_path, sums=True)
    (copy / "profile.json").write_text("{}")
    assert load(copy).signature.format == "onnx"


@pytest.mark.parametrize("position", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_changed_bytes_of_a_skops_file_are_refused_without_checksums(
    folders: dict[str, Path], tmp_path: Path, position: float
) -> None:
    """The archive's own checksums find a change of what it holds."""
    copy = _copy(folders["skops"], tmp_path)
    path = copy / "model.skops"
    with ZipFile(path) as archive:
        name = archive.infolist()[0]
        start = name.header_offset + 30 + len(name.filename)
    data = bytearray(path.read_bytes())
    data[start + int(position * name.compress_size)] ^= 255
    path.write_bytes(data)
    with pytest.raises(BrokenModel, match=r"model\.skops (is no whole skops file|cannot be loaded): "):
        load(copy)


def _with_type(path: Path, module: str, kind: str) -> None:
    with ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(files["schema.json"])
    schema["content"]["content"]["weights"] = {
        "__class__": kind, "__module__": module, "__loader__": "TypeNode", "__id__": 999
    }  # fmt: skip
    files["schema.json"] = json.dumps(schema).encode()
    with ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)


@pytest.mark.parametrize(("module", "kind"), [("os", "system"), ("subprocess", "Popen"), ("builtins", "eval")])
def test_an_added_type_is_refused_by_its_name(folders: dict[str, Path], tmp_path: Path, module: str, kind: str) -> None:
    """Types are held against model.yaml's list and ours, never against what the folder claims of itself."""
    copy = _copy(folders["skops"], tmp_path)
    _with_type(copy / "model.skops", module, kind)
    signature = json.loads((copy / "signature.json").read_text())
    (copy / "signature.json").write_text(json.dumps(signature | {"trustedTypes": [f"{module}.{kind}"]}))
    with pytest.raises(BrokenModel, match=rf"types that are not trusted: {module}\.{kind}; .*training\.trustedTypes"):
        load(copy)


def test_our_own_list_names_no_way_to_run_code() -> None:
    """All are parts of scikit-learn, but for a number's type, an array's maker and a curve."""
    others = {name for name in TRUSTED if not name.startswith("sklearn.")}
    assert others == {
        "numpy.dtype",
        "scipy._lib.array_api_compat.numpy._aliases.asarray",
        "scipy.interpolate._bsplines.BSpline",
    }


def test_a_pickle_needs_the_waiver(tmp_path: Path) -> None:
    """Nothing of it is read without."""
    (tmp_path / "signature.json").write_text('{"task": "regression", "format": "pickle", "inputs": []}')
    (tmp_path / "model.pkl").write_bytes(b"cos\nsystem\n(S'touch ran'\ntR.")
    with pytest.raises(BrokenModel, match=r"is a pickle, which runs code; training\.allowPickle admits it"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, r"signature\.json cannot be read: No such file"),
        ("{", r"signature\.json is no signature of this version"),
        ('{"task": "regression", "format": "onnx", "inputs": []}', r"model\.onnx cannot be loaded"),
        ('{"task": "regression", "format": "skops", "inputs": []}', r"model\.skops is no whole skops file"),
        ('{"task": "regression", "format": "code", "inputs": []}', "stores nothing that computes"),
        ('{"task": "custom", "format": "code", "inputs": [], "entrypoint": "a.py:B"}', "has no code/"),
    ],
)
def test_what_is_no_model_is_told_in_one_line(tmp_path: Path, text: str | None, message: str) -> None:
    """Every folder that is none gives one line that names the file."""
    if text is not None:
        (tmp_path / "signature.json").write_text(text)
    with pytest.raises(BrokenModel, match=message) as caught:
        load(tmp_path)
    assert len(str(caught.value).splitlines()) == 1


def test_threads_may_ask_at_once(folders: dict[str, Path]) -> None:
    """Each gets the answers to its own rows."""
    X, _ = iris()
    model, found = load(folders["onnx"], threads=2), {}
    expected = [model.answer_matrix(X.iloc[i : i + 10].to_numpy()).labels.tolist() for i in range(0, 150, 10)]

    def ask(part: int) -> None:
        found[part] = model.answer_matrix(X.iloc[part * 10 : part * 10 + 10].to_numpy()).labels.tolist()

    workers = [threading.Thread(target=ask, args=(part,)) for part in range(15)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert expected == [found[part] for part in range(15)]


def test_no_rows_are_answered_by_none(folders: dict[str, Path]) -> None:
    """An empty batch is answered as it is asked, as far as ONNX Runtime computes it."""
    X, y = iris()
    answers = load(folders["onnx"]).answer(rows(X, y))
    assert answers.labels.shape == (150,)
    assert answers.probabilities.shape == (150, 3)


def test_a_model_of_one_column_takes_a_matrix(tmp_path: Path) -> None:
    """One column is a matrix as well."""
    X, y = iris()
    X = X[["petal width (cm)"]]
    fitted = LogisticRegression(max_iter=1000).fit(X, y)
    _, folder = saved(tmp_path, fitted, (X, y))
    assert fitted.predict(X).tolist() == load(folder).answer_matrix(np.asarray(X)).labels.tolist()


def test_numbers_beyond_the_models_own_type_give_no_warning(folders: dict[str, Path]) -> None:
    """A model of single precision says how far it goes, and what is beyond is infinite to it."""
    X, y = iris()
    model = load(folders["onnx"])
    beyond = {name: np.full(3, 1e308) for name in rows(X, y)}

    assert float(np.finfo(np.float32).max) == model.largest
    assert model.answer(beyond).labels.shape == (3,)
    assert model.answer_matrix(np.full((3, 4), 1e308)).labels.shape == (3,)
