"""What happens to a row: always by compare-and-set."""

from datetime import timedelta

import pytest
from sqlmodel import select

from bot.foundation.db import Store
from bot.foundation.models import OutboxRow, OutboxState, Posted
from bot.foundation.sender import rows
from bot.foundation.work import Actor, Lane, Work
from tests.support.clock import MORNING, VirtualClock

SENDER = Actor("system", "sender", "Backout")
LEASE = timedelta(seconds=60)


def want(store: Store, key: str = "card:1", lane: Lane = Lane.CARD) -> OutboxRow:
    store.submit_now(SENDER, lambda work: work.enqueue("card", key, {"n": 1}, lane=lane))
    return read(store, key)


def read(store: Store, key: str = "card:1") -> OutboxRow:
    return store.read_now(lambda reading: reading.session.exec(select(OutboxRow).where(OutboxRow.key == key)).one())


def claim(store: Store, row: OutboxRow) -> OutboxRow | None:
    return store.submit_now(SENDER, rows.claim, row, LEASE)


def never(*_given: object) -> None:
    raise AssertionError("settled by whoever lost the claim")


def claimed(store: Store) -> OutboxRow:
    mine = claim(store, want(store))
    assert mine is not None
    return mine


def test_of_two_who_saw_the_same_row_one_gets_it(store: Store) -> None:
    seen = want(store)
    first, second = claim(store, seen), claim(store, seen)
    assert first is not None
    assert second is None
    assert (first.state, first.attempts, first.unclear, first.claimed_until) == ("sending", 1, False, MORNING + LEASE)


def test_a_claim_from_before_a_long_pause_counts_for_nothing_though_the_row_was_done_and_wanted_again(
    store: Store, clock: VirtualClock
) -> None:
    """P16: the row looks the same again (taken for the first time), and yet it is another claim."""
    mine = claimed(store)
    clock.pass_time(seconds=61)
    second = claim(store, read(store))
    assert second is not None
    assert store.submit_now(SENDER, rows.serve, second)
    third = claim(store, want(store))
    assert third is not None
    assert (third.state, third.attempts) == (mine.state, mine.attempts)
    store.submit_now(SENDER, rows.settle, mine, never, {})
    store.submit_now(SENDER, lambda work: rows.again(work, mine, "late", work.now))
    store.submit_now(SENDER, rows.confirm, mine, None)
    assert read(store) == third


def test_whoever_lost_the_claim_does_not_move_a_message_that_stands(store: Store, clock: VirtualClock) -> None:
    """P16: it says where its own one stands only as long as nobody has posted another."""
    mine = claimed(store)
    clock.pass_time(seconds=61)
    second = claim(store, read(store))
    assert second is not None
    store.submit_now(SENDER, rows.confirm, second, Posted(key="card:1", channel="C1", ts="2.0"))
    store.submit_now(SENDER, rows.confirm, mine, Posted(key="card:1", channel="C1", ts="1.0"))
    posted = store.read_now(lambda reading: reading.session.get(Posted, "card:1"))
    assert posted is not None
    assert posted.ts == "2.0"


def test_whoever_takes_over_from_the_dead_has_to_look_first(store: Store, clock: VirtualClock) -> None:
    mine = claimed(store)
    clock.pass_time(seconds=61)
    second = claim(store, read(store))
    assert second is not None
    assert (second.attempts, second.unclear) == (2, True)
    for late in (
        lambda work: rows.again(work, mine, "late", work.now),
        lambda work: rows.put_off(work, mine, "late", "C1"),
        lambda work: rows.park(work, mine, "late", "C1"),
        lambda work: rows.serve(work, mine),
        lambda work: rows.settle(work, mine, never, {}),
    ):
        store.submit_now(SENDER, late)
        assert read(store) == second, "whoever lost the claim changes nothing"


def test_a_late_confirmation_still_says_where_the_message_stands(store: Store, clock: VirtualClock) -> None:
    mine = claimed(store)
    clock.pass_time(seconds=61)
    claim(store, read(store))
    store.submit_now(SENDER, rows.confirm, mine, Posted(key="card:1", channel="C1", ts="1.0", content="x"))
    assert store.read_now(lambda reading: reading.session.get(Posted, "card:1")) is not None
    assert read(store).state == OutboxState.SENDING


def test_serving_ends_a_row_unless_it_was_wanted_anew_meanwhile(store: Store) -> None:
    mine = claimed(store)
    want(store)
    assert store.submit_now(SENDER, rows.serve, mine)
    row = read(store)
    assert (row.state, row.wanted, row.served, row.attempts) == (OutboxState.WAITING, 2, 1, 0)
    again = claim(store, row)
    assert again is not None
    store.submit_now(SENDER, rows.serve, again)
    assert (read(store).state, read(store).served) == (OutboxState.DONE, 2)


def test_a_row_can_be_taken_when_it_is_due_or_its_lease_has_ended(store: Store, clock: VirtualClock) -> None:
    def due(work: Work) -> list[str]:
        return [row.key for row in rows.due(work, ["card"], (), 10)]

    want(store, "b", Lane.CARD)
    want(store, "a", Lane.DECISION)
    assert store.submit_now(SENDER, due) == ["a", "b"]
    claim(store, read(store, "a"))
    assert store.submit_now(SENDER, due) == ["b"]
    clock.pass_time(seconds=60)
    assert store.submit_now(SENDER, due) == ["a", "b"]
    row = read(store, "b")
    assert store.read_now(rows.due, ["card"], [row.id], 10)[0].key == "a"
    assert store.read_now(rows.due, ["other"], (), 10) == []
    assert len(store.read_now(rows.due, ["card"], (), 1)) == 1


def test_the_next_change_is_the_next_row_to_come_due_or_to_be_given_up(store: Store) -> None:
    assert store.read_now(rows.next_change, ()) is None
    mine = claimed(store)
    assert store.read_now(rows.next_change, ()) == MORNING + LEASE
    assert store.read_now(rows.next_change, [mine.id]) is None
    store.submit_now(SENDER, lambda work: work.enqueue("card", "later", {}, due_at=MORNING + timedelta(seconds=5)))
    assert store.read_now(rows.next_change, ()) == MORNING + timedelta(seconds=5)


def test_what_has_not_left_is_counted(store: Store) -> None:
    want(store, "a")
    mine = claim(store, want(store, "b"))
    assert mine is not None
    assert store.read_now(rows.waiting) == 2
    store.submit_now(SENDER, rows.serve, mine)
    assert store.read_now(rows.waiting) == 1


def test_taking_over_leaves_messages_the_time_to_arrive(store: Store) -> None:
    claimed(store)
    assert store.submit_now(SENDER, rows.take_over, ["effect"]) == 1
    assert read(store).claimed_until == MORNING + rows.LOOK_AGAIN
    assert store.submit_now(SENDER, rows.take_over, ["card"]) == 1
    assert read(store).claimed_until == MORNING


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 2), (2, 4), (5, 32), (6, 60), (7, 60), (10_000, 60)])
def test_the_waiting_doubles_up_to_a_minute(attempts: int, seconds: int) -> None:
    assert rows.back_off(attempts) == timedelta(seconds=seconds)
