"""The files that people and releases own are held against the chart and the rules of a release, where they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops_charts.api import load, plan, render, validate, write
from mlops_charts.release import Identity, nothing_released, release_text, state_of

VERSION = Identity(
    version="1.0.0",
    image="ghcr.io/acme/iris@sha256:" + "0" * 64,
    run_id="r",
    code_digest="c",
    data_digest="d",
)
NEWER = VERSION.model_copy(update={"version": "1.1.0", "image": "ghcr.io/acme/iris@sha256:" + "1" * 64})
SERVING = "charts/iris/serving"


def _problems(repository: Path, name: str, text: str) -> list[tuple[str, int, str]]:
    model = load(repository / "model/iris")
    rendering = render(plan(model))
    write(rendering, repository)
    (repository / SERVING / name).write_text(text)
    report = validate(model, rendering)
    return [
        (problem.code, problem.position.line, problem.path)
        for problem in report.problems
        if problem.position and problem.position.file == f"{SERVING}/{name}"
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("# nothing yet\n", []),
        ("serving:\n  replicas: 7\n", []),
        ("serving:\n  replicas: two\n", [("values-file", 2, "serving.replicas")]),
        ("serving:\n  replcas: 3\n", [("values-file", 2, "serving.replcas")]),
        (
            "namespace: kube-system\nenvironment: staging\n",
            [("values-file", 1, "namespace"), ("values-file", 2, "environment")],
        ),
        ("release:\n  paused: true\n", [("values-file-release", 1, "release")]),
        ("serving: [1\n", [("yaml-syntax", 1, "")]),
    ],
)
def test_what_people_set(repository: Path, text: str, expected: list[tuple[str, int, str]]) -> None:
    """A values file of people holds what the chart admits, and never the release."""
    assert _problems(repository, "values-prod.yaml", text) == expected


def test_a_release_file_that_contradicts_itself(repository: Path) -> None:
    """A canary without a version that answers is no state of a release."""
    text = release_text(nothing_released()).replace('phase: "none"', 'phase: "canary"')
    found = _problems(repository, "release-prod.yaml", text.replace("inFlight: false", "inFlight: true"))
    assert [(code, path) for code, _, path in found] == [("release-file", "release.phase")]


def test_a_release_file_that_lost_a_slot(repository: Path) -> None:
    """A bad merge that lost a slot is found, and what serves is not pruned."""
    text = release_text(state_of("settled", "gatewayApi", VERSION, NEWER))
    lost = text[: text.index("  green:")]
    assert _problems(repository, "release-prod.yaml", lost) == [("release-file", 2, "release.green")]


@pytest.mark.parametrize("text", ["", "# gone\n", "[]\n", "phase: canary\n"])
def test_a_release_file_that_is_none(repository: Path, text: str) -> None:
    """An empty or foreign release file is a problem, never nothing released."""
    assert len(_problems(repository, "release-prod.yaml", text)) == 1


def test_a_release_that_a_command_wrote(repository: Path) -> None:
    """A state that the phases give is clean."""
    for phase in ("warming", "canary", "baking", "rollingBack", "settled"):
        text = release_text(state_of(phase, "gatewayApi", VERSION, NEWER))
        assert _problems(repository, "release-prod.yaml", text) == []
