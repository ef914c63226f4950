"""`make bench`: what is measured, against what is budgeted, side by side with others. Prints one table."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from fleet import forget, repository
from measure import COMMAND, Run, median, run
from peers import cdk8s_command, cdk8s_python, hand_written

_ROOT = Path(__file__).resolve().parent.parent
_MEGABYTE = 1024 * 1024


def main() -> None:
    """Measure everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=5, help="runs of each small thing, of which the median counts")
    parser.add_argument("--models", type=int, nargs="+", default=[10, 100, 1000], help="sizes of fleets")
    parser.add_argument("--only", choices=["charts", "run"], help="charts alone, or runs of the samples alone")
    parser.add_argument("--crds", type=Path, help="a folder with CustomResourceDefinitions, for the proofs")
    asked = parser.parse_args()
    print(f"{os.cpu_count()} processors, Python {sys.version.split()[0]}\n")
    print(f"{'what':<58} {'seconds':>9} {'MB':>7}  budget")
    with tempfile.TemporaryDirectory(prefix="mlops-charts-bench-") as place:
        if asked.only != "run":
            _one_model(Path(place), asked.times, asked.crds)
            _fleets(Path(place), asked.models)
            _peers(Path(place), asked.times)
        if asked.only != "charts":
            _runs(Path(place))


def _say(what: str, found: Run, budget: str = "") -> None:
    print(f"{what:<58} {found.seconds:>9.3f} {found.memory / _MEGABYTE:>7.0f}  {budget}", flush=True)


def _one_model(place: Path, times: int, crds: Path | None) -> None:
    root = repository(place / "one", 1)
    _say("validate one model, fast proofs", median([*COMMAND, "validate"], root, times), "0.4 s")
    _say("render one model", median([*COMMAND, "render"], root, times, lambda: forget(root)), "0.5 s")
    _say("render one model, unchanged", median([*COMMAND, "render"], root, times))
    deep = [*COMMAND, "validate", "--deep", *(["--crds", str(crds.resolve())] if crds else [])]
    run(deep, root)
    _say("all proofs of one model, every phase, warm cache", median(deep, root, times), "2 s")
    _say("mlops-charts --help", median([*COMMAND, "--help"], root, times))


def _fleets(place: Path, sizes: list[int]) -> None:
    for size in sizes:
        root = repository(place / f"fleet-{size}", size)
        found = run([*COMMAND, "render"], root)
        _say(f"render {size:,} models", found, "10 s, 400 MB" if size == 1000 else "")  # noqa: PLR2004 - the budget's
        _say(f"render {size:,} models, unchanged", run([*COMMAND, "render"], root))
        shutil.rmtree(root)


def _runs(place: Path) -> None:
    """Measure whole runs, each the first in a new place; images are not built, so that machines can be compared."""
    print("\npipelines on this machine, image contexts proven and not built")
    for name in sorted(path.name for path in (_ROOT / "model").iterdir() if (path / "model.yaml").is_file()):
        root = place / f"run-{name}"
        shutil.copytree(_ROOT / "model" / name, root / "model" / name)
        shutil.copy(_ROOT / "platform.yaml", root / "platform.yaml")
        command = [*COMMAND, "run", f"model/{name}", "--builder", "none"]
        _say(f"run {name}, from nothing to a version handed to releases", run(command, root))
        _say(f"run {name} again, which trains nothing", run(command, root))


def _peers(place: Path, times: int) -> None:
    objects, values = _objects(place / "objects")
    print(f"\nthe {len(objects)} objects of iris, side by side")
    python = cdk8s_python(_ROOT / ".mlops-charts" / "bench")
    root = repository(place / "side", 1)
    ours = median([*COMMAND, "render"], root, times, lambda: forget(root))
    _say("mlops-charts render, whole process", ours)
    if python is None:
        print("cdk8s (Python) is not measured: it needs Node.js, which is not installed")
    else:
        theirs = median(cdk8s_command(python, place / "cdk8s", objects), place, times)
        _say("cdk8s (Python) synth, whole process", theirs, f"{theirs.seconds / ours.seconds:.1f} times ours")
    _helm(place, objects, values, times)


def _helm(place: Path, objects: list[dict[str, object]], values: dict[str, object], times: int) -> None:
    import helm_python  # noqa: PLC0415 - an optional part

    hand = hand_written(place / "hand", objects)
    serving = [(place / "objects/pipeline", {}), (place / "objects/serving", values)]
    ours = _median_of(lambda: [_render(helm_python, folder, given) for folder, given in serving], times * 10)
    theirs = _median_of(lambda: _render(helm_python, hand, {}), times * 10)
    _say("helm template of our two charts", ours, f"{ours.seconds / theirs.seconds:.2f} times the one by hand")
    _say("helm template of a chart by hand, the same objects", theirs)


def _render(helm: object, folder: Path, values: dict[str, object]) -> None:
    helm.Chart.load(str(folder)).render(values, name="bench", namespace="bench")  # type: ignore[attr-defined]


def _median_of(call: Callable[[], object], times: int) -> Run:
    import statistics  # noqa: PLC0415
    import time  # noqa: PLC0415

    found = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        found.append(time.perf_counter() - start)
    return Run(statistics.median(found), 0)


def _objects(folder: Path) -> tuple[list[dict[str, object]], dict[str, object]]:
    """Write iris' charts and return all their objects in a canary, and the values of it."""
    from mlops_charts.api import load, plan, render  # noqa: PLC0415 - measured processes import it themselves
    from mlops_charts.chart import emit_chart  # noqa: PLC0415
    from mlops_charts.proving.cases import Cases  # noqa: PLC0415

    rendering = render(plan(load(_ROOT / "model/iris")))
    cases = [case for case in Cases(rendering, _ROOT, every_phase=False).all() if case.primary][:2]
    for case in cases:
        for name, text in emit_chart(case.chart).items():
            path = folder / case.folder.rpartition("/")[2] / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    objects = [dict(rendered.manifest) for case in cases for rendered in case.scope.objects]
    return objects, dict(cases[1].values)


if __name__ == "__main__":
    main()
