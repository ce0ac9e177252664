"""Whose turn it is to send: one process at a time, another when that one falls silent, none too late."""

from collections import Counter
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from bot.foundation.db import Store
from bot.foundation.models import Lease
from bot.foundation.sender.pace import ONE_POST
from bot.foundation.sender.turn import ENOUGH, LASTS, NAME, RENEWED_BEFORE, Turn
from bot.foundation.slack_port import RateLimited
from tests.foundation.sender.conftest import CREDIT, SHOP, Desk
from tests.support.clock import VirtualClock
from tests.support.postgres import POSTGRES

SHARED = pytest.mark.parametrize("url", [pytest.param("postgresql", marks=POSTGRES)], indirect=True)
A_MOMENT = timedelta(milliseconds=1)


async def test_a_process_that_is_alone_always_has_the_turn_and_writes_nothing(sqlite_store: Store) -> None:
    turn = Turn(sqlite_store)
    assert await turn.take()
    assert turn.is_still(turn.number)
    await turn.hand_back(None)
    assert sqlite_store.read_now(lambda reading: reading.session.get(Lease, NAME)) is None


@SHARED
async def test_one_at_a_time_and_the_next_one_when_it_is_no_longer_renewed(store: Store, clock: VirtualClock) -> None:
    """P16."""
    first, second = Turn(store), Turn(store)
    began = clock.now()
    assert await first.take()
    assert not await second.take()
    assert second.theirs_until == began + LASTS
    clock.set(began + LASTS - A_MOMENT)
    assert not await second.take()
    clock.set(began + LASTS)
    assert await second.take()
    assert (first.number, second.number) == (1, 2)
    assert not first.is_still(1)
    assert not await first.take()


@SHARED
async def test_it_is_renewed_in_time_and_not_oftener_than_it_has_to(store: Store, clock: VirtualClock) -> None:
    turn, began = Turn(store), clock.now()
    await turn.take()
    clock.set(began + LASTS - RENEWED_BEFORE - A_MOMENT)
    await turn.take()
    assert _until(store) == began + LASTS
    clock.set(began + LASTS - RENEWED_BEFORE)
    await turn.take()
    assert (_until(store), turn.number) == (clock.now() + LASTS, 1)


@SHARED
async def test_nothing_is_called_in_the_last_moments_of_a_turn(store: Store, clock: VirtualClock) -> None:
    turn, began = Turn(store), clock.now()
    await turn.take()
    clock.set(began + LASTS - ENOUGH)
    assert turn.is_still(1)
    clock.pass_time(seconds=0.001)
    assert not turn.is_still(1)


@SHARED
async def test_what_began_in_an_earlier_turn_does_not_go_on_in_a_later_one(store: Store, clock: VirtualClock) -> None:
    """Both are ours, and in between another process may have done what we had begun."""
    first, second = Turn(store), Turn(store)
    await first.take()
    clock.pass_time(minutes=1)
    await second.take()
    await second.hand_back(None)
    assert await first.take()
    assert first.is_still(3)
    assert not first.is_still(1)


@SHARED
async def test_a_turn_is_handed_back_once_slack_may_be_called_again(store: Store, clock: VirtualClock) -> None:
    first, second = Turn(store), Turn(store)
    await first.take()
    quiet = clock.now() + timedelta(seconds=7)
    await first.hand_back(quiet)
    await first.hand_back(None)
    assert not await second.take()
    clock.set(quiet)
    assert await second.take()


def _until(store: Store) -> object:
    lease = store.read_now(lambda reading: reading.session.get(Lease, NAME))
    return lease.until if lease else None


# --- two senders ------------------------------------------------------------------------------------------------------


@SHARED
async def test_two_processes_keep_one_pace(any_desk: Desk) -> None:
    """F4, P16: never more than one post a second in a channel, whoever sends."""
    for n in range(4):
        any_desk.show(f"card:{n}", str(n))
    first, second = any_desk.sender, any_desk.new_sender()
    for _ in range(60):
        for sender in (first, second):
            await any_desk.once(sender)
        any_desk.clock.pass_time(seconds=0.25)
    moments = [call.at for call in any_desk.slack.made("post") if call.channel == SHOP]
    assert len(moments) == 4
    assert all(later - earlier >= ONE_POST for earlier, later in pairwise(moments))


@SHARED
async def test_who_stops_in_good_order_leaves_a_429_to_the_next(any_desk: Desk) -> None:
    """F4: nothing is sent before Retry-After has passed, not even by another process."""
    any_desk.slack.fail("post", RateLimited(30), channel=SHOP)
    any_desk.show("card:1", "a")
    any_desk.show("card:2", "b")
    began = any_desk.clock.now()
    await any_desk.once()
    await any_desk.sender.stop(1)
    await any_desk.run(any_desk.new_sender())
    assert Counter(call.text for call in any_desk.slack.made("post"))["b"] == 1
    assert min(call.at for call in any_desk.slack.made("post")[1:]) >= began + timedelta(seconds=30)


@SHARED
async def test_who_was_stopped_after_its_claim_does_not_post_when_it_goes_on(any_desk: Desk) -> None:
    """P16: between its claim and its call the process stands still until another one has posted."""
    any_desk.show("card:1", "once", CREDIT)
    stopped, other = any_desk.sender, any_desk.new_sender()
    check = stopped._delivery._check_turn

    def stand_still(*given: Any) -> None:
        any_desk.clock.pass_time(minutes=10)
        check(*given)

    stopped._delivery._check_turn = stand_still  # type: ignore[method-assign, assignment]
    await any_desk.once(stopped)
    assert any_desk.slack.made("post") == []
    await any_desk.run(other)
    await any_desk.run(stopped)
    assert [call.text for call in any_desk.slack.made("post")] == ["once"]
    assert any_desk.undone() == []


async def test_who_was_stopped_after_its_claim_does_not_touch_another_system(any_desk: Desk) -> None:
    """P16, P20: the claim is over; whoever takes over looks first."""
    any_desk.want("effect:1", kind="effect", name="a")
    submit = any_desk.store.submit

    async def slow(actor: Any, verb: Any, *given: Any, **named: Any) -> Any:
        answer = await submit(actor, verb, *given, **named)
        if getattr(verb, "__name__", "") == "claim":
            any_desk.clock.pass_time(minutes=10)
        return answer

    any_desk.store.submit = slow  # type: ignore[method-assign, assignment]
    await any_desk.once()
    assert any_desk.acted == []
    any_desk.store.submit = submit  # type: ignore[method-assign]
    await any_desk.run()
    assert len(any_desk.acted) == 1
