"""The command line: help, exit statuses, formats, and what it says when it cannot go on."""

import hashlib
import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import click
import pytest
from repositories import ROOT, Run, process

from mlops_charts.cli import COMMANDS, cli, status_of
from mlops_charts.validation.schemas.fetch import pins

ENV = {**os.environ, "PYTHONPATH": str(ROOT)}


def _commands() -> Iterator[tuple[str, ...]]:
    context = click.Context(cli)
    for name in COMMANDS:
        yield (name,)
        command = cli.get_command(context, name)
        if isinstance(command, click.Group):
            yield from ((name, inner) for inner in command.list_commands(context))


@pytest.mark.parametrize("words", [(), *_commands()], ids=" ".join)
def test_every_command_explains_itself_with_an_example(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """What it is for, then how it is called, then its options, each with a sentence."""
    assert status_of([*words, "--help"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.index("Usage: ") < out.index("Example:\n") < out.index("Options:\n")
    assert f"    {' '.join(('mlops-charts', *words))}" in out
    assert max(map(len, out.splitlines())) <= 120
    assert out.count("--") == out.replace("  --", "").count("--") + out.count("  --")
    assert status_of([*words, "-h"]) == 0
    assert out == capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["rendr"], 'no command "rendr"; did you mean "render"?'),
        (["frobnicate"], 'no command "frobnicate"'),
        (["render", "--chek"], "--check"),
        (["validate", "--format", "xml"], "'text', 'json', 'github'"),
        (["validate", "--crds", "nowhere"], "nowhere"),
        (["schema", "cluster"], "'model', 'platform'"),
        (["platform", "pn"], "pn"),
        (["init"], "NAME"),
    ],
)
def test_a_wrong_call_says_what_is_right(arguments: list[str], hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit status 2, stdout empty."""
    assert status_of(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert hint in err


@pytest.mark.parametrize("command", ["validate", "plan", "diff"])
def test_a_path_that_leads_nowhere_is_one_line(
    command: str, repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit status 1: the user can put it right."""
    monkeypatch.chdir(repository)
    assert status_of([command, "model/rose"]) == 1
    out, err = capsys.readouterr()
    assert (out, err) == ("", 'error: no model "model/rose" in model; there are iris\n')


@pytest.mark.parametrize("command", ["validate", "render", "plan", "diff", "run", "rehearse", "history", "init"])
def test_an_empty_word_is_no_model(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """As a script gives it whose variable is unset: it must not come to mean all of them."""
    assert status_of([command, ""]) == 2
    assert "it is empty" in capsys.readouterr().err


def test_a_model_may_be_meant_by_its_name(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From wherever one stands in the repository; a name that nothing has is answered with the nearest."""
    monkeypatch.chdir(repository / "model" / "iris")
    assert status_of(["render", "iris"]) == 0
    assert status_of(["plan", "irs"]) == 1
    assert 'no model "irs" in ' in (said := capsys.readouterr().err)
    assert said.endswith('did you mean "iris"?\n')


@pytest.mark.parametrize("command", ["validate", "plan", "diff"])
def test_a_folder_without_models_is_one_line(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says what starts a model."""
    monkeypatch.chdir(tmp_path)
    assert status_of([command]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"error: no model in {tmp_path / 'model'}; `mlops-charts init NAME` starts one\n"


def test_paths_of_two_repositories_are_refused(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They have two platforms."""
    (tmp_path / "other/model/rose").mkdir(parents=True)
    (tmp_path / "other/model/rose/model.yaml").touch()
    (tmp_path / "other/platform.yaml").touch()
    assert status_of(["validate", str(repository / "model/iris"), str(tmp_path / "other/model/rose")]) == 1
    assert "take one at a time" in capsys.readouterr().err


def test_a_platform_that_is_not_there_is_a_problem(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With its name."""
    monkeypatch.chdir(repository)
    for command in ("validate", "render", "plan", "diff"):
        assert status_of([command, "--platform", "eu.yaml"]) == 1
        assert "eu.yaml: no such file [file-not-found]" in capsys.readouterr().out


def test_a_text_can_be_validated(repository: Path, run: Run) -> None:
    """It stands for the file that it may become, and does not collide with it."""
    text = (repository / "model/iris/model.yaml").read_text("utf-8")
    assert run("validate", "-", stdin=text).returncode == 0
    done = run("validate", "-", stdin=text.replace("replicas: 2", "replcas: 2"))
    assert done.returncode == 1
    assert done.stdout.startswith("stdin:25:3: serving.replcas: unknown field")
    assert run("validate", "-", stdin=text.replace("name: iris", "name: rose")).returncode == 0
    assert run("validate", "-").returncode == 1


@pytest.mark.parametrize("form", ["json", "github"])
def test_other_formats_are_all_of_stdout(
    form: str, repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """JSON is one document with and without problems; GitHub's commands are lines; the talk is on stderr."""
    monkeypatch.chdir(repository)
    assert status_of(["validate", "--format", form]) == 0
    clean, talk = capsys.readouterr()
    model = repository / "model/iris/model.yaml"
    model.write_text(model.read_text("utf-8").replace("replicas: 2", "replcas: 2"), "utf-8")
    assert status_of(["validate", "--format", form]) == 1
    wrong = capsys.readouterr().out
    assert talk
    if form == "json":
        assert all(one["severity"] == "warning" for one in json.loads(clean))
        assert [one["code"] for one in json.loads(wrong) if one["severity"] == "error"] == ["unknown-field"]
    else:
        assert all(line.startswith("::warning ") for line in clean.splitlines())
        assert wrong.startswith("::error file=model/iris/model.yaml,line=25,col=3,")


def test_json_without_problems_is_an_empty_list(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not an empty text."""
    images = {"runtimeImage: ghcr.io/acme/mlops-charts-runtime:1.0.0": "mlops-charts-runtime:1.0.0"}
    digest = f"@sha256:{'0' * 64}"
    text = (repository / "platform.yaml").read_text("utf-8")
    for line in images:
        text = text.replace(line, line + digest)
    block = "\n".join(
        f"  {name}: registry.example.com/{name.lower()}:1{digest}"
        for name in ("kaniko", "trivy", "cosign", "syft", "sklearnServer", "mlflowServer")
    )
    (repository / "platform.yaml").write_text(f"{text}images:\n{block}\n", "utf-8")
    monkeypatch.chdir(repository)
    assert status_of(["validate", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def _on_a_terminal(root: Path, env: dict[str, str]) -> bytes:
    """Return what validate prints of an error where stdout is a terminal."""
    ours, theirs = pty.openpty()
    call = [sys.executable, "-m", "mlops_charts", "validate"]
    with subprocess.Popen(call, cwd=root, env={**ENV, **env}, stdout=theirs, stderr=subprocess.DEVNULL):
        os.close(theirs)
        output = b""
        while True:
            try:
                chunk = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not chunk:
                break
            output += chunk
    os.close(ours)
    return output


@pytest.mark.parametrize(("value", "coloured"), [("", True), ("1", False)])
def test_colour_is_for_terminals_that_want_it(repository: Path, value: str, coloured: bool) -> None:  # noqa: FBT001
    """NO_COLOR with anything in it takes it away."""
    (repository / "model/iris/model.yaml").write_text("kind: Model\nkin: x\n", "utf-8")
    assert coloured == (b"\x1b[" in _on_a_terminal(repository, {"NO_COLOR": value}))


def test_a_pipe_has_no_colour(repository: Path, run: Run) -> None:
    """Nor anything else that only a terminal understands."""
    (repository / "model/iris/model.yaml").write_text("kind: Model\nkin: x\n", "utf-8")
    assert "\x1b" not in run("validate").stdout


def test_a_reader_that_goes_is_no_traceback(repository: Path) -> None:
    """The status is not 0, as what was not printed was not seen."""
    read, write = os.pipe()
    os.close(read)
    call = [sys.executable, "-m", "mlops_charts", "validate"]
    done = subprocess.run(call, cwd=repository, env=ENV, stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert done.returncode == 3
    assert b"Traceback" not in done.stderr
    assert b"Exception" not in done.stderr


def test_an_interrupt_is_one_word(repository: Path) -> None:
    """Exit status 130, however deep it was: here, in the middle of reading platform.yaml."""
    fifo = repository / "eu.yaml"
    os.mkfifo(fifo)
    program = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "from mlops_charts.cli import main; main(['validate', '--platform', 'eu.yaml'])"
    )
    call = [sys.executable, "-c", program]
    with subprocess.Popen(call, cwd=repository, env=ENV, stderr=subprocess.PIPE) as process, fifo.open("wb"):
        process.send_signal(signal.SIGINT)  # the fifo is open, so the process reads it
        assert process.stderr is not None
        err = process.stderr.read().decode()
    assert (process.returncode, err.strip()) == (130, "interrupted")


def test_a_terminal_that_cannot_show_a_letter_shows_its_code(repository: Path, run: Run) -> None:
    """No encoding is a reason to fail."""
    done = run("plan", env={"PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"})
    assert done.returncode == 0
    assert "\\u2026" in done.stdout


EXTRAS = "helm_python,kubernetes_validate,hikaru,lupa"


def test_without_the_extras_one_line_says_how_to_get_them(repository: Path, tmp_path: Path) -> None:
    """`validate --deep` and `diff` need them, and a helm on PATH would do; `validate` and `render` need nothing."""
    script = str(ROOT / "tests/without.py")
    (tmp_path / "bin").mkdir()
    git = shutil.which("git")
    assert git
    (tmp_path / "bin/git").symlink_to(git)
    env = {"PATH": str(tmp_path / "bin")}
    deep = process([script, EXTRAS, "validate", "--deep"], repository, env=env)
    assert (deep.returncode, deep.stdout, deep.stderr.count("\n")) == (3, "", 1)
    assert "pip install 'mlops-charts[validate]'" in deep.stderr
    for command in ("validate", "render", "plan"):
        assert process([script, EXTRAS, command], repository, env=env).returncode == 0


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A folder, and the address of a server that serves it."""
    folder = tmp_path / "mirror"
    folder.mkdir()

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as in the base class
            del format, args

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/", folder
        server.shutdown()
        thread.join()


def test_schemas_are_fetched_from_a_mirror(mirror: tuple[str, Path], tmp_path: Path, run: Run) -> None:
    """Without a known checksum they are skipped, unless they are allowed; then they are there, and listed so."""
    base, folder = mirror
    for pin in pins():
        (folder / pin.file).write_text("kind: CustomResourceDefinition\n", "utf-8")
    env = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "HOME": str(tmp_path)}
    known = [pin for pin in pins() if pin.sha256]
    into = tmp_path / "crds"
    done = run("schemas", "fetch", "--base", base, "--into", str(into), "--allow-unverified", env=env)
    if known:
        assert done.returncode == 3
        assert "checksum mismatch" in done.stderr
        assert done.stderr.endswith("nothing was written\n")
        assert not into.exists() or not list(into.iterdir())
    else:
        assert done.returncode == 0
        assert sorted(pin.file for pin in pins()) == sorted(file.name for file in into.iterdir())
        digest = hashlib.sha256(b"kind: CustomResourceDefinition\n").hexdigest()
        assert {digest} == {hashlib.sha256(file.read_bytes()).hexdigest() for file in into.iterdir()}


def test_a_mirror_that_is_not_there_is_said_of_each_file(tmp_path: Path, run: Run) -> None:
    """Exit status 3, and nothing is written."""
    done = run("schemas", "fetch", "--base", "http://127.0.0.1:9/", "--into", str(tmp_path / "x"), "--allow-unverified")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.count("error: ") == len(pins())
    assert not (tmp_path / "x").exists()


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Alone, for scripts."""
    assert status_of(["--version"]) == 0
    assert capsys.readouterr().out == "0.2.0\n"
