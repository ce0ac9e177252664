from datetime import UTC, datetime, timedelta

from bot.workspace.clock import SystemClock


def test_the_system_clock_tells_utc() -> None:
    now = SystemClock().now()
    assert now.utcoffset() == timedelta()
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=5)
