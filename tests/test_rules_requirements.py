"""Which lines of requirements.txt are pinned, and what is said of the others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import InvalidRequirement, Requirement

from mlops_charts.problems import Problem
from mlops_charts.rules import Asked, check_model
from mlops_charts.source import parse
from mlops_charts.spec.model import ModelSpec
from mlops_charts.spec.parse import parse_spec
from mlops_charts.spec.platform import PlatformSpec
from mlops_charts.steps.locks import pins

MODEL = """
metadata: {name: iris}
training:
  data: {uri: "sklearn://iris"}
  requirements: requirements.txt
validation: {gates: [{metric: accuracy, min: 0.9}]}
"""
HASH = "--hash=sha256:" + "0" * 64


def problems(text: str) -> list[Problem]:
    """Return what is wrong with a requirements.txt."""
    source, _ = parse(MODEL, "model/iris/model.yaml")
    assert source
    spec = parse_spec(ModelSpec, source).spec
    files = {"train.py": b"def train(X, y, context): ...\n", "requirements.txt": text.encode()}
    found = check_model(Asked(spec, PlatformSpec(), source, "model/iris", files))
    assert {problem.code for problem in found} <= {"requirement-not-pinned"}
    return found


@pytest.mark.parametrize(
    "line",
    [
        "numpy==2.3.1",
        "numpy == 2.3.1",
        "  numpy==2.3.1  # why",
        "polars[gpu,timezone]==1.2.3",
        "zope.interface==7.0.post1",
        "torch==2.9.0+cpu",
        "odd==1!2.0rc1",
        "tomli==2.0.1; python_version < '3.11'",
        'tomli==2.0.1 ; python_version < "3.11" and sys_platform == "linux"',
        f"numpy==2.3.1 {HASH} {HASH}",
        f"numpy==2.3.1 \\\n    {HASH} \\\n    {HASH}\nscipy==1.16.0",
        f"numpy==2.3.1 ; python_version > '3' \\\n    {HASH}  # last",
        "# only a comment\n\n   \n",
        "a==1; sys_platform == 'linux'\na==2; sys_platform != 'linux'",
        "\ufeffnumpy==2.3.1",
        "",
    ],
)
def test_pinned(line: str) -> None:
    """One package at one version, with extras, markers, hashes and comments."""
    assert problems(line) == []


@pytest.mark.parametrize(
    ("line", "message", "note"),
    [
        ("pandas", '"pandas" is not pinned to one version', "pandas==VERSION, with"),
        ("pandas>=2", '"pandas>=2" is not pinned to one version', "pandas==VERSION, with"),
        ("pandas ~= 2.1", '"pandas ~= 2.1" is not pinned to one version', "pandas==VERSION, with"),
        ("pandas[aws]>=2", '"pandas[aws]>=2" is not pinned to one version', "pandas[aws]==VERSION, with"),
        ("pandas==2.*", '"pandas==2.*" admits more than one version', "pandas==VERSION, with"),
        ("pandas==2.1,!=2.2", '"pandas==2.1,!=2.2" is not pinned to one version', "pandas==VERSION, with"),
        ("pandas===2.1", '"pandas===2.1" is not pinned to one version', "pandas==VERSION, with"),
        ("pandas==", '"pandas==" is not pinned to one version', "pandas==VERSION, with"),
        ("pandas; python_version > '3'", "\"pandas; python_version > '3'\" is not pinned", "pandas==VERSION, with"),
        ("pandas @ https://x.example/p.whl", "comes from elsewhere than the index", "name==version; or training.image"),
        ("git+https://x.example/p.git@v1", "comes from elsewhere than the index", "name==version; or training.image"),
        ("./local", "comes from elsewhere than the index", "name==version; or training.image"),
        ("dist/p-1.0-py3-none-any.whl", "comes from elsewhere than the index", "name==version; or training.image"),
        ("-e .", 'the option "-e" cannot stand here', "name==version; or training.image"),
        ("-r other.txt", 'the option "-r" cannot stand here', "the lines of that file"),
        ("--index-url https://x.example/", 'the option "--index-url" cannot stand here', "setting of pip"),
        ("--extra-index-url=https://x.example/", 'the option "--extra-index-url" cannot', "setting of pip"),
        ("--find-links wheels", 'the option "--find-links" cannot stand here', "setting of pip"),
        (HASH, 'the option "--hash" cannot stand here', "ahead of it"),
        ("pandas==2.1 --index-url https://x.example/", "comes from elsewhere", "name==version; or"),
        ("'pandas==2.1'", "\"'pandas==2.1'\" is no requirement", "as in scikit-learn==1.7.2"),
        ("pandas==2.1\nPandas==2.2", "Pandas stands in line 1 already", "one line for each package"),
    ],
)
def test_not_pinned(line: str, message: str, note: str) -> None:
    """One problem says what was found and what to write instead."""
    (problem,) = problems(line)
    assert message in problem.message
    assert note in problem.note


def test_each_bad_line_has_its_place() -> None:
    """File, line and column, however lines are continued, and all at once."""
    text = f"# head\nnumpy==2.3.1 \\\n  {HASH}\n\n  pandas>=2  # loose\nscipy \\\n  {HASH}\n"
    found = [problem.position for problem in problems(text)]
    assert [(at.file, at.line, at.column, at.end_column) for at in found if at] == [
        ("model/iris/requirements.txt", 5, 3, 12),
        ("model/iris/requirements.txt", 6, 1, 6),
    ]
    assert [at.text for at in found if at] == ["  pandas>=2  # loose", "scipy \\"]


PIECES = st.sampled_from(
    (
        "numpy",
        "a.b-c",
        "==",
        "===",
        ">=",
        "1.0",
        "2.*",
        ",",
        " ",
        "[x]",
        "; python_version > '3'",
        "@",
        "/",
        "-",
        "#",
        '"',
    )
)


@given(st.lists(PIECES, max_size=7).map("".join))
def test_what_is_let_through_is_pinned(line: str) -> None:
    """Whatever passes is, to the packaging library, one package at one version, and is read by the build as it is."""
    if problems(line):
        return
    read = [pin.line for pin in pins(line)]
    requirement = line.partition(" #")[0].strip()
    if not requirement or requirement.startswith("#"):
        assert read == []
        return
    try:
        parsed = Requirement(requirement)
    except InvalidRequirement as error:
        raise AssertionError(line) from error
    (specifier,) = parsed.specifier
    assert specifier.operator == "=="
    assert "*" not in specifier.version
    assert read == [requirement]
