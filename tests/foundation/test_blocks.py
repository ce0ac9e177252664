"""T15: untrusted text does nothing in Slack; every text keeps Slack's budget after it was made safe; buttons stay."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import ActionsBlock, Block

from bot.foundation import blocks
from bot.foundation.blocks import Markup, Message, Section, clip, escape, fit, mrkdwn, plain

HOSTILE = [
    *("<!channel>", "<!here>", "<!everyone>", "<@U0MAYA0001>", "<#C0SHOPREC1>", "<!subteam^S1>", "＜!channel＞"),
    *("<https://evil|https://bank>", "<javascript:alert(1)|x>", "<!date^1^{date}|x>", "`<!channel>`", "*_~`>"),
    *("&lt;!channel&gt;", "&amp;lt;!channel&amp;gt;", "<", ">", "&", "<" * 3100, "&" * 3100, "\r\n<!here>\r\n"),
    *("a\u202eb", "a\u200bb", "<\u200b!channel>", "\x00\x1b[31m", "\ud800", "\ufeff", "\U000e0041", "a\xadb", "\u061c"),
    *("🙂" * 200, "e\u0301" * 200, "{0.__class__}", "{name}", "%s"),
]
TEXTS = st.one_of(
    st.text(max_size=60),
    st.sampled_from(HOSTILE),
    st.lists(st.sampled_from(HOSTILE), max_size=3).map("".join),
    st.text(alphabet="<>&!@#|^;ltgamp ", max_size=60),
)
ACTIVE = re.compile(r"<[^>]*>?")
ENTITIES = re.compile(r"&(?!(?:lt|gt|amp);)")
UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff\U000e0041]"
)


def is_inert(text: str) -> bool:
    """Nothing in it that Slack acts on, no half entity, nothing invisible."""
    return not (ACTIVE.search(text) or ">" in text.replace("&gt;", "") or ENTITIES.search(text) or UNSAFE.search(text))


# --- escaping ---------------------------------------------------------------------------------------------------------


@settings(max_examples=500)
@given(TEXTS)
def test_no_text_does_anything(text: str) -> None:
    """F9: no active mention, link, tag or control character, whatever comes in."""
    assert is_inert(escape(text))


@given(TEXTS)
def test_escaping_loses_no_word_and_is_done_once(text: str) -> None:
    safe = escape(text)
    assert safe.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") == blocks.clean(text)
    assert escape(safe) is safe


@given(TEXTS, TEXTS)
def test_templates_escape_what_is_put_in_and_nothing_of_their_own(name: str, other: str) -> None:
    filled = mrkdwn("*{name}* <@U1> {other}", name=name, other=Markup("<!here>"))
    assert filled == f"*{escape(name)}* <@U1> <!here>"
    assert is_inert(mrkdwn("{name} {other}", name=name, other=other))


def test_values_that_are_no_text_are_written_as_one() -> None:
    assert mrkdwn("{n} {none}", n=7, none=None) == "7 None"


@given(st.lists(TEXTS, max_size=4))
def test_joining_and_quoting_escape_too(texts: list[str]) -> None:
    assert is_inert(blocks.join(" · ", texts))
    quoted = blocks.quote("\n".join(texts))
    assert all(line.startswith(">") for line in quoted.split("\n"))
    assert is_inert("\n".join(line.removeprefix(">") for line in quoted.split("\n")))


@given(TEXTS)
def test_only_ids_become_mentions(text: str) -> None:
    for made in (blocks.mention(text), blocks.channel_link(text)):
        assert is_inert(made) or re.fullmatch(r"<[@#][UWCG][A-Z0-9]{1,20}>", made)


def test_ids_become_mentions() -> None:
    assert blocks.mention("U0MAYA0001") == "<@U0MAYA0001>"
    assert blocks.mention("W0MAYA0001") == "<@W0MAYA0001>"
    assert blocks.mention("maya") == "maya"
    assert blocks.mention("U1>\n<!channel>") == "U1&gt;\n&lt;!channel&gt;"
    assert blocks.channel_link("C0SHOPREC1") == "<#C0SHOPREC1>"
    assert blocks.channel_link("#shop") == "#shop"


def test_a_moment_shows_in_each_readers_zone_and_in_utc_otherwise() -> None:
    stockholm = datetime(2026, 11, 21, 10, 5, tzinfo=timezone(timedelta(hours=1)))
    assert blocks.moment(stockholm) == "<!date^1795251900^{date_short_pretty} {time}|2026-11-21 09:05 UTC>"
    assert (
        blocks.moment(datetime(2026, 11, 21, 9, 5, tzinfo=UTC), "{time}")
        == "<!date^1795251900^{time}|2026-11-21 09:05 UTC>"
    )


# --- cutting ----------------------------------------------------------------------------------------------------------


@settings(max_examples=500)
@example("&" * 50, 12)
@example("<" * 50, 3)
@given(TEXTS, st.integers(1, 60))
def test_cutting_keeps_the_budget_and_never_cuts_an_entity(text: str, limit: int) -> None:
    cut = clip(text, limit)
    assert len(cut) <= limit
    assert is_inert(cut)


@given(st.integers(1, 60), st.lists(st.sampled_from(["<@U0MAYA0001>", "text ", "&amp;", "<#C1>"]), max_size=8))
def test_cutting_never_cuts_a_mention(limit: int, parts: list[str]) -> None:
    cut = clip(Markup("".join(parts)), limit)
    assert len(cut) <= limit
    assert ACTIVE.sub(lambda found: "" if found[0] in ("<@U0MAYA0001>", "<#C1>") else "!!", cut).count("!!") == 0


def test_what_fits_is_not_cut_and_what_is_cut_says_so() -> None:
    assert clip("12345", 5) == "12345"
    assert clip("123456", 5) == "1234…"
    assert clip("1 3456", 3) == "1…"


@given(TEXTS, st.integers(1, 40))
def test_plain_text_is_written_as_it_was_meant(text: str, limit: int) -> None:
    assert len(plain(text, limit)) <= limit
    assert not UNSAFE.search(plain(text, limit))
    assert plain(escape(text), 10_000) == plain(text, 10_000)


# --- blocks -----------------------------------------------------------------------------------------------------------


def test_every_markup_is_verbatim_so_that_slack_makes_no_links_of_its_own() -> None:
    for block in (blocks.section("x"), blocks.fields([("a", "b")]), blocks.context("x")):
        found = json.dumps(block.to_dict())
        assert found.count('"mrkdwn"') == found.count('"verbatim": true') == 1


def test_a_button_carries_its_value_as_it_was_given() -> None:
    made = blocks.button("Go", "go", {"request": "r1", "round": 2}, style="danger").to_dict()
    assert json.loads(made["value"]) == {"request": "r1", "round": 2}
    assert (made["action_id"], made["style"]) == ("go", "danger")


def test_a_select_starts_with_its_choice_if_that_is_offered() -> None:
    options = [blocks.option("Low", "low"), blocks.option("High", "high")]
    chosen = blocks.select("severity", "Severity", options, initial="high", dispatch=True).to_dict()
    assert chosen["element"]["initial_option"]["value"] == "high"
    assert chosen["dispatch_action"] is True
    assert "initial_option" not in blocks.select("severity", "Severity", options, initial="odd").to_dict()["element"]


def test_a_modal_brings_its_metadata_back() -> None:
    view = blocks.modal("form", "Title", [blocks.section("x")], submit="Send", metadata={"incident": "INC-1"}).to_dict()
    assert json.loads(view["private_metadata"]) == {"incident": "INC-1"}
    assert view["title"]["text"] == "Title"


def test_a_message_has_a_fallback_that_is_safe_and_short_enough_to_update() -> None:
    assert Message("<!channel>").fallback == "&lt;!channel&gt;"
    assert len(Message("&" * 4_000).fallback) <= blocks.FALLBACK_TEXT


def test_a_reader_sees_every_text_of_a_block() -> None:
    seen = blocks.visible_text(blocks.as_dicts([blocks.header("one"), blocks.fields([("two", "three")])]))
    assert all(word in seen for word in ("one", "two", "three"))


# --- fitting ----------------------------------------------------------------------------------------------------------


def row(n: int) -> ActionsBlock:
    return blocks.actions(blocks.button(f"b{n}", f"a{n}"))


PART = st.tuples(st.integers(0, 12), st.integers(0, 3), st.integers(0, 30), st.integers(0, 500))


def parts_of(shapes: Sequence[tuple[int, int, int, int]]) -> list[Section]:
    made = []
    for number, (texts, buttons, details, size) in enumerate(shapes):
        words = f"{number} " + "x" * size
        must: list[Block] = [blocks.section(words) for _ in range(texts)]
        made.append(
            Section([*must, *(row(n) for n in range(buttons))], [blocks.section("d" + words) for _ in range(details)])
        )
    return made


def is_detail(block: Block) -> bool:
    return str(block.to_dict().get("text", {}).get("text", "")).startswith("d")


@settings(max_examples=150, deadline=None)
@given(st.lists(PART, max_size=6))
def test_fitting_drops_detail_before_anything_else_and_buttons_never(shapes: list[tuple[int, int, int, int]]) -> None:
    parts = parts_of(shapes)
    laid_out = fit(parts)
    must = [block for part in parts for block in part.blocks]
    buttons = [block for block in must if isinstance(block, ActionsBlock)]
    assert len(laid_out) <= blocks.MESSAGE_BLOCKS
    assert [block for block in laid_out if isinstance(block, ActionsBlock)] == buttons
    if any(is_detail(block) for block in laid_out):
        assert [block for block in laid_out if not is_detail(block)] == must
        assert len(blocks.visible_text(blocks.as_dicts(laid_out))) <= blocks.MESSAGE_CHARACTERS


def test_what_fits_stays_whole_and_in_order() -> None:
    first, second, third = blocks.section("1"), blocks.section("2"), row(3)
    assert fit([Section([first], [second]), Section([third])]) == [first, second, third]


def test_the_last_detail_goes_first() -> None:
    details = [blocks.section(f"detail {n}") for n in range(3)]
    kept = fit([Section([], details[:1]), Section([], details[1:])], limit=2)
    assert kept == details[:2]


def test_too_many_characters_cost_detail_too() -> None:
    long, short = blocks.section("x" * 2_900), blocks.section("y")
    kept = fit([Section([short, row(1)], [long] * 5)])
    assert len(kept) == 2 + 3


@pytest.mark.parametrize("count", [50, 60])
def test_every_row_of_buttons_stays_even_when_summaries_alone_are_too_many(count: int) -> None:
    laid_out = fit([Section([blocks.section("x") for _ in range(count)] + [row(n) for n in range(5)])])
    assert len(laid_out) == blocks.MESSAGE_BLOCKS
    assert sum(isinstance(block, ActionsBlock) for block in laid_out) == 5
