"""What stands for the image of a version on this machine: its model's folder, taken from MLflow once."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mlops_charts import contract
from mlops_charts.errors import Mistake
from mlops_charts.local.environments import environment_python
from mlops_charts.local.predictors import Image, Predictor
from mlops_charts.release.state import SLOTS, Identity, ReleaseState
from mlops_charts.steps.asked import RunSpec
from mlops_charts.steps.call import Call


@dataclass(frozen=True)
class Shelf:
    """The folders of versions.

    Attributes:
        spec: The run's spec, with the services of this machine.
        folder: Where they are kept, by run.
        environ: Variables of a step's process.
        requirements: The requirements.txt of the environment image; None without one.
        cache: Where environments are kept.
        say: Told what takes time.
    """

    spec: RunSpec
    folder: Path
    environ: Mapping[str, str]
    requirements: Path | None
    cache: Path
    say: Callable[[str], None]

    def image(self, identity: Identity) -> Image:
        """Return what stands for the image of a version.

        Raises:
            Mistake: MLflow has no model of its run.
            Unavailable: MLflow cannot be reached, or packages cannot be installed.
        """
        training = self.spec.model.training
        variables = {
            contract.TRUSTED_TYPES: ",".join(training.trusted_types),
            contract.ALLOW_PICKLE: "1" if training.allow_pickle else "",
            contract.SERVED_CODE: identity.code_digest,
            contract.SERVED_DATA: identity.data_digest,
            contract.SERVED_RUN: identity.run_id,
        }
        return Image(self.model(identity.run_id), variables, self.python())

    def python(self) -> Path | None:
        """Return the interpreter of the environment image; None where this one has all that is needed."""
        if self.requirements is None:
            return None
        return environment_python(self.requirements, self.cache, self.say)

    def model(self, run_id: str) -> Path:
        """Return the model's folder of a run."""
        place = self.folder / run_id
        if not place.is_dir():
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".part-", dir=self.folder) as scratch:
                found = self._fetched(run_id, Path(scratch))
                shutil.rmtree(place, ignore_errors=True)
                found.rename(place)
        return place

    def _fetched(self, run_id: str, scratch: Path) -> Path:
        from mlops_charts.steps.registry import open_registry  # noqa: PLC0415 - it brings MLflow, two seconds

        registry = open_registry(Call(self.spec, scratch, scratch, {}, self.environ))
        found = registry.get(run_id, contract.MODEL_ARTIFACTS, scratch / "model")
        if found is None:
            raise Mistake(f"MLflow has no model of the run {run_id}")
        profile = registry.get(run_id, contract.PROFILE_ARTIFACTS, scratch / "profile")
        if profile is not None:
            shutil.copyfile(profile / contract.PROFILE, found / contract.PROFILE)
        return found


def identity_in(state: ReleaseState, predictor: Predictor) -> Identity:
    """Return the version that a predictor runs, as the state of its release says it.

    Raises:
        Mistake: Neither slot holds it any more.
    """
    for name in SLOTS:
        slot = state.slot(name)
        if slot.version == predictor.version and name == predictor.name:
            return slot
    raise Mistake(f"the release file has no version {predictor.version} in the slot {predictor.name}")
