"""Rows: where they come from, what is wrong with them, and their digest."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow_store
import numpy as np
import pandas as pd
import pytest

from mlops_charts.steps.bundled import NAMES, bundled
from mlops_charts.steps.call import Call, Refused
from mlops_charts.steps.data import data_digest, divided, load

TRAIN = b"def train(X, y, context): ...\n"
Read = Callable[..., Call]


def make_call(
    tmp_path: Path,
    uri: str,
    files: dict[str, bytes] | None = None,
    *,
    name: str = "step",
    training: dict[str, Any] | None = None,
    validation: dict[str, Any] | None = None,
    digest: str = "",
    **data: Any,
) -> Call:
    """Return a call whose rows come from a URI."""
    model: dict[str, Any] = {
        "metadata": {"name": "iris"},
        "training": {**(training or {}), "data": {"uri": uri, **data}},
        "validation": validation or {},
    }
    return mlflow_store.call(
        tmp_path,
        mlflow_store.spec(model, files={"train.py": TRAIN}),
        files={"train.py": TRAIN, **(files or {})},
        name=name,
        tracking_uri="sqlite:///none",
        data_digest=digest,
    )


def csv_call(tmp_path: Path, text: str, **more: Any) -> Call:
    """Return a call whose rows are a CSV."""
    return make_call(tmp_path, "file://rows.csv", {"rows.csv": text.encode()}, **more)


def parquet(frame: pd.DataFrame, path: Path) -> bytes:
    """Return a frame as the bytes of a Parquet file."""
    frame.to_parquet(path)
    return path.read_bytes()


def refusal(call: Call) -> list[str]:
    """Return the lines with which rows are refused."""
    with pytest.raises(Refused) as caught:
        divided(call)
    return str(caught.value).splitlines()


def test_classes_of_a_bundled_set_have_names(tmp_path: Path) -> None:
    """A gate can name a class of iris, because its numbers became names."""
    rows = load(make_call(tmp_path, "sklearn://iris", target="species"))
    assert rows.shape == (150, 5)
    assert {"setosa", "versicolor", "virginica"} == set(rows["species"])


def test_bundled_sets_need_no_network() -> None:
    """Each name gives rows with the target under the name that was asked for."""
    for name in NAMES:
        target = "Weight" if name == "linnerud" else "wanted"
        rows = bundled(name, target)
        assert rows.columns[-1] == target
        assert not rows.isna().any().any()
    assert {0, 1, 2, 3, 4, 5, 6, 7, 8, 9} == set(bundled("digits", "digit")["digit"])
    assert list(bundled("linnerud", "Waist").columns) == ["Chins", "Situps", "Jumps", "Waist"]


@pytest.mark.parametrize(
    ("uri", "data", "expected"),
    [
        ("sklearn://irsi", {}, 'sklearn://irsi: there is no such data set; did you mean "iris"?'),
        ("sklearn://housing", {}, "sklearn://housing: there is no such data set; there are breast_cancer,"),
        ("sklearn://linnerud", {"target": "weight"}, 'training.data.target: linnerud has no "weight"; its targets'),
        ("sklearn://wine", {"target": "alcohol"}, 'training.data.target: "alcohol" is a feature of this data set'),
        ("file://none.csv", {}, "file://none.csv: there is no such file in the model's folder"),
        ("file://../secret.csv", {}, "file://../secret.csv: leads out of the model's folder; paths are relative to it"),
        ("file:///etc/passwd", {}, "file:///etc/passwd: leads out of the model's folder; paths are relative to it"),
        ("file://train.py", {}, "file://train.py: rows are read from files that end in .csv, .csv.gz, .parquet"),
    ],
)  # fmt: skip
def test_sources_that_are_none(tmp_path: Path, uri: str, data: dict[str, Any], expected: str) -> None:
    """Rows that cannot be had are told in one line, with the nearest right word."""
    (line,) = refusal(make_call(tmp_path, uri, **data))
    assert line.startswith(expected)


def test_all_problems_of_rows_at_once(tmp_path: Path) -> None:
    """One run tells everything that is wrong, each thing on a line with the source ahead."""
    text = "a,b,c,labl\n" + "".join(f"{i},,{'inf' if i == 3 else i},x\n" for i in range(20))
    call = csv_call(
        tmp_path,
        text,
        target="label",
        exclude=["d"],
        split={"by": "group", "column": "sit"},
        validation={"gates": [{"metric": "accuracy", "min": 0.5, "slice": {"column": "LABL"}}]},
    )
    assert refusal(call) == [
        'file://rows.csv: training.data.target: there is no column "label"; did you mean "labl"?',
        'file://rows.csv: training.data.split.column: there is no column "sit"; there are a, b, c, labl',
        'file://rows.csv: training.data.exclude: there is no column "d"; did you mean "a"?',
        'file://rows.csv: validation.gates[0].slice: there is no column "LABL"; did you mean "labl"?',
        'file://rows.csv: column "b": has no value in any row; exclude it',
        'file://rows.csv: column "c": is infinite in 1 of 20 rows, first in row 4',
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "file://rows.csv: the file is empty"),
        ("a,target\n", "file://rows.csv: there is no row"),
        ("a,a,target\n1,2,x\n", 'file://rows.csv: the column "a" stands there twice'),
        ("a,target\n1,x,9\n2,y,8\n", "file://rows.csv: is no CSV: Length of header or names does not match"),
        ('a,target\n1,"x\n', "file://rows.csv: is no CSV: Error tokenizing data"),
        ("target\nx\ny\n", "file://rows.csv: no column is left to learn from, without target, split column and"),
        ("a,target\n1,x\n2,x\n", "file://rows.csv: target \"target\": has one class in all rows, 'x'"),
        ("a,target\n1,x\n2,\n3,y\n", 'file://rows.csv: target "target": has no value in 1 of 3 rows, first in row 2'),
        ("a,target\n1,0.5\n2,1\n", 'file://rows.csv: target "target": holds 0.5, and classes are names or whole'),
    ],
)
def test_rows_that_are_none(tmp_path: Path, text: str, expected: str) -> None:
    """Each way in which a CSV is no data is told in one line."""
    assert refusal(csv_call(tmp_path, text))[0].startswith(expected)


def test_slips_between_numbers(tmp_path: Path) -> None:
    """A column of numbers with a word in it is told with the word and its row; a column of words is one of text."""
    rows = "".join(f"{'n.a.x' if i == 7 else i},{'u' if i % 2 else 'v'},{i % 3}\n" for i in range(20))
    (line,) = refusal(csv_call(tmp_path, "number,word,target\n" + rows))
    assert (
        line == "file://rows.csv: column \"number\": is no number in 1 of 20 rows: 'n.a.x' in row 8; "
        "correct it, or leave the field empty"
    )


def test_a_target_of_a_regression_is_a_number(tmp_path: Path) -> None:
    """Text, booleans and infinity are no target of a regression."""
    regression = {"training": {"task": "regression"}}
    assert refusal(csv_call(tmp_path, "a,target\n1,2\n2,x\n", **regression)) == [
        (
            "file://rows.csv: target \"target\": is no number in 1 of 2 rows: 'x' in row 2; "
            "correct it, or leave the field empty"
        )
    ]
    assert refusal(csv_call(tmp_path, "a,target\n1,True\n2,False\n", **regression)) == [
        'file://rows.csv: target "target": holds bool, and the task regression needs numbers'
    ]
    assert refusal(csv_call(tmp_path, "a,target\n1,-inf\n2,3\n", **regression)) == [
        'file://rows.csv: target "target": is infinite in 1 of 2 rows, first in row 1'
    ]


def test_numbers_written_as_text_are_no_target(tmp_path: Path) -> None:
    """A Parquet may hold numbers as text, which no regression can learn."""
    frame = pd.DataFrame({"a": [1, 2], "target": ["1", "2"]})
    content = {"rows.parquet": parquet(frame, tmp_path / "made.parquet")}
    assert refusal(make_call(tmp_path, "file://rows.parquet", content, training={"task": "regression"})) == [
        'file://rows.parquet: target "target": holds numbers written as text; store them as numbers'
    ]


def test_whole_classes_written_as_floats_are_whole(tmp_path: Path) -> None:
    """A class 1.0 is the class 1."""
    parts = divided(csv_call(tmp_path, "a,target\n" + "1,0.0\n2,1.0\n" * 10))
    assert str(parts.train.y.dtype) == "int64"


def test_missing_values_of_csv(tmp_path: Path) -> None:
    """Some words stand for a missing value; a class may be called None."""
    text = "a,b,target\n" + ",x,None\nNA,y,some\nN/A,x,some\nNaN,y,None\nnull,x,some\n7,None,some\n" * 2
    rows = load(csv_call(tmp_path, text))
    assert int(rows["a"].isna().sum()) == 10
    assert set(rows["b"]) == {"x", "y", "None"}
    assert set(rows["target"]) == {"None", "some"}


def test_types_of_parquet(tmp_path: Path) -> None:
    """Every kind of column has one form; what no model can take is told in words."""
    n = 12
    frame = pd.DataFrame({
        "whole": pd.array([1, None] * 6, dtype="Int64"),
        "short": np.arange(n, dtype="int16"),
        "flag": pd.array([True, None] * 6, dtype="boolean"),
        "kind": pd.Categorical(["a", "b", None] * 4),
        "when": pd.date_range("2026-01-01", periods=n),
        "many": [[1, 2]] * n,
        "target": ["x", "y"] * 6,
    })  # fmt: skip
    content = {"rows.parquet": parquet(frame, tmp_path / "made.parquet")}
    assert refusal(make_call(tmp_path, "file://rows.parquet", content)) == [
        'file://rows.parquet: column "when": holds times; exclude it, or turn it into numbers',
        'file://rows.parquet: column "many": holds values of several types: ndarray; give it one',
    ]
    rows = load(make_call(tmp_path, "file://rows.parquet", content, exclude=["when", "many"]))
    assert [str(rows[name].dtype) for name in ("whole", "short", "flag", "kind")] == [
        "float64",
        "int16",
        "float64",
        "str",
    ]


def test_files_that_are_not_what_they_are_called(tmp_path: Path) -> None:
    """Bytes that are no Parquet, no gzip and no UTF-8 are told in one line each."""
    for name, content, said in (
        ("rows.parquet", b"a,b\n1,2\n", "is no Parquet: "),
        ("rows.csv.gz", b"a,b\n1,2\n", "cannot be read: "),
        ("rows.csv.gz", b"\x1f\x8b\x08\0\0\0\0\0\0\3garbled", "cannot be read: "),
        ("rows.csv", b"a,target\n\xff\xfe,1\n", "is no text in UTF-8: "),
    ):
        (line,) = refusal(make_call(tmp_path, f"file://{name}", {name: content}))
        assert line.startswith(f"file://{name}: {said}")


def test_compressed_csv_has_the_same_rows(tmp_path: Path) -> None:
    """A CSV may be compressed; its digest is that of the file."""
    text = "a,target\n" + "1,x\n2,y\n" * 10
    plain = csv_call(tmp_path, text)
    packed = make_call(
        tmp_path, "file://rows.csv.gz", {"rows.csv.gz": gzip.compress(text.encode(), mtime=0)}, name="gz"
    )
    pd.testing.assert_frame_equal(load(plain), load(packed))
    assert data_digest(plain) != data_digest(packed)


def test_a_column_has_one_type_however_long_the_file_is(tmp_path: Path) -> None:
    """A column whose words come after a million numbers is as one whose words come first: the file is no stream."""
    rows = "".join(f"{i}\n" for i in range(300_000)) + "".join(f"w{i}\n" for i in range(100_000))
    call = csv_call(tmp_path, "mixed\n" + rows, target="mixed", training={"task": "custom"}, exclude=[])
    with pytest.raises(Refused, match="no column is left"):
        load(call)
    from mlops_charts.steps.tables import read_table  # noqa: PLC0415

    assert str(read_table(call.source / "rows.csv", "rows.csv")["mixed"].dtype) == "str"


# --- python:// ---
MAKE = b"""
import helper
import numpy as np
import pandas as pd

def make(seed):
    draw = np.random.default_rng(seed)
    a = draw.normal(size=50)
    return pd.DataFrame({"a": a, "target": a > 0, "n": helper.N})
"""


def test_rows_of_a_function(tmp_path: Path) -> None:
    """A function of the folder makes rows from the seed; it may import its siblings."""
    call = make_call(tmp_path, "python://data.py:make", {"data.py": MAKE, "helper.py": b"N = 7\n"})
    rows = load(call)
    assert rows.shape == (50, 3)
    pd.testing.assert_frame_equal(rows, load(call))


def test_digest_of_a_function_runs_nothing(tmp_path: Path) -> None:
    """The digest follows from name, seed and files: guard takes it with credentials in reach, so no code may run."""
    boom = b"raise SystemExit('run')\n"
    files = {"data.py": boom, "helper.py": b"N = 7\n"}
    uri = "python://data.py:make"
    first = data_digest(make_call(tmp_path, uri, files, name="one"))
    assert first == data_digest(make_call(tmp_path, uri, files, name="two"))
    assert first != data_digest(make_call(tmp_path, uri, {**files, "helper.py": b"N = 8\n"}, name="three"))
    assert first != data_digest(make_call(tmp_path, uri, files, name="four", training={"seed": 1}))
    assert first != data_digest(make_call(tmp_path, "python://data.py:other", files, name="five"))


def test_digest_of_a_mounted_folder(tmp_path: Path) -> None:
    """A ConfigMap has its files behind links; its digest is that of the same files without them."""
    files = {"data.py": MAKE, "pkg/helper.py": b"N = 7\n"}
    plain = make_call(tmp_path, "python://data.py:make", files, name="plain")
    mounted = make_call(tmp_path, "python://data.py:make", files, name="mounted")
    source = mounted.source
    real = source / "..2026_11_23"
    real.mkdir()
    (source / "..data").symlink_to(real.name)
    for name in ("train.py", "data.py", "pkg"):
        (source / name).rename(real / name)
        (source / name).symlink_to(f"..data/{name}")
    assert data_digest(plain) == data_digest(mounted)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"def make(seed): return [1]\n", "data.py:make: returned list, expected a pandas DataFrame"),
        (b"def make(): ...\n", "data.py:make: defined as make(), but is called as make(seed)"),
        (b"def mak(seed): ...\n", 'data.py:make: data.py defines no make; did you mean "mak"?'),
        (b"def make(seed): return 1 / 0\n", "data.py:make raised ZeroDivisionError: division by zero"),
        (
            b"import pandas as pd\ndef make(seed): return pd.DataFrame([[1, 2]])\n",
            "python://data.py:make: the column 0 has no text for a name",
        ),
    ],
)
def test_functions_that_make_no_rows(tmp_path: Path, body: bytes, expected: str) -> None:
    """What is wrong with the function is said in the user's words."""
    assert refusal(make_call(tmp_path, "python://data.py:make", {"data.py": body}))[0] == expected


# --- what steps share ---
def test_other_data_than_guard_saw_are_refused(tmp_path: Path) -> None:
    """A run never mixes two states of the data."""
    text = "a,target\n" + "1,x\n2,y\n" * 10
    digest = data_digest(csv_call(tmp_path, text))
    assert digest == divided(csv_call(tmp_path, text, digest=digest)).digest
    assert refusal(csv_call(tmp_path, text + "3,x\n", digest=digest)) == [
        "file://rows.csv: the data changed since guard looked at them; start the run again"
    ]


def test_features_are_what_is_left(tmp_path: Path) -> None:
    """Target, excluded columns and the column of the split are no features; a part's other columns are kept."""
    text = "a,id,site,target\n" + "".join(f"{i},{i},{i % 5},{i % 2}\n" for i in range(50))
    parts = divided(csv_call(tmp_path, text, exclude=["id"], split={"by": "group", "column": "site"}))
    assert list(parts.train.X.columns) == ["a"]
    assert list(parts.test.rows.columns) == ["a", "id", "site", "target"]
    assert list(range(len(parts.test.X))) == list(parts.test.X.index) == list(parts.test.y.index)
    assert set(parts.train.rows["site"]).isdisjoint(parts.test.rows["site"])
