"""A card is desired state: posted once, then brought up to date in place."""

from bot.foundation.models import OutboxState
from tests.foundation.sender.conftest import Desk

CARD = "card:INC-1"


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
