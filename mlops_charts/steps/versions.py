"""Semantic versions as a fold over the registry's history: no lock, no counter of our own.

The registry's number of a version orders all versions; its semantic version is a pure function of those at or below it
and of what each has said of itself when it came to be. Whoever computes it gets the same. It must not know MLflow.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from mlops_charts import contract
from mlops_charts.saved_model import Signature
from mlops_charts.steps.registered import Version

Part = Literal["major", "minor", "patch"]

TAG_SIGNATURE: Final = "mlops.signature-digest"
TAG_PARAMS: Final = "mlops.params-digest"
TAG_COLUMNS: Final = "mlops.columns-digest"
TAG_BUMP: Final = "mlops.bump"
TAG_HIGHEST: Final = "mlops.highest-version"  # of the registered model: what a deleted version has been
FIRST: Final = "1.0.0"
_COMPARED: Final = {
    "signature": TAG_SIGNATURE,
    "code": contract.TAG_CODE,
    "params": TAG_PARAMS,
    "columns": TAG_COLUMNS,
    "data": contract.TAG_DATA,
}
_RISES: Final[Mapping[str, Part]] = {
    "signature": "major",
    "code": "minor",
    "params": "minor",
    "columns": "minor",
    "data": "patch",
}


@dataclass(frozen=True)
class Mark:
    """The highest version up to a number, which outlives its deletion.

    Attributes:
        number: The registry's number; 0 before the first.
        version: The semantic version; empty before the first.
        tags: What it said of itself, by the names of the tags.
    """

    number: int
    version: str
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Numbered:
    """A version with its semantic version, and why it is that.

    Attributes:
        version: The registry's version.
        semantic: Its semantic version.
        part: What has risen; None for the first.
        reason: Why, in words.
    """

    version: Version
    semantic: str
    part: Part | None
    reason: str


NOTHING: Final = Mark(0, "", {})


def numbered(versions: Iterable[Version], mark: Mark = NOTHING) -> tuple[Numbered, ...]:
    """Return all versions with their semantic versions, in the order of the registry's numbers.

    Of a run with several the lowest counts; the others came of two that versioned it at once, and are left out.

    Args:
        versions: The registry's versions.
        mark: The highest version that was ever seen.
    """
    ordered = sorted(versions, key=lambda version: version.number)
    present = {version.number for version in ordered}
    found: list[Numbered] = []
    highest, runs = NOTHING, set[str]()
    for version in ordered:
        if version.run_id in runs:
            continue
        runs.add(version.run_id)
        if mark.number < version.number or mark.number not in present:
            highest = max(highest, mark, key=_height)
        one = _next(version, highest)
        found.append(one)
        highest = max(highest, Mark(version.number, one.semantic, own_tags(version.tags)), key=_height)
    return tuple(found)


def risen(versions: Iterable[Version], mark: Mark) -> Mark:
    """Return the mark with all versions that there are."""
    seen = (Mark(one.version.number, one.semantic, own_tags(one.version.tags)) for one in numbered(versions, mark))
    return max([mark, *seen], key=_height)


def parts(semantic: str) -> tuple[int, int, int]:
    """Return the three numbers of a semantic version; zeros for what is none."""
    words = semantic.split(".")
    if len(words) != len(("major", "minor", "patch")) or not all(word.isdecimal() for word in words):
        return 0, 0, 0
    major, minor, patch = map(int, words)
    return major, minor, patch


def own_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Return those tags by which versions are compared."""
    return {name: tags[name] for name in (*_COMPARED.values(), TAG_BUMP) if name in tags}


def mark_text(mark: Mark) -> str:
    """Return a mark as the text of a tag."""
    return json.dumps(asdict(mark), sort_keys=True)


def mark_of(text: str) -> Mark:
    """Return the mark in a tag; that before the first version for text that is none."""
    try:
        found = json.loads(text or "{}")
        return Mark(int(found["number"]), str(found["version"]), dict(found["tags"]))
    except (KeyError, TypeError, ValueError):
        return NOTHING


def signature_digest(signature: Signature) -> str:
    """Return what callers of the model depend on, as a digest."""
    inputs = [[column.name, column.type] for column in signature.inputs]
    return _digest(
        [signature.task, inputs, signature.classes, signature.class_type, signature.target, signature.probabilities]
    )


def columns_digest(signature: Signature) -> str:
    """Return the columns of the data as a digest: also whether they may lack values, which callers need not know."""
    return _digest([[column.name, column.type, column.nullable] for column in signature.inputs])


def params_digest(params: Mapping[str, str]) -> str:
    """Return the parameters of a training as a digest."""
    return _digest(dict(params))


def _next(version: Version, highest: Mark) -> Numbered:
    """Return a version with its number behind the highest before it; one that was numbered already keeps it."""
    if not highest.version:
        return Numbered(version, version.version or FIRST, None, "it is the first")
    part, reason = _rise(version.tags, highest)
    return Numbered(version, version.version or _raised(highest.version, part), part, reason)


def _rise(tags: Mapping[str, str], before: Mark) -> tuple[Part, str]:
    asked = tags.get(TAG_BUMP, "auto")
    if asked in {"major", "minor", "patch"}:
        return asked, f"versioning.bump is {asked}"  # type: ignore[return-value]
    changed = [what for what, tag in _COMPARED.items() if tags.get(tag, "") != before.tags.get(tag, "")]
    if not changed:
        return "patch", f"nothing of it differs from {before.version}"
    part = _RISES[changed[0]]
    words = " and ".join(what for what in changed if _RISES[what] == part)
    return part, f"the {words} differ{'' if ' and ' in words or words in _PLURAL else 's'} from {before.version}"


_PLURAL: Final = frozenset({"params", "columns", "data"})


def _raised(semantic: str, part: Part) -> str:
    major, minor, patch = parts(semantic)
    raised = {"major": (major + 1, 0, 0), "minor": (major, minor + 1, 0), "patch": (major, minor, patch + 1)}[part]
    return ".".join(map(str, raised))


def _height(mark: Mark) -> tuple[tuple[int, int, int], int]:
    return parts(mark.version), mark.number


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
