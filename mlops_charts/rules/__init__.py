"""What types cannot say: one small function for each rule, in one table with the blocks that it reads.

The rules know the specifications and the contract. They must not read the disk, and they decide nothing for the plan.
"""

from mlops_charts.rules.asked import Asked
from mlops_charts.rules.check import check_fleet, check_model, check_platform
from mlops_charts.rules.fleet import Served

__all__ = ["Asked", "Served", "check_fleet", "check_model", "check_platform"]
