"""Emoji shortcodes."""

from hypothesis import given
from hypothesis import strategies as st

from bot.workspace.page.render.emoji import EMOJI, SHORTCODE, as_unicode, picture, with_emoji
from tests.workspace.page.outline import Outline, active_parts


def test_every_name_is_a_shortcode_and_has_a_picture_with_a_name() -> None:
    for name, character in EMOJI.items():
        assert SHORTCODE.fullmatch(f":{name}:")
        (shown,) = Outline(str(picture(name))).elements
        assert (shown.text, shown.attributes["role"]) == (character, "img")
        assert shown.attributes["aria-label"]


def test_unknown_ones_stay_as_typed() -> None:
    assert picture("nope") is None
    assert with_emoji(":nope: <b>") == ":nope: &lt;b&gt;"
    assert as_unicode(":fire: :nope:") == "🔥 :nope:"


@given(st.text() | st.lists(st.sampled_from([":", "fire", "<b>", "::", "-1"])).map("".join))
def test_text_stays_inert(text: str) -> None:
    assert active_parts(with_emoji(text)) == []
