"""The life of a model on one machine: a version, an edit, other data, a revert, by real runs on rows that lie on S3."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from repositories import git, process, share_cache
from s3_server import S3Server, s3_server

MODEL = """\
apiVersion: mlops-charts/v1
kind: Model
metadata: {name: iris}
training:
  params: {C: 1.0}
  data:
    uri: "s3://lake/iris.csv"
    target: species
    split: {test: 0.3, by: stratified}
  schedule: "0 3 * * 1"
validation:
  minRows: 30
  gates: [{metric: accuracy, min: 0.8}]
"""
TRAIN = '''\
"""Trains the classifier of iris flowers."""

from sklearn.linear_model import LogisticRegression


def train(X, y, context):
    """Return a classifier."""
    return LogisticRegression(max_iter=500, **context.params).fit(X, y)
'''


@dataclass(frozen=True)
class Life:
    """A repository with a model, and the rows that it learns from."""

    root: Path
    server: S3Server

    def run(self, trigger: str = "commit") -> dict[str, Any]:
        """Run the pipeline as a user does, and return what it says."""
        arguments = ["run", "model/iris", "--builder", "none", "--no-release", "--trigger", trigger, "--format", "json"]
        done = process(["-m", "mlops_charts", *arguments], self.root, env=self.server.environ)
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def edit(self, text: str) -> None:
        """Commit another train.py."""
        (self.root / "model/iris/train.py").write_text(text)
        git(self.root, "commit", "-qam", "Try another strength")

    def registered(self) -> dict[str, dict[str, str]]:
        """Return the tags of every version in the registry, by semantic version."""
        database = self.root / ".mlops-charts" / "mlflow" / "mlflow.db"
        with sqlite3.connect(database) as connection:
            rows = connection.execute("select version, key, value from model_version_tags").fetchall()
            aliases = connection.execute("select version, alias from registered_model_aliases").fetchall()
        tags: dict[int, dict[str, str]] = {}
        for number, key, value in rows:
            tags.setdefault(number, {})[key] = value
        for number, alias in aliases:
            tags[number][f"alias {alias}"] = "yes"
        return {one["mlops.version"]: one for one in tags.values()}

    def runs(self) -> int:
        """Return how often something was trained."""
        with sqlite3.connect(self.root / ".mlops-charts" / "mlflow" / "mlflow.db") as connection:
            return int(connection.execute("select count(*) from runs where lifecycle_stage = 'active'").fetchone()[0])

    def released(self) -> str:
        """Return the subject of the newest commit in the repository of releases."""
        return git(self.root / ".mlops-charts" / "release.git", "log", "-1", "--format=%s", "main").strip()


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    """Yield a repository, and a bucket with the rows of iris, behind keys."""
    bucket = tmp_path / "buckets" / "lake"
    bucket.mkdir(parents=True)
    _rows(bucket / "iris.csv", 0)
    root = tmp_path / "models of a team"
    (root / "model/iris").mkdir(parents=True)
    (root / "model/iris/model.yaml").write_text(MODEL)
    (root / "model/iris/train.py").write_text(TRAIN)
    git(root, "init", "-q", "-b", "main")
    git(root, "add", ".")
    git(root, "commit", "-qm", "Begin")
    share_cache(root)
    with s3_server(tmp_path / "buckets") as server:
        yield Life(root, server)


def _rows(path: Path, without: int) -> None:
    code = (
        "from sklearn.datasets import load_iris\n"
        "found = load_iris(as_frame=True)\n"
        "names = dict(enumerate(found.target_names))\n"
        "rows = found.frame.assign(species=found.target.map(names)).drop(columns='target')\n"
        f"rows.iloc[{without}:].to_csv({str(path)!r}, index=False)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_each_change_makes_the_version_that_it_should(life: Life) -> None:
    """1.0.0; nothing; 1.1.0 of new code; 1.1.1 of new rows by the clock; a revert hands 1.0.0 on without training."""
    first = life.run()
    assert (first["version"], first["action"]) == ("1.0.0", "train")
    tags = life.registered()["1.0.0"]
    assert tags["alias challenger"] == "yes"
    assert {first["codeDigest"], first["dataDigest"]} == {tags["mlops.code-digest"], tags["mlops.data-digest"]}
    assert git(life.root, "rev-parse", "HEAD").strip() == tags["mlops.git-commit"]
    assert "iris 1.0.0" in life.released()

    again = life.run()
    assert again["action"] == "nothing"
    assert "nothing to train: version 1.0.0 has this code and these data" in again["reason"]
    assert life.runs() == 1

    life.edit(TRAIN.replace("max_iter=500", "max_iter=600"))
    assert life.run()["version"] == "1.1.0"
    _rows(life.server.folder / "lake" / "iris.csv", 3)
    assert life.run("schedule")["version"] == "1.1.1"
    assert life.run("schedule")["action"] == "nothing"
    assert sorted(life.registered()) == ["1.0.0", "1.1.0", "1.1.1"]

    git(life.root, "revert", "--no-edit", "HEAD")
    back = life.run()
    assert (back["version"], back["action"]) == ("1.0.0", "release")
    assert life.runs() == 3
    assert "iris 1.0.0" in life.released()
