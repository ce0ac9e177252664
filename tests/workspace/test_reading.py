from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.workspace import reading
from tests.workspace.block_cases import RICH
from tests.workspace.surfaces import CARD, mrkdwn, option, plain, text_field

NAMES = {"U1": "Ada", "C1": "ops", "S1": "oncall"}


@pytest.mark.parametrize(
    ("markup", "read"),
    [
        ("plain", "plain"),
        ("*bold* _italic_ ~struck~", "bold italic struck"),
        ("credit_scoring_v8 2*3*4", "credit_scoring_v8 2*3*4"),
        ("`code *kept*` and ```\nblock\n```", "code *kept* and block"),
        ("<@U1> <@U9> <@U9|zed>", "@Ada @U9 @zed"),
        ("<#C1> <#C9|old>", "#ops #old"),
        ("<!here> <!channel> <!subteam^S1> <!subteam^S9|@sre>", "@here @channel @oncall @sre"),
        ("<https://example.org|the runbook> <https://example.org>", "the runbook https://example.org"),
        ("<!date^1700000000^{time}|ten past ten>", "ten past ten"),
        ("a &lt;b&gt; &amp;amp;", "a <b> &amp;"),
        ("&lt;@U1&gt;", "<@U1>"),
    ],
)
def test_markup_as_a_reader_sees_it(markup: str, read: str) -> None:
    assert reading.as_read(markup, NAMES) == read


def test_plain_text_keeps_its_stars() -> None:
    assert reading.text_of(plain("*not bold* &lt;"), {}) == "*not bold* <"
    assert reading.text_of(mrkdwn("*bold*"), {}) == "bold"
    assert reading.text_of(None, {}) == ""


def test_a_message_reads_block_by_block_without_its_buttons() -> None:
    text = reading.message_text("fallback", CARD, [], [], {"U2": "Ben"})
    assert text == "Roll back credit-scoring?\n@Ben\n2026-11-21\na\nb"
    assert reading.button_labels(CARD) == ("Approve", "Execute")
    assert reading.message_text("only *text*", [], [], [], {}) == "only text"


def test_every_kind_of_block_reads() -> None:
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": plain("Header")},
        {
            "type": "section",
            "fields": [mrkdwn("*One*"), plain("Two")],
            "accessory": {"type": "image", "alt_text": "Pic"},
        },
        {"type": "context", "elements": [mrkdwn("Small"), {"type": "image", "alt_text": "Icon"}]},
        {"type": "image", "title": plain("Title"), "alt_text": "Alt"},
        {"type": "markdown", "text": "**md**"},
        {**text_field("a", "Label", placeholder=plain("Type")), "hint": plain("Hint")},
        text_field("b", "Other", initial_value="typed"),
        {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}, {"type": "raw_text", "text": "y"}]]},
        {
            "type": "actions",
            "elements": [
                {"type": "static_select", "initial_option": option("1", "SEV1"), "placeholder": plain("Pick")},
                {"type": "overflow", "options": [option("hidden")]},
            ],
        },
        RICH,
        {"type": "divider"},
        {"type": "unheard-of"},
    ]
    assert reading.block_lines(blocks, NAMES) == [
        "Header", "One", "Two", "Pic", "Small", "Icon", "Title", "Alt", "**md**", "Label", "Type", "Hint", "Other",
        "typed", "x | y", "SEV1", "bold@Adaa link:wave:", "one", "said", "code",
    ]  # fmt: skip


def test_attachments_and_files_follow() -> None:
    attachments = [{"title": "T", "text": "*x*", "blocks": CARD[:1]}]
    assert reading.message_text("Hi", [], attachments, [{"title": "Trail"}], {}) == (
        "Hi\nT\nx\nRoll back credit-scoring?\nTrail"
    )


@given(st.text())
def test_what_is_escaped_reads_as_it_was(text: str) -> None:
    """A text in code marks needs only the three entities escaped to come out as it went in."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert reading.decode(escaped) == text
