"""What the judge is told of a model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from release_desks import sat_down

from mlops_charts.errors import Mistake
from mlops_charts.release.asked import read_release_spec
from mlops_charts.release.git import RepositoryError
from mlops_charts.release.repository import Remote, fetched
from mlops_charts.steering.about import about


@pytest.fixture
def spec(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return the release.json of iris."""
    sat_down(tmp_path, capsys, monkeypatch)
    found: dict[str, Any] = json.loads(about("iris").spec.model_dump_json(by_alias=True, exclude_none=True))
    return found


def test_a_spec_that_nobody_rendered_is_told(spec: dict[str, Any], tmp_path: Path) -> None:
    """What would fail in the midst of a look is refused before it."""
    place, file = spec["environments"][0], tmp_path / "release.json"
    yesterday = {**place, "freeze": [{"from": "yesterday", "to": "2026-12-01T00:00:00Z"}]}
    zoneless = {**place, "freeze": [{"from": "2026-11-01", "to": "2026-12-01"}]}
    changes: list[tuple[dict[str, Any], str]] = [
        ({"environments": [yesterday]}, "environments.0.freeze.0.from"),
        ({"environments": [zoneless]}, "it has no time zone"),
        ({"services": {"blue": "iris-blue"}}, "services: Value error, it does not say green"),
    ]
    for change, why in changes:
        file.write_text(json.dumps({**spec, **change}), encoding="utf-8")
        with pytest.raises(Mistake, match=why):
            read_release_spec(file)


def test_git_is_given_no_path_that_none_can_be() -> None:
    """A NUL in an address or a path is told, and raises nothing of Python's."""
    with pytest.raises(RepositoryError, match="git cannot be asked"), fetched(Remote("a\0b", "main")):
        pass
