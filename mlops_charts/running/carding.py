"""What `card` does: find a model and one of its versions, gather what is known of it, and write its card down."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path

from mlops_charts.assemble import plan_of
from mlops_charts.errors import InvalidSpec
from mlops_charts.history.card import Card
from mlops_charts.history.card_page import html, markdown
from mlops_charts.history.card_sections import card_of
from mlops_charts.history.lineage import (
    Lineage,
    commit_facts,
    kept_files,
    run_of_version,
    version_in_mlflow,
)
from mlops_charts.history.released import events_of, records_of, released, unreachable
from mlops_charts.history.verify import verify
from mlops_charts.loading import Model, load_path
from mlops_charts.local.releases import NAME
from mlops_charts.planning import Plan, release_spec
from mlops_charts.release.git import Access, RepositoryError
from mlops_charts.releasing import evidence
from mlops_charts.rendering import one_model

_HOME = ".mlops-charts"


@dataclass(frozen=True)
class CardAsked:
    """What a card is asked for.

    Attributes:
        model: A model.yaml, its folder, or the model's name; empty for the only model of the repository.
        version: The semantic version; empty for the champion, or without one for the newest.
        local: Whether it is of runs and releases on this machine.
        output: The folder to write to; None for one below .mlops-charts.
        platform: The platform.yaml to use.
    """

    model: str = ""
    version: str = ""
    local: bool = False
    output: Path | None = None
    platform: Path | None = None


@dataclass(frozen=True)
class Carded:
    """A card that was written.

    Attributes:
        card: The card.
        folder: Where its files are.
        files: Their names.
    """

    card: Card
    folder: Path
    files: tuple[str, ...]


def card(asked: CardAsked, environ: Mapping[str, str] | None = None, now: datetime | None = None) -> Carded:
    """Write the card of a version, and beside it the files that it speaks of.

    Args:
        asked: What is asked for.
        environ: Variables with credentials; those of this process if left out.
        now: The moment; the present one if left out.

    Raises:
        InvalidSpec: model.yaml has errors.
        NotFound: There is no such model, or no such version.
        Unavailable: MLflow cannot be reached.
    """
    environment = dict(os.environ if environ is None else environ)
    model = _model(asked)
    root = model.workspace.root.resolve()
    plan = plan_of(model)
    if asked.local:
        plan = _here(plan, root)
        environment.pop("MLFLOW_TRACKING_URI", None)
    found = _lineage(plan, root, asked, environment)
    made = card_of(found, now or datetime.now(UTC))
    folder = asked.output or root / _HOME / "cards" / f"{plan.model}-{made.version}"
    return Carded(made, folder, _write(folder, made, found))


def _model(asked: CardAsked) -> Model:
    _, path = one_model(Path(asked.model) if asked.model else None, asked.platform)
    loaded = load_path(path, asked.platform)
    if loaded.model is None:
        raise InvalidSpec(loaded.problems)
    return loaded.model


def _here(plan: Plan, root: Path) -> Plan:
    """Return the plan with the services of this machine in the place of those of the cluster."""
    home, platform = root / _HOME, plan.platform
    mlflow = platform.mlflow.model_copy(update={"tracking_uri": f"sqlite:///{home / 'mlflow' / 'mlflow.db'}"})
    git = platform.git.model_copy(update={"url": str(home / NAME)})
    return replace(plan, platform=platform.model_copy(update={"mlflow": mlflow, "git": git}))


def _lineage(plan: Plan, root: Path, asked: CardAsked, environ: Mapping[str, str]) -> Lineage:
    registry, version = version_in_mlflow(plan, asked.version, environ)
    run = run_of_version(registry, version)
    known = Lineage(
        spec=plan.spec,
        unchanged=plan.code_digest == version.code,
        environment_image=plan.images.environment,
        version=version,
        run=run,
        files=kept_files(registry, run.id) if run else {},
        commit=commit_facts(root, version.commit),
        local=asked.local,
    )
    try:
        events = events_of(plan, Access(environ=environ, person=root))
    except RepositoryError as error:
        return unreachable(known, error)
    read = cache(partial(evidence.read, registry))
    checked = verify(release_spec(plan), events, read)
    return released(known, events, checked, records_of(known, events, read))


def _write(folder: Path, made: Card, found: Lineage) -> tuple[str, ...]:
    texts = {"card.md": markdown(made).encode(), "card.html": html(made).encode()}
    texts |= {f"run/{path}": content for path, content in found.files.items()}
    texts |= {f"evidence/{name.removeprefix('releases/')}": content for name, content in (found.records or {}).items()}
    sums = "".join(f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(texts.items()))
    for name, content in {**texts, "SHA256SUMS": sums.encode()}.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return (*texts, "SHA256SUMS")
