"""Many notes told together stay within one message."""

from bot.comms.rules import gathered
from bot.foundation.blocks import SECTION_TEXT, Markup, escape
from tests.support.clock import MORNING


def test_each_is_told_with_its_time() -> None:
    said = [(MORNING, Markup("Opened.\nBy *Maya*.")), (MORNING, Markup("Tier 2."))]
    text = gathered("INC-1", said, "Much happened at once:")
    assert text.splitlines()[0] == "Much happened at once:"
    assert "09:00 UTC>: Opened. By *Maya*." in text.splitlines()[1]
    assert len(text.splitlines()) == 3


def test_what_finds_no_room_is_counted() -> None:
    text = gathered("INC-1", [(MORNING, escape("<!channel> " * 500))] * 400, "Much:")
    assert len(text) <= SECTION_TEXT
    assert "<!channel>" not in text
    shown = text.count("•")
    assert f"and {400 - shown} more: `backout export INC-1` has them all" in text
