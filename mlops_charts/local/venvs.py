"""Virtual environments that stand on one another: what lies in a lower one need not be installed again.

They know Python and pip, and nothing of models.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import site
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from mlops_charts.errors import MlopsChartsError
from mlops_charts.local.groups import group

_DONE: Final = ".complete"  # written last, so that an environment without it is half made
_LAYERS: Final = "layers.pth"


class PipFailed(MlopsChartsError):  # noqa: N818 - it says what happened
    """Pip did not install what it was asked for.

    Attributes:
        output: All that it printed.
    """

    def __init__(self, output: str) -> None:
        self.output = output
        super().__init__(output)

    @property
    def reason(self) -> str:
        """The line that says most: its last error, else its last line."""
        lines = [line.strip() for line in self.output.splitlines() if line.strip()]
        errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
        return (errors or lines or ["it said nothing"])[-1]

    @property
    def unreachable(self) -> bool:
        """Whether no index could be asked, so that the fault need not be in what was asked for."""
        return any(sign in self.output for sign in ("connection broken by", "ReadTimeoutError"))


def interpreter(folder: Path) -> Path:
    """Return the interpreter of the environment in a folder."""
    return folder / "bin" / "python"


def site_folders() -> tuple[Path, ...]:
    """Return the folders that this interpreter finds packages in, the one of this package among them."""
    own = Path(__file__).resolve().parents[2]
    users = [site.getusersitepackages()] if site.ENABLE_USER_SITE else []
    found = [Path(folder) for folder in (*site.getsitepackages(), *users)]
    return tuple(dict.fromkeys(folder for folder in (*found, own) if folder.is_dir()))


def packages_in(folder: Path) -> tuple[Path, ...]:
    """Return the folders that the environment in a folder finds packages in."""
    return tuple(sorted((folder / "lib").glob("python*/site-packages")))


def made(folder: Path, fill: Callable[[Path, int], None], *, below: Sequence[Path], wait: Callable[[], None]) -> Path:
    """Return the interpreter of the environment in a folder; make and fill it where it is missing or half made.

    Args:
        folder: Where it is, or will be. Two that make it at once do so one after the other.
        fill: Installs into it, given its interpreter and a file descriptor that its processes must hold open: it is
            the lock, which then outlives this process for as long as they do.
        below: Folders of packages that stand behind its own.
        wait: Called once if another one is making it.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _lock(folder.with_name(f".{folder.name}.lock"), wait) as lock:
        python = interpreter(folder)
        if not ((folder / _DONE).exists() and python.exists()):
            shutil.rmtree(folder, ignore_errors=True)
            create(folder, below)
            fill(python, lock)
            (folder / _DONE).touch()
        return python


def create(folder: Path, below: Sequence[Path] = ()) -> Path:
    """Make an environment that has nothing of its own, and return its interpreter."""
    arguments = ["-m", "venv", *(["--without-pip"] if _has_pip() else []), str(folder)]
    subprocess.run([sys.executable, *arguments], check=True, env=variables(), stdin=subprocess.DEVNULL)
    (packages,) = packages_in(folder)
    lines = [f"import site; site.addsitedir({str(path)!r})\n" for path in below]  # heeds the .pth files in it as well
    (packages / _LAYERS).write_text("".join(lines), encoding="utf-8")
    return interpreter(folder)


def install(python: Path, arguments: Sequence[str], lock: int | None = None) -> str:
    """Install into an environment and return what pip printed.

    Args:
        python: The environment's interpreter.
        arguments: Of `pip install`, every path absolute.
        lock: A file descriptor that pip holds open.

    Raises:
        PipFailed: It failed.
    """
    runner = [sys.executable, "-m", "pip", "--python", str(python)] if _has_pip() else [str(python), "-m", "pip"]
    command = [*runner, "install", "--disable-pip-version-check", "--no-input", *arguments]
    held = () if lock is None else (lock,)
    # Where it starts is where Python looks for modules first: an empty place, never a model's folder.
    where = python.parents[1]
    with group(
        command,
        cwd=where,
        env=variables(),
        pass_fds=held,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        errors="replace",
    ) as pip:
        output, _ = pip.communicate()
    if pip.returncode:
        raise PipFailed(output)
    return output


def _has_pip() -> bool:
    return find_spec("pip") is not None


def variables() -> dict[str, str]:
    """Return the variables of this process without those that would lead another Python astray."""
    foreign = ("PYTHONPATH", "PYTHONHOME", "__PYVENV_LAUNCHER__", "PIP_TARGET", "PIP_PREFIX", "PIP_USER")
    return {name: content for name, content in os.environ.items() if name not in foreign}


@contextmanager
def _lock(path: Path, wait: Callable[[], None]) -> Iterator[int]:
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            wait()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file.fileno()
