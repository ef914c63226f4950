"""What a release leaves in MLflow: records of evidence, figures of each verdict, how it ended, and who is champion.

Everything can be done again: it then changes nothing. It must not know git or the cluster.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from mlops_charts import contract
from mlops_charts.judge.verdict import Verdict
from mlops_charts.log import log
from mlops_charts.release import ReleaseState
from mlops_charts.release.asked import Place, ReleaseSpec
from mlops_charts.release.moves import pair, seconds_between
from mlops_charts.releasing import evidence

if TYPE_CHECKING:
    from mlops_charts.steps.registry import Registry

TAG_RELEASE: Final = "mlops.release"  # with a point and the environment behind it: settled or rolledBack
_PROMOTED: Final = frozenset({"promoting", "baking"})


def keep(registry: Registry, run_id: str, environment: str, data: bytes, verdict: Verdict | None) -> None:
    """Keep the record of a decision, and the figures that decided, with the run of the version.

    Raises:
        Unavailable: MLflow cannot be reached.
    """
    evidence.store(registry, run_id, environment, data)
    if figures := dict(_figures(environment, verdict)):
        registry.log(run_id, {}, figures)


def conclude(registry: Registry, spec: ReleaseSpec, place: Place, state: ReleaseState, at: str) -> None:
    """Write down how a release ended; behind the last environment, its version is the champion.

    Args:
        registry: MLflow.
        spec: The model.
        place: The environment.
        state: The state that is about to settle.
        at: The time in UTC.

    Raises:
        Unavailable: MLflow cannot be reached.
    """
    promoted = state.phase in _PROMOTED
    version = state.slot(pair(state).new)
    if version.run_id:
        registry.tag(version.run_id, f"{TAG_RELEASE}.{place.name}", "settled" if promoted else "rolledBack")
        seconds = seconds_between(state.started_at, at)
        registry.log(version.run_id, {}, {f"release.{place.name}.seconds": seconds})
    if promoted and spec.following(place.name) is None:
        _crown(registry, version.version)


def _crown(registry: Registry, version: str) -> None:
    found = next((one for one in registry.versions() if one.version == version), None)
    if found is None:
        log("version is not in the registry, so no alias moves", model=registry.model, version=version)
    elif contract.ALIAS_CHAMPION not in found.aliases:
        registry.alias(contract.ALIAS_CHAMPION, found.number)


def _figures(environment: str, verdict: Verdict | None) -> Iterator[tuple[str, float]]:
    for check in verdict.checks if verdict else ():
        for name, figure in (("stable", check.stable), ("candidate", check.candidate), ("effect", check.effect)):
            if figure is not None and math.isfinite(figure):
                yield f"release.{environment}.{check.check}.{name}", figure
