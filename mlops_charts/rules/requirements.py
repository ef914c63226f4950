"""Rules about the packages that a model asks for: every one at one version, from the index that the platform uses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from mlops_charts.problems import CODES, Problem
from mlops_charts.rules.asked import View, in_file

_CODE: Final = "requirement-not-pinned"
_NAME: Final = r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?P<extras>\s*\[[A-Za-z0-9._,\s-]*\])?"
_HASHES: Final = r"(?:\s+--hash=sha(?:256|384|512):[0-9a-f]+)*"
_PINNED: Final = re.compile(
    rf"{_NAME}\s*==\s*(?:v|\d+!)?\d[A-Za-z0-9.+_-]*\s*(?:;(?P<marker>\s*[^\s;].*?))?{_HASHES}\s*"
)
_NAMED: Final = re.compile(rf"{_NAME}(?P<rest>.*)", re.DOTALL)
_COMMENT: Final = re.compile(r"(?:^|\s+)#.*$")
_ELSEWHERE: Final = "a version of the index: name==version; or training.image, with what no index has"


def requirement_pins(view: View) -> Iterator[Problem]:
    """Every line of the requirements names one package at one exact version."""
    name = view.spec.training.requirements
    content = (view.asked.files or {}).get(name or "")
    if name is None or content is None:
        return
    seen: dict[str, int] = {}
    for number, first, requirement in _logical_lines(content.decode("utf-8-sig", "replace")):
        found = _flaw(requirement) or _repeated(requirement, number, seen)
        if found:
            indent = len(first) - len(first.lstrip())
            at = in_file(view.asked, name, number, indent + 1, len(first.rstrip()) + 1)
            yield Problem(_CODE, found[0], at, "training.requirements", found[1], CODES[_CODE].severity)


def _logical_lines(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield the number and the text of the first line of each requirement, and all of it; comments are gone."""
    started: tuple[int, str] | None = None
    parts: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        bare = _COMMENT.sub("", line)
        open_end = bare.endswith("\\")
        bare = bare.removesuffix("\\")
        if started is None:
            started = (number, bare)
        parts.append(bare)
        if not open_end:
            yield from _whole(started, parts)
            started, parts = None, []
    if started is not None:
        yield from _whole(started, parts)


def _whole(started: tuple[int, str], parts: list[str]) -> Iterator[tuple[int, str, str]]:
    if requirement := " ".join(part.strip() for part in parts).strip():
        yield *started, requirement


def _flaw(requirement: str) -> tuple[str, str] | None:
    """Return what is wrong with a requirement, and what to write instead; None if it is pinned."""
    if _PINNED.fullmatch(requirement):
        return None
    word, shown = requirement.split(maxsplit=1)[0], requirement.partition(" --hash")[0].strip()
    if word.startswith("-"):
        return f'the option "{word.partition("=")[0]}" cannot stand here', _instead(word)
    if "://" in requirement or re.match(r"[./~]", word) or re.search(r"\s@\s*\S|\.(?:whl|zip|tar\.gz)$", shown):
        return f'"{shown}" comes from elsewhere than the index', _ELSEWHERE
    found = _NAMED.fullmatch(requirement)
    if not found:
        return f'"{shown}" is no requirement', "name==version, as in scikit-learn==1.7.2"
    name = found["name"] + (found["extras"] or "").replace(" ", "")
    many = found["rest"].strip().startswith("==") and "," not in found["rest"]
    said = "admits more than one version" if many and "*" in shown else "is not pinned to one version"
    return f'"{shown}" {said}', f"{name}==VERSION, with the version that you have tried; --hash=sha256:... may follow"


def _instead(option: str) -> str:
    if option.startswith(("-r", "--requirement", "-c", "--constraint")):
        return "the lines of that file, each as name==version"
    if option.startswith(("-e", "--editable")):
        return _ELSEWHERE
    if option.startswith("--hash"):
        return "name==version ahead of it, with a backslash at the end of each line that goes on"
    return "nothing: which index is asked is a setting of pip in the runtime image"


def _repeated(requirement: str, number: int, seen: dict[str, int]) -> tuple[str, str] | None:
    """Return that a package stands there twice, unless markers tell when each of them counts."""
    found = _PINNED.fullmatch(requirement)
    if not found or found["marker"]:
        return None
    name = re.sub(r"[-_.]+", "-", found["name"]).lower()
    first = seen.setdefault(name, number)
    return None if first == number else (f"{found['name']} stands in line {first} already", "one line for each package")
