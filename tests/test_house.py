"""What holds for every file of the project."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CEILING = 400
# Places of a development machine, and hosts of package indexes.
FOREIGN = re.compile(r"/root/\.|/home/(?!me)\w|/work/main|pypi\.org|pythonhosted\.org|deb\.debian\.org", re.IGNORECASE)
TEXT = (".py", ".md", ".toml", ".yaml", ".yml", ".json", ".txt", ".lock", ".lua", ".cfg", "Makefile", "run")


def _files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def test_no_python_file_is_longer_than_a_reader_bears() -> None:
    """No file of Python has more than 400 lines."""
    long = {
        str(path.relative_to(ROOT)): lines
        for path in _files()
        if path.suffix == ".py" and (lines := len(path.read_text().splitlines())) > CEILING
    }
    assert long == {}


def test_every_module_says_what_it_is_for() -> None:
    """Every module of the package has a docstring."""
    silent = [
        str(path.relative_to(ROOT))
        for path in _files()
        if path.suffix == ".py"
        and path.is_relative_to(ROOT / "mlops_charts")
        and not path.read_text().startswith(('"""', 'r"""'))
    ]
    assert silent == []


def test_the_project_speaks_of_itself_alone() -> None:
    """No path of a development machine and no host of a package index stands in a file."""
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in _files()
        if path.name.endswith(TEXT) and path != Path(__file__)
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if FOREIGN.search(line)
    ]
    assert found == []


WAIVED = {  # behind training.allowPickle alone
    "mlops_charts/saved_model/estimator.py",
    "mlops_charts/steps/saving.py",
    "mlops_charts/steps/storing.py",
}


def test_nothing_runs_text_from_elsewhere() -> None:
    """Nothing in the package is executable text from elsewhere: no shell, no eval, no pickle but by the waiver."""
    forbidden = re.compile(r"\bshell=True|\bpickle\.[a-zA-Z]|\bmarshal\.|\beval\(|\bexec\(|yaml\.load\(|os\.system")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in _files()
        if path.suffix == ".py" and path.is_relative_to(ROOT / "mlops_charts")
        if str(path.relative_to(ROOT)) not in WAIVED
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if forbidden.search(line)
    ]
    assert found == []
