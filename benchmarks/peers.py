"""The same objects by others: cdk8s (Python) synthesising them, and Helm rendering a chart written by hand."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import yaml

_HERE = Path(__file__).resolve().parent
_SYNTH = """
import json, sys
from cdk8s import ApiObject, App, Chart, JsonPatch

app = App(outdir=sys.argv[2])
chart = Chart(app, "iris")
for index, manifest in enumerate(json.load(open(sys.argv[1]))):
    base = {key: manifest.pop(key) for key in ("kind", "metadata")}
    made = ApiObject(chart, f"o{index}", api_version=manifest.pop("apiVersion"), **base)
    made.add_json_patch(*(JsonPatch.add(f"/{key}", part) for key, part in manifest.items()))
app.synth()
"""


def cdk8s_python(folder: Path) -> Path | None:
    """Return the Python of a virtual environment with cdk8s, made once below a folder; None without Node.js."""
    if shutil.which("node") is None:
        return None
    place = folder / "cdk8s"
    python = place / "bin" / "python"
    if not (place / ".installed").exists():
        venv.create(place, with_pip=True)
        lock = _HERE / "cdk8s.lock"
        subprocess.run([python, "-m", "pip", "install", "-q", "--require-hashes", "-r", lock], check=True)
        (place / ".installed").touch()
    return python


def cdk8s_command(python: Path, folder: Path, objects: list[dict[str, object]]) -> list[str]:
    """Return the command that synthesises these objects with cdk8s."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "objects.json").write_text(json.dumps(objects))
    (folder / "synth.py").write_text(_SYNTH)
    return [str(python), str(folder / "synth.py"), str(folder / "objects.json"), str(folder / "out")]


def hand_written(folder: Path, objects: list[dict[str, object]]) -> Path:
    """Write a chart as people do by hand, one object a file with a value or two, and return its folder."""
    templates = folder / "templates"
    templates.mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: iris\nversion: 1.0.0\n")
    (folder / "values.yaml").write_text("team: team-flowers\n")
    for index, manifest in enumerate(objects):
        text = yaml.safe_dump(manifest, sort_keys=False).replace("{{", '{{ "{{" }}')
        text = text.replace("team-flowers", "{{ .Values.team }}")
        (templates / f"{index:02}-{str(manifest['kind']).lower()}.yaml").write_text(text)
    return folder


def without_extras() -> dict[str, str]:
    """Return an environment for peers: ours without what Python was told for this project."""
    return {name: found for name, found in os.environ.items() if not name.startswith("PYTHON")} | {
        "PYTHON": sys.executable
    }
