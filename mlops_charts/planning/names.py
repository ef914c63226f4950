"""Every name that objects carry, made in one place so that lengths and collisions can be checked in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

COMPONENT: Final = "model"  # of the pods of a predictor; Seldon ends the Deployment's name with it


@dataclass(frozen=True)
class Names:
    """Names of a model's objects.

    Attributes:
        model: The model, the WorkflowTemplate and the SeldonDeployment.
        digest: The first ten characters of the code digest.
    """

    model: str
    digest: str

    @property
    def workflow(self) -> str:
        """The Workflow: a new name for new code, and for nothing else."""
        return f"{self.model}-{self.digest}"

    @property
    def cron_workflow(self) -> str:
        """The CronWorkflow."""
        return f"{self.model}-retrain"

    @property
    def source_config_map(self) -> str:
        """The ConfigMap with the source files."""
        return f"{self.model}-source-{self.digest}"

    @property
    def spec_config_map(self) -> str:
        """The ConfigMap with the resolved spec."""
        return f"{self.model}-spec"

    @property
    def judge(self) -> str:
        """The CronJob that moves releases, its account and its role."""
        return f"{self.model}-judge"

    @property
    def release_config_map(self) -> str:
        """The ConfigMap that tells the judge of the model."""
        return f"{self.model}-release"

    def step_account(self, step: str) -> str:
        """The service account of a step."""
        return f"{self.model}-{step}"

    def predictor_service(self, slot: str) -> str:
        """The Service that Seldon makes for a predictor; also the pods' label `seldon-app`."""
        return f"{self.model}-{slot}"

    def predictor_deployment(self, slot: str) -> str:
        """The Deployment that Seldon makes for a predictor: its name, the place of its pods, and their name."""
        return f"{self.predictor_service(slot)}-0-{COMPONENT}"

    def pipeline_application(self) -> str:
        """The Application of the pipeline."""
        return f"{self.model}-pipeline"

    def serving_application(self, environment: str) -> str:
        """The Application that serves in an environment."""
        return f"{self.model}-serving-{environment}"
