"""Does Slack take what we send? Since when not, and from when to when it last did not.

    up ──▶ away      a call was not answered, or our token was not accepted: everything waits
    away ──▶ up      a call was carried out; the outage stands here until somebody has taken it up

The sender notes it; whoever wants to know reads it, in every process.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import col

from bot.foundation.models import SlackLine
from bot.foundation.work import Reading, Work

log = logging.getLogger(__name__)
THE_LINE = 1
HICCUP = timedelta(seconds=60)
"""Slack may be away so long before we call ourselves not ready."""


@dataclass(frozen=True)
class Outage:
    """A time in which Slack took nothing from us."""

    began_at: datetime
    ended_at: datetime
    why: str

    @property
    def length(self) -> timedelta:
        """How long it was."""
        return self.ended_at - self.began_at


def away_since(reading: Reading) -> datetime | None:
    """Return since when Slack has taken nothing; None while it takes what we send."""
    line = reading.session.get(SlackLine, THE_LINE)
    return line.away_since if line else None


def last_outage(reading: Reading) -> Outage | None:
    """Return the outage that is over and that nobody has taken up yet."""
    line = reading.session.get(SlackLine, THE_LINE)
    if line is None or line.lost_at is None or line.back_at is None:
        return None
    return Outage(line.lost_at, line.back_at, line.why)


def take_up(work: Work) -> Outage | None:
    """Take up the outage that is over: it is handed out once (compare-and-set); None if there is none."""
    outage = last_outage(work)
    if outage is None:
        return None
    mine = work.change(SlackLine, col(SlackLine.back_at) == outage.ended_at, lost_at=None, back_at=None)
    return outage if mine else None


def note_away(work: Work, why: str) -> None:
    """Note that Slack did not take something."""
    line = work.session.get(SlackLine, THE_LINE)
    if line is None:
        work.add_once(SlackLine(id=THE_LINE))
    if work.change(SlackLine, col(SlackLine.away_since).is_(None), away_since=work.now, why=why[:500]):
        log.warning("Slack does not take messages, so they wait: %s", why)


def note_up(work: Work) -> None:
    """Note that Slack took something."""
    line = work.session.get(SlackLine, THE_LINE)
    if line is None or line.away_since is None:
        return
    since = line.away_since
    lost_at = min(since, line.lost_at or since)
    if work.change(SlackLine, col(SlackLine.away_since) == since, away_since=None, lost_at=lost_at, back_at=work.now):
        log.info("Slack takes messages again; it did not since %s", since)


def trouble(reading: Reading) -> str:
    """Say since when Slack has taken nothing, '' while it takes what we send or was away for a moment only."""
    since = away_since(reading)
    if since is None or reading.now - since <= HICCUP:
        return ""
    return f"Slack has taken nothing since {since:%Y-%m-%d %H:%M} UTC"
