"""What a server of the new version says may be anything: it never keeps its rollback from being committed, or read."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from release_remotes import bare, push

from mlops_charts.history.log import changes
from mlops_charts.release.events import Regress
from mlops_charts.release.git import Access
from mlops_charts.release.repository import Commit, Remote, fetched, write
from mlops_charts.serving.smoke import _same


@given(st.text())
def test_a_reason_is_of_characters_that_every_reader_bears(text: str) -> None:
    """Half of a pair, NUL and colours stand in it as escapes; of a long one the beginning. Once kept, it is kept."""
    kept = Regress(text).reason
    assert all(line.isprintable() for line in kept.split("\n"))
    assert Regress(kept).reason == kept
    assert len(Regress(text * 10_000).reason) <= 2000


def test_strange_words_are_committed_and_told(tmp_path: Path) -> None:
    """A message with what git refuses, and one with what once divided its log."""
    server = bare(tmp_path, {"x": "1"})
    remote = Remote(str(server), "main", Access(None, None, {}))
    for body in ("a\x00b", "a\x01b", "\x01", "a\ud800b", "\x1b[31m"):
        write(remote, "x", lambda _text, body=body: Commit(f"{body!r}", "Say it", {"Mlops-Event": body}, body))
    push(tmp_path, {"x": "of a person"}, "\x01 first\x01and\x01last")

    with fetched(remote, history=True) as branch:
        told = changes(branch, ["x"])

    assert [one.message.split("\n")[0] for one in told[1:]] == [*["Say it"] * 5, "\x01 first\x01and\x01last"]
    assert told[1].message == "Say it\n\na\\x00b\n\nMlops-Event: a\\x00b"


@pytest.mark.parametrize(
    ("now", "then"), [({}, 1.0), ([1], 1.0), (10**400, 1.0), ({}, None), ("a", None), (True, "a"), (1.0, [1.0])]
)
def test_an_answer_of_another_kind_is_another_answer(now: object, then: object) -> None:
    """Whatever a server says, it is told apart and not tripped over."""
    assert not _same(now, then)
