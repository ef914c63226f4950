"""The time ahead of a release, in which what serves is watched: in a cluster Prometheus has it, here it is made.

While processes start, they take the processors from each other, and what is counted then says nothing of a version. So
the judge is first called once both versions have run in peace for some seconds, which are written into its journal.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from mlops_charts.local.cluster import LocalCluster
from mlops_charts.local.volumes import discard
from mlops_charts.release import ReleaseState
from mlops_charts.release.asked import read_release_spec
from mlops_charts.release.policy import Policy
from mlops_charts.releasing.here import read_here
from mlops_charts.releasing.metrics import Question
from mlops_charts.releasing.scraping import Scraping

_SETTLES: Final = 1.0  # seconds behind the start of processes that are left out
_SECONDS: Final = 5.0  # seconds of peace, with those
_PAUSE: Final = 1.0  # seconds between two looks
_LONGEST: Final = 30.0  # seconds after which the judge is called although not everything runs: it says why


@dataclass
class Calm:
    """The seconds ahead of the first call of the judge.

    Attributes:
        cluster: What stands for a cluster.
        environment: The environment.
    """

    cluster: LocalCluster
    environment: str
    _begun: float = field(default_factory=time.monotonic)
    _since: float | None = None
    _noted: float = 0.0
    _over: bool = False

    def over(self, state: ReleaseState, spec: Path, *, replaying: bool) -> bool:
        """Return whether the judge may be called.

        Args:
            state: The state of the release.
            spec: Its release.json.
            replaying: Whether users ask.
        """
        now = time.monotonic()
        if self._over or state.phase != "warming" or state.stable == "none":
            return True
        if not (replaying and self.cluster.settled()):
            self._since = None
            return now - self._begun > _LONGEST
        if self._since is None:
            self._since = now
            discard(self.cluster.journal)
        if now - self._since >= _SETTLES and now - self._noted >= _PAUSE:
            self._noted = now
            self._note(state, spec)
        self._over = now - self._since >= _SECONDS
        return self._over

    def _note(self, state: ReleaseState, spec: Path) -> None:
        known, here = read_release_spec(spec), read_here(self.cluster.here)
        pods = {slot: len(addresses) for slot, addresses in here.metrics.items()}
        policy = Policy.model_validate(state.policy)
        question = Question(known, known.place(self.environment), state, policy, pods, time.time())
        Scraping(here.metrics, self.cluster.journal).note(question)
