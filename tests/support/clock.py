"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta

MORNING = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


class VirtualClock:
    """Tells the time that the test has set."""

    def __init__(self, start: datetime = MORNING) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def set(self, moment: datetime) -> None:
        self._now = moment

    def pass_time(self, **units: float) -> None:
        self._now += timedelta(**units)
