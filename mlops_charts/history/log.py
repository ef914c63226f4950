"""The commits of a branch that touched some files, with the files' texts, as git has them.

It knows git; it must not know what a release is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from mlops_charts.release.git import Git, RepositoryError
from mlops_charts.release.repository import Branch

# No message holds a NUL, and no field that follows an empty one begins with a control character: git strips them.
_FORMAT: Final = "%x00%x00%x01%H%x00%P%x00%an%x00%ae%x00%cn%x00%at%x00%B%x00%(trailers:only,unfold)%x00"
_AT_ONCE: Final = 400  # texts that are asked for together
_READ: Final = 12  # texts that are read together, of a megabyte each at most
_NONE: Final = "0" * 40


@dataclass(frozen=True)
class Change:
    """What one commit made of one file.

    Attributes:
        commit: The commit.
        parents: The commits that it was made on.
        author: Name of who decided.
        email: Of who decided.
        committer: Name of who wrote it into the history.
        seconds: When it was decided, in seconds since 1970.
        message: The whole message.
        trailers: What the message says in a form for programs.
        path: The file.
        text: Its text from then on; None where it was removed.
        touched: All files that the commit touches.
    """

    commit: str
    parents: tuple[str, ...]
    author: str
    email: str
    committer: str
    seconds: int
    message: str
    trailers: Mapping[str, str]
    path: str
    text: str | None
    touched: tuple[str, ...]


def changes(branch: Branch, paths: Sequence[str]) -> tuple[Change, ...]:
    """Return what the commits of a branch made of some files, oldest first; a merge counts as one commit.

    Raises:
        RepositoryError: Git cannot say.
    """
    printed = branch.git.run(
        "log", "--first-parent", "--reverse", "--no-color", "--no-show-signature", "--no-notes", "--encoding=UTF-8",
        "--diff-merges=first-parent", "--full-diff", "--raw", "--no-abbrev", "--no-renames", "-z", "--root",
        f"--format={_FORMAT}", branch.commit, "--", *(f":(literal){path}" for path in paths),
    )  # fmt: skip
    found = [_entry(entry) for entry in printed.split("\0\0\x01")[1:]]
    wanted = frozenset(paths)
    texts = _texts(branch.git, {blob for _, files in found for path, blob in files.items() if path in wanted})
    return tuple(
        Change(**head, path=path, text=texts.get(blob), touched=tuple(files))
        for head, files in found
        for path, blob in files.items()
        if path in wanted
    )


def _entry(printed: str) -> tuple[dict[str, Any], Mapping[str, str]]:
    """Return what one commit says of itself, and the content of each file that it touches, by its name in git."""
    commit, parents, author, email, committer, seconds, message, trailers, rest = printed.split("\0", 8)
    words = [word.lstrip("\n") for word in rest.split("\0")]
    words = [word for word in words if word]
    files = {path: about.split()[3] for about, path in zip(words[::2], words[1::2], strict=True)}
    head: dict[str, Any] = {
        "commit": commit,
        "parents": tuple(parents.split()),
        "author": author,
        "email": email,
        "committer": committer,
        "seconds": int(seconds),
        "message": message.strip(),
        "trailers": dict(_trailers(trailers)),
    }
    return head, files


def _trailers(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        name, colon, content = line.partition(": ")
        if colon:
            yield name, content.strip()


def _texts(git: Git, blobs: set[str]) -> dict[str, str]:
    """Return contents by their name in git; bytes that are no UTF-8 are lone surrogates in them."""
    wanted = sorted(blobs - {_NONE})
    found: dict[str, str] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        with suppress(RepositoryError):  # a server that gives no single content has given them all before
            git.run(
                "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--refmap=", "--filter=blob:none",
                "origin", "--stdin", given="\n".join(some),
            )  # fmt: skip
    for start in range(0, len(wanted), _READ):
        names = "".join(f"{one}\n" for one in wanted[start : start + _READ])
        found |= _batch(git.output("cat-file", "--batch", given=names))
    return found


def _batch(printed: bytes) -> dict[str, str]:
    """Return what `git cat-file --batch` has printed: a line `NAME KIND SIZE`, the content, and a newline."""
    found: dict[str, str] = {}
    at = 0
    while at < len(printed):
        end = printed.index(b"\n", at)
        head = printed[at:end].decode().split()
        if len(head) < 3:  # noqa: PLR2004 - NAME missing
            at = end + 1
            continue
        size = int(head[2])
        found[head[0]] = printed[end + 1 : end + 1 + size].decode("utf-8", errors="surrogateescape")
        at = end + size + 2
    return found
