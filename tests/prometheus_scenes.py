"""What pods of a model may do while a release goes on, played under a real Prometheus."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from prometheus_servers import VERSIONS, Exposed, Pod, Running, question, scraped

from mlops_charts import contract
from mlops_charts.judge.counts import Window
from mlops_charts.releasing.prometheus import Prometheus


class Cast:
    """A model with a pod in each slot, and whatever else a scene needs.

    Attributes:
        model: Its name, that of the scene.
        blue: The pod of the old version.
        green: The pod of the new one.
        pods: All of them.
        windows: What a scene has measured on its way.
    """

    def __init__(self, running: Running, servers: Exposed, model: str) -> None:
        self._running, self._servers, self.model = running, servers, model
        self.pods: list[Pod] = []
        self.windows: list[Window] = []
        self.blue, self.green = self.join(Pod("blue", model)), self.join(Pod("green", model))

    def join(self, pod: Pod, name: str = "", **labels: str) -> Pod:
        """Let a pod be scraped."""
        predictor = {"predictor": f"{self.model}-{pod.slot}"} if pod.model == self.model else {}
        own = {"namespace": "iris-staging", "pod": name or pod.slot, **predictor, **labels}
        self._running.scrape(self._servers.serve(pod), **own)
        self.pods.append(pod)
        return pod


# A scene goes in four parts: what was long ago, what was lately, and two parts of a step of the release. Between two of
# them Prometheus has scraped everything, and of the step seconds have gone by.
Scene = Iterator[None]


def plain(cast: Cast) -> Scene:
    cast.blue.serve(1000)
    cast.blue.serve(7, "500")
    yield
    cast.blue.serve(30)
    yield
    cast.blue.serve(200, value="b", seconds=0.0003)
    cast.blue.serve(3, "400")
    cast.green.serve(19, seconds=99)
    yield
    cast.green.serve(2, "500")
    cast.green.serve(1, "503")


def restarted(cast: Cast) -> Scene:
    cast.blue.serve(1000)
    yield
    yield
    cast.blue.serve(50)
    cast.green.serve(10, seconds=0.5)
    yield
    cast.blue.restart()
    cast.green.restart()
    cast.blue.serve(5000, value="b")
    cast.green.serve(9, seconds=0.5)
    cast.green.serve(4, "500", seconds=0.0001)


def scaled(cast: Cast) -> Scene:
    later = cast.join(Pod("green", "scaled"), "green-later")
    sooner = cast.join(Pod("green", "scaled"), "green-sooner")
    later.down = True
    yield
    yield
    cast.green.serve(10)
    sooner.serve(5)
    yield
    later.down, sooner.down = False, True
    later.serve(33)
    later.serve(2, "504")


def unreachable(cast: Cast) -> Scene:
    cast.blue.serve(4000)
    yield
    cast.blue.serve(100)
    cast.blue.down = True
    yield
    cast.blue.serve(20)
    yield
    cast.blue.down = False


def baked(cast: Cast) -> Scene:
    cast.blue.serve(9)
    yield
    cast.blue.serve(40)
    yield
    cast.green.serve(50)
    yield
    cast.green.serve(10)


def _shop(pod: Pod, *figures: int) -> None:
    names = (f'{name}_total{{slot="{slot}"}}' for slot in VERSIONS for name in ("orders", "visits"))
    pod.extra = "".join(f"{name} {figure}\n" for name, figure in zip(names, figures, strict=True))


def business(cast: Cast) -> Scene:
    one, two = (cast.join(Pod("blue", "shop"), f"shop-{number}") for number in "12")
    _shop(one, 100, 1000, 0, 0)
    _shop(two, 500, 9000, 0, 0)
    yield
    yield
    _shop(one, 110, 1100, 5, 60)
    _shop(two, 505, 9010, 0, 0)
    yield
    _shop(one, 120, 1200, 7, 80)
    _shop(two, 3, 30, 0, 0)


def _busy(cast: Cast) -> Scene:
    cast.blue.serve(100)
    yield
    yield
    cast.blue.serve(50)
    cast.green.serve(50)
    yield


def unbucketed(cast: Cast) -> Scene:
    cast.green.hidden = (f"{contract.REQUEST_DURATION}_bucket",)
    yield from _busy(cast)


def dropped(cast: Cast) -> Scene:
    cast.blue.serve(100_000)
    yield from _busy(cast)
    cast.blue.serve(9)
    cast.blue.hidden = (f"{contract.REQUEST_DURATION}_bucket",)


def uncounted(cast: Cast) -> Scene:
    cast.green.hidden = (contract.PREDICTIONS,)
    yield from _busy(cast)


def unscraped(cast: Cast) -> Scene:
    cast.green.hidden = (contract.REQUESTS,)
    yield from _busy(cast)


def another(cast: Cast) -> Scene:
    cast.green.version = "1.9.0"
    yield from _busy(cast)


def silent(cast: Cast) -> Scene:
    yield from _busy(cast)
    cast.green.down = True


def aged(cast: Cast) -> Scene:
    cast.green.stamp = str(int((time.time() - 120) * 1000))
    yield from _busy(cast)


def twice(cast: Cast) -> Scene:
    cast.join(cast.green, "green", zone="again")
    yield from _busy(cast)


def forgotten(cast: Cast) -> Scene:
    cast.blue.serve(100_000)
    cast.blue.down = True
    yield
    yield
    cast.blue.down = False
    yield


def _strange(cast: Cast, value: str) -> Scene:
    yield from _busy(cast)
    who = f'model="{cast.model}",slot="green",version="1.3.0"'
    cast.green.extra = f'{contract.REQUESTS}{{code="502",{who}}} {value}\n'


def nan(cast: Cast) -> Scene:
    return _strange(cast, "NaN")


def infinite(cast: Cast) -> Scene:
    return _strange(cast, "+Inf")


def negative(cast: Cast) -> Scene:
    return _strange(cast, "-1")


def _seldon(pod: Pod, code: str, requests: int, service: str = "predictions") -> str:
    who = (
        f'deployment_name="executor",predictor_name="{pod.slot}",predictor_version="{pod.version}",'
        f'service="{service}",method="post",code="{code}"'
    )
    bounds = [*contract.EXECUTOR_BUCKETS, "+Inf"]
    buckets = (f'{contract.EXECUTOR_DURATION}_bucket{{{who},le="{one}"}} {requests}\n' for one in bounds)
    return f"{contract.EXECUTOR_DURATION}_count{{{who}}} {requests}\n" + "".join(buckets)


def executor(cast: Cast) -> Scene:
    for pod in cast.pods:
        pod.model = "another"
    yield
    yield
    cast.blue.extra = _seldon(cast.blue, "200", 50) + _seldon(cast.blue, "200", 9, "metadata")
    yield
    cast.green.extra = _seldon(cast.green, "200", 20) + _seldon(cast.green, "500", 3)


SCENES = (
    plain, restarted, scaled, unreachable, baked, business, unbucketed, dropped, uncounted, unscraped, another, silent,
    aged, twice, forgotten, nan, infinite, negative, executor,
)  # fmt: skip


@dataclass
class World:
    """All scenes after they were played, under one Prometheus.

    Attributes:
        running: Prometheus.
        begin: When the step began, in all of them.
        dead: What was measured while another Prometheus of the same pods was dead.
        back: What was measured after that had come back.
    """

    running: Running
    begin: float
    dead: Window
    back: Window

    def window(self, scene: str, **asked: Any) -> Window:
        """Return what is measured of a scene."""
        return Prometheus(self.running.url).window(question(scene, self.begin, **asked))

    def flaws(self, scene: str, **asked: Any) -> tuple[str, ...]:
        """Return the flaws of a scene, without whose they are."""
        return tuple(
            flaw.removeprefix(f"Prometheus at {self.running.url}: ") for flaw in self.window(scene, **asked).flaws
        )


def play(running: Running, mortal: Running, servers: Exposed) -> World:
    """Play all scenes at the same time; the second Prometheus is killed meanwhile, and started again."""
    casts = [Cast(running, servers, scene.__name__) for scene in SCENES]
    plays = [scene(cast) for scene, cast in zip(SCENES, casts, strict=True)]
    frail = Cast(mortal, servers, "frail")
    pods = [pod for cast in (*casts, frail) for pod in cast.pods]
    _go(plays)
    for one in (running, mortal):
        one.start()
    scraped(*pods)
    _go(plays)
    scraped(*pods)
    begin = time.time()
    _go(plays)
    frail.green.serve(10)
    scraped(*pods)
    mortal.stop()
    _go(plays)
    frail.green.serve(7)
    dead = Prometheus(mortal.url).window(question("frail", begin))
    mortal.start()
    scraped(*pods)
    return World(running, begin, dead, Prometheus(mortal.url).window(question("frail", begin)))


def _go(plays: list[Scene]) -> None:
    for play in plays:
        next(play, None)
