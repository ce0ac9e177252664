from slack_sdk.models.blocks import ActionsBlock, DividerBlock
from slack_sdk.models.views import View

from bot.foundation import block_rules
from bot.foundation.blocks import MESSAGE_BLOCKS, Message, actions, button, divider, section
from bot.foundation.outbox import Home, Post, Whisper
from bot.foundation.sender.rendering import NO_WORDS, render
from tests.foundation.sender.conftest import SHOP, bad_blocks

HOME = View(type="home", blocks=[section("Nothing waits for you.")])


def test_a_message_in_order_goes_as_it_is() -> None:
    for outgoing in (
        Post(SHOP, Message("<hello>", [section("x")])),
        Whisper(SHOP, "U1", Message("<hello>", [section("x")])),
    ):
        rendered = render(outgoing)
        assert (rendered.text, len(rendered.blocks), rendered.defects) == ("&lt;hello&gt;", 1, [])


def test_a_defect_costs_the_blocks_and_never_the_words() -> None:
    for blocks in (bad_blocks(), [ActionsBlock(elements=[])]):
        rendered = render(Post(SHOP, Message("Please decide", blocks)))
        assert (rendered.text, rendered.blocks) == ("Please decide", [])
        assert rendered.defects


def test_there_are_always_words() -> None:
    assert render(Post(SHOP, Message("  ", [section("x")]))).text == NO_WORDS


def test_the_same_message_has_the_same_content_wherever_it_stands() -> None:
    post = Post(SHOP, Message("hello", [section("x")]))
    assert render(post).content == render(post, elsewhere=True).content
    assert render(post).content != render(Post(SHOP, Message("hello", [section("y")]))).content


def test_a_message_elsewhere_says_where_it_belongs() -> None:
    rendered = render(Post(SHOP, Message("hello", [section("x")])), elsewhere=True)
    assert f"<#{SHOP}>" in rendered.text
    assert f"<#{SHOP}>" in str(rendered.blocks[0])
    assert len(rendered.blocks) == 2


def test_saying_so_costs_no_buttons_in_a_full_message() -> None:
    full = [*(divider() for _ in range(MESSAGE_BLOCKS - 1)), actions(button("Approve", "approve"))]
    rendered = render(Post(SHOP, Message("hello", full)), elsewhere=True)
    assert rendered.defects == []
    assert block_rules.problems("message", rendered.blocks) == []
    assert rendered.blocks[-1]["type"] == "actions"


def test_a_home_in_order_goes_as_it_is_and_another_becomes_a_plain_one() -> None:
    assert render(Home("U1", HOME)).view is HOME
    for blocks in (bad_blocks(), [DividerBlock() for _ in range(101)]):
        rendered = render(Home("U1", View(type="home", blocks=blocks)))
        assert rendered.view is not None
        assert "cannot be shown" in str(rendered.view.to_dict())
        assert rendered.defects


def test_plain_text_is_what_is_left_when_slack_refuses_all_the_same() -> None:
    rendered = render(Post(SHOP, Message("hello", [section("x")]))).plain()
    assert (rendered.text, rendered.blocks) == ("hello", [])
    home = render(Home("U1", HOME)).plain().view
    assert home is not None
    assert "cannot be shown" in str(home.to_dict())
