"""All that is known of one version: what MLflow, git and model.yaml say of it, gathered and not yet judged.

It asks and never writes. It must not know how a card reads or looks.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mlops_charts import contract
from mlops_charts.errors import NotFound
from mlops_charts.planning import Plan
from mlops_charts.spec.model import ModelSpec
from mlops_charts.steps.call import Unavailable
from mlops_charts.steps.mlflow_client import shown
from mlops_charts.steps.registry import Registry, Run, Version, registry_at

REPORT: Final = f"{contract.REPORT_ARTIFACTS}/{contract.REPORT_JSON}"
REPORT_PAGE: Final = f"{contract.REPORT_ARTIFACTS}/{contract.REPORT_PAGE}"
SIGNATURE: Final = f"{contract.MODEL_ARTIFACTS}/{contract.SIGNATURE}"
SUMS: Final = f"{contract.MODEL_ARTIFACTS}/SHA256SUMS"
ENVIRONMENT: Final = "environment/environment.json"
SBOM: Final = f"sbom/{contract.SBOM}"
_FILES: Final = (REPORT, REPORT_PAGE, SIGNATURE, SUMS, ENVIRONMENT, SBOM)
_TIMEOUT: Final = 30  # seconds
_SIGNATURES: Final[Mapping[str, str]] = {  # of commits, by the letter that git gives them
    "G": "good",
    "U": "good, of a key whose owner is not vouched for",
    "X": "good, and expired since",
    "Y": "good, by a key that has expired",
    "R": "by a key that was revoked",
    "B": "bad: the commit is not what was signed",
    "E": "there, and cannot be checked here: its key is not known",
}


@dataclass(frozen=True)
class CommitFacts:
    """A commit of the model's code.

    Attributes:
        subject: Its first line.
        author: Who wrote it.
        at: When.
        signature: What its signature is worth; empty without one.
    """

    subject: str
    author: str
    at: str
    signature: str


@dataclass(frozen=True)
class Happened:
    """A commit of a release that concerns the version.

    Attributes:
        environment: Where.
        commit: The commit.
        at: When, in UTC.
        who: Its author.
        event: What happened, the name of an event of releases; empty if the commit does not say.
        subject: The same in words.
        evidence: Digest of the record of the evidence; empty without one.
        finding: Whether the record holds: `holds`, or what does not; empty where it was not checked.
    """

    environment: str
    commit: str
    at: str
    who: str
    event: str
    subject: str
    evidence: str = ""
    finding: str = ""


@dataclass(frozen=True)
class Lineage:
    """What is known of a version.

    Attributes:
        spec: What model.yaml says now.
        unchanged: Whether the model's code is still that of the version.
        environment_image: The image with the model's own requirements; empty if it has none.
        version: The version in MLflow.
        run: The run that made it; None if MLflow has it no more.
        files: What its run has kept, by path: report, signature, bill of materials.
        commit: The commit that it was trained at; None if this clone does not have it.
        happened: What became of it in releases, oldest first.
        serving: Where it answers users now, in words.
        standing: Where else its pods are, in words.
        rejected: Where it was rejected, in words.
        releases_missing: Why nothing is known of releases; empty if something is.
        records: Records of evidence, by digest.
        local: Whether all this is of runs on this machine.
    """

    spec: ModelSpec
    unchanged: bool
    environment_image: str
    version: Version
    run: Run | None
    files: Mapping[str, bytes]
    commit: CommitFacts | None
    happened: Sequence[Happened] = ()
    serving: Sequence[str] = ()
    standing: Sequence[str] = ()
    rejected: Sequence[str] = ()
    releases_missing: str = ""
    records: Mapping[str, bytes] | None = None
    local: bool = False


def version_in_mlflow(plan: Plan, version: str, environ: Mapping[str, str]) -> tuple[Registry, Version]:
    """Return the registry and a version of a model.

    Args:
        plan: The model.
        version: The semantic version; empty for the champion, or without one for the newest.
        environ: Variables with MLflow's credentials.

    Raises:
        NotFound: There is no such version.
        Unavailable: MLflow cannot be reached.
    """
    uri = environ.get("MLFLOW_TRACKING_URI") or plan.platform.mlflow.tracking_uri
    if uri.startswith("sqlite:///") and not Path(uri.removeprefix("sqlite:///")).exists():
        raise NotFound(f"{plan.model} was never run here; `mlops-charts run {plan.folder}` makes its first version")
    registry = registry_at(uri, plan.pipeline.registered_model, environ)
    found = [one for one in _versions(registry) if one.version]
    if not found:
        raise NotFound(f"{plan.model} has no version in MLflow at {shown(uri)}")
    champion = next((one for one in found if contract.ALIAS_CHAMPION in one.aliases), found[-1])
    chosen = champion if not version else next((one for one in found if one.version == version), None)
    if chosen is None:
        known = ", ".join(one.version for one in found[-10:])
        raise NotFound(f"{plan.model} has no version {version} in MLflow; the newest are {known}")
    return registry, chosen


def kept_files(registry: Registry, run_id: str) -> dict[str, bytes]:
    """Return what a run has kept of itself, by path; files that are not there are left out."""
    found: dict[str, bytes] = {}
    for path in _FILES:
        content = registry.read(run_id, path)
        if content is not None:
            found[path] = content
    return found


def run_of_version(registry: Registry, version: Version) -> Run | None:
    """Return the run that made a version; None if MLflow has it no more."""
    if not version.run_id:
        return None
    try:
        return registry.run(version.run_id)
    except Unavailable as error:
        if "not found" in str(error).lower():
            return None
        raise


def commit_facts(root: Path, commit: str) -> CommitFacts | None:
    """Return what git says of a commit; None if this clone does not have it."""
    name = commit.removesuffix("-dirty")
    if not name:
        return None
    done = _git(root, "show", "--no-patch", "--format=%s%x00%an%x00%aI%x00%G?", "--end-of-options", name)
    parts = done.rstrip("\n").split("\0")
    if len(parts) != 4:  # noqa: PLR2004 - as many as were asked for
        return None
    subject, author, at, letter = parts
    changed = "; files were changed beside it" if commit.endswith("-dirty") else ""
    return CommitFacts(f"{subject}{changed}", author, at, _SIGNATURES.get(letter.strip(), ""))


def _versions(registry: Registry) -> Sequence[Version]:
    try:
        return registry.versions()
    except Unavailable as error:
        if "not found" in str(error).lower():  # the registered model itself
            return ()
        raise


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(root), *arguments],
            capture_output=True,
            check=False,
            encoding="utf-8",
            errors="replace",
            timeout=_TIMEOUT,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""
