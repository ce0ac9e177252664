"""One message, whatever Slack does: posted once, brought up to date, never lost, never twice if that can be known."""

import itertools
from collections.abc import Callable
from datetime import timedelta

import pytest
from slack_sdk.models.blocks import ActionsBlock
from slack_sdk.models.views import View

from bot.foundation.blocks import actions, button, section
from bot.foundation.errors import StoreUnavailableError
from bot.foundation.models import OutboxState
from bot.foundation.outbox import note, whisper
from bot.foundation.slack_port import RateLimited, Refused, SlackError, Unclear, Unreachable
from bot.foundation.work import Lane
from tests.foundation.sender.conftest import ALERTS, CREDIT, MAYA, SHOP, Desk, bad_blocks

CARD = "card:INC-1"


# --- a card is desired state ------------------------------------------------------------------------------------------


async def test_a_card_is_posted_once_and_then_updated_in_place(any_desk: Desk) -> None:
    desk = any_desk
    for text in ("open", "acknowledged", "rolled back"):
        desk.show(CARD, text)
        await desk.run()
    assert (desk.only().text, desk.only().versions) == ("rolled back", 3)
    assert [call.method for call in desk.slack.calls] == ["post", "update", "update"]
    assert desk.undone() == []


async def test_a_hundred_changes_become_one_update(desk: Desk) -> None:
    desk.show(CARD, "open")
    await desk.run()
    for n in range(100):
        desk.show(CARD, f"change {n}")
    await desk.run()
    assert (desk.only().text, desk.only().versions) == ("change 99", 2)


async def test_unchanged_content_sends_nothing(desk: Desk) -> None:
    desk.show(CARD, "open")
    await desk.run()
    desk.show(CARD, "open")
    await desk.run()
    assert len(desk.slack.calls) == 1
    assert desk.row(CARD).served == 2


async def test_what_has_become_pointless_is_not_sent(desk: Desk) -> None:
    desk.show(CARD, "pointless")
    await desk.run()
    assert desk.slack.calls == []
    assert desk.row(CARD).state == OutboxState.DONE


async def test_a_frozen_message_is_sent_word_for_word_once(desk: Desk) -> None:
    desk.show("post:1", "approved words", frozen=True)
    await desk.run()
    desk.show("post:1", "other words", frozen=True)
    await desk.run()
    assert (desk.only().text, desk.only().versions) == ("approved words", 1)
    assert desk.undone() == []


async def test_what_changed_while_it_was_being_sent_is_sent_again(desk: Desk) -> None:
    def change(_call: object) -> None:
        desk.slack.before = lambda _call: None
        desk.show(CARD, "changed meanwhile")

    desk.show(CARD, "open")
    desk.slack.before = change
    await desk.run()
    assert (desk.only().text, desk.only().versions) == ("changed meanwhile", 2)


# --- threads ----------------------------------------------------------------------------------------------------------


async def test_a_note_waits_until_its_card_stands_and_goes_under_it(desk: Desk) -> None:
    desk.store.submit_now(MAYA, lambda work: note(work, SHOP, "INC-1", "Maya acknowledged"))
    desk.show(CARD, "open", lane=Lane.NOTE)
    await desk.run()
    card, said = desk.slack.messages
    assert (card.text, said.text, said.thread) == ("open", "Maya acknowledged", card.ts)


async def test_a_note_without_a_card_to_come_stands_for_itself(desk: Desk) -> None:
    desk.store.submit_now(MAYA, lambda work: note(work, SHOP, "INC-1", "Maya acknowledged"))
    await desk.run()
    assert desk.only().thread is None


async def test_notes_keep_their_order(desk: Desk) -> None:
    desk.show(CARD, "open")
    for n in range(5):
        desk.store.submit_now(MAYA, lambda work, n=n: note(work, SHOP, "INC-1", f"note {n}"))  # type: ignore[misc]
    desk.slack.fail("post", Unreachable("away"), times=3)
    await desk.run()
    assert desk.slack.texts(SHOP) == ["open", *(f"note {n}" for n in range(5))]


async def test_a_note_follows_its_card_into_the_fallback_channel(desk: Desk) -> None:
    desk.slack.archived.add(SHOP)
    desk.show(CARD, "open")
    await desk.run()
    desk.store.submit_now(MAYA, lambda work: note(work, SHOP, "INC-1", "Maya acknowledged"))
    await desk.run()
    card, said = desk.slack.messages
    assert (said.channel, said.thread, said.text) == (ALERTS, card.ts, "Maya acknowledged")


async def test_a_note_whose_thread_was_deleted_is_posted_all_the_same(desk: Desk) -> None:
    desk.show(CARD, "open")
    await desk.run()
    desk.slack.delete(desk.only())
    desk.store.submit_now(MAYA, lambda work: note(work, SHOP, "INC-1", "Maya acknowledged"))
    await desk.run()
    assert (desk.only().text, desk.only().thread) == ("Maya acknowledged", None)


# --- an unclear send --------------------------------------------------------------------------------------------------


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


# --- Slack says wait, or nothing at all -------------------------------------------------------------------------------


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


# --- Slack says no ----------------------------------------------------------------------------------------------------


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
    assert [call.method for call in desk.slack.calls] == ["post", "post"]
    assert "open" in desk.only(ALERTS).text
    assert f"<#{SHOP}>" in str(desk.only(ALERTS).blocks[0])
    desk.show(CARD, "closed")
    await desk.run()
    assert "closed" in desk.only(ALERTS).text
    assert f"<#{SHOP}>" in str(desk.only(ALERTS).blocks[0]), "an update says where it belongs, too"
    assert desk.undone() == []


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
    assert "open" in desk.only(ALERTS).text


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
    assert "open" in desk.only(ALERTS).text
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
    assert "closed" in desk.only(ALERTS).text


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


# --- whispers and Homes -----------------------------------------------------------------------------------------------


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


# --- what Slack would refuse ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "blocks",
    [bad_blocks, lambda: [ActionsBlock(elements=[])], lambda: [section("x", block_id="a"), section("y", block_id="a")]],
)
async def test_blocks_that_slack_would_refuse_go_out_as_plain_text_and_the_defect_is_recorded(
    desk: Desk, blocks: Callable[[], list[ActionsBlock]]
) -> None:
    """People must be reached even when we made a mistake."""
    desk.blocks = list(blocks())
    desk.show(CARD, "Please decide")
    await desk.run()
    assert (desk.only().text, desk.only().blocks) == ("Please decide", [])
    assert desk.actions(CARD) == ["message.defective"]
    assert desk.undone() == []
    desk.blocks = [section("x"), actions(button("Approve", "approve"))]
    desk.show(CARD, "Please decide")
    await desk.run()
    assert len(desk.only().blocks) == 2


async def test_blocks_that_slack_refuses_all_the_same_go_out_as_plain_text(desk: Desk) -> None:
    desk.slack.fail("post", Refused("invalid_blocks", "/blocks/0"))
    desk.show(CARD, "Please decide")
    await desk.run()
    assert (desk.only().text, desk.only().blocks) == ("Please decide", [])
    assert desk.actions(CARD) == ["message.defective"]


async def test_a_home_that_slack_would_refuse_is_replaced_by_a_plain_one(desk: Desk) -> None:
    desk.view = lambda payload: View(type="home", blocks=[ActionsBlock(elements=[])])
    desk.want("home", kind="home", person="U0MAYA0001")
    await desk.run()
    assert "cannot be shown" in str(desk.slack.homes["U0MAYA0001"].to_dict())
    assert desk.actions("home") == ["message.defective"]


async def test_a_message_without_words_still_says_something(desk: Desk) -> None:
    desk.show(CARD, "")
    await desk.run()
    assert desk.only().text == "Backout has news here."
