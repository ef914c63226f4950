"""The library's face: which names it has, that they are what they say, and what importing them costs."""

import inspect
import subprocess
import sys
from pathlib import Path

import pytest
from repositories import ROOT, process

import mlops_charts

HEAVY = ("helm_python", "kubernetes_validate", "hikaru", "mlflow", "sklearn", "pandas", "numpy", "rich", "lupa")
TALK = "import sys; from mlops_charts.cli import status_of; status = status_of({arguments!r}); "
LIST = "print('loaded', *sorted({name.partition('.')[0] for name in sys.modules})); sys.exit(status)"


@pytest.mark.parametrize("name", mlops_charts.__all__)
def test_every_public_name_can_be_imported(name: str) -> None:
    """And is found by `dir`."""
    assert getattr(mlops_charts, name) is not None
    assert name in dir(mlops_charts)


def test_public_names_are_sorted_and_each_has_a_home() -> None:
    """The list for readers and the table for the import say the same."""
    assert sorted(mlops_charts.__all__) == mlops_charts.__all__
    assert sorted(mlops_charts._HOME) == mlops_charts.__all__


def test_what_is_not_public_is_not_there() -> None:
    """In the words of Python."""
    with pytest.raises(AttributeError, match="has no attribute 'rendr'"):
        mlops_charts.rendr  # noqa: B018 - the access is the test


def test_the_verbs_are_functions_with_a_docstring() -> None:
    """No room of the house takes their names, in whatever order things are imported."""
    program = "import mlops_charts.planning, mlops_charts.validation, mlops_charts.cli, mlops_charts.rendering\n"
    program += "from mlops_charts import load, plan, render, validate, write\n"
    program += "print(*(type(verb).__name__ for verb in (load, plan, render, validate, write)))\n"
    assert process(["-c", program], ROOT).stdout.split() == ["function"] * 5
    for name in ("load", "plan", "render", "validate", "write"):
        verb = getattr(mlops_charts, name)
        assert inspect.isfunction(verb)
        assert verb.__doc__
        assert "return" in inspect.get_annotations(verb)


def test_the_library_does_what_its_docstring_says(repository: Path) -> None:
    """Load, plan, render, validate, write: the same files as the command line writes."""
    model = mlops_charts.load(repository / "model/iris")
    rendering = mlops_charts.render(mlops_charts.plan(model))
    report = mlops_charts.validate(model, rendering)
    assert report.valid
    assert mlops_charts.write(rendering, repository).added
    assert process(["-m", "mlops_charts", "render", "--check"], repository).returncode == 0


def test_a_model_with_problems_carries_them_all(repository: Path) -> None:
    """Each with its position."""
    file = repository / "model/iris/model.yaml"
    file.write_text(file.read_text("utf-8").replace("replicas: 2", "replcas: 2").replace("task:", "tusk:"), "utf-8")
    with pytest.raises(mlops_charts.InvalidSpec, match="did you mean") as caught:
        mlops_charts.load(file)
    assert [problem.position.line for problem in caught.value.problems if problem.position] == [10, 25]


def test_importing_the_package_imports_nothing_else() -> None:
    """Not even pydantic: names are imported when they are first used."""
    done = process(["-c", "import sys, mlops_charts; print(*sys.modules)"], ROOT)
    assert {"pydantic", "yaml", "click"} & set(done.stdout.split()) == set()


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["validate"], ["render"], ["plan"]], ids=" ".join)
def test_a_command_imports_only_what_it_needs(repository: Path, arguments: list[str]) -> None:
    """Tools that are expensive to import are imported where they are used."""
    done = process(["-c", TALK.format(arguments=arguments) + LIST], repository)
    assert done.returncode == 0, done.stderr
    loaded = next(line for line in done.stdout.splitlines() if line.startswith("loaded ")).split()
    assert set(HEAVY) & set(loaded) == set()


def test_help_is_light() -> None:
    """It reads no specification."""
    done = process(["-c", TALK.format(arguments=["--help"]) + LIST], ROOT)
    assert {"pydantic", "jsonschema"} & set(done.stdout.splitlines()[-1].split()) == set()


PROGRAM = """\
from collections.abc import Iterable

from mlops_charts import EnvironmentPlan, Part, Plan, Problem, Rendering, load, plan, render, validate, value, write


class Note:
    name = "note"
    kinds = frozenset({("", "ConfigMap")})

    def pipeline(self, plan: Plan) -> Iterable[Part]:
        return ()

    def serving(self, plan: Plan, environment: EnvironmentPlan) -> Iterable[Part]:
        node = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": plan.model}}
        yield Part("note.yaml", {**node, "data": {"a": value("note.a", "x", "A note.")}}, "serving")


model = load("model/iris")
rendering: Rendering = render(plan(model), [Note()])
problems: tuple[Problem, ...] = validate(model, rendering).problems
added: tuple[str, ...] = write(rendering, ".").added
"""


def test_a_users_program_is_type_checked(tmp_path: Path) -> None:
    """The package carries its types: a right program passes mypy --strict, and a wrong one does not."""
    (tmp_path / "right.py").write_text(PROGRAM, "utf-8")
    (tmp_path / "wrong.py").write_text("from mlops_charts import load\n\nload(1)\nload('x').spek\n", "utf-8")
    call = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--cache-dir={tmp_path / 'cache'}"]
    env = {"MYPYPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        [*call, "--follow-imports=silent", "right.py", "wrong.py"],
        cwd=tmp_path, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    lines = [line.partition(": ")[0] for line in done.stdout.splitlines() if ": error: " in line]
    assert lines == ["wrong.py:3", "wrong.py:4"], done.stdout
