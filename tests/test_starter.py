"""The first files that people get are right, complete and commented."""

import ast

import pytest

from mlops_charts.problems import Problem
from mlops_charts.rules import Asked, check_model, check_platform
from mlops_charts.source import parse
from mlops_charts.spec.fields import by_key
from mlops_charts.spec.model import ModelSpec
from mlops_charts.spec.parse import parse_spec
from mlops_charts.spec.platform import PlatformSpec
from mlops_charts.starter import full_model, minimal_model, platform_text, train_py


def problems(model: str) -> list[Problem]:
    source, found = parse(platform_text(), "platform.yaml")
    assert source
    platform = parse_spec(PlatformSpec, source)
    found += [*platform.problems, *check_platform(platform.spec, source, platform.broken)]
    source, more = parse(model, "model.yaml")
    assert source
    parsed = parse_spec(ModelSpec, source)
    files = {"train.py": train_py().encode()}
    asked = Asked(parsed.spec, platform.spec, source, "model/my-model", files, broken=parsed.broken)
    return [*found, *more, *parsed.problems, *check_model(asked)]


@pytest.mark.parametrize(
    "text", [minimal_model("my-model"), full_model("my-model"), full_model("my-model", "x", ("prod",))]
)
def test_starters_have_no_problems(text: str) -> None:
    """Neither a problem nor a warning: what we write is what we would praise."""
    assert problems(text) == []


def test_the_first_line_points_editors_at_the_schema() -> None:
    """An editor completes the file from its first line on."""
    for text in (minimal_model("a", "../s.json"), full_model("a", "../s.json"), platform_text("../s.json")):
        assert text.startswith("# yaml-language-server: $schema=../s.json\n")
    assert minimal_model("a").startswith("apiVersion:")


@pytest.mark.parametrize(("root", "text"), [(ModelSpec, full_model("a")), (PlatformSpec, platform_text())])
def test_the_full_files_state_every_field(root: type[ModelSpec | PlatformSpec], text: str) -> None:
    """Every top-level key stands there, and every key of a block has its sentence above it."""
    lines = text.splitlines()
    assert [line.partition(":")[0] for line in lines if line[:1].isalpha()] == list(by_key(root))
    keys = [at for at, line in enumerate(lines) if line.strip() and not line.strip().startswith(("#", "-"))]
    bare = [lines[at] for at in keys if not lines[at - 1].strip().startswith("#")]
    assert [line.strip() for line in bare if not line.startswith(("      ", "  prod:", "  staging:"))] == []


def test_no_line_is_too_long_to_read() -> None:
    """Files for people fit a screen."""
    text = full_model("a" * 30) + platform_text()
    assert [line for line in text.splitlines() if len(line) > 125] == []


def test_the_training_code_is_python() -> None:
    """train.py defines the function that model.yaml names."""
    assert [node.name for node in ast.parse(train_py()).body if isinstance(node, ast.FunctionDef)] == ["train"]
