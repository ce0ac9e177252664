"""Whispers and Homes: what only one person sees."""

import pytest
from slack_sdk.models.views import View

from bot.foundation.blocks import section
from bot.foundation.outbox import whisper
from tests.foundation.sender.conftest import MAYA, SHOP, Desk

CARD = "card:INC-1"


async def test_a_whisper_reaches_its_person_only(desk: Desk) -> None:
    desk.store.submit_now(MAYA, lambda work: whisper(work, SHOP, "U0JONAS002", "You have <voted> already."))
    await desk.run()
    (said,) = desk.slack.whispers
    assert (said.channel, said.person, said.text) == (SHOP, "U0JONAS002", "You have &lt;voted&gt; already.")
    assert desk.slack.messages == []


@pytest.mark.parametrize("problem", ["not a member", "archived", "not joined"])
async def test_a_whisper_to_somebody_who_is_not_there_becomes_a_direct_message(desk: Desk, problem: str) -> None:
    desk.slack.not_members.add((SHOP, "U0JONAS002"))
    desk.slack.archived |= {SHOP} if problem == "archived" else set()
    desk.slack.not_joined |= {SHOP} if problem == "not joined" else set()
    desk.store.submit_now(MAYA, lambda work: whisper(work, SHOP, "U0JONAS002", "You have voted."))
    await desk.run()
    assert desk.slack.texts("D0JONAS002") == ["You have voted."]
    assert desk.undone() == []


async def test_a_direct_message_whose_reply_was_lost_is_not_sent_twice(desk: Desk) -> None:
    desk.slack.not_members.add((SHOP, "U0JONAS002"))
    desk.slack.lose_reply("post")
    desk.store.submit_now(MAYA, lambda work: whisper(work, SHOP, "U0JONAS002", "You have voted."))
    await desk.run()
    assert desk.slack.texts("D0JONAS002") == ["You have voted."]


async def test_a_home_is_published_when_it_changed(desk: Desk) -> None:
    desk.view = lambda payload: View(type="home", blocks=[section(desk.state["home"])])
    for text in ("one", "one", "two"):
        desk.show("home", text, kind="home", person="U0MAYA0001")
        await desk.run()
    assert len(desk.slack.made("publish_home")) == 2
    assert "two" in str(desk.slack.homes["U0MAYA0001"].to_dict())


async def test_a_whisper_that_may_have_been_heard_is_said_again_and_says_so(desk: Desk) -> None:
    """F2: nobody can look up what only one person saw."""
    desk.slack.lose_reply("whisper")
    desk.store.submit_now(MAYA, lambda work: whisper(work, SHOP, "U0JONAS002", "You have voted."))
    await desk.run(within=600)
    assert [said.text for said in desk.slack.whispers] == ["You have voted.", "(repeated) You have voted."]
