"""Every decision: names, labels, ports, images, digests, schedules. Knows nothing of YAML or Helm."""

from mlops_charts.planning.decide import checks_of, decide
from mlops_charts.planning.model import EnvironmentPlan, Images, PipelinePlan, Plan
from mlops_charts.planning.names import COMPONENT, Names
from mlops_charts.planning.release import policy_asked, policy_of, release_spec
from mlops_charts.release.state import SLOTS
from mlops_charts.spec.steps import built_in_steps

__all__ = [
    "COMPONENT",
    "SLOTS",
    "EnvironmentPlan",
    "Images",
    "Names",
    "PipelinePlan",
    "Plan",
    "built_in_steps",
    "checks_of",
    "decide",
    "policy_asked",
    "policy_of",
    "release_spec",
]
