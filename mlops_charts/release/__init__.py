"""The state of releases: its type, what each phase looks like, what no state may be, the text of a release file.

The room knows nothing of charts or generators; charts depend on the file, not on this code.
"""

from mlops_charts.release.flaws import Flaw, problems_of
from mlops_charts.release.phases import PHASES, example_states, state_of
from mlops_charts.release.state import Identity, Match, ReleaseState, Slot, nothing_released
from mlops_charts.release.text import release_text

__all__ = [
    "PHASES",
    "Flaw",
    "Identity",
    "Match",
    "ReleaseState",
    "Slot",
    "example_states",
    "nothing_released",
    "problems_of",
    "release_text",
    "state_of",
]
