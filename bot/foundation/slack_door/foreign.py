"""Authentic requests of another app or workspace: the trail tells of all of them, in few entries (threats T3, T13).

The first is recorded at once. Those of the next minute are counted, and recorded together: how many, and whose. So a
flood of them cannot fill the trail. Dying loses the count of one minute, never that there were any.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.foundation.work import Work

TOGETHER = timedelta(minutes=1)
NAMED = 10
"""So many apps and workspaces are named in one entry; of the others only the number of requests is known."""
OTHERS = ("others", "")


@dataclass(frozen=True)
class Told:
    """What one entry says: how many requests since when, by workspace and app."""

    since: datetime
    counts: Mapping[tuple[str, str], int]


class Foreign:
    """Counts, in this process, what has not been recorded yet."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._since: datetime | None = None

    def note(self, payload: Mapping[str, Any], now: datetime) -> Told | None:
        """Count a request; returns what is to be recorded now, if anything."""
        whose = _whose(payload)
        is_new = self._since is None
        if is_new or whose in self._counts or len(self._counts) < NAMED:
            self._counts[whose] += 1
        else:
            self._counts[OTHERS] += 1
        return self._take(now) if is_new else self.due(now)

    def due(self, now: datetime, *, at_once: bool = False) -> Told | None:
        """Return what has been counted once its minute is over (`at_once`: sooner), if there is anything."""
        if self._since is None or (now - self._since < TOGETHER and not at_once):
            return None
        told = self._take(now)
        if not told.counts:
            self._since = None  # a quiet minute: the next one is recorded at once again
            return None
        return told

    def give_back(self, told: Told) -> None:
        """Count again what could not be recorded."""
        self._counts.update(told.counts)

    def _take(self, now: datetime) -> Told:
        told = Told(self._since or now, dict(self._counts))
        self._counts.clear()
        self._since = now
        return told


def record(work: Work, told: Told) -> None:
    """Write one entry about requests that were turned away."""
    work.record(
        "gesture.refused",
        "slack",
        why="This is for another app or another workspace.",
        count=sum(told.counts.values()),
        since=told.since.isoformat(),
        whose=[{"team": team, "app": app, "count": count} for (team, app), count in sorted(told.counts.items())],
    )


def _whose(payload: Mapping[str, Any]) -> tuple[str, str]:
    team = json.dumps(payload.get("team_id") or payload.get("team"))[:200]
    return team, json.dumps(payload.get("api_app_id"))[:40]
