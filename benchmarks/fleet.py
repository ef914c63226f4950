"""Repositories of many models, made from the sample."""

from __future__ import annotations

import shutil
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent


def repository(folder: Path, models: int) -> Path:
    """Write a repository of so many models, each with a name and a train.py of its own, and return its root."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copy(_ROOT / "platform.yaml", folder / "platform.yaml")
    text = (_ROOT / "model/iris/model.yaml").read_text()
    code = (_ROOT / "model/iris/train.py").read_text()
    for number in range(models):
        name = f"iris-{number:04}"
        place = folder / "model" / name
        place.mkdir(parents=True)
        (place / "model.yaml").write_text(text.replace("name: iris\n", f"name: {name}\n"))
        (place / "train.py").write_text(f"{code}\n# {name}\n")
    return folder


def forget(folder: Path) -> None:
    """Remove everything that was rendered, and what is remembered of it."""
    for name in ("charts", "apps", ".mlops-charts"):
        shutil.rmtree(folder / name, ignore_errors=True)
