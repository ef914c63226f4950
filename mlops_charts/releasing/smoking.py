"""The smoke test ahead of any traffic: the new version answers the example that it was saved with as it did then.

It knows the run's artifacts and the Service of a slot; it must not know what follows from what it finds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from mlops_charts.contract import EXAMPLE, MODEL_ARTIFACTS
from mlops_charts.release import Identity
from mlops_charts.release.asked import ReleaseSpec
from mlops_charts.saved_model.example import Example
from mlops_charts.serving.smoke import Differs, NoAnswer, smoke

if TYPE_CHECKING:
    from mlops_charts.steps.registry import Registry

_TIMEOUT: Final = 10.0  # seconds for each answer


@dataclass(frozen=True)
class Smoked:
    """What the smoke test found.

    Attributes:
        differs: In what the answers are not those of the saved model; empty if they are.
        unanswered: Why it could not be asked; empty if it was.
    """

    differs: str = ""
    unanswered: str = ""


def smoked(spec: ReleaseSpec, version: Identity, address: str, registry: Registry) -> Smoked:
    """Ask a server whether it is a version.

    Args:
        spec: The model.
        version: The version that it should be.
        address: Of the server.
        registry: Where the example is kept.

    Raises:
        Unavailable: MLflow cannot be reached.
    """
    path = f"{MODEL_ARTIFACTS}/{EXAMPLE}"
    kept = registry.read(version.run_id, path)
    if kept is None:
        return Smoked(
            unanswered=f"the run {version.run_id} has no {path} in MLflow, so {version.version} is not tested"
        )
    try:
        example = Example.model_validate_json(kept)
        found = smoke(address, spec.model, spec.protocol, example, _TIMEOUT)
    except ValidationError:
        return Smoked(unanswered=f"{path} of the run {version.run_id} is no example of this version of the charts")
    except Differs as error:
        return Smoked(differs=str(error))
    except NoAnswer as error:
        return Smoked(unanswered=str(error))
    named = found.version if spec.runtime == "python" else ""  # servers of others count in their own way
    if named not in {"", version.version}:
        return Smoked(differs=f"{address} says that it is version {named}, and git says {version.version}")
    return Smoked()
