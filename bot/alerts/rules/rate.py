"""May a source send this now? A token bucket: so many requests a second on average, so many at once (threat T13)."""

from dataclasses import dataclass
from datetime import datetime

from bot.alerts.models import Rate


@dataclass(frozen=True)
class Bucket:
    """What a source may still send: so many requests as of a moment."""

    left: float
    at: datetime


def take(bucket: Bucket | None, rate: Rate, now: datetime) -> tuple[Bucket, float]:
    """Take one request out of a source's bucket; returns the bucket, and in how many seconds there is one (0: now).

    A full bucket is what a source begins with. A clock that goes back fills nothing and takes nothing away.
    """
    before = bucket or Bucket(rate.at_once, now)
    passed = max(0.0, (now - before.at).total_seconds())
    left = min(float(rate.at_once), before.left + passed * rate.per_second)
    if left >= 1:
        return Bucket(left - 1, now), 0.0
    return Bucket(left, now), (1 - left) / rate.per_second
