"""The record behind a decision: everything that it was made of, kept with the version's run, its digest in the commit.

A record is canonical JSON, so that its digest is one of its content. Who reads it years later needs this room alone to
judge again by it. It must not know git.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
import tempfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mlops_charts.judge.counts import Counts, Window
from mlops_charts.judge.verdict import Verdict
from mlops_charts.release import ReleaseState
from mlops_charts.release.asked import Place, ReleaseSpec
from mlops_charts.release.events import Advance, Regress
from mlops_charts.release.moves import pair
from mlops_charts.release.policy import Policy
from mlops_charts.releasing.commits import event_name

if TYPE_CHECKING:
    from mlops_charts.steps.registry import Registry

FORM: Final = 1  # of the record; a later one that means something else counts up
FOLDER: Final = "releases"  # of the run's artifacts
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_SHOWN: Final = 16  # digits of the digest in the name of the file
_ENCLOSED: Final = "The record of its evidence, because MLflow could not take it:"
_MARK: Final = re.compile(rf"(?:\A|\n\n){re.escape(_ENCLOSED)}\n")  # a paragraph's first line: no reason holds it
_WIDTH: Final = 100  # characters of a line of a message
_LARGEST: Final = 16 * 1024 * 1024  # bytes


def record(  # noqa: PLR0917 - what a decision is made of
    spec: ReleaseSpec,
    place: Place,
    state: ReleaseState,
    policy: Policy,
    window: Window | None,
    verdict: Verdict | None,
    at: str,
    *,
    event: Advance | Regress,
    pods: Mapping[str, int] | None = None,
) -> bytes:
    """Return the record of a decision.

    Args:
        spec: The model.
        place: The environment.
        state: What git said when it was decided.
        policy: By what it was judged.
        window: The counts; None where nothing was judged, as before the new version has traffic.
        verdict: What the judge said of them.
        at: The time in UTC.
        event: What was decided; its own evidence is not in the record.
        pods: By slot, how many pods were available.
    """
    parts = pair(state)
    content = {
        "form": FORM,
        "model": spec.model,
        "registeredModel": spec.registered_model,
        "environment": place.name,
        "namespace": place.namespace,
        "at": at,
        "decision": {
            "event": event_name(event),
            "cause": event.cause if isinstance(event, Regress) else "",
            "reason": event.reason if isinstance(event, Regress) else (verdict.reason if verdict else ""),
        },
        "release": {
            "phase": state.phase,
            "step": state.step,
            "startedAt": state.started_at,
            "stepStartedAt": state.step_started_at,
            "stable": {"slot": parts.old, **state.slot(parts.old).data()},
            "candidate": {"slot": parts.new, **state.slot(parts.new).data()},
            "pods": dict(pods or {}),
        },
        "policy": policy.model_dump(mode="json", by_alias=True, exclude_none=True),
        "window": asdict(window) if window else None,
        "verdict": asdict(verdict) if verdict else None,
    }
    return canonical(content)


def canonical(content: Mapping[str, Any]) -> bytes:
    """Return JSON that is the same for the same content; numbers that JSON does not have stand as words."""
    text = json.dumps(plain(content), sort_keys=True, ensure_ascii=False, allow_nan=False, indent=1)
    return f"{text}\n".encode(errors="backslashreplace")  # half a character is then as JSON escapes it


def digest(data: bytes) -> str:
    """Return the digest of a record: sha256:..."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def path_of(environment: str, named: str) -> str:
    """Return the artifact of the run that keeps the record of a digest; ValueError if it is no digest."""
    if not _DIGEST.fullmatch(named):
        raise ValueError(f'"{named}" is no digest of a record')
    return f"{FOLDER}/{environment}/{named.removeprefix('sha256:')[:_SHOWN]}.json"


def store(registry: Registry, run_id: str, environment: str, data: bytes) -> str:
    """Keep a record with a run, and return its digest; the same again changes nothing.

    Raises:
        Unavailable: MLflow or its storage cannot be reached.
    """
    named = digest(data)
    path = Path(path_of(environment, named))
    with tempfile.TemporaryDirectory(prefix="evidence-") as scratch:
        file = Path(scratch) / path.name
        file.write_bytes(data)
        registry.add(run_id, file, path.parent.as_posix())
    return named


def read(registry: Registry, run_id: str, environment: str, named: str) -> bytes | None:
    """Return the record that a commit names, as it is kept; None if it is gone. Its digest is not looked at.

    Raises:
        Unavailable: MLflow or its storage cannot be reached.
    """
    return registry.read(run_id, path_of(environment, named))


def content_of(data: bytes) -> dict[str, Any]:
    """Return what a record says; ValueError if it is none of this form."""
    try:
        found = json.loads(data[: _LARGEST + 1])
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(found, dict) or found.get("form") != FORM:
        raise ValueError("it is no record of evidence")
    return found


def policy_in(content: Mapping[str, Any]) -> Policy:
    """Return by what was judged; ValueError if the record does not say so."""
    return Policy.model_validate(content.get("policy"))


def window_in(content: Mapping[str, Any]) -> Window | None:
    """Return the counts that were judged; None where none were. ValueError if they are none."""
    found = content.get("window")
    if found is None:
        return None
    try:
        slots = {name: _counts(found[name]) for name in ("stable", "candidate", "before")}
        return Window(
            begin=float(found["begin"]),
            end=float(found["end"]),
            bounds=tuple(map(float, found["bounds"])),
            flaws=tuple(map(str, found["flaws"])),
            concurrent=bool(found["concurrent"]),
            **slots,
        )
    except (AttributeError, KeyError, TypeError, OverflowError) as error:
        raise ValueError(f"its window is damaged: {error}") from None


def _counts(found: Mapping[str, Any]) -> Counts:
    return Counts(
        requests=int(found["requests"]),
        errors=int(found["errors"]),
        latency=tuple(map(int, found["latency"])),
        predictions={str(name): int(count) for name, count in found["predictions"].items()},
        business={str(name): (int(one[0]), int(one[1])) for name, one in found["business"].items()},
    )


def plain(found: Any) -> Any:
    """Return data that JSON can hold: tuples as lists, and numbers that it does not have as words."""
    if isinstance(found, Mapping):
        return {str(key): plain(one) for key, one in found.items()}
    if isinstance(found, list | tuple):
        return [plain(one) for one in found]
    if isinstance(found, float) and not math.isfinite(found):
        return {math.inf: "Infinity", -math.inf: "-Infinity"}.get(found, "NaN")
    return found


def enclosed(data: bytes) -> str:
    """Return a record as lines of a commit's message, for a decision that cannot wait until MLflow takes it."""
    packed = base64.b64encode(zlib.compress(data, 9)).decode()
    return "\n".join([_ENCLOSED, *(packed[at : at + _WIDTH] for at in range(0, len(packed), _WIDTH))])


def disclosed(body: str) -> tuple[str, bytes | None]:
    """Return the words of a commit's message and the record that it carries: None without one, or a damaged one."""
    found = _MARK.search(body)
    if found is None:
        return body, None
    words, packed = body[: found.start()], body[found.end() :]
    try:
        unpacking = zlib.decompressobj()
        data = unpacking.decompress(base64.b64decode("".join(packed.split()), validate=True), _LARGEST)
    except (ValueError, zlib.error):
        return words.strip(), None
    return words.strip(), data
