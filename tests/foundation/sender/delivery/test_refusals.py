"""Slack says no: another place is found, or the row is parked and people are told."""

import pytest

from bot.foundation.models import OutboxState
from bot.foundation.slack_port import RateLimited, Refused
from tests.foundation.sender.conftest import ALERTS, CREDIT, SHOP, Desk

CARD = "card:INC-1"


async def test_a_revoked_token_is_said_and_loses_nothing(desk: Desk) -> None:
    """P10: stop sending, keep everything."""
    desk.slack.fail("*", Refused("token_revoked"), times=6)
    desk.show(CARD, "open")
    desk.show("card:2", "two", CREDIT)
    await desk.once()
    assert desk.sender.trouble == "token_revoked"
    calls = len(desk.slack.calls)
    desk.show("card:3", "three", ALERTS)
    await desk.run(within=59)
    assert len(desk.slack.calls) == calls, "nothing is sent for a minute"
    await desk.run(within=600)
    assert desk.sender.trouble == ""
    assert sorted(message.text for message in desk.slack.messages) == ["open", "three", "two"]


@pytest.mark.parametrize("code", ["is_archived", "channel_not_found", "restricted_action"])
async def test_a_message_for_a_channel_that_is_gone_goes_to_the_fallback_channel(desk: Desk, code: str) -> None:
    """P8: in one attempt."""
    desk.slack.fail("*", Refused(code), channel=SHOP, times=100)
    desk.show(CARD, "open")
    await desk.run()
    assert [call.channel for call in desk.slack.made("post")] == [SHOP, ALERTS, ALERTS]
    card, notice = desk.slack.in_channel(ALERTS)
    assert "open" in card.text
    assert f"<#{SHOP}>" in str(card.blocks[0])
    assert f"I cannot post in <#{SHOP}> ({code})" in notice.text
    desk.show(CARD, "closed")
    await desk.run()
    assert desk.slack.in_channel(ALERTS) == [card, notice], "people are told once"
    assert "closed" in card.text
    assert f"<#{SHOP}>" in str(card.blocks[0]), "an update says where it belongs, too"
    assert desk.undone() == []
    assert desk.actions(CARD) == ["message.moved"]


async def test_a_lost_reply_in_the_fallback_channel_is_looked_up_there(desk: Desk) -> None:
    desk.slack.archived.add(SHOP)
    desk.slack.fail("find", Refused("is_archived"), channel=SHOP, times=5)
    desk.show(CARD, "open")

    def lose(call: object) -> None:
        if getattr(call, "channel", "") == ALERTS:
            desk.slack.before = lambda _call: None
            desk.slack.lose_reply("post")

    desk.slack.before = lose
    await desk.run()
    assert "open" in desk.slack.in_channel(ALERTS)[0].text


async def test_the_fallback_channel_gone_too_parks_the_row_and_the_trail_says_so(desk: Desk) -> None:
    desk.slack.archived |= {SHOP, ALERTS}
    desk.show(CARD, "open")
    await desk.run()
    assert desk.row(CARD).state == OutboxState.PARKED
    assert desk.actions(CARD) == ["outbox.parked"]


async def test_a_channel_we_are_not_in_is_joined(desk: Desk) -> None:
    desk.slack.not_joined.add(SHOP)
    desk.slack.fail("post", RateLimited(3))
    desk.show(CARD, "open")
    await desk.run()
    assert desk.only().text == "open"
    assert len(desk.slack.made("join")) == 1


async def test_a_private_channel_we_are_not_in_falls_back(desk: Desk) -> None:
    desk.slack.not_joined.add(SHOP)
    desk.slack.private.add(SHOP)
    desk.show(CARD, "open")
    await desk.run()
    assert "open" in desk.slack.in_channel(ALERTS)[0].text
    assert len(desk.slack.made("join")) == 1


async def test_a_deleted_message_is_posted_anew(desk: Desk) -> None:
    desk.show(CARD, "open")
    await desk.run()
    desk.slack.delete(desk.only())
    desk.show(CARD, "closed")
    await desk.run()
    assert (desk.only().text, desk.only().versions) == ("closed", 1)


async def test_a_card_in_a_channel_archived_meanwhile_moves_to_the_fallback_channel(desk: Desk) -> None:
    desk.show(CARD, "open")
    await desk.run()
    desk.slack.archived.add(SHOP)
    desk.show(CARD, "closed")
    await desk.run()
    assert "closed" in desk.slack.in_channel(ALERTS)[0].text


async def test_a_refusal_for_good_parks_the_row_tells_a_channel_and_stops_nobody(desk: Desk) -> None:
    """P24: parked, the rest goes on, people are told."""
    desk.slack.fail("post", Refused("no_permission"), channel=SHOP)
    desk.show("card:1", "bad")
    desk.show("card:2", "good")
    await desk.run()
    assert desk.row("card:1").state == OutboxState.PARKED
    assert desk.slack.texts(SHOP) == ["good"]
    assert "card:1" in desk.only(ALERTS).text
    assert "no_permission" in desk.only(ALERTS).text
    assert desk.actions("card:1") == ["outbox.parked"]
    desk.show("card:1", "mended")
    await desk.run()
    assert "mended" in desk.slack.texts(SHOP), "wanted anew, it is tried anew"
