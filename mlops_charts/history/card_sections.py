"""The parts of a version's card, told from what is known of it. It must not know how a page looks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import ValidationError

from mlops_charts.contract import TAG_TRIGGER
from mlops_charts.history.card import Card, Fact, Section
from mlops_charts.history.card_gates import judged
from mlops_charts.history.lineage import ENVIRONMENT, SBOM, SIGNATURE, SUMS, Happened, Lineage
from mlops_charts.saved_model import Signature

_SHORT: Final = 12  # characters of a digest that a person compares
_GOOD: Final = "holds"
_JUDGED: Final = frozenset({"advance", "regress"})
_EVENTS: Final = 200  # of releases that a card tells; the newest


def card_of(found: Lineage, now: datetime) -> Card:
    """Return the card of a version.

    Args:
        found: What is known of it.
        now: The moment.
    """
    broken = [one for one in found.happened if one.finding not in {"", _GOOD}]
    sections = (
        _purpose(found),
        _data(found),
        _training(found),
        judged(found),
        _package(found),
        _releases(found),
        _approvals(found),
    )
    return Card(
        model=found.spec.metadata.name,
        version=found.version.version,
        description=found.spec.metadata.description,
        made=now.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        verdict=_verdict(found, broken),
        sound=not broken,
        chain=_chain(found),
        sections=tuple(section for section in sections if section.facts or section.rows),
    )


def _verdict(found: Lineage, broken: list[Happened]) -> str:
    if broken:
        return f"The records of {len(broken)} of its releases do not hold: {broken[0].finding}"
    if found.serving:
        return f"It answers users: {'; '.join(found.serving)}"
    if found.rejected:
        return f"It was rejected: {found.rejected[0]}"
    if found.standing:
        return f"It answers nobody yet: {'; '.join(found.standing)}"
    return "It answers nobody" if found.releases_missing == "" else "Whether it answers anybody is not known here"


def _chain(found: Lineage) -> tuple[Fact, ...]:
    version = found.version
    started = next((one for one in reversed(found.happened) if one.event == "start"), None)
    return (
        _digest("data", version.data, "its version in MLflow has no data digest"),
        _digest("code", version.code, "its version in MLflow has no code digest"),
        _digest("git commit", version.commit, "its version in MLflow names no commit"),
        _fact("MLflow run", version.run_id, "its version in MLflow names no run", code=True),
        Fact("version", f"{version.version} (number {version.number} in MLflow)"),
        _digest("image", _image(found), _no_image(found)),
        _fact(
            "first release",
            f"{started.commit[:_SHORT]} by {started.who} at {started.at}" if started else "",
            found.releases_missing or "no release of it was ever started",
        ),
        _fact(
            "traffic", "; ".join(found.serving) or ("" if found.releases_missing else "none"), found.releases_missing
        ),
    )


def _purpose(found: Lineage) -> Section:
    asked = found.spec
    note = (
        ""
        if found.unchanged
        else ("model.yaml has changed since this version was trained; what it says here is what it says now.")
    )
    return Section(
        "Purpose",
        (
            _fact("description", asked.metadata.description, "metadata.description is empty"),
            _fact("owner", asked.metadata.owner or "", "metadata.owner is empty"),
            Fact("task", f"{asked.training.task}, with {asked.training.framework}"),
            _fact("aliases", ", ".join(found.version.aliases), "none points at this version"),
        ),
        note=note,
    )  # fmt: skip


def _data(found: Lineage) -> Section:
    data, signature = found.spec.training.data, _signature(found)
    inputs = tuple(
        (one.name, one.type, "may be missing" if one.nullable else "")
        for one in (signature.inputs if signature else ())
    )
    split = data.split
    facts = (
        _digest("digest of the rows", found.version.data, "its version in MLflow has no data digest"),
        Fact("source", data.uri, code=True),
        Fact("target", signature.target if signature else data.target),
        Fact("left out", ", ".join(data.exclude) or "no column"),
        Fact("test rows", f"a share of {split.test:g}, {split.by}" + (f" by {split.column}" if split.column else "")),
        _fact("classes", ", ".join(signature.classes), "") if signature and signature.classes else None,
        None if signature else Fact("signature", missing=_no_file(found, SIGNATURE)),
    )
    return Section("Data", _present(facts), ("column", "type", ""), inputs)


def _training(found: Lineage) -> Section:
    run, version = found.run, found.version
    commit = found.commit
    written = f"{commit.subject} ({commit.author}, {commit.at})" if commit else ""
    environment = _json(found, ENVIRONMENT)
    packages = environment.get("packages", {})
    facts = (
        _digest("code digest", version.code, "its version in MLflow has no code digest"),
        _digest("git commit", version.commit, "its version in MLflow names no commit"),
        _fact("the commit says", written, "this clone does not have the commit") if version.commit else None,
        _fact("signed commit", commit.signature, "the commit carries no signature") if commit else None,
        _fact("run", version.run_id, "its version in MLflow names no run", code=True),
        _fact("begun", _moment(run.started) if run else "", "the run is gone from MLflow"),
        _fact("trigger", version.tags.get(TAG_TRIGGER, ""), "its version in MLflow names none"),
        Fact("seed", str(found.spec.training.seed)) if found.unchanged else None,
        _fact("python", str(environment.get("python", "")), _no_file(found, ENVIRONMENT)),
        _fact(
            "packages", f"{len(packages)}, listed in {ENVIRONMENT}" if packages else "", _no_file(found, ENVIRONMENT)
        ),
    )
    params = tuple(sorted(run.params.items())) if run else ()
    return Section("Training", _present(facts), ("parameter", "value") if params else (), params)


def _package(found: Lineage) -> Section:
    bill = _json(found, SBOM)
    signature, sums = _signature(found), found.files.get(SUMS)
    facts = (
        _fact("stored as", signature.format if signature else "", _no_file(found, SIGNATURE)),
        _fact("digest of its SHA256SUMS", _sha256(sums), _no_file(found, SUMS), code=True),
        _fact("image", found.version.image, _no_image(found), code=True),
        _fact("image digest", found.version.image_digest, _no_image(found), code=True),
        _fact(
            "bill of materials",
            f"CycloneDX {bill.get('specVersion', '')}, {len(bill.get('components', ()))} components, "
            f"{_sha256(found.files.get(SBOM))}"
            if bill
            else "",
            _no_file(found, SBOM),
        ),
        *_attested(found),
        Fact("environment image", found.environment_image or "none: the model has no requirements of its own")
        if found.unchanged
        else None,
    )
    return Section("Package", _present(facts))


def _attested(found: Lineage) -> Iterable[Fact]:
    """Yield what is attested beside the image; what only model.yaml asks for is told as that."""
    build, image = found.spec.build, _image(found)
    if build.sign.mode == "none":
        yield Fact("image signature", "not asked for: build.sign.mode is none")
        yield Fact("provenance", "not asked for: an attestation is signed, and build.sign.mode is none")
        return
    how = f"a key, of the Secret {build.sign.secret}" if build.sign.mode == "key" else "the identity of the pod"
    yield _fact(
        "image signature", f"asked for, by {how}; check: cosign verify {image}" if image else "", _no_image(found)
    )
    check = f"asked for, SLSA 1.0; check: cosign verify-attestation --type slsaprovenance1 {image}"
    if build.provenance:
        yield _fact("provenance", check if image else "", _no_image(found))
    else:
        yield Fact("provenance", "not asked for: build.provenance is false")


def _releases(found: Lineage) -> Section:
    if found.releases_missing:
        return Section("Releases", (Fact("history", missing=found.releases_missing),))
    rows = tuple(_row(one) for one in found.happened[-_EVENTS:])
    if not rows:
        return Section("Releases", (Fact("history", missing="no commit of a release names this version"),))
    recorded = [one for one in found.happened if one.evidence]
    held = sum(one.finding == _GOOD for one in recorded)
    unchecked = sum(not one.finding for one in recorded)
    judged = [one for one in found.happened if one.event in _JUDGED]
    facts = (
        Fact("verdicts", f"{len(recorded)} with a record; {held} hold against their commits") if recorded else None,
        Fact("verdicts", "none: it was never compared with another version") if not judged else None,
        Fact("verdicts", missing="no commit of its releases names a record") if judged and not recorded else None,
        Fact("records not checked", missing=f"{unchecked} could not be read") if unchecked else None,
    )
    head = ("when", "environment", "what", "who", "commit", "evidence", "record")
    return Section("Releases", _present(facts), head, rows)


def _row(one: Happened) -> tuple[str, ...]:
    finding = {"": "not checked" if one.evidence else "", _GOOD: _GOOD}.get(one.finding, one.finding)
    evidence = one.evidence.removeprefix("sha256:")[:_SHORT]
    return (one.at, one.environment, one.subject, one.who, one.commit[:_SHORT], evidence, finding)


def _approvals(found: Lineage) -> Section:
    asked = found.spec.validation.approval
    given = tuple(one for one in found.happened if one.event == "approve")
    if asked == "none" and not given:
        return Section("Approval", (Fact("asked for", "none: validation.approval is none"),))
    missing = found.releases_missing or "nobody has approved it yet"
    facts = tuple(Fact(one.environment, f"{one.who} at {one.at}, commit {one.commit[:_SHORT]}") for one in given)
    return Section("Approval", facts or (Fact("approved", missing=missing),))


def _fact(name: str, text: str, missing: str, *, code: bool = False) -> Fact:
    return Fact(name, text, "" if text else missing, code)


def _digest(name: str, text: str, missing: str) -> Fact:
    return _fact(name, text, missing, code=True)


def _present(facts: Iterable[Fact | None]) -> tuple[Fact, ...]:
    return tuple(fact for fact in facts if fact is not None and (fact.text or fact.missing))


def _image(found: Lineage) -> str:
    version = found.version
    return f"{version.image.rpartition(':')[0]}@{version.image_digest}" if version.image_digest else ""


def _no_image(found: Lineage) -> str:
    return "no image was pushed for it" if not found.local else "a laptop pushes no image"


def _no_file(found: Lineage, name: str) -> str:
    return f"{name} is not with its run in MLflow" if found.run else "the run is gone from MLflow"


def _signature(found: Lineage) -> Signature | None:
    content = found.files.get(SIGNATURE)
    try:
        return Signature.model_validate_json(content) if content else None
    except ValidationError:
        return None


def _json(found: Lineage, name: str) -> dict[str, Any]:
    try:
        data = json.loads(found.files.get(name, b"{}"))
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _sha256(content: bytes | None) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}" if content is not None else ""


def _moment(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
