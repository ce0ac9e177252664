"""What Slack would refuse goes out as plain words, and the defect is recorded."""

from collections.abc import Callable

import pytest
from slack_sdk.models.blocks import ActionsBlock
from slack_sdk.models.views import View

from bot.foundation.blocks import actions, button, section
from bot.foundation.slack_port import Refused
from tests.foundation.sender.conftest import Desk, bad_blocks

CARD = "card:INC-1"


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
