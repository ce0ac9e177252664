"""Slack is back: what happened meanwhile is said once, instead of everything that was meant to be said."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlmodel import col, select

from bot.comms import rules
from bot.comms.models import FallbackPolicy
from bot.comms.service import fallback, gathering
from bot.foundation import line, outbox
from bot.foundation.blocks import Markup, moment, mrkdwn
from bot.foundation.models import OutboxRow, OutboxState
from bot.foundation.work import Lane, Reading, Work

WHILE_AWAY = "While Slack took no messages:"


def over(reading: Reading) -> datetime | None:
    """Return when Slack came back from an outage that nobody has taken up yet."""
    outage = line.last_outage(reading)
    return outage.ended_at if outage else None


def sum_up(work: Work) -> int:
    """Take up an outage that is over: if it was long, gather what waits and say in each channel what happened."""
    outage = line.take_up(work)
    if outage is None:
        return 0
    told = fallback.used(work, outage)
    if told or outage.length >= work.config[FallbackPolicy].summary_after:
        waiting = list(_waiting(work))
        counted = Counter(str(row.payload["channel"]) for row in waiting)
        gathered = gathering.gather(work, waiting, WHILE_AWAY)
        for channel in sorted({*counted, *told}):
            key = f"outage:{outage.began_at.isoformat()}:{channel}"
            words = _summary(outage, counted[channel], told.get(channel, ()))
            outbox.announce(work, channel, key, words, Lane.DECISION)
        work.record(
            "slack.back", "slack", why=outage.why, began_at=outage.began_at.isoformat(), waited=len(waiting),
            gathered=gathered, channels=sorted(counted), by_fallback={where: len(said) for where, said in told.items()},
        )  # fmt: skip
    return 1


def _waiting(work: Work) -> Iterator[OutboxRow]:
    """Yield what waits for a channel, oldest first; not what only one person is told."""
    waits = select(OutboxRow).where(col(OutboxRow.state) == OutboxState.WAITING)
    for row in work.session.exec(waits.order_by(col(OutboxRow.sequence))):
        if "channel" in row.payload and "person" not in row.payload:
            yield row


def _summary(outage: line.Outage, count: int, told: Sequence[str]) -> Markup:
    words = mrkdwn(
        "📡 Slack took no messages from Backout from {began} to {ended}. Alerts were taken and deadlines went on. "
        "{count} waited for this channel: each card shows where things stand now, its thread what happened meanwhile. "
        "Pages whose time has passed are not posted.",
        began=moment(outage.began_at),
        ended=moment(outage.ended_at),
        count="One message" if count == 1 else f"{count} messages",
    )
    if not told:
        return words
    return mrkdwn(
        "{words} Meanwhile the fallback route was used: {count} about {incidents} went out that way.",
        words=words,
        count="one message" if len(told) == 1 else f"{len(told)} messages",
        incidents=rules.named(told),
    )
