"""Gives a validated run its version: registered, numbered by what changed, tagged with where it comes from.

A run has one version, however often and by however many the step is run. It must not know releases.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from pydantic import ValidationError

from mlops_charts import contract
from mlops_charts.log import log
from mlops_charts.saved_model import read_signature
from mlops_charts.steps import versions
from mlops_charts.steps.call import Call, Refused, Result, Unavailable
from mlops_charts.steps.registry import Registry, Run, Version, model_folder, open_registry
from mlops_charts.steps.versions import Numbered

_NEEDED: Final = "validated"
_SHOWN: Final = 12  # characters of a digest that a person reads


class VersionResult(Result):
    """Which version a run has.

    Attributes:
        version: The semantic version.
        number: The registry's own number of it.
        model: The registered model.
        run_id: The run.
        registered: Whether it was registered now, and not by an earlier call.
        bump: What has risen: major, minor or patch; empty for the first version.
        reason: Why, in words.
    """

    version: str
    number: int
    model: str
    run_id: str
    registered: bool
    bump: str
    reason: str


def run(call: Call) -> VersionResult:
    """Register the run's model, or find the version that it has.

    Raises:
        Refused: The run is not validated.
        Unavailable: MLflow cannot be reached, or has lost the run's model.
    """
    registry = open_registry(call)
    found = registry.run(call.parameters.get("run-id", ""))
    if not found.reached(_NEEDED):
        stage = found.stage or "not opened"
        raise Refused(
            f"the run {found.id} is {stage}; a version needs a run that was validated, with every gate passed"
        )
    mine = _of_run(registry, found.id)
    registered = mine is None
    if mine is None:
        mine = _registered(call, registry, found)
    one = _numbered(registry, mine)
    _settle(registry, one)
    registry.tag(found.id, contract.TAG_VERSION, one.semantic)
    call.write("version", one.semantic)
    registry.advance(found.id, "versioned")
    log("versioned", version=one.semantic, number=mine.number, reason=one.reason, registered=registered)
    return VersionResult(
        version=one.semantic,
        number=mine.number,
        model=registry.model,
        run_id=found.id,
        registered=registered,
        bump=one.part or "",
        reason=one.reason,
    )


def _of_run(registry: Registry, run_id: str) -> Version | None:
    """Return the version of a run: the lowest number, where two were made at once."""
    return next((version for version in registry.versions() if version.run_id == run_id), None)


def _registered(call: Call, registry: Registry, found: Run) -> Version:
    """Return the run's new version, or that of who was faster; the slower one's is withdrawn."""
    made = registry.register(f"{found.artifacts}/{contract.MODEL_ARTIFACTS}", found.id, _tags(call, registry, found))
    mine = _of_run(registry, found.id)
    if mine is None:
        raise Unavailable(f"version {made.number} of {registry.model} was deleted while it came to be")
    if mine.number != made.number:
        registry.withdraw(made.number)
    return mine


def _tags(call: Call, registry: Registry, found: Run) -> dict[str, str]:
    """Return what a version says of itself from its first moment; it is numbered by this, so it never changes."""
    with TemporaryDirectory(prefix="version-") as scratch:
        folder = model_folder(call, registry, Path(scratch))
        try:
            signature = read_signature(folder)
        except (OSError, ValidationError) as error:
            raise Unavailable(f"the model of the run {found.id} has no signature: {type(error).__name__}") from None
    return {
        contract.TAG_MODEL: registry.model,
        contract.TAG_CODE: found.code or call.parameters.get("code-digest", ""),
        contract.TAG_DATA: found.data or call.parameters.get("data-digest", ""),
        contract.TAG_COMMIT: found.commit or call.parameters.get("git-commit", ""),
        contract.TAG_TRIGGER: found.tags.get(contract.TAG_TRIGGER, ""),
        versions.TAG_SIGNATURE: versions.signature_digest(signature),
        versions.TAG_COLUMNS: versions.columns_digest(signature),
        versions.TAG_PARAMS: versions.params_digest(found.params),
        versions.TAG_BUMP: call.spec.model.versioning.bump,
    }


def _numbered(registry: Registry, mine: Version) -> Numbered:
    mark = versions.mark_of(registry.model_tags().get(versions.TAG_HIGHEST, ""))
    for one in versions.numbered(registry.versions(), mark):
        if one.version.number == mine.number:
            return one
    raise Unavailable(f"version {mine.number} of {registry.model} was deleted while it came to be")


def _settle(registry: Registry, one: Numbered) -> None:
    """Write the number down: tag, words, and what points at the highest version."""
    number = one.version.number
    if not one.version.version:
        registry.describe(number, _words(registry.model, one))
        registry.tag_version(number, contract.TAG_VERSION, one.semantic)
    while True:
        # Whoever writes last looks again behind it, so the highest stays written whoever writes at the same time.
        tags = registry.model_tags()
        mark = versions.mark_of(tags.get(versions.TAG_HIGHEST, ""))
        there = registry.versions()
        highest = versions.risen(there, mark)
        top = max(versions.numbered(there, mark), key=lambda found: versions.parts(found.semantic)).version
        if highest == mark and contract.ALIAS_CHALLENGER in top.aliases:
            return
        registry.tag_model(versions.TAG_HIGHEST, versions.mark_text(highest))
        registry.alias(contract.ALIAS_CHALLENGER, top.number)


def _words(model: str, one: Numbered) -> str:
    version = one.version
    commit = f", from commit {version.commit[:_SHOWN]}" if version.commit else ""
    risen = f"{one.part}, because {one.reason}" if one.part else one.reason
    code, data = version.code[:_SHOWN], version.data[:_SHOWN]
    return (
        f"{model} {one.semantic} ({risen}): code {code}{commit} learned from data {data} in the run {version.run_id}."
    )
