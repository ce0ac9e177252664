"""The one place that reads the clock, so that a test can set it and every decision knows its moment."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time. The product uses SystemClock; tests and drills bring their own."""

    def now(self) -> datetime:
        """Return this moment, aware and in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return this moment, aware and in UTC."""
        return datetime.now(UTC)
