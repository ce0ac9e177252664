"""A note stands under its card, in order, wherever the card went."""

from bot.foundation.outbox import note
from bot.foundation.slack_port import Unreachable
from bot.foundation.work import Lane
from tests.foundation.sender.conftest import ALERTS, MAYA, SHOP, Desk

CARD = "card:INC-1"


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
    card, _notice, said = desk.slack.messages
    assert (said.channel, said.thread, said.text) == (ALERTS, card.ts, "Maya acknowledged")


async def test_a_note_whose_thread_was_deleted_is_posted_all_the_same(desk: Desk) -> None:
    desk.show(CARD, "open")
    await desk.run()
    desk.slack.delete(desk.only())
    desk.store.submit_now(MAYA, lambda work: note(work, SHOP, "INC-1", "Maya acknowledged"))
    await desk.run()
    assert (desk.only().text, desk.only().thread) == ("Maya acknowledged", None)
