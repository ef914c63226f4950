"""Errors of the library, as exceptions.

    MlopsChartsError
    +-- Mistake              something that the user can put right
    |   +-- InvalidSpec      the user's files have problems; `.problems` has them all, located
    |   +-- NoPlatform       rendering needs a platform.yaml and there is none
    |   +-- NotFound         a model that was named does not exist
    +-- BrokenGenerator      a generator that is installed cannot be loaded
    +-- chart.ChartError     a generator built something that is no chart; also a ValueError

Rooms have further ones of what they work with. The command line ends with 1 for a mistake, with 3 for the others.

- Mistakes: `Refused` by a step or by `init`, `NotEditable`, `Paused`, `Rejected`, `Nameless`; of a run on this
  machine `NotHere`, `NoStep`, `NoPast`, `MissingSecret`, `Unresolved`, `BadExpression`; of a smoke test `Differs`,
  `NoExample`; of a measurement `NoModel`.
- Others: `GitError`, `RepositoryError` (`Missing`, `Rival`, `Offline`, `Protected`), `RegistryError` (`Unknown`,
  `Unreachable`), `HelmError`, `MissingTool`, `DocumentError`, `SchemaError`, `FetchError`, `BrokenModel`,
  `CannotServe`, `BrokenFlow`, `NoAnswer`, `NoCluster`, `NoStorage`, `NotMeasured`, `NotStored`, `Unavailable`;
  of releases on this machine `NoEnvoy`, `BrokenGateway`, `BrokenRoute`.
- Caught by us, and told in another form: `Declined`, `NotPushedError`, `NotRun`, `PipFailed`, `Undefined`,
  `Unread`, `UnreadableCapacity`, `Unwritten`.
"""

from __future__ import annotations

from collections.abc import Sequence

from mlops_charts.problems import Problem, format_text


class MlopsChartsError(Exception):
    """Whatever this library says no with."""


class Mistake(MlopsChartsError):  # noqa: N818 - it is the user's, not an error of ours
    """Something that the user can put right."""


class InvalidSpec(Mistake):
    """The user's files have problems.

    Attributes:
        problems: All of them.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(format_text(self.problems))


class NoPlatform(Mistake):
    """Rendering needs a platform.yaml."""


class NotFound(Mistake):
    """A model that was named does not exist."""


class BrokenGenerator(MlopsChartsError):  # noqa: N818 - what is broken is the generator
    """A generator that another package offers cannot be loaded."""
