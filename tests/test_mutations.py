"""Mutated files: whatever a hand, an editor or a bad merge does to model.yaml, the answer is never a traceback."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from mlops_charts.fleet import rendering_of
from mlops_charts.loading import Platform, load_model
from mlops_charts.spec.platform import PlatformSpec
from mlops_charts.starter import full_model, train_py
from mlops_charts.workspace import Workspace

CHUNKS, FILES = 20, 500  # 10,000 files in all
_BYTES = b"\x00\xff\xfe\t\n\r :-{}[]&*!|>%@`'\"#,?~0123456789eE.+abcxyzABC\xc3\xa9"
_WORDS = (
    b"null", b"true", b"~", b"[]", b"{}", b"-1", b"1e999", b"0x7f", b"99999999999999999999", b"''", b'""', b"&a", b"*a",
    b"!!python/object:os.system", b"<<: *a", b"---\n", b"...\n", b"? ", b"- ", b": ", b"{a: b}", b"\xef\xbb\xbf",
    b"2026-01-01", b".nan", b"yes",
)  # fmt: skip


def _mutated(text: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.choice((1, 1, 1, 2, 5, 20))):
        text = chance.choice((_flip, _insert, _delete, _duplicate, _swap, _word, _cut, _value))(text, chance)
    return text


def _flip(text: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(max(1, len(text)))
    return text[:at] + bytes([chance.choice(_BYTES)]) + text[at + 1 :]


def _insert(text: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(text) + 1)
    return text[:at] + bytes([chance.choice(_BYTES)]) + text[at:]


def _delete(text: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(text) + 1)
    return text[:at] + text[at + chance.randrange(1, 40) :]


def _duplicate(text: bytes, chance: random.Random) -> bytes:
    lines = text.splitlines(keepends=True)
    at = chance.randrange(len(lines) + 1)
    return b"".join([*lines[:at], *lines[max(0, at - 3) : at], *lines[at:]])


def _swap(text: bytes, chance: random.Random) -> bytes:
    lines = text.splitlines(keepends=True)
    if lines:
        one, two = chance.randrange(len(lines)), chance.randrange(len(lines))
        lines[one], lines[two] = lines[two], lines[one]
    return b"".join(lines)


def _word(text: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(text) + 1)
    return text[:at] + chance.choice(_WORDS) + text[at:]


def _cut(text: bytes, chance: random.Random) -> bytes:
    return text[: chance.randrange(len(text) + 1)]


def _value(text: bytes, chance: random.Random) -> bytes:
    """Replace what stands behind a key by something else."""
    lines = text.splitlines(keepends=True)
    keys = [index for index, line in enumerate(lines) if b": " in line]
    if keys:
        at = chance.choice(keys)
        lines[at] = lines[at].partition(b":")[0] + b": " + chance.choice(_WORDS) + b"\n"
    return b"".join(lines)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_a_mutated_file_gives_problems_or_charts(chunk: int, tmp_path: Path) -> None:
    """Every file is either refused with located problems, or renders."""
    folder = tmp_path / "model" / "iris"
    folder.mkdir(parents=True)
    (folder / "train.py").write_text(train_py())
    spec = PlatformSpec.model_validate({"environments": {"staging": {}, "prod": {}}})
    workspace, platform = Workspace(tmp_path, None), Platform(spec, None, "platform.yaml", frozenset())
    original, chance = full_model("iris").encode(), random.Random(chunk)  # noqa: S311 - seeded on purpose
    for _ in range(FILES):
        loaded = load_model(folder / "model.yaml", workspace, platform, _mutated(original, chance))
        assert loaded.problems or loaded.model
        if loaded.model is not None:
            assert rendering_of(loaded.model).tree.files
        for problem in loaded.problems:
            assert problem.position is not None
