"""How often the champion comparison blocks and passes, on simulated pairs of models whose true accuracies are known.

`python benchmarks/champion.py` prints one table; a test holds the same figures against the stated confidence.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import dataclass

import numpy as np

from mlops_charts.saved_model import Answers
from mlops_charts.spec.quality import Champion
from mlops_charts.steps.judging.champion import Contest, judge_champion
from mlops_charts.steps.judging.intervals import clopper_pearson
from mlops_charts.steps.judging.sample import sample
from mlops_charts.steps.judging.subject import Subject

CONFIDENCE = 0.95
_NAMES = np.array(["no", "yes"])


@dataclass(frozen=True)
class Case:
    """A pair of models: of which true accuracies, on how many rows, and what drop is allowed.

    Attributes:
        title: In words.
        lost: Share of rows that only the champion gets right.
        won: Share of rows that only the new model gets right.
        max_drop: The drop that is allowed.
        rows: Test rows.
    """

    title: str
    lost: float
    won: float
    max_drop: float
    rows: int = 500

    @property
    def drop(self) -> float:
        """The true drop."""
        return self.lost - self.won


CASES = (
    Case("equal, no drop allowed", 0.03, 0.03, 0.0),
    Case("equal, 1 point allowed", 0.03, 0.03, 0.01),
    Case("equal, 3 points allowed", 0.03, 0.03, 0.03),
    Case("3 points worse, no drop allowed", 0.05, 0.02, 0.0),
    Case("3 points worse, 1 point allowed", 0.05, 0.02, 0.01),
    Case("3 points worse, 3 points allowed", 0.05, 0.02, 0.03),
    Case("3 points worse, 1 point allowed, 2,000 rows", 0.05, 0.02, 0.01, 2000),
)


@dataclass(frozen=True)
class Rate:
    """How often something was said.

    Attributes:
        share: Of the pairs.
        low: The true share is not below this, with 99.5 %.
        high: Nor above this.
    """

    share: float
    low: float
    high: float


def rates(case: Case, pairs: int = 2000, seed: int = 0) -> dict[str, Rate]:
    """Return how often a new model is called worse, not worse, and neither.

    Both models are right in all rows but 10 %, and those in which they differ.
    """
    draw = np.random.default_rng(seed)
    said = Counter(_verdict(case, draw) for _ in range(pairs))
    found = {}
    for verdict in ("worse", "notWorse", "inconclusive"):
        low, high = clopper_pearson(said[verdict], pairs, 0.995)
        found[verdict] = Rate(said[verdict] / pairs, low, high)
    return found


def _verdict(case: Case, draw: np.random.Generator) -> str:
    truth = draw.integers(2, size=case.rows)
    shares = [case.lost, case.won, 0.07, 1 - case.lost - case.won - 0.07]
    kind = draw.choice(4, size=case.rows, p=shares)
    old, new = (np.where(np.isin(kind, right), truth, 1 - truth) for right in ((0, 3), (1, 3)))
    subjects = [
        Subject(sample("classification", _NAMES[truth], Answers(_NAMES[said]), ("no", "yes")), {})
        for said in (new, old)
    ]
    asked = Champion(metric="accuracy", max_drop=case.max_drop, confidence=CONFIDENCE)
    return judge_champion(asked, Contest(*subjects, version="1.0.0")).verdict


def main() -> None:
    """Simulate all cases, and print how often what was said."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=2000, help="simulated pairs of each case")
    asked = parser.parse_args()
    print(f"{asked.pairs:,} pairs each, confidence {CONFIDENCE:.0%}; shares in percent with 99 % intervals\n")
    print(f"{'new model, and what is allowed':<46}{'worse':>18}{'not worse':>20}{'cannot tell':>20}")
    for case in CASES:
        found = rates(case, asked.pairs)
        cells = "".join(
            f"{100 * r.share:>8.1f} ({100 * r.low:.1f}-{100 * r.high:.1f})".rjust(20) for r in found.values()
        )
        print(f"{case.title:<44}{cells}", flush=True)


if __name__ == "__main__":
    main()
