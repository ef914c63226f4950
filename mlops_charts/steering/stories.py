"""What `history` does: find a model, read its story from git, and hold it against the evidence in MLflow."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from mlops_charts.history.story import Event, story
from mlops_charts.release.repository import fetched
from mlops_charts.steering.about import About, about, registry_of

if TYPE_CHECKING:
    from mlops_charts.history.verify import Read, Verified
    from mlops_charts.steps.registry import Registry


def told(
    model: str,
    platform: Path | None = None,
    environment: str = "",
    *,
    local: bool = False,
    verify: bool = False,
    environ: Mapping[str, str] | None = None,
) -> tuple[str, tuple[Event, ...], Verified | None]:
    """Return a model's name, its story, and whether that holds; None if nobody asked.

    Raises:
        Mistake: There is no such model, or no such environment.
        RepositoryError: Git cannot be reached.
    """
    found = about(model, platform, local=local, environ=environ)
    wanted = found.spec.place(environment).name if environment else ""
    with fetched(found.remote, history=True) as branch:
        events = tuple(event for event in story(found.spec, branch) if wanted in {"", event.environment})
    return found.spec.model, events, _verified(found, events) if verify else None


def _verified(found: About, events: tuple[Event, ...]) -> Verified:
    from mlops_charts.history.verify import verify  # noqa: PLC0415 - a story alone needs no judge

    return verify(found.spec, events, reader(found))


def reader(found: About) -> Read:
    """Return what reads records of evidence from MLflow, which is reached once the first is needed."""
    reached = cache(lambda: _reached(found))

    def read(run: str, environment: str, named: str) -> bytes | None:
        from mlops_charts.releasing.evidence import read as kept  # noqa: PLC0415 - a story alone needs no evidence
        from mlops_charts.steps.call import Unavailable  # noqa: PLC0415 - the same

        registry = reached()
        if isinstance(registry, str):
            raise Unavailable(registry)
        return kept(registry, run, environment, named)

    return read


def _reached(found: About) -> Registry | str:
    """Return MLflow, or why it cannot be reached, so that it is asked for once and not for each record."""
    from mlops_charts.steps.call import Unavailable  # noqa: PLC0415 - a story alone needs no evidence

    try:
        return registry_of(found)
    except Unavailable as error:
        return str(error)
