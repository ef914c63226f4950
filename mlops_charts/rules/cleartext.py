"""The rule against secrets written in clear, for any specification; it hides what it found."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from mlops_charts.problems import CODES, Position, Problem
from mlops_charts.source import Path, Source, dotted

_CODE = "secret-in-clear"
_NOTE = (
    "put it into a Secret of the cluster and name that one: "
    "training.secrets: [{name: warehouse, key: password, env: DB_PASSWORD}]"
)
_SHAPES: Mapping[str, re.Pattern[str]] = {
    "an AWS access key": re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY"),
    "a GitHub token": re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})"),
    "a GitLab token": re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}"),
    "a Slack token": re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}"),
    "a Google API key": re.compile(r"\bAIza[0-9A-Za-z_-]{35}"),
    "a token": re.compile(
        r"\b(?:sk-[A-Za-z0-9_-]{20,}|hf_[A-Za-z0-9]{30,}|eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.)"
    ),
    "a password in a URL": re.compile(r"[a-z][a-z0-9+.-]*://[^\s/:@]+:[^\s/@]+@"),
    "a password in a command": re.compile(r"(?i)--?(?:password|passwd|token|secret|api-?key)[= ][^\s$]"),
}
_NAMES = re.compile(
    r"(?i)(?:^|[_.-])(?:password|passwd|pwd|token|secret|api_?key|access_?key|private_?key|credentials?)$"
)
_KEYS = re.compile(r"(?:^|_)KEY$")
_HARMLESS = re.compile(r"(?:/|\$\{|<).*|")  # a path, a placeholder, nothing


def secrets_in_clear(source: Source) -> Iterator[Problem]:
    """Yield a problem for each text that is a credential, by its shape or by the name that it is given to."""
    found = [(path, what) for path, text in _texts(source.data, ()) if (what := _shape(text) or _named(path, text))]
    places = [source.position(path) for path, _ in found]
    for (path, what), at in zip(found, places, strict=True):
        message = f"{what} stands here in clear"
        yield Problem(_CODE, message, _starred(at, places), dotted(path), _NOTE, CODES[_CODE].severity)


def _starred(at: Position, places: Sequence[Position]) -> Position:
    """Return a position with all secrets of its line starred out: reports end in logs."""
    text = at.text
    for place in places:
        if place.line == at.line:
            start = max(place.column - 1 - at.offset, 0)
            end = max(place.end_column - 1 - at.offset, start + 1) if place.end_column else len(text)
            text = text[:start] + "*" * (min(end, len(text)) - start) + text[end:]
    return replace(at, text=text)


def _texts(data: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(data, str):
        yield path, data
    elif isinstance(data, Mapping):
        for key, found in data.items():
            yield from _texts(found, (*path, key))
    elif isinstance(data, list):
        for index, found in enumerate(data):
            yield from _texts(found, (*path, index))


def _shape(text: str) -> str:
    return next((name for name, shape in _SHAPES.items() if shape.search(text)), "")


def _named(path: Path, text: str) -> str:
    name = str(path[-1]) if path else ""
    free = path[:2] in {("training", "env"), ("training", "params")}
    suspicious = _NAMES.search(name) or (path[:2] == ("training", "env") and _KEYS.search(name))
    return f"the value of {name}" if free and suspicious and not _HARMLESS.fullmatch(text) else ""
