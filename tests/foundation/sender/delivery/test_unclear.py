"""An unclear send is looked up, and never posted twice if that can be known."""

from datetime import timedelta

import pytest

from bot.foundation.errors import StoreUnavailableError
from bot.foundation.models import OutboxState
from bot.foundation.outbox import note
from bot.foundation.slack_port import Refused, Unclear, Unreachable
from tests.foundation.sender.conftest import MAYA, SHOP, Desk

CARD = "card:INC-1"


async def test_a_lost_reply_is_looked_up_after_five_seconds_and_not_posted_again(any_desk: Desk) -> None:
    """P4: a default Slack client posts twice here."""
    desk = any_desk
    desk.slack.lose_reply("post")
    desk.show(CARD, "open")
    start = desk.clock.now()
    await desk.run()
    assert desk.only().text == "open"
    assert [call.method for call in desk.slack.calls] == ["post", "find", "update"]
    assert desk.slack.made("find")[0].at - start == timedelta(seconds=5)
    desk.show(CARD, "acknowledged")
    await desk.run()
    assert desk.only().text == "acknowledged"


async def test_what_is_found_shows_the_newest_state_and_not_that_of_the_lost_attempt(desk: Desk) -> None:
    desk.slack.lose_reply("post")
    desk.show(CARD, "open")
    await desk.once()
    desk.show(CARD, "closed meanwhile")
    await desk.run()
    assert desk.only().text == "closed meanwhile"


async def test_a_frozen_message_that_is_found_is_left_as_it_is(desk: Desk) -> None:
    desk.slack.lose_reply("post")
    desk.show("post:1", "approved", frozen=True)
    await desk.run()
    assert (desk.only().text, desk.only().versions) == ("approved", 1)


async def test_an_unclear_send_that_never_arrived_is_sent(desk: Desk) -> None:
    desk.slack.fail("post", Unclear("HTTP 502"))
    desk.show(CARD, "open")
    await desk.run()
    assert [call.method for call in desk.slack.calls] == ["post", "find", "post"]
    assert desk.only().text == "open"


async def test_nothing_is_sent_again_while_it_cannot_be_looked_up(desk: Desk) -> None:
    desk.slack.lose_reply("post")
    desk.slack.fail("find", Unclear("HTTP 503"), times=3)
    desk.slack.fail("find", Unreachable("away"), times=3)
    desk.show(CARD, "open")
    await desk.run(within=600)
    assert len(desk.slack.made("post")) == 1
    assert desk.only().text == "open"
    assert desk.undone() == []


async def test_in_a_thread_it_is_looked_up_in_the_thread(desk: Desk) -> None:
    desk.show(CARD, "open")
    await desk.run()
    desk.slack.lose_reply("post")
    desk.store.submit_now(MAYA, lambda work: note(work, SHOP, "INC-1", "Maya acknowledged"))
    await desk.run()
    assert desk.slack.texts(SHOP) == ["open", "Maya acknowledged"]
    assert desk.slack.made("find")[0].thread == desk.slack.messages[0].ts


async def test_a_crash_between_sending_and_noting_it_posts_nothing_twice(
    any_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P4, F2: another process finds the message once the lease of the dead one has ended."""
    desk = any_desk
    desk.show(CARD, "open")

    def die(*_given: object) -> None:
        raise StoreUnavailableError("the process died here")

    with monkeypatch.context() as patch:
        patch.setattr("bot.foundation.sender.rows.confirm", die)
        await desk.once()
    assert desk.row(CARD).state == OutboxState.SENDING
    other = desk.new_sender()
    await desk.run(other, within=30)
    assert len(desk.slack.calls) == 1, "while the lease lasts nobody else takes it"
    await desk.run(other)
    assert [call.method for call in desk.slack.calls] == ["post", "find", "update"]
    assert desk.only().text == "open"
    assert desk.undone() == []


async def test_after_a_restart_what_was_begun_is_looked_up_after_five_seconds(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P3: with one process a file there is nobody whose lease has to be waited for."""
    desk.show(CARD, "open")

    def die(*_given: object) -> None:
        raise StoreUnavailableError("the process died here")

    with monkeypatch.context() as patch:
        patch.setattr("bot.foundation.sender.rows.confirm", die)
        await desk.once()
    started = desk.clock.now()
    restarted = desk.new_sender()
    await restarted.recover()
    await desk.run(restarted)
    assert desk.slack.made("find")[0].at - started == timedelta(seconds=5)
    assert desk.only().text == "open"


async def test_where_nobody_may_look_it_is_sent_once_more_and_says_so(desk: Desk) -> None:
    """F2: at most one double for an unclear send, and people can tell."""
    desk.slack.lose_reply("post")
    desk.slack.fail("find", Refused("missing_scope"))
    desk.show("post:1", "approved", frozen=True)
    await desk.run(within=600)
    assert desk.slack.texts(SHOP) == ["approved", "(repeated) approved"]
    assert "(repeated)" in str(desk.slack.messages[-1].blocks)
