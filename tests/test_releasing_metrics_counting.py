"""From values of counters to counts: restarts, late series, statuses, buckets; and the text that they are read from."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_servers import Pod

from mlops_charts import contract
from mlops_charts.generators.monitoring.series import series_of
from mlops_charts.judge.counts import Counts
from mlops_charts.releasing.business import bare
from mlops_charts.releasing.counting import EXECUTOR, NOT_PREDICTIONS, SERVER, Key, counted, growth, increase, names_of
from mlops_charts.releasing.exposition import samples

ALL = ("errorRate", "latency", "predictionDrift", "business")


def key(name: str, **labels: str) -> Key:
    return name, tuple(sorted(labels.items()))


def answers(**codes: float) -> dict[Key, float]:
    return {key(SERVER.requests, code=code.removeprefix("c")): value for code, value in codes.items()}


def buckets(*counts: float, bounds: tuple[float, ...] = SERVER.bounds) -> dict[Key, float]:
    """Return cumulated buckets, the last count standing for all bounds behind."""
    names = [*map(str, bounds), "+Inf"]
    values = [*counts, *[counts[-1]] * (len(names) - len(counts))]
    return {key(SERVER.buckets, le=name): value for name, value in zip(names, values, strict=True)}


@given(
    st.lists(st.tuples(st.lists(st.integers(0, 5), min_size=3, max_size=3), st.booleans()), min_size=1, max_size=12),
    st.integers(0, 3),
)
def test_growth_is_what_happened_whatever_restarts(events: list[tuple[list[int], bool]], begin: int) -> None:
    """A restart that shows in any counter is seen in all; one that shows in none hides no more than what it lost."""
    keys = [key("a", code=str(number)) for number in range(3)]
    values = dict.fromkeys(keys, 0.0)
    series: dict[Key, dict[int, float]] = {one: {} for one in keys}
    happened = 0
    for look, (more, again) in enumerate(events):
        after = {one: (0.0 if again else values[one]) + extra for one, extra in zip(keys, more, strict=True)}
        seen = not again or any(after[one] < values[one] for one in keys) or not any(values.values())
        if look > begin:
            happened += sum(more) if seen else sum(round(after[one] - values[one]) for one in keys)
        values = after
        for one in keys:
            series[one][look] = values[one]

    grown = growth(series, begin, len(events) - 1)

    assert sum(grown.values()) == happened
    assert all(more >= 0 for more in grown.values())


def test_what_is_gone_while_its_like_are_there_was_lost_in_a_restart() -> None:
    """Seldon's executor has no series of a status that it has not yet answered with."""
    assert increase(answers(c200=5, c500=2), answers(c200=9)) == answers(c200=9)
    assert increase(answers(c200=5), answers(c200=9, c500=2)) == answers(c200=4, c500=2)
    assert increase({}, answers(c200=3)) == answers(c200=3)
    assert increase({**answers(c200=5), **buckets(5)}, answers(c200=9)) == answers(c200=4)


def test_a_gap_is_bridged_and_what_is_dropped_at_the_end_is_not_counted() -> None:
    """A look without a pod says nothing of it."""
    requests, rows = key(SERVER.requests, code="200"), key(SERVER.predictions, value="a")
    series = {requests: {0: 10.0, 1: 12.0, 4: 20.0}, rows: {0: 1.0, 1: 3.0}}
    assert growth(series, 0, 4) == {requests: 10}
    assert growth({requests: {0: 10.0, 3: 15.0}}, 2, 3) == {requests: 5}
    assert growth({requests: {3: 15.0}}, 2, 3) == {requests: 15}


@pytest.mark.parametrize(
    ("code", "errors"),
    [("200", 0), ("404", 0), ("499", 0), ("500", 1), ("503", 1), ("599", 1), ("other", 0), ("OK", 0),
     ("InvalidArgument", 0), ("ResourceExhausted", 0), ("Internal", 1), ("Unavailable", 1)],
)  # fmt: skip
def test_errors_are_statuses_of_500_and_more(code: str, errors: int) -> None:
    """Those of an overloaded server too; gRPC's are those that HTTP would answer so."""
    found = counted([{key(SERVER.requests, code=code): 1.0}], SERVER, ("errorRate",))

    assert found.flaws == ()
    assert (found.counts.requests, found.counts.errors) == (1, errors)


@pytest.mark.parametrize("code", ["", "teapot", "\u0665\u0660\u0660", "5xx"])
def test_what_is_no_status_is_said(code: str) -> None:
    """Nobody knows then whether it failed."""
    found = counted([{key(SERVER.requests, code=code): 1.0}], SERVER, ())

    assert found.flaws == (f"counts answers with the status {code!r}, which is none",)


def test_pods_are_added_up() -> None:
    """Buckets not cumulated, rows by value."""
    one = {**answers(c200=3), **buckets(1, 3), key(SERVER.predictions, value="a"): 3.0}
    two = {**answers(c200=1, c500=1), **buckets(0, 0, 2), key(SERVER.predictions, value="b"): 1.0}

    found = counted([one, two], SERVER, ALL)

    assert found.flaws == ()
    latency = (1, 2, 2, *[0] * (len(SERVER.bounds) - 2))
    assert found.counts == Counts(5, 1, latency, {"a": 3, "b": 1})
    assert counted([], SERVER, ALL).counts == Counts()


@pytest.mark.parametrize(
    ("pod", "expected"),
    [
        (answers(c200=1), "has requests and no series mlops_server_request_duration_seconds_bucket"),
        ({**answers(c200=1), **buckets(1, bounds=(0.1, 0.2))}, "has other buckets"),
        ({**answers(c200=1), **buckets(1), key(SERVER.buckets, le="x"): 1.0}, "has other buckets"),
        ({**answers(c200=2), **buckets(2, 1)}, "that contradict each other"),
        ({**answers(c200=2), **buckets(2)}, "has requests and no series mlops_server_predictions_total"),
        (buckets(2), "has a pod without mlops_server_requests_total"),
    ],
)  # fmt: skip
def test_what_the_checks_need_and_a_pod_lacks_is_said(pod: dict[Key, float], expected: str) -> None:
    """It would otherwise be taken for answers in no time, or rows of no class."""
    sound = {**answers(c200=1), **buckets(1), key(SERVER.predictions, value="a"): 1.0}

    found = counted([sound, pod], SERVER, ALL)

    assert [flaw for flaw in found.flaws if expected in flaw]
    assert counted([sound], SERVER, ALL).flaws == ()


def test_what_no_check_needs_may_be_missing() -> None:
    """A server without durations can still be judged by its errors."""
    assert counted([answers(c200=1)], SERVER, ("errorRate",)).flaws == ()


def test_names_are_those_that_alerts_and_dashboards_go_by() -> None:
    """The judge and whoever looks at a dashboard see the same series."""
    from monitoring_samples import plan  # noqa: PLC0415 - plans are for this test alone

    for spec, names in (({}, SERVER), ({"serving": {"runtime": "sklearn"}}, EXECUTOR)):
        decided = plan(spec)
        series = series_of(decided, decided.environment("staging"))
        assert names_of(executor=not series.own_server) == names
        assert (series.requests, f"{series.duration}_bucket") == (names.requests, names.buckets)
        assert (series.model, series.slot, series.version) == (names.model, names.slot, names.version)
        assert series.requests_matcher in {"", f'service!~"{"|".join(NOT_PREDICTIONS)}"'}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('sum(a{x=")"})', 'a{x=")"}'),
        (" sum ( a ) ", " a "),
        ("sum(a) / sum(b)", None),
        ("sum by (x) (a)", None),
        ("sum(a) # sum", None),
        ("sum(a", None),
        ("sum(sum(a))", "sum(a)"),
        ("sum(a{x='\\')'} + on() (b))", "a{x='\\')'} + on() (b)"),
        ("summary(a)", None),
        ("", None),
    ],
)  # fmt: skip
def test_a_sum_over_everything_is_taken_off(query: str, expected: str | None) -> None:
    """And nothing else is: its parentheses are told from those in texts."""
    assert bare(query) == (query if expected is None else expected)


def test_the_text_of_metrics_is_read_strictly() -> None:
    """Escapes, times, spaces, numbers that are none; a line that is nothing spoils it all."""
    text = (
        '# HELP a b\n# TYPE a counter\n\na{x="1,2}\\"\\\\\\n",y=""} 3 1700000000000\n'
        'b 1\na 2.5e3\na{} NaN\na{x="1",} +Inf\n'
    )
    found = [(one.labels, one.value) for one in samples(text, ("a",))]
    assert found[:2] == [((("x", '1,2}"\\\n'), ("y", "")), 3), ((), 2500)]
    assert math.isnan(found[2][1])
    assert found[3] == ((("x", "1"),), math.inf)
    assert len(list(samples(Pod("blue", "iris").text(), SERVER.all))) == 1 + 2 + len(contract.LATENCY_BUCKETS) + 1
    for line in ("a", "a b", "a{x=1} 2", 'a{x="1"', "1a 2", "a 1 2 3", "<html>", 'a{x="1"}2', "a 1\r"):
        with pytest.raises(ValueError, match=r"."):
            list(samples(f"{line}\n", ("a",)))
