"""The wheel as a user installs it: complete, and at work in an empty repository."""

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest
from repositories import ROOT, git

NEEDED = (
    "mlops_charts/py.typed",
    "mlops_charts/schemas/model.schema.json",
    "mlops_charts/schemas/platform.schema.json",
    "mlops_charts/validation/schemas/pins.json",
    "mlops_charts/generators/argocd/health/seldondeployment.lua",
    "mlops_charts/generators/argocd/health/application.lua",
)


def _call(arguments: list[str], cwd: Path, path: str = "") -> subprocess.CompletedProcess[str]:
    env = {key: content for key, content in os.environ.items() if not key.startswith(("PYTHON", "PIP", "VIRTUAL"))}
    env["PATH"] = os.pathsep.join(filter(None, (path, env["PATH"])))
    return subprocess.run(arguments, cwd=cwd, env=env, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    call = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = _call(call, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def scripts(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts of an environment with the wheel, and with the packages that are installed here but this one."""
    folder = tmp_path_factory.mktemp("environment")
    assert _call([sys.executable, "-m", "venv", "--without-pip", str(folder)], folder).returncode == 0
    site = next(folder.glob("lib/python*/site-packages"))
    (site / "locked.pth").write_text(_installed(folder), "utf-8")
    python = str(folder / "bin/python")
    call = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-index", "--no-deps"]
    done = _call([*call, "--force-reinstall", "--ignore-installed", str(wheel)], folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "bin"


def _installed(folder: Path) -> str:
    """Return a folder that links to each installed package but the editable install of this one."""
    links = folder / "locked"
    links.mkdir()
    for path in Path(sysconfig.get_path("purelib")).iterdir():
        if "mlops_charts" not in path.name and path.suffix != ".pth":
            (links / path.name).symlink_to(path)
    return f"{links}\n"


@pytest.mark.parametrize("name", NEEDED)
def test_the_wheel_has_its_data(wheel: Path, name: str) -> None:
    """Not the modules alone."""
    assert name in zipfile.ZipFile(wheel).namelist()


def test_the_wheel_has_every_module_and_nothing_else(wheel: Path) -> None:
    """What git knows of the package, and the metadata."""
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    known = set(git(ROOT, "ls-files", "-z", "--", "mlops_charts").split("\0")) - {""}
    assert {name for name in known if (ROOT / name).exists()} <= names
    assert {name.partition("/")[0] for name in names} == {"mlops_charts"}
    assert not [name for name in names if "__pycache__" in name]


def test_an_empty_repository_becomes_one_of_models(scripts: Path, tmp_path: Path) -> None:
    """Start, render, commit, validate and check, with the package of the wheel and no other."""
    where = _call([str(scripts / "python"), "-c", "import mlops_charts; print(mlops_charts.__file__)"], tmp_path)
    assert Path(where.stdout).is_relative_to(scripts.parent), where.stderr
    root = tmp_path / "models"
    root.mkdir()
    git(root, "init", "--quiet", "--initial-branch=main")
    tool = str(scripts / "mlops-charts")
    for arguments in (["init", "iris"], ["render"], ["validate"], ["render", "--check"]):
        done = _call([tool, *arguments], root, str(scripts))
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        if arguments == ["render"]:
            git(root, "add", "--all")
            git(root, "commit", "--quiet", "--message=Iris")
    for name in ("model/iris/model.yaml", "model/iris/train.py", "platform.yaml", "charts/iris/serving/Chart.yaml"):
        assert (root / name).is_file()
    assert git(root, "status", "--short") == ""
