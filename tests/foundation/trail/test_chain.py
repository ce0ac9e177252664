"""T23, P15: a key for each day, checkpoints over what is new, whatever the clock does."""

import json
from datetime import timedelta

import pytest

from bot.foundation import trail
from bot.foundation.db import Store
from bot.foundation.models import TrailHead
from bot.foundation.trail.chain import SEAL_AFTER, SEAL_AT, SEGMENT
from bot.foundation.work import Work
from tests.foundation.conftest import opened
from tests.foundation.trail.days import A_DAY, DAYS, LAST, MAYA, OPEN, checked, first_key, note, rows, seal
from tests.support.clock import VirtualClock
from tests.support.stores import TRAIL_KEY


def epochs(store: Store) -> list[int]:
    return [row[0] for row in rows(store, "SELECT key_id FROM trail_entry ORDER BY seq")]


def head(store: Store) -> TrailHead:
    return store.read_now(lambda reading: reading.session.get_one(TrailHead, 1))


def test_each_day_has_its_own_key(lived_anywhere: Store) -> None:
    assert epochs(lived_anywhere) == [day for day in range(1, DAYS + 1) for _ in range(A_DAY)]
    report = checked(lived_anywhere, first_key())
    assert (report.whole, report.damage, report.sealed, report.open) == (LAST, None, LAST - OPEN, 0)


def test_the_store_forgets_a_days_key_once_the_next_is_in_use(lived_anywhere: Store) -> None:
    assert lived_anywhere.trail_key.epoch == DAYS
    assert not lived_anywhere.trail_key.knows(DAYS - 1)


def test_a_days_last_entries_are_sealed_before_its_key_goes(lived_anywhere: Store) -> None:
    """Otherwise nobody but the holder of the first key could check them ever again."""
    sealed = [tuple(row) for row in rows(lived_anywhere, "SELECT seq, number FROM trail_checkpoint ORDER BY seq")]
    assert sealed == [(5, 1), (10, 2), (15, 3), (20, 4), (25, 5), (28, 6)]
    said = [json.loads(row[0]) for row in rows(lived_anywhere, "SELECT body FROM trail_checkpoint ORDER BY seq")]
    assert [one["epoch"] for one in said] == [1, 1, 2, 2, 3, 3]
    assert [one["next"] for one in said if one["last"] == A_DAY] == [said[2]["public"]]


@pytest.mark.parametrize("hours", [[24, -24, 24], [-48, 1, 48], [24 * 400, -24 * 400, 24], [24, 24, -48, 1]])
def test_whatever_the_clock_does_epochs_only_count_up(store: Store, clock: VirtualClock, hours: list[int]) -> None:
    """P15: a clock that was ahead for a while must not stop the evolution until that time has come."""
    store.submit_now(MAYA, note, "INC-1", "first")
    for jump in hours:
        clock.pass_time(hours=jump)
        store.submit_now(MAYA, note, "INC-1", f"after {jump} hours")
    found = epochs(store)
    assert found == sorted(found)
    assert found[-1] - found[0] == sum(abs(jump) >= 24 for jump in hours)
    assert checked(store, first_key()).damage is None


def test_a_work_that_fails_on_a_new_day_leaves_yesterdays_key_in_place(store: Store, clock: VirtualClock) -> None:
    def fail(work: Work) -> None:
        note(work, "INC-1", "never")
        work.finish()
        raise ZeroDivisionError

    store.submit_now(MAYA, note, "INC-1", "yesterday")
    clock.pass_time(days=1)
    with pytest.raises(ZeroDivisionError):
        store.submit_now(MAYA, fail)
    assert (store.trail_key.epoch, head(store).key_id, head(store).sealed) == (1, 1, 0)
    store.submit_now(MAYA, note, "INC-1", "today")
    assert (store.trail_key.epoch, epochs(store)) == (2, [1, 2])
    assert checked(store, first_key()).damage is None


def test_two_processes_change_keys_together(url: str, clock: VirtualClock) -> None:
    one, other = opened(url, clock), opened(url, clock)
    try:
        for store in (one, other):
            store.submit_now(MAYA, note, "INC-1", "day one")
        clock.pass_time(days=1)
        for store in (one, other, one, other):
            store.submit_now(MAYA, note, "INC-1", "day two")
        assert epochs(one) == [1, 1, 2, 2, 2, 2]
        assert (one.trail_key.epoch, other.trail_key.epoch) == (2, 2)
        assert checked(one, first_key()).damage is None
    finally:
        one.close()
        other.close()


def test_a_checkpoint_is_due_after_a_minute_or_a_hundred_entries_or_at_once(store: Store, clock: VirtualClock) -> None:
    start = clock.now()
    store.submit_now(MAYA, note, "INC-1", "one")
    clock.pass_time(seconds=20)
    store.submit_now(MAYA, note, "INC-1", "two")
    assert head(store).seal_at == start + SEAL_AFTER
    for number in range(SEAL_AT - 2):
        store.submit_now(MAYA, note, "INC-1", f"more {number}")
    assert head(store).seal_at == clock.now()
    assert store.submit_now(MAYA, seal) == SEAL_AT
    assert head(store).seal_at is None
    store.submit_now(MAYA, lambda work: work.record("rollback.started", "INC-1"))
    assert head(store).seal_at == clock.now()
    assert (store.submit_now(MAYA, seal), store.submit_now(MAYA, seal)) == (SEAL_AT + 1, None)


def test_a_clock_set_back_does_not_put_off_the_next_checkpoint(store: Store, clock: VirtualClock) -> None:
    """P15."""
    store.submit_now(MAYA, note, "INC-1", "one")
    clock.pass_time(hours=-1)
    store.submit_now(MAYA, note, "INC-1", "two")
    assert head(store).seal_at == clock.now() + SEAL_AFTER


def test_a_long_trail_from_before_is_sealed_in_steps(sqlite_store: Store, clock: VirtualClock) -> None:
    """A database of an earlier version: one key, many days, no checkpoint, and no day in the head row."""

    def write(work: Work) -> None:
        records = [
            trail.Record("old.entry", "INC-1", "system:x", "X", work.now + timedelta(0)) for _ in range(SEGMENT + 3)
        ]
        trail.append(work.session, TRAIL_KEY, work.ids, records)

    sqlite_store.submit_now(MAYA, write)
    with sqlite_store.writer.begin() as connection:
        connection.exec_driver_sql("UPDATE trail_head SET day = NULL, seal_at = NULL")
    clock.pass_time(days=1)
    sqlite_store.submit_now(MAYA, note, "INC-1", "after the upgrade")
    assert head(sqlite_store).seal_at == clock.now()
    assert [sqlite_store.submit_now(MAYA, seal) for _ in range(3)] == [SEGMENT, SEGMENT + 4, None]
    report = checked(sqlite_store, first_key())
    assert (report.damage, report.sealed) == (None, SEGMENT + 4)
