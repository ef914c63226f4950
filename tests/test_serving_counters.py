"""Numbers that processes share, and how far each of them has come."""

from __future__ import annotations

from multiprocessing import get_context

from mlops_charts.serving.counters import READY, STOPPING, WAITING, Counters


def test_who_begins_while_all_are_to_stop_is_never_ready() -> None:
    """A process that loaded its model when the signal came, and one that follows a dead one, do not say otherwise."""
    counters = Counters(1, 2)
    slot = counters.take()
    counters.stop()
    counters.tell(slot, READY)
    later = get_context("fork").Process(target=_begin, args=(counters,))
    later.start()
    later.join(30)

    assert (later.exitcode, counters.ready(), counters.begun()) == (0, 0, 0)
    assert [counters.state(one)[0] for one in range(2)] == [STOPPING, STOPPING]


def _begin(counters: Counters) -> None:
    slot = counters.take()
    counters.tell(slot, READY)
    assert counters.state(slot)[0] == STOPPING


def test_a_slot_goes_on_from_what_a_dead_process_counted() -> None:
    """Its number stays in the sum, and whoever follows it waits until it is ready itself."""
    counters = Counters(1, 2)
    counters.take()
    first = get_context("fork").Process(target=_count, args=(counters,))
    first.start()
    first.join(30)
    begun = counters.ready()
    second = get_context("fork").Process(target=_count, args=(counters,))
    second.start()
    second.join(30)

    assert (first.exitcode, second.exitcode, begun, counters.sums()) == (0, 0, 0, [2.0])


def _count(counters: Counters) -> None:
    slot = counters.take()
    assert (slot, counters.state(slot)[0]) == (1, WAITING)
    counters.row(slot)[0] += 1
    counters.tell(slot, READY)
