"""The report of a run: one file, everything in it escaped, and what came of the run in a few fields."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest

from mlops_charts.local.page import page, write_page
from mlops_charts.local.records import Node, Past
from mlops_charts.local.summary import figure, summary

GUARD = {"action": "train", "run-id": "r1", "data-digest": "d" * 64, "version": "", "git-commit": "c0ffee"}
JUDGED = {
    "metrics": {"accuracy": 0.95678, "f1": 1},
    "gates": [{"metric": "accuracy", "passed": True, "max": None}],
}
NODES = (
    Node("guard", "guard", "Succeeded", 0, 2, 1, 0, parameters=GUARD, result={"reason": "new <code>"}, pod=True),
    Node("train", "train", "Succeeded", 2, 3, 1, 0, artifacts={"model": "iris/u/train/model"}, pod=True),
    Node("validate", "validate", "Succeeded", 5, 1.5, 2, 0, result=JUDGED, pod=True),
    Node("version", "version", "Succeeded", 6.5, 1, 1, 0, parameters={"version": "1.2.0"}, pod=True),
    Node("image", "image", "Succeeded", 7.5, 1, 1, 0, parameters={"image-digest": ""}, note="not built", pod=True),
    Node("scan", "scan", "Skipped", 8.5, 0, reason="no image was built", pod=True),
)  # fmt: skip


def past(folder: Path, *more: Node, status: str = "Succeeded") -> Past:
    """Return a run."""
    nodes = {node.name: node for node in (*NODES, *more)}
    return Past(folder, "u", status, "2026-01-02T03:04:05.678+00:00", 9.5, {"code-digest": "e" * 64}, nodes)


class Reader(HTMLParser):
    """Reads a page and objects to what stands open."""

    def __init__(self) -> None:
        super().__init__()
        self.text, self.open, self.foreign = "", [""], [""]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of what is opened, and of what would come from elsewhere."""
        self.foreign += [str(value) for name, value in attrs if name in {"src", "href"} and "//" in str(value)]
        if tag not in {"meta", "link", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close what was opened last."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Read."""
        self.text += f"{data} "


def read(text: str) -> Reader:
    """Read a page to its end."""
    reader = Reader()
    reader.feed(text)
    assert (reader.open, reader.foreign) == ([""], [""])
    return reader


def test_a_page_tells_all_of_a_run(tmp_path: Path) -> None:
    """Version, decision, metrics, gates, what stood for an image, what was skipped and why, digests."""
    run = past(tmp_path)
    place = write_page(run, summary("iris", run, tmp_path), tmp_path)
    text = " ".join(read(place.read_text()).text.split())
    for wanted in (
        "iris 1.2.0", "Succeeded", "new <code>", "accuracy 0.9568", "accuracy yes", "not built",
        "scan no image was built", "(2 tries)", "e" * 64, "d" * 64,
        "c0ffee", "began 2026-01-02 03:04:05 UTC", "iris/u/train/model",
    ):  # fmt: skip
        assert wanted in text, wanted
    assert " max " not in text


def test_a_page_of_a_failure_shows_what_was_said(tmp_path: Path) -> None:
    """The words of the step, escaped, a file of the model by its path in the model's folder, and where its log is."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/deploy.err").write_text(
        '{"event": 1}\nerror: <b>no</b>\n  File "/x/tasks/deploy/root/inputs/source/a/b.py", line 3\n'
        '  File "/x/tasks/deploy/root/outputs/.model.part/code/serve.py", line 7\n'
    )
    bad = Node("deploy", "deploy", "Failed", 8, 1, 1, 1, "<b>no</b>", log="logs/deploy.err", pod=True, refused=True)
    run = past(tmp_path, bad, status="Failed")
    found = summary("iris", run, tmp_path)
    text = read(page(run, found, tmp_path)).text
    assert found.exit_status == 1
    assert 'error: <b>no</b>\n  File "a/b.py", line 3\n  File "serve.py", line 7' in text
    assert "event" not in text


def test_a_failure_of_one_line_is_told_once(tmp_path: Path) -> None:
    """The line of the step is its reason already."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/a.err").write_text("error: no column\n")
    bad = Node("a", "a", "Failed", 8, 1, 1, 1, "no column", log="logs/a.err", pod=True, refused=True)
    run = past(tmp_path, bad, status="Failed")
    assert page(run, summary("iris", run, tmp_path), tmp_path).count("no column") == 1


def test_parameters_keep_their_names(tmp_path: Path) -> None:
    """What a person or a library has named is no field of ours, and stays as it is."""
    one = Node("train", "train", "Succeeded", result={"testRows": 3, "params": {"maxDepth": 7, "C": 2}}, pod=True)
    text = " ".join(read(page(run := past(tmp_path, one), summary("iris", run, tmp_path), tmp_path)).text.split())
    assert "test rows 3 params maxDepth 7 params C 2" in text


@pytest.mark.parametrize(
    ("nodes", "status"),
    [
        ([Node("a", status="Failed", exit_status=1, refused=True, pod=True)], 1),
        ([Node("a", status="Failed", exit_status=3, pod=True)], 3),
        ([Node("a", status="Error", pod=True)], 3),
        ([Node("a/b(1)", status="Failed", refused=True, pod=True), Node("a", status="Failed")], 1),
    ],
)
def test_exit_statuses(tmp_path: Path, nodes: list[Node], status: int) -> None:
    """1 where the user's side said no, 3 where a tool failed; what failed for another's sake does not count."""
    run = Past(tmp_path, "u", "Failed", "", 1, {}, {node.name: node for node in nodes})
    assert summary("iris", run, tmp_path).exit_status == status


def test_a_model_that_a_run_went_on_with_is_found(tmp_path: Path) -> None:
    """Where nothing was trained, the saved model is that of the run with the same run in MLflow."""
    guard = Node("guard", status="Succeeded", parameters={"run-id": "r1", "version": "1.0.0"})
    run = Past(tmp_path, "v", "Succeeded", "", 1, {}, {"guard": guard})
    assert summary("iris", run, tmp_path, [past(tmp_path)]).model_folder == str(tmp_path / "iris/u/train/model")
    assert summary("iris", run, tmp_path).model_folder == ""
    assert summary("iris", run, tmp_path).version == "1.0.0"


@pytest.mark.parametrize(
    ("node", "words"),
    [
        (NODES[0], "train: new <code>"),
        (NODES[2], "accuracy 0.9568, f1 1"),
        (NODES[3], "version 1.2.0"),
        (NODES[4], "not built"),
        (Node("search", result={"metric": "f1", "value": 0.5}), "f1 0.5"),
        (Node("validate", result={"metrics": [{"metric": "mae", "value": 2.0}]}), "mae 2"),
        (Node("validate", result={"metrics": {"a": 1, "b": 2, "c": 3}, "gates": [{"metric": "c"}]}), "c 3, a 1"),
        (Node("train", result={"format": "onnx", "metrics": {"train_f1": 1}}), "stored as onnx"),
        (Node("monitor", result={"features": 4}), "4 features profiled"),
        (Node("train", result={"metrics": 3}), ""),
    ],
)
def test_a_step_in_a_few_words(node: Node, words: str) -> None:
    """What a reader wants to know of a step at a glance."""
    assert figure(node) == words


def test_the_report_of_validation_is_a_click_away(tmp_path: Path) -> None:
    """Also where a gate failed, and the step found nothing else."""
    report = tmp_path / "artifacts/a b/report/report.html"
    bad = Node("validate", status="Failed", artifacts={"report": "a b/report"}, pod=True)
    run = past(tmp_path / "runs/iris/u", bad, status="Failed")
    found = summary("iris", run, tmp_path / "artifacts")
    assert "The whole report" not in page(run, found, tmp_path / "artifacts")
    report.parent.mkdir(parents=True)
    report.touch()
    assert 'href="../../../artifacts/a%20b/report/report.html"' in page(run, found, tmp_path / "artifacts")
