"""Since when Slack takes nothing, and what is over."""

from datetime import timedelta

from bot.foundation import line
from bot.foundation.db import Store
from bot.foundation.work import Actor
from tests.support.clock import MORNING, VirtualClock

SENDER = Actor("system", "sender", "Backout")


def test_an_outage_begins_with_the_first_failure_and_ends_with_the_first_success(
    store: Store, clock: VirtualClock
) -> None:
    """P7: on both databases."""
    assert store.read_now(line.away_since) is None
    store.submit_now(SENDER, line.note_up)
    for _ in range(3):
        store.submit_now(SENDER, line.note_away, "HTTP 503")
        clock.pass_time(minutes=5)
    assert store.read_now(line.away_since) == MORNING
    store.submit_now(SENDER, line.note_up)
    store.submit_now(SENDER, line.note_up)
    assert store.read_now(line.away_since) is None
    outage = store.read_now(line.last_outage)
    assert outage == line.Outage(MORNING, MORNING + timedelta(minutes=15), "HTTP 503")
    assert outage is not None
    assert outage.length == timedelta(minutes=15)


def test_an_outage_is_taken_up_once_and_two_in_a_row_are_one(store: Store, clock: VirtualClock) -> None:
    for _ in range(2):
        store.submit_now(SENDER, line.note_away, "HTTP 503")
        clock.pass_time(minutes=5)
        store.submit_now(SENDER, line.note_up)
    assert store.submit_now(SENDER, line.take_up) == line.Outage(MORNING, clock.now(), "HTTP 503")
    assert store.submit_now(SENDER, line.take_up) is None


def test_a_moment_is_no_trouble_and_a_minute_is(store: Store, clock: VirtualClock) -> None:
    store.submit_now(SENDER, line.note_away, "HTTP 503")
    clock.pass_time(seconds=60)
    assert store.read_now(line.trouble) == ""
    clock.pass_time(seconds=1)
    assert store.read_now(line.trouble) == "Slack has taken nothing since 2026-11-21 09:00 UTC"
