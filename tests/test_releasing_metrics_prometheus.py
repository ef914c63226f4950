"""Counts out of a real Prometheus, which scrapes real servers, and what it says when something is wrong."""

import time
from collections.abc import Iterator

import pytest
from prometheus_scenes import World, play
from prometheus_servers import (
    CONVERSION,
    DRIFT,
    ERRORS,
    LATENCY,
    VERSIONS,
    Running,
    exposed,
    question,
    said,
    truth,
)

from mlops_charts import contract
from mlops_charts.judge.counts import Counts
from mlops_charts.releasing.prometheus import Prometheus


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """All scenes, played at the same time."""
    running, mortal = (Running(tmp_path_factory.mktemp(name)) for name in ("prometheus", "mortal"))
    with exposed() as servers:
        try:
            yield play(running, mortal, servers)
        finally:
            running.stop()
            mortal.stop()


def test_counts_are_what_the_servers_did_since_the_step_began(world: World) -> None:
    """What was ahead of it counts in `before` alone; buckets are not cumulated, and a 503 is an error."""
    window = world.window("plain")

    assert window.flaws == ()
    assert said(window.stable) == truth(203, b=200)
    assert said(window.candidate) == truth(22, 3, a=19)
    assert (window.candidate.latency[-1], window.stable.latency[1]) == (19, 200)
    assert (window.before.requests, window.before.errors) == (1037, 7)
    assert window.bounds == contract.LATENCY_BUCKETS
    assert (window.begin, window.concurrent) == (pytest.approx(world.begin, abs=0.001), True)
    assert abs(window.end - time.time()) < 30


def test_a_restart_loses_nothing_that_was_scraped(world: World) -> None:
    """The counters of a pod fall together, so those that would not show it by themselves begin at 0 too."""
    window = world.window("restarted")

    assert window.flaws == ()
    assert said(window.stable) == truth(5050, a=50, b=5000)
    assert said(window.candidate) == truth(23, 4, a=19)
    assert window.candidate.latency[0] == 4


def test_a_pod_that_comes_later_counts_from_0_and_one_that_goes_keeps_what_it_did(world: World) -> None:
    """Autoscaling in the middle of a step changes no count; fewer pods than there are is a flaw."""
    window = world.window("scaled", pods={"blue": 1, "green": 2})
    assert window.flaws == ()
    assert said(window.candidate) == truth(50, 2, a=48)

    expected = "green has 3 available pods, and 2 of them report; look at its targets"
    assert world.flaws("scaled", pods={"blue": 1, "green": 3}) == (expected,)


def test_a_pod_that_was_unreachable_as_the_step_began_counts_from_what_is_known_of_it(world: World) -> None:
    """It is no new pod: what it had counted by then is not of this step."""
    window = world.window("unreachable")

    assert window.flaws == ()
    assert said(window.stable) == truth(120, a=120)


def test_while_baking_the_old_version_is_measured_ahead_of_the_switch(world: World) -> None:
    """It has no traffic any more; as many seconds as the new one has had all of it are looked at."""
    window = world.window("baked", phase="baking", pods={"green": 1, "blue": 0})

    assert window.flaws == ()
    assert not window.concurrent
    assert said(window.candidate) == truth(60, a=60)
    assert window.stable.requests in {40, 49}  # the latter where the world began within these seconds
    assert window.stable.errors == 0


def test_figures_of_the_business_are_by_how_much_their_counters_grew(world: World) -> None:
    """A sum is taken apart, so that the restart of one of its series is seen."""
    window = world.window("business", checks=(ERRORS, CONVERSION))

    assert window.flaws == ()
    assert window.stable.business == {"conversion": (28, 240)}
    assert window.candidate.business == {"conversion": (7, 80)}


@pytest.mark.parametrize(
    ("success", "total", "expected"),
    [
        ('sum(orders_total{slot="{slot}"}) * 1', None, "blue has business conversion by a success that falls"),
        ('sum(visits_total{slot="{slot}"})', 'orders_total{slot="{slot}"}', "with more successes than trials"),
        ('misspelt_total{slot="{slot}"}', None, "with trials and no series of successes"),
        ('0 - orders_total{slot="{slot}"}', None, "green has business conversion by a success that is negative"),
        ('orders_total{slot="{slot}"} / 0', None, "green has business conversion by a success that is negative or no"),
        ('sum(orders_total{slot="{slot}"', None, "refuses: "),
    ],
)  # fmt: skip
def test_a_figure_that_cannot_be_counted_is_said(world: World, success: str, total: str | None, expected: str) -> None:
    """A query of the user's that is no counter decides nothing."""
    check = CONVERSION.model_copy(update={"success": success, "total": total or CONVERSION.total})

    window = world.window("business", checks=(check,))

    assert [flaw for flaw in window.flaws if expected in flaw and "business conversion" in flaw], window.flaws
    assert not (window.stable.business and window.candidate.business)


@pytest.mark.parametrize(
    ("scene", "expected"),
    [
        ("unbucketed", f"green has requests and no series {contract.REQUEST_DURATION}_bucket; look whether"),
        ("dropped", f"blue has requests and no series {contract.REQUEST_DURATION}_bucket; look whether"),
        ("uncounted", f"green has requests and no series {contract.PREDICTIONS}; serve a version with a profile"),
        ("unscraped", "green is not scraped at all in iris-staging; look at the targets of unscraped there"),
        ("silent", "green is not scraped at all in iris-staging; look at the targets of silent there"),
        ("another", "green has a pod that reports version 1.9.0, not 1.3.0; wait until it is gone"),
        ("aged", "green was scraped 1"),
        ("twice", "green has the pod green in two targets, so that it would count twice; let one job scrape it"),
        ("forgotten", "blue is not known from the beginning of the step on"),
        ("nan", f"green exposes {contract.REQUESTS} nan in green, which is no count"),
        ("infinite", f"green exposes {contract.REQUESTS} inf in green, which is no count"),
        ("negative", f"green exposes {contract.REQUESTS} -1 in green, which is no count"),
        ("unheard-of", "blue is not scraped at all in iris-staging"),
    ],
)  # fmt: skip
def test_what_cannot_be_trusted_is_said(world: World, scene: str, expected: str) -> None:
    """A series that is missing, late, double, of another version or no number never passes for a count."""
    assert [flaw for flaw in world.flaws(scene) if flaw.startswith(expected)], world.flaws(scene)


def test_a_metric_that_somebody_drops_is_no_restart(world: World) -> None:
    """What the pod did ahead of the step does not come into its counts."""
    assert world.window("dropped", checks=(ERRORS,)).stable.requests == 59


@pytest.mark.parametrize("skew", [-3600, -65, 65, 3600])
def test_clocks_that_differ_are_said(world: World, skew: int) -> None:
    """By more than a minute, in either direction."""
    source = Prometheus(world.running.url, here=lambda: time.time() + skew)

    window = source.window(question("plain", world.begin))

    assert [flaw for flaw in window.flaws if f"differs by {-skew:+d} s from the one here" in flaw]
    assert window.candidate == Counts()


def test_a_step_in_the_future_or_without_a_beginning_is_said(world: World) -> None:
    """Neither can be measured."""
    later = Prometheus(world.running.url).window(question("plain", time.time() + 30))
    assert [flaw for flaw in later.flaws if "in the future" in flaw]
    never = Prometheus(world.running.url).window(question("plain", 0))
    assert [flaw for flaw in never.flaws if "does not say when its step began" in flaw]


def test_a_first_version_has_nothing_to_compare_with(world: World) -> None:
    """The empty slot is a flaw, and not a version without errors."""
    assert [flaw for flaw in world.flaws("plain", versions={**VERSIONS, "blue": ""}) if "blue holds no" in flaw]


def test_the_executor_is_asked_for_its_predictions_alone(world: World) -> None:
    """Other services of it do not count; it knows no rows, and has no series ahead of the first request."""
    window = world.window("executor", checks=(ERRORS, LATENCY), executor=True)

    assert window.flaws == ()
    assert (window.stable.requests, window.stable.errors) == (50, 0)
    assert (window.candidate.requests, window.candidate.errors) == (23, 3)
    assert (window.candidate.predictions, window.candidate.latency[0]) == ({}, 23)
    assert window.bounds == contract.EXECUTOR_BUCKETS
    drift = world.flaws("executor", checks=(DRIFT,), executor=True)
    assert [flaw for flaw in drift if "counts no predictions" in flaw]


def test_without_prometheus_there_are_no_counts_and_afterwards_all_of_them(world: World) -> None:
    """It was killed in the middle of a step; what the servers did meanwhile they have counted themselves."""
    assert len(world.dead.flaws) == 1
    assert "does not answer: " in world.dead.flaws[0]
    assert (world.dead.candidate, world.dead.stable) == (Counts(), Counts())
    assert world.back.flaws == ()
    assert said(world.back.candidate) == truth(17, a=17)
