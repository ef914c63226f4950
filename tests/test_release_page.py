"""The part of a report that tells a release: escaped, complete, and drawn where something happened."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from test_local_page import past, read

from mlops_charts.judge.verdict import Compared
from mlops_charts.local.page import page
from mlops_charts.local.release_page import release_section
from mlops_charts.local.release_story import Look, Move, Second, Story, read_story, write_story
from mlops_charts.local.summary import summary

BEGAN = 1000.0
LATE = Compared(
    "latency p95", "fail", critical=False, margin=5, effect_unit="ratio", unit="seconds", stable=0.001, candidate=0.1,
    effect=100.0, interval=(60.0, 140.0), log_fail=9, need_fail=5, log_pass=-3, need_pass=3, samples=(4000, 200),
)  # fmt: skip
SAID = {"Mlops-Evidence": f"sha256:{'d' * 64}", "Mlops-Verdict": "rollback"}
STORY = Story(
    "iris",
    "staging",
    "1.1.0",
    "1.0.0",
    "rolledBack",
    "latency <b>p95</b>: shown to be worse",
    BEGAN,
    9.5,
    "canary",
    "takes 100 ms longer for 40% of all rows",
    3.25,
    ("the interval is 6 s here",),
    (
        Move(1001.0, 1000.0, "a" * 40, "Start the release", {}, "warming", 0, {"1.0.0": 100}),
        Move(1003.0, 1002.0, "b" * 40, "Go on", {}, "canary", 0, {"1.0.0": 95, "1.1.0": 5}),
        Move(1007.0, 1006.0, "c" * 40, "Roll back", SAID, "rollingBack", 0, {"1.0.0": 100}),
    ),
    (
        Look(1005.0, "held", "m", "canary", 0, "hold", "wait", (LATE,)),
        Look(1006.0, "moved", "m", "canary", 0, "rollback", "shown to be worse", (LATE,)),
    ),
    (Second(1002.0, {"1.0.0": 400}, 0, 0.002), Second(1004.0, {"1.0.0": 380, "1.1.0": 20}, 3, None)),
)  # fmt: skip


def test_a_release_is_told(tmp_path: Path) -> None:
    """What became of it, why, the figures, the commits with what they say, and what is other than in the cluster."""
    text = " ".join(read(release_section(STORY)).text.split())
    for wanted in (
        "Release of 1.1.0 in staging rolled back", "latency <b>p95</b>: shown to be worse", "made bad on purpose",
        "3.2 s", "canary 5 %", "1 ms", "100 ms", "100 times [60 to 140]", "5 times", "4,000 / 200",
        "rollback: shown to be worse", f"verdict rollback, evidence sha256:{'d' * 10}", "the interval is 6 s here",
        "200 samples: 9.00 of 5.00 (180%)",
    ):  # fmt: skip
        assert wanted in text, (wanted, text)
    assert release_section(STORY).count("<svg") == 4


def test_a_release_that_was_left_out() -> None:
    """One line says why, and nothing is drawn."""
    section = release_section(Story("iris", "staging", "1.0.0", outcome="leftOut", reason="no Envoy"))
    assert "left out" in read(section).text
    assert "<svg" not in section


def test_it_stands_in_the_report_and_in_a_file(tmp_path: Path) -> None:
    """The report has it with its style; the file brings back the same story, and what is none brings nothing."""
    run = past(tmp_path)
    found = summary("iris", run, tmp_path)
    assert "--against" not in page(run, found, tmp_path)
    text = page(run, replace(found, releases=(STORY,)), tmp_path)
    assert "--against" in text
    assert "Release of 1.1.0" in read(text).text
    write_story(tmp_path, STORY)
    assert read_story(tmp_path / "release-staging.json") == STORY
    (tmp_path / "other.json").write_text('{"model": 1}')
    assert (read_story(tmp_path / "other.json"), read_story(tmp_path / "none.json")) == (None, None)
