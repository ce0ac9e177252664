"""What happens to a row of the outbox, always by compare-and-set: whoever lost its claim changes nothing.

A claim is (id, state, attempts, claimed_until): each claim counts one attempt, and whoever takes a row over does so
after the claim of the one before has run out. So two claims of one row never look the same, even when the row was done
and wanted again in between.
"""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import and_, case, col, func, or_, select

from bot.foundation import line
from bot.foundation.blocks import channel_link, mrkdwn
from bot.foundation.models import OutboxRow, OutboxState, Posted
from bot.foundation.outbox import Payload, announce
from bot.foundation.work import Reading, Work

ATTEMPTS = 5
SEND_LEASE = timedelta(seconds=60)
LOOK_AGAIN = timedelta(seconds=5)
UNDONE = (OutboxState.WAITING, OutboxState.SENDING)


def waiting(reading: Reading) -> int:
    """Return how many rows have not left yet."""
    return reading.session.exec(select(func.count()).where(col(OutboxRow.state).in_(UNDONE))).one()


def oldest(reading: Reading) -> dict[str, datetime]:
    """Return for each kind of row that has not left when the first was due, or should have come back by now."""
    since = case((col(OutboxRow.state) == OutboxState.SENDING, col(OutboxRow.claimed_until)), else_=OutboxRow.due_at)
    query = select(OutboxRow.kind, func.min(since)).where(col(OutboxRow.state).in_(UNDONE)).group_by(OutboxRow.kind)
    return dict(reading.session.exec(query).all())


def _is_due(reading: Reading) -> Any:
    """Say in SQL that a row can be taken now: it waits and is due, or whoever took it has not come back."""
    taken_back = and_(col(OutboxRow.state) == OutboxState.SENDING, col(OutboxRow.claimed_until) <= reading.now)
    ready = or_(col(OutboxRow.state) == OutboxState.WAITING, taken_back)
    return and_(ready, col(OutboxRow.due_at) <= reading.now)


def due(reading: Reading, kinds: Collection[str], but_not: Collection[str], limit: int) -> list[OutboxRow]:
    """Return steps or effects that can be taken now, the most urgent lane first, the oldest first within it."""
    no_message = col(OutboxRow.state).in_(UNDONE), col(OutboxRow.place) == ""  # by index, past thousands of messages
    rows = reading.session.exec(
        select(OutboxRow)
        .where(_is_due(reading), *no_message, col(OutboxRow.kind).in_(kinds), col(OutboxRow.id).not_in(but_not))
        .order_by(col(OutboxRow.lane), col(OutboxRow.sequence))
        .limit(limit)
    )
    return list(rows)


def next_change(reading: Reading, but_not: Collection[str]) -> datetime | None:
    """Return the next moment at which a row becomes due that is not due now."""
    later = select(func.min(OutboxRow.due_at)).where(
        col(OutboxRow.state) == OutboxState.WAITING, col(OutboxRow.due_at) > reading.now
    )
    given_up = select(func.min(OutboxRow.claimed_until)).where(
        col(OutboxRow.state) == OutboxState.SENDING,
        col(OutboxRow.claimed_until) > reading.now,
        col(OutboxRow.id).not_in(but_not),
    )
    moments = (reading.session.exec(query).one() for query in (later, given_up))
    return min((moment for moment in moments if moment is not None), default=None)


def claim(work: Work, row: OutboxRow, lease: timedelta) -> OutboxRow | None:
    """Take a row; returns it as it is now, None if somebody else has taken or changed it.

    Taking over from somebody who has not come back makes it unclear whether the row was done.
    """
    taken = work.change(
        OutboxRow,
        *still(row),
        state=OutboxState.SENDING,
        claimed_until=work.now + lease,
        attempts=row.attempts + 1,
        unclear=row.unclear or row.state == OutboxState.SENDING,
    )
    return work.session.exec(select(OutboxRow).where(OutboxRow.id == row.id)).one() if taken else None


def still(row: OutboxRow) -> tuple[Any, ...]:
    """Say in SQL that nobody has taken or finished the row since it was read."""
    return (
        col(OutboxRow.id) == row.id,
        col(OutboxRow.state) == row.state,
        col(OutboxRow.attempts) == row.attempts,
        col(OutboxRow.claimed_until) == row.claimed_until,
    )


def serve(work: Work, row: OutboxRow) -> bool:
    """Note that what was wanted when the row was taken is done; if more was wanted meanwhile, it waits again."""
    values: dict[str, Any] = {"claimed_until": None, "unclear": False, "attempts": 0, "error": "", "due_at": work.now}
    as_wanted = col(OutboxRow.wanted) == row.wanted
    return work.change(
        OutboxRow, *still(row), as_wanted, state=OutboxState.DONE, served=row.wanted, **values
    ) or work.change(OutboxRow, *still(row), state=OutboxState.WAITING, served=row.wanted, **values)


def confirm(work: Work, row: OutboxRow, posted: Posted | None) -> None:
    """Note where a message stands now; whoever lost the claim meanwhile notes it only where nobody else has."""
    line.note_up(work)
    if posted is not None and (serve(work, row) or work.session.get(Posted, posted.key) is None):
        work.session.merge(posted)
    elif posted is None:
        serve(work, row)


def again(work: Work, row: OutboxRow, error: str, due_at: datetime, *, unclear: bool | None = None) -> None:
    """Let a row wait until a moment; `unclear` if it may have been done. Where it goes now is found out anew."""
    work.change(
        OutboxRow,
        *still(row),
        state=OutboxState.WAITING,
        claimed_until=None,
        due_at=due_at,
        error=error[:500],
        unclear=row.unclear if unclear is None else unclear,
        place="",
    )


def wait_for_slack(work: Work, row: OutboxRow, error: str, due_at: datetime, *, unclear: bool) -> None:
    """Let a row wait because Slack took nothing, and note that it does not."""
    line.note_away(work, error)
    again(work, row, error, due_at, unclear=unclear)


def note_elsewhere(work: Work, row: OutboxRow, channel: str, why: str, tell: str) -> None:
    """Note that a message stands in another channel than its own, and tell people there, once a day, what to do."""
    work.record("message.moved", row.key, why=why, channel=channel, to=tell)
    text = mrkdwn(
        "🧭 I cannot post in {channel} ({why}), so what belongs there comes here, cards with their buttons too. Please "
        "unarchive that channel or invite me to it, or name another one in config/ and restart Backout.",
        channel=channel_link(channel),
        why=why,
    )
    announce(work, tell, f"cannot-post:{channel}:{work.now:%Y-%m-%d}", text)


def forget(work: Work, row: OutboxRow) -> None:
    """The message is gone from Slack: post it anew, once."""
    posted = work.session.get(Posted, row.key)
    if posted:
        work.session.delete(posted)
    again(work, row, "the message is gone from Slack", work.now, unclear=False)


def park(work: Work, row: OutboxRow, error: str, tell: str) -> None:
    """Give a row up, and say so to people in a channel: what it was about may now need a human hand."""
    if not work.change(OutboxRow, *still(row), state=OutboxState.PARKED, claimed_until=None, error=error[:500]):
        return
    work.record("outbox.parked", row.key, why=error[:500], kind=row.kind)
    if row.kind != "foundation.announcement":
        text = f"Given up: {row.key} ({row.kind}). {error[:300]}. Nothing else waits for it; please look into it."
        announce(work, tell, f"parked:{row.id}", text)


def put_off(work: Work, row: OutboxRow, error: str, tell: str, *, unclear: bool = False) -> None:
    """A row met a defect of ours: try it later, and give up after five times rather than stop the rest."""
    attempts = row.attempts if row.state == OutboxState.SENDING else row.attempts + 1
    if attempts >= ATTEMPTS:
        park(work, row, error, tell)
        return
    work.change(
        OutboxRow,
        *still(row),
        state=OutboxState.WAITING,
        claimed_until=None,
        attempts=attempts,
        due_at=work.now + back_off(attempts),
        error=error[:500],
        unclear=row.unclear or unclear,
    )


def finish_step(work: Work, row: OutboxRow, run: Callable[[Work, Payload], None]) -> None:
    """Run a step in the transaction that ends it: exactly once. If it was wanted anew meanwhile, it is read anew."""
    as_wanted = col(OutboxRow.wanted) == row.wanted
    if work.change(OutboxRow, *still(row), as_wanted, state=OutboxState.DONE, served=row.wanted, attempts=0, error=""):
        run(work, row.payload)


def settle(work: Work, row: OutboxRow, record: Callable[[Work, Payload, Payload], None], outcome: Payload) -> None:
    """Record what came of an effect, unless somebody else has taken it over."""
    if serve(work, row):
        record(work, row.payload, outcome)


def note_defect(work: Work, row: OutboxRow, why: str) -> None:
    """Note in the trail that a message went out without its blocks."""
    work.record("message.defective", row.key, why=why[:500], kind=row.kind)


def take_over(work: Work, effects: Collection[str]) -> int:
    """Take back what a process that is surely dead had begun: effects at once, messages after the time to look."""
    begun = work.session.exec(select(OutboxRow).where(col(OutboxRow.state) == OutboxState.SENDING)).all()
    for row in begun:
        until = work.now if row.kind in effects else work.now + LOOK_AGAIN
        work.change(OutboxRow, *still(row), claimed_until=min(row.claimed_until or until, until))
    return len(begun)


def back_off(attempts: int) -> timedelta:
    """Return how long to wait after so many failures: 2, 4, 8 … 60 seconds."""
    return timedelta(seconds=min(60, 2 ** min(attempts, 6)))
