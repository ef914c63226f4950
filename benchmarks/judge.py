"""How often the judge is wrong, and how long it takes: whole releases at the settings of the sample iris, as a table.

python benchmarks/judge.py [--releases 2000] [--looks 60 10] [--model model/iris/model.yaml] [--environment staging]
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from statistics import median, quantiles

from mlops_charts.assemble import plan_of
from mlops_charts.judge.rehearsal import Rate, Rehearsal, Release, rehearse, summed
from mlops_charts.judge.samples import planned
from mlops_charts.judge.scenario import Scenario
from mlops_charts.loading import load_path
from mlops_charts.planning import policy_of
from mlops_charts.release.policy import Policy

_AT_ONCE = 50  # releases of a task
_KINDS = {
    "equal": Scenario(),
    "errors + 1 point (the margin)": Scenario(added_error_points=1),
    "latency x 1.2 (the margin)": Scenario(latency_ratio=1.2),
    "drift, PSI 0.2 (the margin)": Scenario(psi=0.2),
    "errors + 10 points": Scenario(added_error_points=10),
    "latency x 2": Scenario(latency_ratio=2),
    "drift, PSI 1": Scenario(psi=1),
}
_HEAD = (
    "new version", "looks", "promoted", "rolled back", "undecided", "wrong (95 % interval)", "at most",
    "median", "90th percentile",
)  # fmt: skip


def main() -> None:
    """Simulate every kind of release, and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--releases", type=int, default=2000)
    parser.add_argument("--looks", type=float, nargs="+", default=[60, 10])
    parser.add_argument("--model", type=Path, default=Path("model/iris/model.yaml"))
    parser.add_argument("--environment", default="staging")
    asked = parser.parse_args()
    began, policy = time.perf_counter(), _policy(asked.model, asked.environment)
    for stage in planned(policy).stages:
        needs = ", ".join(f"{check.check} {check.samples:,}" for check in stage.checks if check.samples)
        print(f"planned at {stage.title}: {stage.seconds / 60:.0f} min; samples of the new version: {needs}")
    print(f"\n| {' | '.join(_HEAD)} |\n|{'---|' * len(_HEAD)}")
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for look in asked.looks:
            for kind in _KINDS:
                sizes = [min(_AT_ONCE, asked.releases - first) for first in range(0, asked.releases, _AT_ONCE)]
                tasks = [pool.submit(_some, policy, kind, size, seed, look) for seed, size in enumerate(sizes)]
                print(_row(policy, kind, look, summed([one for task in tasks for one in task.result()])), flush=True)
    print(f"\n{asked.releases:,} releases each, in {time.perf_counter() - began:,.0f} s.")


def _policy(path: Path, name: str) -> Policy:
    model = load_path(path).model
    if model is None:
        raise SystemExit(f"{path} has problems: mlops-charts validate says which")
    return next(policy_of(one) for one in plan_of(model).environments if one.name == name)


def _some(policy: Policy, kind: str, releases: int, seed: int, look: float) -> tuple[Release, ...]:
    return rehearse(policy, _KINDS[kind], releases, seed, look).releases


def _row(policy: Policy, kind: str, look: float, found: Rehearsal) -> str:
    good = kind == "equal"
    wrong = found.rolled_back if good else found.reached
    most = 1 - policy.confidence if good else 1 - policy.power
    took = [seconds / 60 for seconds in found.seconds]
    cells = (
        kind, f"{look:g} s", f"{found.promoted.share:.2%}", f"{found.rolled_back.share:.2%}",
        f"{found.undecided.share:.2%}", _said(wrong, "false rollback" if good else "missed"), f"{most:.0%}",
        *(f"{minutes:.1f} min" for minutes in (median(took), _ninth(took))),
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _said(rate: Rate, what: str) -> str:
    return f"{what} {rate.share:.2%} ({rate.low:.2%} to {rate.high:.2%})"


def _ninth(values: Sequence[float]) -> float:
    return quantiles(values, n=10)[-1] if len(values) > 1 else values[0]


if __name__ == "__main__":
    main()
