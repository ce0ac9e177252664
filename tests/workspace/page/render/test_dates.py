"""Times as people read them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.workspace.page.render.dates import ago, day_name, in_format, moment, ordinal

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("pattern", "shown"),
    [
        ("{date_num}", "2026-11-20"),
        ("{date_slash}", "11/20/2026"),
        ("{date}", "November 20th, 2026"),
        ("{date_short}", "Nov 20, 2026"),
        ("{date_long}", "Friday, November 20th, 2026"),
        ("{date_pretty}", "yesterday"),
        ("{date_long_pretty}", "yesterday"),
        ("{day_divider_pretty}", "Yesterday"),
        ("{time} / {time_secs}", "08:00 / 08:00:00"),
        ("{ago}", "1 day ago"),
        ("{unknown}", "{unknown}"),
    ],
)
def test_formats(pattern: str, shown: str) -> None:
    assert in_format(NOW - timedelta(days=1, hours=1), pattern, NOW) == shown


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "just now"), (59, "just now"), (60, "1 minute ago"), (7_200, "2 hours ago"), (90_000, "1 day ago"),
     (-5, "in under a minute"), (-60, "in 1 minute"), (-86_400, "in 1 day")],
)  # fmt: skip
def test_ago(seconds: int, words: str) -> None:
    assert ago(NOW - timedelta(seconds=seconds), NOW) == words


@pytest.mark.parametrize(("day", "words"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (22, "22nd")])
def test_ordinal(day: int, words: str) -> None:
    assert ordinal(day) == words


def test_a_day_is_the_viewers_day() -> None:
    in_tokyo = NOW.replace(hour=20).astimezone(ZoneInfo("Asia/Tokyo"))
    assert day_name(in_tokyo, NOW) == "Tomorrow"
    assert day_name(NOW - timedelta(days=400), NOW) == "Friday, October 17th, 2025"
    assert day_name(NOW - timedelta(days=9), NOW) == "Thursday, November 12th"


@given(st.text(max_size=20) | st.floats().map(str))
def test_what_is_no_moment_is_none(text: str) -> None:
    found = moment(text, ZoneInfo("UTC"))
    assert found is None or found.tzinfo is not None
