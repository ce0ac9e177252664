"""How far our clock is from Slack's (threat T26), in words. Pure.

Slack signs when it sent a request, and what is older than five minutes is turned away: with a wrong clock everything
that people press would be, or an old request would pass for a new one.
"""

from datetime import datetime, timedelta

NOTED = timedelta(seconds=60)
"""From here on the difference is said."""
REFUSED = timedelta(seconds=240)
"""From here on no request is taken from Slack: one minute is left for the network and for drifting further."""


def difference(ours: datetime, slacks: datetime | None) -> timedelta:
    """Return how far our clock is ahead of Slack's (negative: behind); nothing, if Slack did not say its time."""
    return ours - slacks if slacks else timedelta()


def note(ahead: timedelta) -> str:
    """Say what is odd about our clock, '' if it is within a minute of Slack's."""
    if abs(ahead) <= NOTED:
        return ""
    seconds = round(abs(ahead).total_seconds())
    return (
        f"this machine's clock is {seconds} s {'ahead of' if ahead > timedelta() else 'behind'} Slack's: set it (NTP)"
    )


def is_too_far(ahead: timedelta) -> bool:
    """Say whether requests from Slack cannot be judged with this clock."""
    return abs(ahead) > REFUSED
