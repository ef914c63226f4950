"""`make bench-serving`: our server and others on the same models, side by side. Prints one table and the bars."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from serving_bars import POD, Figures, bars
from serving_load import SHAPES, Found, Shape, load, medians
from serving_models import KINDS, SLOW, saved, slow
from serving_overload import overload
from serving_servers import NAMES, Peer, Running, environment_of, has_environment, python_of, running

_ROOT = Path(__file__).resolve().parent.parent
_WARM, _SATURATING = 1.0, 3.0  # seconds
HEAVY = {"forest": Shape(32, 512), SLOW: Shape(32, 1)}


def main() -> None:
    """Measure everything and print it."""
    asked = _asked()
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not installed; Debian has it as a package")
    print(f"{os.cpu_count()} processors, shared with wrk; Python {sys.version.split()[0]}; medians of {asked.times}")
    home = _ROOT / ".mlops-charts" / "bench"
    for name in asked.only:
        python_of(name, home)
    with tempfile.TemporaryDirectory(prefix="mlops-charts-bench-") as place:
        models = {kind: saved(Path(place) / kind, kind) for kind in asked.models}
        for kind, model in models.items():
            figures = _measured(kind, model, asked, home, Path(place))
            _print(kind, figures)
        if asked.overload and "ours" in asked.only:
            models[SLOW] = slow(Path(place) / SLOW)
            for kind in (one for one in HEAVY if one in models):
                _overloaded(kind, models[kind], asked.overload, home, Path(place))
    if not asked.keep:
        _remove(asked.only, home)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=5, help="rounds, of which the median counts")
    parser.add_argument("--seconds", type=int, default=5, help="how long each load lasts")
    parser.add_argument("--only", nargs="+", choices=NAMES, default=list(NAMES), help="servers")
    parser.add_argument("--models", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--workers", nargs="+", type=int, default=[1, POD], help="processes of each server")
    parser.add_argument("--overload", type=float, default=60.0, help="seconds of three times saturation; 0 for none")
    parser.add_argument("--keep", action="store_true", help="keep the environments of the others")
    return parser.parse_args()


def _measured(kind: str, model: Path, asked: argparse.Namespace, home: Path, place: Path) -> dict[Peer, Figures]:
    """Measure all servers in rounds, each beginning with another one, so that none has the machine at its best."""
    peers = [Peer(name, workers) for name in asked.only for workers in asked.workers]
    found: dict[Peer, dict[Shape, list[Found]]] = {peer: defaultdict(list) for peer in peers}
    memory: dict[Peer, int] = dict.fromkeys(peers, 0)
    for turn in range(asked.times):
        start = turn * len(peers) // asked.times
        for peer in (*peers[start:], *peers[:start]):
            with running(peer, kind, model, home, place) as server:
                for shape, one in _loaded(server, place, asked.seconds):
                    found[peer][shape].append(one)
                memory[peer] = max(memory[peer], server.worker_memory())
            print(f"  {kind}, round {turn + 1}: {peer}", file=sys.stderr, flush=True)
    return {
        peer: Figures({shape: medians(each) for shape, each in shapes.items()}, memory[peer])
        for peer, shapes in found.items()
    }


def _loaded(server: Running, place: Path, seconds: float) -> list[tuple[Shape, Found]]:
    found = []
    body = place / "body"
    for shape in SHAPES:
        body.write_bytes(server.body(shape.rows))
        load(server.url, body, shape, _WARM)
        found.append((shape, load(server.url, body, shape, seconds)))
    return found


def _print(kind: str, figures: dict[Peer, Figures]) -> None:
    single = SHAPES[2]
    heads = "".join(f"{f'{shape}':>10}" for shape in SHAPES)
    title = f"{kind}: requests/s by connections x rows"
    print(f"\n{title:<42}{heads}   p50 1x1  p99 64x1 p99 64x64  failed    MiB   ours is")
    for peer, figure in figures.items():
        found = figure.found
        ours = figures.get(Peer("ours", peer.workers))
        ratio = f"{ours.found[single].rate / found[single].rate:.2f}x" if ours and found[single].rate else ""
        rates = "".join(f"{found[shape].rate:>10,.0f}" for shape in SHAPES)
        times = "".join(f"{1000 * each:>7.2f} ms" for each in
                        (found[SHAPES[0]].p50, found[single].p99, found[SHAPES[3]].p99))  # fmt: skip
        failed = 100 * max(each.failed for each in found.values())
        print(f"{f'{peer} workers':<42}{rates}{times}{failed:>6.1f} %{figure.memory / 2**20:>7.0f}{ratio:>10}")
    for bar in bars(kind, figures):
        print(f"  {'met   ' if bar.met else 'MISSED'}  {bar.title}: {bar.found}")
    sys.stdout.flush()


def _overloaded(kind: str, model: Path, seconds: float, home: Path, place: Path) -> None:
    """Ask of a pod three times what it carries, of a kind that who asks is not what gives out."""
    body, shape = place / "body", HEAVY[kind]
    with running(Peer("ours", POD), kind, model, home, place) as server:
        body.write_bytes(server.body(shape.rows))
        load(server.url, body, shape, _WARM)
        saturation = load(server.url, body, shape, _SATURATING).rate
        print(f"\n{kind}: three times saturation, which is {saturation:,.0f} requests/s of {shape.rows} rows")
        overload(server, saturation, shape.rows, seconds)


def _remove(names: Sequence[str], home: Path) -> None:
    for name in filter(has_environment, names):
        shutil.rmtree(environment_of(name, home), ignore_errors=True)


if __name__ == "__main__":
    main()
