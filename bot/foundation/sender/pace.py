"""Which place (a channel, a person in a channel, a Home) may be called now?"""

from datetime import datetime, timedelta

EVERYWHERE = ""
ONE_POST = timedelta(seconds=1)
"""Slack takes about one message a second in a channel (docs.slack.dev/apis/web-api/rate-limits)."""
AT_ONCE = 20
"""So many places are called beside each other."""


class Pace:
    """Remembers which places are busy, and until when others have to wait."""

    def __init__(self) -> None:
        self._free_at: dict[str, datetime] = {}
        self._busy: set[str] = set()
        self._in_doubt = False

    def is_free(self, place: str, now: datetime) -> bool:
        """Say whether a place may be called now."""
        held = max(self._free_at.get(place, now), self._free_at.get(EVERYWHERE, now))
        return place not in self._busy and held <= now

    def hold(self, place: str, until: datetime) -> None:
        """Let nothing go to a place before a moment."""
        self._free_at[place] = max(until, self._free_at.get(place, until))

    def release(self, place: str) -> None:
        """Let a place be called again at once."""
        self._free_at.pop(place, None)

    def doubt(self, until: datetime) -> None:
        """Let nothing go anywhere before a moment, and then one call at a time: it finds out whether Slack is back."""
        self._in_doubt = True
        self.hold(EVERYWHERE, until)

    def trust(self) -> None:
        """Let everything go again: Slack has taken something."""
        self._in_doubt = False
        self.release(EVERYWHERE)

    @property
    def at_once(self) -> int:
        """How many places may be called beside each other now."""
        return 1 if self._in_doubt else AT_ONCE

    @property
    def running(self) -> int:
        """How many places are being called."""
        return len(self._busy)

    def begin(self, place: str) -> None:
        """Keep everybody else from a place until `end`."""
        self._busy.add(place)

    def end(self, place: str) -> None:
        """Let the next one have its turn."""
        self._busy.discard(place)

    def all_free(self, now: datetime) -> datetime:
        """Return when every place may be called again."""
        return max(self._free_at.values(), default=now)

    def next_free(self, now: datetime) -> datetime | None:
        """Return when the next place that has to wait becomes free; forgets those that are."""
        self._free_at = {place: until for place, until in self._free_at.items() if until > now}
        return min(self._free_at.values(), default=None)
