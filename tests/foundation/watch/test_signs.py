"""Signs of life: who has not shown one for too long is silent, whatever the wall clock does."""

from prometheus_client import REGISTRY
from sqlmodel import select

from bot.foundation.db import Store
from bot.foundation.models import Beat
from bot.foundation.watch.signs import SILENT_AFTER, Signs, ago, beat, since
from bot.foundation.work import Actor
from tests.support.clock import MORNING, VirtualClock

BACKOUT = Actor("system", "x", "x")


class Steady:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_who_does_not_come_round_is_silent_until_it_does(clock: VirtualClock) -> None:
    """P26."""
    steady = Steady()
    signs = Signs(clock, steady)
    signs.expect("worker")
    signs.expect("writer")
    steady.seconds = SILENT_AFTER
    assert signs.silent() == {}
    signs.show("writer")
    steady.seconds += 1
    assert signs.silent() == {"worker": "silent since 2026-11-21T09:00:00Z (31 s)"}
    signs.show("worker")
    assert signs.silent() == {}


def test_a_clock_that_jumps_silences_nobody_and_hides_nobody(clock: VirtualClock) -> None:
    """P15."""
    steady = Steady()
    signs = Signs(clock, steady)
    signs.expect("worker")
    clock.pass_time(hours=1)
    assert signs.silent() == {}
    clock.pass_time(hours=-3)
    steady.seconds = SILENT_AFTER + 1
    assert set(signs.silent()) == {"worker"}


def test_who_is_not_expected_is_never_missed(clock: VirtualClock) -> None:
    signs = Signs(clock, Steady())
    assert (signs.silent(), signs.seconds("worker")) == ({}, 0.0)


def test_how_long_a_loop_is_silent_can_be_read_as_a_figure(clock: VirtualClock) -> None:
    steady = Steady()
    Signs(clock, steady).expect("a loop of this test")
    steady.seconds = 7
    assert REGISTRY.get_sample_value("backout_loop_silent_seconds", {"loop": "a loop of this test"}) == 7


def test_a_moment_is_said_with_how_long_ago_it_was(clock: VirtualClock) -> None:
    clock.pass_time(seconds=75)
    assert since(MORNING, ago(clock.now(), MORNING)) == "since 2026-11-21T09:00:00Z (75 s)"


def test_a_beat_is_one_row_for_all(store: Store, clock: VirtualClock) -> None:
    store.submit_now(BACKOUT, beat, "worker")
    clock.pass_time(seconds=15)
    store.submit_now(BACKOUT, beat, "worker")
    found = store.read_now(lambda reading: reading.session.exec(select(Beat)).all())
    assert [(one.name, one.at) for one in found] == [("worker", clock.now())]
