"""Counts from the servers themselves: what a journal makes of looks, also where something breaks in between."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from model_servers import iris_folder
from model_servers import server as model_server
from prometheus_servers import CONVERSION, ERRORS, VERSIONS, Exposed, Pod, exposed, question, said, truth, until

from mlops_charts import contract
from mlops_charts.judge.counts import Counts, Window
from mlops_charts.releasing.journal import Journal, Look, thinned
from mlops_charts.releasing.scraping import Scraping

NOON = 1_700_000_000.0


@dataclass
class Scraped:
    """A pod in each slot, looked at when a test says so.

    Attributes:
        servers: What exposes the pods.
        journal: Where looks are kept.
        blue: The pod of the old version.
        green: The pod of the new one.
        addresses: Where they are.
    """

    servers: Exposed
    journal: Path
    blue: Pod = field(default_factory=lambda: Pod("blue", "iris"))
    green: Pod = field(default_factory=lambda: Pod("green", "iris"))
    addresses: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.addresses = {pod.slot: [self.address(pod)] for pod in (self.blue, self.green)}

    def address(self, pod: Pod) -> str:
        """Expose a pod, and return where."""
        return f"http://127.0.0.1:{self.servers.serve(pod)}/metrics"

    def window(self, after: float, begin: float = 0.0, **asked: Any) -> Window:
        """Return the window some seconds after noon."""
        return Scraping(self.addresses, self.journal).window(question("iris", NOON + begin, now=NOON + after, **asked))

    def note(self, after: float, begin: float = 0.0) -> tuple[str, ...]:
        """Look, some seconds after noon."""
        return Scraping(self.addresses, self.journal).note(question("iris", NOON + begin, now=NOON + after))


@pytest.fixture
def scraped(tmp_path: Path) -> Iterator[Scraped]:
    with exposed() as servers:
        yield Scraped(servers, tmp_path / "journal")


def test_counts_are_what_the_servers_did_since_the_look_ahead_of_the_step(scraped: Scraped) -> None:
    """However many looks there were, and what they had counted by then is not of the step."""
    scraped.blue.serve(1000)
    assert scraped.note(-3600) == ()
    scraped.blue.serve(300)
    scraped.blue.serve(3, "500")
    scraped.green.serve(9)
    scraped.note(-1)
    scraped.blue.serve(20)
    scraped.green.serve(10, seconds=99)
    first = scraped.window(5)
    scraped.green.serve(2, "503")
    scraped.green.serve(1, "404")

    window = scraped.window(10)

    assert window.flaws == ()
    assert said(first.candidate) == truth(10, a=10)
    assert said(window.stable) == truth(20, a=20)
    assert said(window.candidate) == truth(13, 2, a=10)
    assert window.candidate.latency[-1] == 10
    assert (window.before.requests, window.before.errors) == (303, 3)
    assert (window.begin, window.end, window.concurrent) == (NOON, NOON + 10, True)
    assert window.bounds == contract.LATENCY_BUCKETS


def test_without_a_look_ahead_of_the_step_the_first_one_behind_is_counted_from(scraped: Scraped) -> None:
    """Fewer counts, of both slots alike; a look of long ago says nothing of when the traffic came."""
    scraped.green.serve(9)
    scraped.note(-1000)
    scraped.green.serve(500)
    assert scraped.window(2).candidate == Counts(latency=(0,) * 57, predictions={"a": 0, "b": 0})
    scraped.green.serve(4)

    assert said(scraped.window(3).candidate) == truth(4, a=4)


def test_a_restart_begins_at_0_and_a_new_server_too(scraped: Scraped) -> None:
    """Also at another address; what one had done that is gone still counts."""
    scraped.note(-1)
    scraped.green.serve(30)
    scraped.window(1)
    scraped.green.restart()
    scraped.green.serve(4, "500")
    assert said(scraped.window(2).candidate) == truth(34, 4, a=30)
    other = Pod("green", "iris")
    other.serve(6)
    scraped.addresses["green"] = [scraped.address(other)]

    window = scraped.window(3)

    assert window.flaws == ()
    assert said(window.candidate) == truth(40, 4, a=36)


def test_while_baking_the_old_version_is_measured_ahead_of_the_switch(scraped: Scraped) -> None:
    """By as many seconds as the new one has had all the traffic; its pods may be gone by then."""
    scraped.note(-100)
    scraped.blue.serve(70)
    scraped.note(-10)
    scraped.blue.serve(30)
    scraped.note(0)
    scraped.green.serve(40)
    del scraped.addresses["blue"]

    window = scraped.window(10, phase="baking", pods={"green": 1})

    assert window.flaws == ()
    assert not window.concurrent
    assert said(window.candidate) == truth(40, a=40)
    assert said(window.stable) == truth(30, a=30)
    assert said(window.before) == truth(70, a=70)


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"down": True}, "answers with HTTP status 500"),
        ({"version": "1.9.0"}, "reports version 1.9.0, not 1.3.0; wait until that one runs"),
        ({"model": "other"}, f"exposes no {contract.REQUESTS} of iris in green; is that its address?"),
        ({"extra": "<html>"}, "does not expose metrics in the text form of Prometheus"),
        ({"hidden": (f"{contract.REQUEST_DURATION}_bucket",)}, f"exposes {contract.REQUEST_DURATION}_bucket no more"),
        ({"hidden": (contract.PREDICTIONS,)}, f"exposes {contract.PREDICTIONS} no more"),
    ],
)  # fmt: skip
def test_what_cannot_be_trusted_is_said(scraped: Scraped, wrong: dict[str, Any], expected: str) -> None:
    """A server that is not what it should be, or lacks what the checks need, is a flaw."""
    scraped.note(-1)
    scraped.green.serve(5)
    for name, value in wrong.items():
        setattr(scraped.green, name, value)

    window = scraped.window(1)

    assert [flaw for flaw in window.flaws if flaw.startswith("green") and expected in flaw], window.flaws


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-1", "-Inf"])
def test_what_is_no_count_is_said_and_not_kept(scraped: Scraped, value: str) -> None:
    """Once the server is sound again, all that it did is counted."""
    scraped.note(-1)
    scraped.green.extra = f'{contract.REQUESTS}{{code="502",model="iris",slot="green",version="1.3.0"}} {value}\n'
    scraped.green.serve(5)
    assert [flaw for flaw in scraped.window(1).flaws if "is no count" in flaw]
    scraped.green.extra = ""

    window = scraped.window(2)

    assert window.flaws == ()
    assert said(window.candidate) == truth(5, a=5)


def test_a_server_that_is_away_for_a_while_loses_nothing(scraped: Scraped) -> None:
    """It is a flaw for as long, and then counts on."""
    scraped.note(-1)
    scraped.green.serve(5)
    scraped.green.down = True
    assert len(scraped.window(1).flaws) == 1
    scraped.green.down = False
    assert said(scraped.window(2).candidate) == truth(5, a=5)
    nobody = Scraping({"blue": scraped.addresses["blue"], "green": ["http://127.0.0.1:9/metrics"]}, scraped.journal)
    assert "green: http://127.0.0.1:9/metrics does not answer: " in nobody.note(question("iris", NOON, now=NOON + 3))[0]


def test_all_pods_must_be_named(scraped: Scraped) -> None:
    """Those that nobody scrapes may be those that fail."""
    scraped.note(-1)

    window = scraped.window(1, pods={"blue": 1, "green": 2})

    assert window.flaws == ("green has 2 available pods, and 1 addresses to scrape; name them all",)


def test_what_only_prometheus_knows_is_said(scraped: Scraped) -> None:
    """A figure of the business is asked in PromQL."""
    scraped.note(-1)

    window = scraped.window(1, checks=(ERRORS, CONVERSION))

    assert window.flaws == (
        "business conversion asks Prometheus, and there is none; leave the check out, or name prometheus.url",
    )


def test_a_step_in_the_future_and_a_first_version_are_said(scraped: Scraped) -> None:
    """Neither has anything to count."""
    assert [flaw for flaw in scraped.window(1, 20).flaws if "19 s in the future by the clock here" in flaw]
    none = scraped.window(2, versions={**VERSIONS, "blue": ""})
    assert [flaw for flaw in none.flaws if "blue holds no version" in flaw]


def test_looks_of_the_future_are_forgotten(scraped: Scraped) -> None:
    """A clock that was ahead for a moment is a flaw of one look, not of all that follow."""
    scraped.note(-1)
    scraped.green.serve(5)
    scraped.window(500)
    assert [flaw for flaw in scraped.window(2).flaws if "498 s ahead of the clock here" in flaw]

    window = scraped.window(3)

    assert window.flaws == ()
    assert said(window.candidate) == truth(5, a=5)


def test_a_journal_that_cannot_be_written_or_read_is_a_flaw(scraped: Scraped, tmp_path: Path) -> None:
    """Nothing is raised, and nothing counted."""
    (tmp_path / "journal").write_text("no folder")

    window = scraped.window(1)

    assert [flaw for flaw in window.flaws if "cannot be written or read" in flaw]
    assert (window.stable, window.candidate) == (Counts(), Counts())
    assert [flaw for flaw in scraped.note(2) if "cannot be written or read" in flaw]


def test_a_look_that_cannot_be_read_counts_as_not_there(scraped: Scraped) -> None:
    """The one ahead of it says the same, because counters count on."""
    scraped.note(-1)
    scraped.green.serve(5)
    scraped.note(1)
    newest = max(scraped.journal.glob("*.json"))
    for text in ("", "{", "[]", '{"pods": [{}]}', '{"pods": 3}'):
        newest.write_text(text)
        scraped.green.serve(1)
        window = scraped.window(1)
        assert window.flaws == ()
    assert said(window.candidate) == truth(10, a=10)


KILLED = """
import sys
from pathlib import Path
from prometheus_servers import question
from mlops_charts.releasing.scraping import Scraping
blue, green, journal, now = sys.argv[1:]
at = float(now)
print("begun", flush=True)
while True:
    at += 1
    Scraping({"blue": [blue], "green": [green]}, Path(journal)).note(question("iris", 1_700_000_000.0, now=at))
"""


def test_a_look_that_is_killed_leaves_all_or_nothing(scraped: Scraped) -> None:
    """Killed at any moment, the journal still says the truth afterwards."""
    scraped.note(-1)
    for turn in range(4):
        command = [sys.executable, "-c", KILLED, *scraped.addresses["blue"], *scraped.addresses["green"]]
        looks = [*command, str(scraped.journal), str(NOON + 1000 * turn)]
        path = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parent.parent)])
        with subprocess.Popen(looks, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path}) as process:
            assert process.stdout is not None
            process.stdout.readline()
            scraped.green.serve(100)
            reads = scraped.green.reads
            until(lambda reads=reads, turn=turn: scraped.green.reads > reads + turn, "a look")
            process.send_signal(signal.SIGKILL)

        window = scraped.window(1000 * turn + 900)
        assert window.flaws == ()
        assert said(window.candidate) == truth(100 * (turn + 1), a=100 * (turn + 1))


def test_the_journal_stays_small_and_keeps_the_beginning_of_the_step(tmp_path: Path) -> None:
    """Eight days of looks are two thousand files at most; those that were kept are not moved later."""
    times = [float(at) for at in range(0, 9 * 86_400, 5)]
    now = times[-1]

    kept = thinned(times, now)

    assert len(kept) < 2000
    assert kept[-12:] == times[-12:]
    assert min(kept) >= now - 8 * 86_400
    assert thinned(kept, now) == kept
    journal = Journal(tmp_path)
    for at in range(200):
        journal.write(Look(float(at), ()))
    (tmp_path / "000000000001000.json.7.part").touch()
    journal.thin(200.0, [33.0])
    assert [at for at in journal.times() if at < 140] == [0, 15, 30, 33, 45, 60, 75, 90, 105, 120, 135]
    assert not list(tmp_path.glob("*.part"))


def test_a_real_server_counts_as_it_answers(tmp_path: Path) -> None:
    """Its metrics are those that are asked for, errors and classes included."""
    identity = {"MODEL": "iris", "SLOT": "green", "VERSION": "1.3.0"}
    row = {"inputs": [{"name": "predict", "shape": [1, 4], "datatype": "FP64", "data": [5.1, 3.5, 1.4, 0.2]}]}
    with exposed() as servers, model_server(iris_folder(tmp_path / "model"), tmp_path / "log", env=identity) as green:
        blue = f"http://127.0.0.1:{servers.serve(Pod('blue', 'iris'))}"
        source = Scraping({"blue": [blue], "green": [f"http://127.0.0.1:{green.metrics_port}/metrics"]}, tmp_path / "j")
        begin = time.time()
        assert source.note(question("iris", begin)) == ()
        for _ in range(5):
            assert green.post("/v2/models/iris/infer", row)[0] == 200
        assert green.post("/v2/models/iris/infer", {"inputs": []})[0] == 400

        window = source.window(question("iris", begin))

    assert window.flaws == ()
    assert (window.candidate.requests, window.candidate.errors, sum(window.candidate.latency)) == (6, 0, 6)
    assert window.candidate.predictions == {"setosa": 5, "versicolor": 0, "virginica": 0}
