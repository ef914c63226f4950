"""Environments of requirements.txt on this machine, made by the real pip from wheels that the tests write."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from wheels import wheel

from mlops_charts.local.environments import environment_python
from mlops_charts.steps.call import Refused, Unavailable


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes wheels from, and from nowhere else."""
    folder = tmp_path / "wheels"
    wheel(folder, "adds_words", "1.0", {"adds_words.py": "WORD = 'new'\n"})
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def asking(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "requirements.txt"
    path.write_text(text)
    return path


def printed(python: Path, code: str) -> str:
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.usefixtures("shelf")
def test_what_requirements_add_stands_beside_what_is_here(tmp_path: Path) -> None:
    """The environment has the package that was asked for, ours, and what ours needs."""
    python = environment_python(asking(tmp_path, "adds_words==1.0\n"), tmp_path / "cache", lambda _: None)

    code = "import adds_words, mlops_charts, pydantic, sys; print(adds_words.WORD, sys.prefix)"
    assert printed(python, code) == f"new {python.parents[1]}"
    assert not list(python.parents[1].glob("lib/*/site-packages/pydantic"))


def test_what_requirements_pin_comes_before_what_is_here(tmp_path: Path, shelf: Path) -> None:
    """Another version of a package that is here already wins in the environment, and what is here stays as it is."""
    wheel(shelf, "iniconfig", "99.0", {"iniconfig.py": "AGE = 'new'\n"})

    python = environment_python(asking(tmp_path, "iniconfig==99.0\n"), tmp_path / "cache", lambda _: None)

    assert printed(python, "import iniconfig; print(iniconfig.AGE)") == "new"
    assert not hasattr(__import__("iniconfig"), "AGE")


def test_what_does_not_fit_ends_it(tmp_path: Path, shelf: Path) -> None:
    """A version that the pipeline's own packages cannot run on is refused, as the build of the image would end."""
    wheel(shelf, "click", "0.1", {"click.py": "AGE = 'old'\n"})
    requirements = asking(tmp_path, "click==0.1\n")

    for _ in range(2):  # and again: what was begun is not taken for done
        with pytest.raises(Refused, match=r"does not fit what the pipeline itself runs on: .* requires click.*, but"):
            environment_python(requirements, tmp_path / "cache", lambda _: None)


@pytest.mark.usefixtures("shelf")
def test_second_time_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is there is used as it is, though no wheel can be found any more, and nothing is told."""
    requirements, told = asking(tmp_path, "adds_words==1.0\n"), list[str]()
    first = environment_python(requirements, tmp_path / "cache", told.append)
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nowhere"))

    assert environment_python(requirements, tmp_path / "cache", told.append) == first
    assert told == [f"installing 1 package of requirements.txt into {first.parents[1]}"]


@pytest.mark.usefixtures("shelf")
def test_half_an_environment_is_made_anew(tmp_path: Path) -> None:
    """What a killed run left is not believed."""
    requirements = asking(tmp_path, "adds_words==1.0\n")
    python = environment_python(requirements, tmp_path / "cache", lambda _: None)
    (python.parents[1] / ".complete").unlink()
    next(python.parents[1].glob("lib/*/site-packages/adds_words.py")).unlink()

    again = environment_python(requirements, tmp_path / "cache", lambda _: None)

    assert (again, printed(again, "import adds_words; print(adds_words.WORD)")) == (python, "new")


@pytest.mark.usefixtures("shelf")
def test_two_at_once_make_it_once(tmp_path: Path) -> None:
    """The one that comes second waits, and says so."""
    requirements, told = asking(tmp_path, "adds_words==1.0\n"), list[str]()
    with ThreadPoolExecutor(2) as pool:
        calls = [pool.submit(environment_python, requirements, tmp_path / "cache", told.append) for _ in range(2)]

    assert calls[0].result() == calls[1].result()
    folder = calls[0].result().parents[1]
    assert sorted(told) == [
        f"installing 1 package of requirements.txt into {folder}",
        f"waiting for another run to make {folder}",
    ]


@pytest.mark.usefixtures("shelf")
def test_failure_is_one_line_that_names_the_line(tmp_path: Path) -> None:
    """A package that cannot be had is told with its line, in pip's own words."""
    requirements = asking(tmp_path, "# ours\nadds_words==1.0\nadds-nothing==2.0  # soon\n")

    with pytest.raises(Refused) as caught:
        environment_python(requirements, tmp_path / "cache", lambda _: None)

    assert str(caught.value) == (
        f"{requirements.name}:3: adds-nothing==2.0: pip cannot install it: No matching distribution found for "
        "adds-nothing==2.0"
    )


def test_index_out_of_reach_is_a_service_that_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody answers, it is not the file that is wrong."""
    for name in ("PIP_FIND_LINKS", "PIP_NO_INDEX", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")

    with pytest.raises(Unavailable, match="the index of packages cannot be reached"):
        environment_python(asking(tmp_path, "adds_words==1.0\n"), tmp_path / "cache", lambda _: None)


def test_file_that_is_missing_is_one_line(tmp_path: Path) -> None:
    """No traceback for a file that is not there."""
    with pytest.raises(Unavailable, match=r"requirements.txt cannot be read: No such file or directory"):
        environment_python(tmp_path / "requirements.txt", tmp_path / "cache", lambda _: None)
