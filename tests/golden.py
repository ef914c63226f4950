"""The golden cases: where they are, what they become, and all renderings of them by real Helm.

As a script, `python tests/golden.py --render-to DIR` writes every object of every case at every phase of a release, one
file for each rendering, for checkers from outside.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from pathlib import Path

import mlops_charts
from mlops_charts.assemble import Rendering, platform_tree
from mlops_charts.chart import emit_chart
from mlops_charts.loading import Model
from mlops_charts.proving.cases import Case, Cases
from mlops_charts.validation.documents import split
from mlops_charts.validation.helm import find_helm

FOLDER = Path(__file__).parent / "cases"
AXES = ("runtime", "ingress", "strategy", "secrets", "scaling", "sign")


def names() -> list[str]:
    """Return the names of all cases."""
    return sorted(path.name for path in FOLDER.iterdir() if path.is_dir())


@cache
def model(name: str) -> Model:
    """Return what a case asks."""
    return mlops_charts.load(next((FOLDER / name / "model").iterdir()))


@cache
def rendering(name: str) -> Rendering:
    """Return what a case becomes."""
    return mlops_charts.render(mlops_charts.plan(model(name)))


def choices(name: str) -> dict[str, str]:
    """Return what a case chose on each axis."""
    spec, platform = model(name).spec, model(name).platform.spec
    scaling = spec.serving.autoscaling
    followed = "cpu" if scaling and scaling.cpu_percent else "requests" if scaling else "replicas"
    chosen = (
        *(spec.serving.runtime, platform.ingress.type, spec.release.strategy),
        *(platform.secrets.provider, followed, spec.build.sign.mode),
    )
    return dict(zip(AXES, chosen, strict=True))


def expected(name: str) -> dict[str, str]:
    """Return every file below charts/ and apps/ of a case, by path."""
    found = rendering(name)
    once = platform_tree(found.plan.platform, found.generators)
    tree = found.tree | once
    return {**tree.files, **tree.seeds}


def committed(name: str) -> dict[str, str]:
    """Return the golden files of a case, by path."""
    root = FOLDER / name
    files = [path for part in ("charts", "apps") for path in (root / part).rglob("*") if path.is_file()]
    return {path.relative_to(root).as_posix(): path.read_bytes().decode() for path in files}


def rewrite(name: str) -> None:
    """Make the golden files of a case what it becomes now."""
    wanted = expected(name)
    for path in set(committed(name)) - set(wanted):
        (FOLDER / name / path).unlink()
    write(wanted, FOLDER / name)


def write(files: Mapping[str, str], root: Path) -> None:
    """Write files below a folder."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(text.encode())


def cases(name: str) -> Iterator[Case]:
    """Yield every chart of a case with each set of values that it will ever be rendered with."""
    yield from Cases(rendering(name), FOLDER / name, every_phase=True).all()


def render_case(name: str, folder: Path) -> list[Path]:
    """Write what real Helm prints for a case: a file for each rendering, and one with the objects of apps/."""
    helm, written = find_helm(), []
    with tempfile.TemporaryDirectory(prefix="mlops-charts-") as place:
        for case in cases(name):
            chart, values = Path(place, case.folder), Path(place, "values.json")
            if not chart.exists():
                write(emit_chart(case.chart), chart)
            values.write_text(json.dumps(case.values))
            printed = helm.template(chart, [values], name=case.chart.name, namespace=case.scope.namespace)
            text = "\n---\n".join(json.dumps(manifest) for _, manifest in split(printed))
            written.append(_save(folder / name / f"{_slug(case.title)}.yaml", text))
    apps = [
        text for path, text in sorted(expected(name).items()) if path.startswith("apps/") and path.endswith(".yaml")
    ]
    return [*written, _save(folder / name / "apps.yaml", "\n---\n".join(apps))]


def _save(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def main() -> int:
    """Render every case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--render-to", type=Path, required=True, metavar="DIR")
    folder = parser.parse_args().render_to
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        files = [file for written in pool.map(partial(render_case, folder=folder), names()) for file in written]
    sys.stdout.write(f"{len(files)} renderings of {len(names())} cases in {folder}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
