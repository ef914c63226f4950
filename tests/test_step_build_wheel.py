"""The wheel of this package and the lock files that travel in it."""

from __future__ import annotations

import base64
import csv
import hashlib
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import version
from io import BytesIO
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from repositories import ROOT

from mlops_charts.steps.locks import (
    SELDON_CORE,
    SERVE,
    SERVE_PANDAS,
    SERVE_SKLEARN,
    applying,
    constraints_text,
    lock_text,
    normalized,
    pins,
    read_lock,
    without,
)
from mlops_charts.steps.wheel import wheel

LOCKS = (SERVE, SERVE_SKLEARN, SERVE_PANDAS, SELDON_CORE)


@pytest.fixture(scope="module")
def made() -> tuple[str, bytes]:
    """The wheel of the package that runs these tests."""
    return wheel()


def test_the_same_package_gives_the_same_bytes(made: tuple[str, bytes]) -> None:
    """No clock is in it."""
    assert wheel() == made
    assert made[0] == f"mlops_charts-{version('mlops-charts')}-py3-none-any.whl"


def test_the_record_is_of_what_is_there(made: tuple[str, bytes]) -> None:
    """Every file but the record itself, with digest and size."""
    archive = zipfile.ZipFile(BytesIO(made[1]))
    (record,) = (name for name in archive.namelist() if name.endswith("/RECORD"))
    rows = {name: (digest, size) for name, digest, size in csv.reader(archive.read(record).decode().splitlines())}
    assert rows.pop(record) == ("", "")
    assert list(rows) == [name for name in archive.namelist() if name != record]
    for name, (digest, size) in rows.items():
        content = archive.read(name)
        expected = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        assert (f"sha256={expected}", str(len(content))) == (digest, size)


def test_it_holds_modules_and_data_and_no_caches(made: tuple[str, bytes]) -> None:
    """As the package is, wherever it is installed."""
    names = set(zipfile.ZipFile(BytesIO(made[1])).namelist())
    for name in ("contract.py", "py.typed", "schemas/model.schema.json", *(f"locks/{lock}" for lock in LOCKS)):
        assert f"mlops_charts/{name}" in names
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]
    assert {"METADATA", "WHEEL", "entry_points.txt", "RECORD"} <= {name.rpartition("/")[2] for name in names}


def test_pip_installs_it(made: tuple[str, bytes], tmp_path: Path) -> None:
    """Without a network, and what is installed imports, runs and makes the same wheel."""
    path = tmp_path / made[0]
    path.write_bytes(made[1])
    site = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--no-compile", "--target", str(site), str(path)], check=True)
    assert (site / "bin" / "mlops-charts").is_file()
    code = (
        f"import sys; sys.path.insert(0, {str(site)!r}); import hashlib; from mlops_charts.steps.wheel import wheel\n"
        "import mlops_charts; print(mlops_charts.__file__); print(hashlib.sha256(wheel()[1]).hexdigest())"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], cwd=tmp_path, check=True, capture_output=True, text=True)
    where, digest = done.stdout.split()
    assert Path(where).is_relative_to(site)
    assert digest == hashlib.sha256(made[1]).hexdigest()


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_is_exact(name: str) -> None:
    """Every line is a version with hashes or a hash; no index, no link, no option, and nothing twice."""
    text = (ROOT / "mlops_charts/locks" / name).read_text()
    lock = read_lock(name)
    assert lock_text(lock) == text
    assert all(pin.hashes for pin in lock)
    assert "://" not in text
    names = [pin.name for pin in lock]
    assert names == sorted(set(names))


def _asked(*extras: str) -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [*project["dependencies"], *(line for extra in extras for line in project["optional-dependencies"][extra])]
    return [Requirement(line) for line in lines]


@pytest.mark.parametrize("name", [SERVE, SERVE_SKLEARN, SERVE_PANDAS])
def test_a_lock_has_what_the_package_asks_for(name: str) -> None:
    """The extra `serve` and the core, each at a version that pyproject.toml admits."""
    locked = {pin.name: pin.version for pin in read_lock(name)}
    for asked in _asked("serve"):
        assert asked.specifier.contains(locked[normalized(asked.name)]), asked


def _tested() -> set[tuple[str, str]]:
    """Return every package at every version that tests run with, on one Python or another."""
    text = (ROOT / "requirements/dev.lock").read_text()
    return {(pin.name, pin.version) for pin in pins(text)}


@pytest.mark.parametrize("name", [SERVE, SERVE_SKLEARN, SERVE_PANDAS])
def test_a_lock_is_of_what_is_tested(name: str) -> None:
    """The versions that serve are those that these tests run with; Seldon's wrapper has its own."""
    assert {(pin.name, pin.version) for pin in read_lock(name)} <= _tested()


def test_the_runtime_has_what_steps_and_serving_ask_for() -> None:
    """The lock of the runtime image, at versions that these tests run with."""
    lock = {pin.name: pin for pin in pins((ROOT / "requirements/runtime.lock").read_text())}
    for asked in _asked("steps", "serve"):
        assert asked.specifier.contains(lock[normalized(asked.name)].version), asked
    assert {(name, pin.version) for name, pin in lock.items()} <= _tested()
    assert all(pin.hashes for pin in lock.values())


def test_pins_are_read_as_pip_reads_them() -> None:
    """Extras, markers, continued lines, comments and hashes."""
    text = (
        "# all\nPolars[gpu]==1.2.3 ; python_version > '3.11' \\\n    --hash=sha256:" + "a" * 64 + "\n\n"
        "zope.interface == 7.0  # why\n-r other.txt\nloose>=1\n"
    )
    found = list(pins(text))
    assert [(pin.name, pin.version, pin.hashes) for pin in found] == [
        ("polars", "1.2.3", ("a" * 64,)),
        ("zope-interface", "7.0", ()),
    ]
    assert constraints_text(found).splitlines()[0] == "Polars[gpu]==1.2.3 ; python_version > '3.11'"
    assert [pin.name for pin in without(found, ["polars"])] == ["zope-interface"]


def test_markers_say_what_is_installed() -> None:
    """On Linux, and on the Python of the image; wherever the context is made."""
    lines = ("a==1; sys_platform == 'win32'", "b==1; python_version < '3.12'", "b==2; python_version >= '3.12'", "c==1")
    found = list(pins("\n".join(lines)))
    assert [(pin.name, pin.version) for pin in applying(found, "3.11")] == [("b", "1"), ("c", "1")]
    assert [(pin.name, pin.version) for pin in applying(found, "3.13")] == [("b", "2"), ("c", "1")]
