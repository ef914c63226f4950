"""Every code that model.yaml or platform.yaml can raise has a case, and every case raises its code.

A case is `problems/<code>.yaml`, `problems/<code>.platform.yaml`, or both; `problems/<code>.txt` is what is printed.
MLOPS_CHARTS_GOLDEN=1 writes the texts anew; they are read in review.
"""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from mlops_charts.loading import Platform
from mlops_charts.problems import CODES, Problem, codes_rules, codes_spec, format_text
from mlops_charts.rules import Asked, Served, check_fleet, check_model, check_platform
from mlops_charts.source import parse
from mlops_charts.spec.model import ModelSpec
from mlops_charts.spec.parse import parse_spec
from mlops_charts.spec.platform import PlatformSpec

FOLDER = Path(__file__).parent / "problems"
CASES = sorted({path.name.split(".")[0] for path in FOLDER.glob("*.yaml")})
FILES: Mapping[str, bytes] = {
    "train.py": b"def train(X, y, context):\n    return X\n",
    "serve.py": b"class Model:\n    pass\n",
    "broken.py": b"def train(X, y, context:\n    return X\n",
    "pinned.txt": b"numpy==2.3.1\n",
    "requirements.txt": (
        b"# what training needs\nnumpy==2.3.1 \\\n    --hash=sha256:00\npandas>=2\nscipy==1.*\n-r other.txt\n"
        b"x @ https://example.com/x.whl\npolars[gpu]==1.2.3; python_version > '3.11'\n"
    ),
}
LARGE: Mapping[str, bytes] = {
    "rows.csv": b"1,2\n" * 300_000,
    "model.bin": b"\xff" * 90_000,
    "train.py": FILES["train.py"],
}


def found(case: str) -> list[Problem]:
    """Return what is wrong with the files of a case."""
    platform, broken, source = PlatformSpec(), frozenset[str](), None
    problems: list[Problem] = []
    beside = FOLDER / f"{case}.platform.yaml"
    if beside.exists():
        source, problems = parse(beside.read_bytes(), "platform.yaml")
        assert source
        parsed = parse_spec(PlatformSpec, source)
        platform, broken = parsed.spec, parsed.broken
        problems += [*parsed.problems, *check_platform(platform, source, broken)]
    path = FOLDER / f"{case}.yaml"
    if path.exists():
        problems += _of_model(case, path, Platform(platform, source, "platform.yaml", broken))
    return problems


def _of_model(case: str, path: Path, platform: Platform) -> list[Problem]:
    source, problems = parse(path.read_bytes(), "model/iris/model.yaml")
    assert source
    parsed = parse_spec(ModelSpec, source)
    files = LARGE if case == "source-too-large" else FILES
    files = {**FILES, "..notes.txt": b"", "{{ name }}.txt": b""} if case == "file-name" else files
    links = {"key.pem": "../../secrets/key.pem"} if case == "source-link" else {}
    asked = Asked(
        parsed.spec,
        platform.spec,
        source,
        "model/iris",
        files,
        platform.source,
        parsed.broken,
        platform.broken,
        links=links,
    )
    fleet = []
    if case == "name-collision":
        other, _ = parse(path.read_bytes(), "other/iris/model.yaml")
        assert other
        fleet = [Served.of(Asked(parsed.spec, platform.spec, other)), Served.of(asked)]
    return [*problems, *parsed.problems, *check_model(asked), *check_fleet(fleet)]


@pytest.mark.parametrize("case", CASES)
def test_case(case: str) -> None:
    """A case raises its code, and is printed as its text says."""
    problems = found(case)
    assert case in {problem.code for problem in problems}
    text, expected = format_text(problems), FOLDER / f"{case}.txt"
    if os.environ.get("MLOPS_CHARTS_GOLDEN"):
        expected.write_text(text)
    assert text == expected.read_text()


def test_every_code_has_a_case() -> None:
    """No code of the types or the rules is without a case, and no case without a code."""
    assert {name for name, _ in (*codes_spec.TABLE, *codes_rules.TABLE)} == set(CASES)


def test_every_text_has_a_case() -> None:
    """No text is left over from a case that is gone."""
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(CASES)


@pytest.mark.parametrize("case", CASES)
def test_a_case_shows_little_else(case: str) -> None:
    """A case is about one thing: every problem of it has the case's code, a place and a severity of the table."""
    problems = found(case)
    assert {problem.code for problem in problems} == {case}
    assert all(problem.position for problem in problems)
    assert all(problem.severity == CODES[problem.code].severity for problem in problems)
