"""A repository with one model, for the tests of generators that are not ours."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from mlops_charts import Rendering, Report
from mlops_charts.chart import default_values, evaluate, merge
from mlops_charts.chart.chart import nested
from mlops_charts.release import nothing_released

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
if str(EXAMPLES) not in sys.path:
    sys.path.insert(0, str(EXAMPLES))

MODEL = """\
apiVersion: mlops-charts/v1
kind: Model
metadata:
  name: iris
training:
  data: {uri: "sklearn://iris"}
validation:
  gates: [{metric: accuracy, min: 0.9}]
serving:
  replicas: 2
  requestLog: {sample: 0.1}
monitoring:
  dashboard: true
environments:
  - staging
  - {name: prod, overrides: {serving: {replicas: 6}}}
"""
PLATFORM = """\
apiVersion: mlops-charts/v1
kind: Platform
git: {url: "https://git.example.com/ml/models.git"}
environments: {staging: {}, prod: {}}
"""
TRAIN = "def train(X, y, context):\n    return context\n"


def repository(root: Path) -> Path:
    """Write a model and its platform below a folder and return the folder."""
    folder = root / "model" / "iris"
    folder.mkdir(parents=True)
    (folder / "model.yaml").write_text(MODEL, encoding="utf-8")
    (folder / "train.py").write_text(TRAIN, encoding="utf-8")
    (root / "platform.yaml").write_text(PLATFORM, encoding="utf-8")
    return root


def line_of(text: str) -> int:
    """Return the line of model.yaml, from 1, that contains a text."""
    return next(number for number, line in enumerate(MODEL.splitlines(), 1) if text in line)


def served(rendering: Rendering, environment: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the objects of the serving chart in an environment before any release, by kind and name."""
    serving = rendering.serving
    release = {"release": nothing_released().data()}
    values = merge(default_values(serving.chart), nested(serving.overlays[environment]), release)
    return {(each["kind"], each["metadata"]["name"]): each for each in evaluate(serving.chart, values)}


def codes(report: Report) -> set[str]:
    """Return the codes of everything that was found."""
    return {problem.code for problem in report.problems}
