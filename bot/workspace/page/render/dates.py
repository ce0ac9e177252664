"""Times as the viewer reads them: message times, day dividers and Slack's `<!date^…>` formats.

Source: https://docs.slack.dev/messaging/formatting-message-text#date-formatting
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

LATEST = 253_402_214_400  # 9999-12-31 UTC: what a datetime can hold in any zone


def moment(timestamp: str | float, zone: ZoneInfo) -> datetime | None:
    """A Slack `ts` or Unix seconds as an aware time in `zone`; None when it is no moment a calendar knows."""
    try:
        seconds = float(timestamp)
    except ValueError:
        return None
    return datetime.fromtimestamp(seconds, UTC).astimezone(zone) if 86_400 <= seconds < LATEST else None


def ordinal(day: int) -> str:
    """`1st`, `2nd`, `3rd`, `11th`."""
    suffix = "th" if day in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{suffix}"


def clock(at: datetime) -> str:
    """`14:05`: unambiguous for people who hand over between time zones."""
    return at.strftime("%H:%M")


def long_date(at: datetime) -> str:
    """`Tuesday, February 18th, 2025`."""
    return f"{at:%A}, {at:%B} {ordinal(at.day)}, {at.year}"


def full(at: datetime) -> str:
    """The whole timestamp for a tooltip: `Tuesday, February 18th, 2025 at 14:05:09 CET`."""
    return f"{long_date(at)} at {at:%H:%M:%S} {at:%Z}"


def day_name(at: datetime, now: datetime) -> str:
    """What a day divider says: `Today`, `Yesterday`, `Tomorrow` or the long date."""
    return _near(at, now) or f"{at:%A}, {at:%B} {ordinal(at.day)}" + ("" if at.year == now.year else f", {at.year}")


def ago(at: datetime, now: datetime) -> str:
    """How far away a moment is, in one unit: `3 minutes ago`, `in 2 hours`."""
    seconds = (now - at).total_seconds()
    size = abs(seconds)
    if size < 60:
        return "just now" if seconds >= 0 else "in under a minute"
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if size >= length:
            count = int(size // length)
            words = f"{count} {unit}{'' if count == 1 else 's'}"
            return f"{words} ago" if seconds >= 0 else f"in {words}"
    raise AssertionError("a span of a minute or more has a unit")


def _near(at: datetime, now: datetime) -> str:
    days = (at.date() - now.astimezone(at.tzinfo).date()) // timedelta(days=1)
    return {-1: "Yesterday", 0: "Today", 1: "Tomorrow"}.get(days, "")


def _date(at: datetime) -> str:
    return f"{at:%B} {ordinal(at.day)}, {at.year}"


def _short(at: datetime) -> str:
    return f"{at:%b} {at.day}, {at.year}"


FORMATS: dict[str, Callable[[datetime, datetime], str]] = {
    "date_num": lambda at, _: at.strftime("%Y-%m-%d"),
    "date_slash": lambda at, _: at.strftime("%m/%d/%Y"),
    "date": lambda at, _: _date(at),
    "date_short": lambda at, _: _short(at),
    "date_long": lambda at, _: long_date(at),
    "date_pretty": lambda at, now: _near(at, now).lower() or _date(at),
    "date_short_pretty": lambda at, now: _near(at, now).lower() or _short(at),
    "date_long_pretty": lambda at, now: _near(at, now).lower() or long_date(at),
    "day_divider_pretty": day_name,
    "time": lambda at, _: clock(at),
    "time_secs": lambda at, _: at.strftime("%H:%M:%S"),
    "ago": ago,
}

_TOKEN = re.compile(r"\{([a-z_]+)\}")


def in_format(at: datetime, pattern: str, now: datetime) -> str:
    """Fill Slack's `{date_short} at {time}` pattern; an unknown token stays visible as written."""

    def token(found: re.Match[str]) -> str:
        way = FORMATS.get(found.group(1))
        return way(at, now) if way else found.group(0)

    return _TOKEN.sub(token, pattern)
