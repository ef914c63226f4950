"""The code of a model's folder: what is loaded, and what is said of its exceptions."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from mlops_charts.saved_model import BrokenModel
from mlops_charts.steps.call import Refused
from mlops_charts.steps.user_code import calling, expect_arguments, load_function, seeded


@pytest.fixture(autouse=True)
def modules_as_before() -> Iterator[None]:
    """Leave the path, the modules and the switch of bytecode as they were."""
    path, names, switch = list(sys.path), set(sys.modules), sys.dont_write_bytecode
    yield
    sys.path[:], sys.dont_write_bytecode = path, switch
    for name in set(sys.modules) - names:
        del sys.modules[name]


def folder(tmp_path: Path, **files: str) -> Path:
    """Return a folder of modules."""
    for name, text in files.items():
        path = tmp_path / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def refusal(source: Path, entrypoint: str) -> str:
    """Return how a function is refused."""
    with pytest.raises(Refused) as caught:
        load_function(source, entrypoint)
    return str(caught.value)


def test_files_import_each_other(tmp_path: Path) -> None:
    """The folder is on the path of modules, packages in it too; one file is one module; nothing is written."""
    source = folder(
        tmp_path,
        train="import helper\nfrom pkg.deep import N\ndef train(): return helper.train_module(), N\n",
        helper="def train_module():\n    import train\n    return train\n",
        pkg__deep="N = 7\n",
    )
    train = load_function(source, "train.py:train")
    module, number = train()
    assert module is sys.modules["train"]
    assert module.train is train
    assert number == 7
    assert not list(source.rglob("__pycache__"))


def test_another_folder_brings_its_own_modules(tmp_path: Path) -> None:
    """Two models in one process do not see each other's helpers of the same name."""
    one = folder(tmp_path / "one", train="import helper\ndef train(): return helper.N\n", helper="N = 1\n")
    two = folder(tmp_path / "two", train="import helper\ndef train(): return helper.N\n", helper="N = 2\n")
    assert [load_function(source, "train.py:train")() for source in (one, two, one)] == [1, 2, 1]


def test_a_file_called_like_a_package(tmp_path: Path) -> None:
    """A file with the name of a module of Python's own is still the model's, and Python keeps its own."""
    import statistics  # noqa: PLC0415 - it is what must stay

    source = folder(tmp_path, statistics="def compute(): return 'mine'\n")
    assert load_function(source, "statistics.py:compute")() == "mine"
    assert sys.modules["statistics"] is statistics
    assert isinstance(statistics, ModuleType)


@pytest.mark.parametrize(
    ("entrypoint", "expected"),
    [
        ("trian.py:train", 'trian.py:train: there is no trian.py; did you mean "train.py"?'),
        ("train.py:trian", 'train.py:trian: train.py defines no trian; did you mean "train"?'),
        ("train.py:RATE", "train.py:RATE: RATE is no function, it is of type float"),
        ("broken.py:train", "broken.py raised SyntaxError: "),
        ("lacking.py:train", "lacking.py raised ModuleNotFoundError: No module named 'a_package_that_is_not_there'"),
    ],
)
def test_what_cannot_be_loaded(tmp_path: Path, entrypoint: str, expected: str) -> None:
    """An entrypoint that is none is told in the user's words."""
    source = folder(
        tmp_path,
        train="RATE = 0.5\ndef train(): ...\n",
        broken="def train(:\n",
        lacking="import a_package_that_is_not_there\n",
    )
    assert refusal(source, entrypoint).startswith(expected)


def test_a_file_that_failed_is_loaded_again(tmp_path: Path) -> None:
    """A module that raised while it was loaded leaves nothing behind."""
    source = folder(tmp_path, train="1 / 0\n")
    assert refusal(source, "train.py:train").startswith("train.py raised ZeroDivisionError")
    assert "train" not in sys.modules
    folder(tmp_path, train="def train(): return 5\n")
    assert load_function(source, "train.py:train")() == 5


def test_the_users_frames_and_none_of_ours(tmp_path: Path) -> None:
    """What the user sees is their own traceback: no frame of this library, of Python or of a package."""
    text = (
        "import json\n"
        "def train(x):\n"
        "    try:\n"
        "        json.loads(x)\n"
        "    except ValueError as error:\n"
        "        raise RuntimeError('no data') from error\n"
    )
    train = load_function(folder(tmp_path, train=text), "train.py:train")
    with pytest.raises(Refused) as caught, calling("train.py:train"):
        train("{")
    message = str(caught.value)
    assert message.startswith("train.py:train raised RuntimeError: no data\n")
    assert message.count(f'File "{tmp_path}/train.py"') == 2
    assert "raise RuntimeError('no data') from error" in message
    assert all(word not in message for word in ("user_code", "mlops_charts", "json/decoder", "contextlib"))
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_the_end_of_the_process_is_refused(tmp_path: Path) -> None:
    """`sys.exit` in a model's code does not end the step as if all were well."""
    train = load_function(folder(tmp_path, train="def train(): raise SystemExit(0)\n"), "train.py:train")
    with pytest.raises(Refused) as caught, calling("train.py:train"):
        train()
    assert str(caught.value).startswith("train.py:train ended the process with 0; it must return or raise\n")


@pytest.mark.parametrize("error", [MemoryError(), KeyboardInterrupt(), Refused("ours")])
def test_what_passes(error: BaseException) -> None:
    """Running out of memory has a status of its own, an interrupt is the person's, and a refusal is one already."""
    with pytest.raises(type(error)) as caught, calling("train.py:train"):
        raise error
    assert caught.value is error


class _Odd(BaseException):
    def __str__(self) -> str:
        raise ValueError


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (_Odd(), "train.py:train raised _Odd"),
        (GeneratorExit(), "train.py:train raised GeneratorExit"),
        (BrokenModel("it answers 1"), "train.py:train: it answers 1"),
    ],
)
def test_whatever_is_raised_is_refused(error: BaseException, expected: str) -> None:
    """Also what is no Exception, what cannot say what it is, and what we say of a model ourselves."""
    with pytest.raises(Refused) as caught, calling("train.py:train"):
        raise error
    assert str(caught.value).splitlines()[0] == expected


def test_memory_behind_another_exception() -> None:
    """A library that wraps running out of memory does not hide it."""
    with pytest.raises(MemoryError), calling("train.py:train"):
        raise RuntimeError("a worker died") from MemoryError()


def test_prints_are_talk(capsys: pytest.CaptureFixture[str]) -> None:
    """What the code prints does not mix with the result of the step on stdout."""
    with calling("train.py:train"):
        print("epoch 1")  # noqa: T201 - it is what is tested
    assert capsys.readouterr() == ("", "epoch 1\n")


def test_arguments() -> None:
    """A function of other arguments is refused with both signatures; one that takes any is fine."""
    expect_arguments(lambda *anything: anything, "train.py:train", ("X", "y", "context"))
    expect_arguments(max, "train.py:train", ("X", "y", "context"))
    with pytest.raises(Refused) as caught:
        expect_arguments(lambda x, y: (x, y), "train.py:train", ("X", "y", "context"))
    assert str(caught.value) == "train.py:train: defined as train(x, y), but is called as train(X, y, context)"


def test_seeds() -> None:
    """Code that draws from the global generators draws the same each time."""
    drawn = []
    for _ in range(2):
        seeded(7)
        drawn.append((random.random(), np.random.rand()))  # noqa: S311, NPY002 - these are what is seeded
    assert drawn[0] == drawn[1]
