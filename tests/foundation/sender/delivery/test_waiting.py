"""Slack says wait, or nothing at all: everything is kept, in order."""

import itertools
from datetime import timedelta

import pytest

from bot.foundation.slack_port import RateLimited, SlackError, Unclear, Unreachable
from tests.foundation.sender.conftest import CREDIT, SHOP, Desk

CARD = "card:INC-1"


@pytest.mark.parametrize("seconds", [1, 17, 60])
async def test_a_429_waits_exactly_as_long_as_slack_says_and_other_channels_go_on(desk: Desk, seconds: int) -> None:
    """F4: nothing before `Retry-After` ends, and nothing long after."""
    desk.slack.fail("post", RateLimited(seconds), channel=SHOP)
    start = desk.clock.now()
    desk.show("card:1", "one")
    desk.show("card:2", "two")
    desk.show("card:3", "three", CREDIT)
    await desk.run()
    at = {call.text: call.at - start for call in desk.slack.calls}
    assert at["three"] == timedelta()
    assert at["one"] == timedelta(seconds=seconds)
    assert at["two"] == timedelta(seconds=seconds + 1)
    assert [call.text for call in desk.slack.made("post")].count("one") == 2


@pytest.mark.parametrize("error", [Unreachable("away"), Unclear("HTTP 500")])
async def test_while_slack_is_away_everything_waits_in_order_and_nothing_is_lost(desk: Desk, error: SlackError) -> None:
    """P7, F3: kept, and delivered in order."""
    desk.slack.fail("*", error, times=40)
    for n in range(20):
        desk.show(f"card:{n}", f"{n:02}", SHOP)
        desk.show(f"other:{n}", f"{n:02}", CREDIT)
    await desk.run(within=7_200)
    assert desk.slack.texts(SHOP) == desk.slack.texts(CREDIT) == [f"{n:02}" for n in range(20)]
    assert desk.undone() == []


async def test_the_waiting_grows_to_a_minute_and_no_further(desk: Desk) -> None:
    desk.slack.go_away()
    desk.show(CARD, "open")
    await desk.run(within=600)
    moments = [call.at for call in desk.slack.calls]
    waits = [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(moments)]
    assert waits[:6] == [2, 4, 8, 16, 32, 60]
    assert set(waits[6:]) == {60}
    desk.slack.come_back()
    await desk.run()
    assert desk.only().text == "open"


async def test_one_message_that_slack_never_takes_does_not_stop_its_channel(desk: Desk) -> None:
    def poison(call: object) -> None:
        if getattr(call, "text", "") == "poison":
            raise Unclear("HTTP 500")

    desk.slack.before = poison
    desk.show("card:0", "other", CREDIT)
    desk.show("card:1", "poison")
    desk.show("card:2", "healthy")
    for n in range(20):
        desk.clock.pass_time(seconds=20)
        desk.show("card:0", f"other {n}", CREDIT)
        await desk.run(within=20)
    assert desk.slack.texts(SHOP) == ["healthy"]
    assert desk.undone() == ["card:1"]
