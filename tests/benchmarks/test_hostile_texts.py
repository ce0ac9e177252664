"""F9 in small: hostile texts on every surface are texts, and the proof would see it if they were not."""

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from benchmarks import hostile_texts
from benchmarks.hostile_texts import SURFACES, WRONG, Found
from bot.foundation.blocks import Markup, Message, section
from tests.support import hostile
from tests.support.soak import SOAKING

TEXTS = 20_000 if SOAKING else 150


async def test_hostile_texts_are_texts_on_every_surface(tmp_path: Path) -> None:
    """F9, T15, T20."""
    found = await hostile_texts.attack(tmp_path, 7, TEXTS, by_chance=150 if SOAKING else 0)
    assert found.places == {}
    assert set(found.shown) == set(SURFACES)
    assert min(found.shown.values()) == TEXTS
    assert all(figure.is_met for figure in hostile_texts.figures(TEXTS, [found]) if figure.name in WRONG)


MESSAGE = Message(Markup("<!here>"), [section(Markup("<https://evil.example|go> \x9b31m"))])
MAIL = b"Subject: x\r\nBcc: a@evil.example\r\n\r\nhi \x1b[31m"


@pytest.mark.parametrize(
    ("look", "shown", "seen"),
    [
        (hostile.in_slack, MESSAGE, ["active", "control character", "active"]),
        (hostile.in_slack, Message("x", [section("x")] * 51), ["rejected", "rejected"]),
        (hostile.in_text, "<@U0EVIL>", ["active"]),
        (hostile.in_text, "a\u202eb\ud800", ["control character"]),
        (
            hostile.in_html,
            "<p title='\u202e'><img src=x onerror=evil()></p>",
            ["active", "active", "control character"],
        ),
        (hostile.in_html, "<a href='https://evil.example'>x</a>", ["active"]),
        (hostile.in_markdown, "a <script>evil()</script> [x](https://evil.example)", ["active"] * 3),
        (hostile.in_markdown, "```\n<script>\n```", []),
        (hostile.in_log, '{"a": "b"}\n{"a": "c"}', ["active"]),
        (hostile.in_log, '{"a": "\x9b31m"}', ["active", "control character"]),
        (lambda raw: hostile.in_mail(raw, {"Subject"}), MAIL, ["active", "control character"]),
    ],
)
def test_what_acts_is_seen(look: Callable[[object], Iterator[str]], shown: object, seen: list[str]) -> None:
    found = Found()
    found.note("place", look(shown))
    assert sorted(found.wrong.elements()) == sorted(seen)


def test_the_same_seed_makes_the_same_texts() -> None:
    assert [hostile.hostile(Random(3)) for _ in range(20)] == [hostile.hostile(Random(3)) for _ in range(20)]


def test_a_missed_goal_is_said() -> None:
    bad = Found(never_asked=["alerts.card"])
    bad.shown["cards"] = bad.by_view["alerts.card"] = 10
    bad.wrong.update(WRONG)
    missed = {figure.name for figure in hostile_texts.figures(10, [bad]) if not figure.is_met}
    assert missed == {"surfaces that every text met", "views never asked", *WRONG}
