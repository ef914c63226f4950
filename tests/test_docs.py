"""The documentation is true: its commands run and print what it shows, its code runs, its links lead somewhere."""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
import yaml
from custom_generators import ROOT, repository

from mlops_charts import Plan, load, plan, render
from mlops_charts.assemble import Rendering
from mlops_charts.cli import COMMANDS, cli

DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
GENERATED = {"spec.md", "problems.md", "steps.md"}
WRITTEN = [page for page in PAGES if page.name not in GENERATED]
LATER: frozenset[str] = frozenset()  # README's state tells of them
_WIDTH = 130
_BLOCK = re.compile(r"^```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
_CALL = re.compile(r"(?<!by )mlops-charts +(?P<words>[a-z][^`\n|\]}]*)")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    kind: str
    text: str


def blocks(page: Path) -> list[Block]:
    return [Block(found["kind"], found["text"]) for found in _BLOCK.finditer(page.read_text(encoding="utf-8"))]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    """Each link to a file of the repository resolves, also its heading."""
    for found in _LINK.finditer(page.read_text(encoding="utf-8")):
        target, _, heading = found["target"].partition("#")
        if "://" in target:
            continue
        path = (page.parent / target).resolve() if target else page
        if path in {DOCS / "spec.md", DOCS / "problems.md"} and not path.exists():
            continue
        assert path.exists(), f"{name_of(page)}: {found['target']}"
        if heading:
            lines = path.read_text(encoding="utf-8").splitlines()
            assert heading in [slug(line.lstrip("#")) for line in lines if line.startswith("#")], found["target"]


@pytest.mark.parametrize("page", WRITTEN, ids=name_of)
def test_pages_name_no_machine_and_have_no_long_lines(page: Path) -> None:
    """No path of somebody's machine, no trailing space; lines of prose are at most 130 characters."""
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"(?<![\w.])/(?:home|root|Users|tmp|work)/\S*", text) == []
    lines = [line for line in _BLOCK.sub("", text).splitlines() if not line.startswith(("|", "    "))]
    assert [line for line in lines if len(line) > _WIDTH or line != line.rstrip()] == []


def calls() -> Iterator[tuple[str, str]]:
    """Yield page and words of every call of the command line that a page names."""
    for page in WRITTEN:
        for found in _CALL.finditer(page.read_text(encoding="utf-8")):
            yield name_of(page), found["words"]


def command_of(words: list[str]) -> tuple[click.Command, list[str]]:
    """Return the command that words name, and the words behind it."""
    command: click.Command = cli
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(click.Context(command), words[0])
        if found is None:
            break
        command, words = found, words[1:]
    return command, words


def test_every_command_that_is_named_exists_with_its_options() -> None:
    """A command of a page is one of ours, or one that the README's state says is to come; its options exist."""
    seen = set()
    for page, text in calls():
        words = text.split("   ")[0].split()
        if words[0] in LATER:
            continue
        assert words[0] in COMMANDS, f"{page}: mlops-charts {text}"
        command, rest = command_of(words)
        known = {name for each in command.params for name in (*each.opts, *each.secondary_opts)} | {"--help"}
        given = {word.strip(".,;:)") for word in rest if word.startswith("--")}
        assert given <= known, f"{page}: mlops-charts {text}"
        seen.add(words[0])
    assert {"init", "validate", "plan", "render", "diff", "explain", "schemas"} <= seen


def test_what_is_to_come_is_said_in_the_state() -> None:
    """README's State names every command that pages name and this version lacks, and none that it has."""
    state = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## State\n")[2].partition("\n## ")[0]
    assert [name for name in LATER if f"`{name}`" not in state] == []
    assert not LATER & set(COMMANDS)


@pytest.mark.parametrize("command", list(COMMANDS))
def test_every_command_has_help_with_an_example(command: str) -> None:
    """`--help` begins with what it is for, and shows an example."""
    arguments = [sys.executable, "-m", "mlops_charts", command, "--help"]
    found = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert (found.returncode, found.stderr) == (0, "")
    assert f"mlops-charts {command}" in found.stdout
    assert "Example:" in found.stdout


def environment_of(home: Path) -> dict[str, str]:
    names = {f"GIT_{who}_{what}": "reader" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    alone = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "XDG_CACHE_HOME": str(home / "cache")}
    return {**os.environ, **names, **alone, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}


class Reader:
    """Follows a page: writes the files it shows, applies its diffs, and runs its commands."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder, self.environment = folder, environment
        self.ran: list[str] = []

    def follow(self, block: Block) -> None:
        """Do what a block shows."""
        first = block.text.partition("\n")[0]
        if block.kind == "diff":
            self._run(["git", "apply", "--unidiff-zero", "-"], block.text)
        elif block.kind in {"yaml", "python"} and first.startswith("# ") and "/" in first + "/":
            path = self.folder / first.removeprefix("# ")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text.partition("\n")[2], encoding="utf-8")
        elif block.kind == "console":
            self._session(block.text)

    def _session(self, text: str) -> None:
        status = 0
        for call, shown in _commands(text):
            if call == "echo $?":
                assert shown == [str(status)]
                status = 0
                continue
            assert status == 0, self.ran[-1]
            status, printed = self._call(call)
            _assert_in_order(call, shown, printed)
        assert status == 0, self.ran[-1]

    def _call(self, call: str) -> tuple[int, str]:
        words = shlex.split(call)
        program = {"mlops-charts": [sys.executable, "-m", "mlops_charts"], "git": ["git"]}[words[0]]
        self.ran.append(call)
        return self._run([*program, *words[1:]])

    def _run(self, arguments: list[str], text: str | None = None) -> tuple[int, str]:
        found = subprocess.run(
            arguments,
            cwd=self.folder,
            env=dict(self.environment),
            input=text,
            capture_output=True,
            text=True,
            check=text is not None,
            timeout=120,
        )
        assert "Traceback" not in found.stderr, found.stderr
        return found.returncode, found.stderr + found.stdout


def _commands(text: str) -> Iterator[tuple[str, list[str]]]:
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        call, *shown = part.rstrip("\n").split("\n")
        yield call, [line for line in shown if line.strip()]


def _assert_in_order(call: str, shown: list[str], printed: str) -> None:
    """Each line that the page shows is in the output, in this order."""
    at = 0
    for line in shown:
        found = printed.find(line, at)
        assert found >= 0, f"$ {call}\n{line!r} is not in the output, or not behind the line before:\n{printed}"
        at = found + len(line)


def test_the_tutorial_is_true(tmp_path: Path) -> None:
    """Every command of it runs, in order, in an empty repository, and prints the lines that it shows."""
    folder = tmp_path / "models"
    folder.mkdir()
    reader = Reader(folder, environment_of(tmp_path))
    for block in blocks(DOCS / "tutorial.md"):
        reader.follow(block)
    assert len(reader.ran) >= 15
    assert reader._run(["git", "status", "--porcelain"]) == (0, "")


def test_the_readme_s_model_is_valid(tmp_path: Path) -> None:
    """The ten lines of it render as they are."""
    folder = repository(tmp_path)
    reader = Reader(folder, environment_of(tmp_path))
    reader.follow(next(block for block in blocks(ROOT / "README.md") if block.kind == "yaml"))
    assert len((folder / "model/iris/model.yaml").read_text(encoding="utf-8").splitlines()) <= 10
    assert reader._call("mlops-charts validate")[0] == 0


def test_the_code_of_the_library_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All its Python, in order, in a repository with the model iris."""
    repository(tmp_path)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {"__name__": "library"}
    for block in blocks(DOCS / "library.md"):
        if block.kind == "python":
            exec(compile(block.text, "docs/library.md", "exec"), names)  # noqa: S102 - the page's own code
    assert (tmp_path / "charts/iris/serving/values.yaml").is_file()
    rendering = names["rendering"]
    assert isinstance(rendering, Rendering)
    quota = rendering.tree.files["charts/iris/serving/templates/resourcequota.yaml"]
    assert "pods: {{ .Values.quota.pods | int64 }}" in quota


def test_the_code_of_a_model_defines_what_its_page_names() -> None:
    """Each kind of code of one's own has a sample with the parameters that the table says."""
    page = DOCS / "model-code.md"
    trees = [ast.parse(block.text) for block in blocks(page) if block.kind == "python"]
    shown = {
        f"{node.name}({', '.join(given.arg for given in node.args.args if given.arg != 'self')})"
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    }
    assert shown == {"train(X, y, context)", "make(seed)", "compute(truth, answers, context)", "predict(inputs)"}
    assert [call for call in shown if f"`{call}`" not in page.read_text(encoding="utf-8")] == []


def everything(tmp_path: Path) -> Plan:
    """Return the plan of a model that has a schedule, the richest of what the pages tell."""
    folder = repository(tmp_path)
    path = folder / "model/iris/model.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("training:\n", 'training:\n  schedule: "0 3 * * 1"\n'), encoding="utf-8")
    return plan(load(path))


def test_operations_explains_every_alert(tmp_path: Path) -> None:
    """Each alert of both charts has a row that says what it means, and there is no row without an alert."""
    rendering = render(everything(tmp_path))
    rules = [text for name, text in rendering.tree.files.items() if name.endswith("prometheusrule.yaml")]
    rendered = set(re.findall(r"alert: (\w+)", "".join(rules)))
    told = set(re.findall(r"^\| `(Model\w+)` \|", (DOCS / "operations.md").read_text(encoding="utf-8"), re.MULTILINE))
    assert told == rendered


def test_charts_explains_every_object(tmp_path: Path) -> None:
    """Each kind of object that a chart has, and each file that is one of its kind, is told of on the page."""
    page = (DOCS / "charts.md").read_text(encoding="utf-8")
    rendering = render(everything(tmp_path))
    kinds = set(re.findall(r"^kind: (\w+)", "\n".join(rendering.tree.files.values()), re.MULTILINE))
    assert [kind for kind in sorted(kinds - {"Application"}) if kind not in page] == []
    files = [name for name in rendering.tree.files if "/serving/templates/" in name and name.endswith(".yaml")]
    told = page.replace("<slot>", "blue").replace("-*", "-server")
    untold = [name for name in files if name.partition("/templates/")[2] not in told]
    others = ("networkpolicy-judge", "networkpolicy-test", "poddisruptionbudget-green")
    assert [name for name in untold if Path(name).stem not in others] == []
    phases = re.findall(r"^\| (\w+)[^|]*\| [^|]*\| [^|]*\|$", page.partition("## The phases")[2], re.MULTILINE)
    known = yaml.safe_load(rendering.tree.files["charts/iris/serving/values.schema.json"])
    names = known["properties"]["release"]["properties"]["phase"]["enum"]
    assert set(names) - {"promoting", "baking"} <= set(phases)


def test_the_index_lists_every_page() -> None:
    """docs/README.md leads to each page and to each decision."""
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    pages = [page.relative_to(DOCS) for page in DOCS.rglob("*.md") if page.name != "README.md"]
    assert [str(page) for page in pages if f"({page})" not in index] == []


def test_architecture_names_every_room() -> None:
    """The table has the rooms of the layers that the import linter holds, from the bottom up, and no other."""
    configured = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layers = [set(layer.split(" | ")) for layer in configured["contracts"][0]["layers"]]
    table = (DOCS / "architecture.md").read_text(encoding="utf-8").partition("## Rooms")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    assert [set(re.findall(r"`(\w+)/?`", row)) for row in rows] == layers[::-1]
