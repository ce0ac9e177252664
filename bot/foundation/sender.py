"""The sender: takes what waits in the outbox and gets it done, in order, paced, and never twice if that can be known.

For a message it 1. builds it from current state, 2. claims the row (compare-and-set), 3. calls Slack with no
transaction open, 4. records where the message stands. Dying between 3 and 4, or losing Slack's reply, leaves the row
*unclear*: after five seconds the message is looked up by the row's id in its metadata before anything is sent again.

Each channel takes one call at a time and one post a second; a 429 stops that method in that channel for exactly as
long as Slack says, while other channels go on.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import and_, col, func, or_, select

from bot.foundation import metrics
from bot.foundation.blocks import Message, as_dicts, mrkdwn, section
from bot.foundation.config import digest
from bot.foundation.db import Store
from bot.foundation.models import OutboxRow, OutboxState, Posted
from bot.foundation.outbox import Home, Kinds, Outgoing, Post, Whisper
from bot.foundation.slack_port import RateLimited, Refused, SlackError, SlackPort, Unclear
from bot.foundation.work import Actor, Reading, Work

log = logging.getLogger(__name__)
SENDER = Actor("system", "sender", "Backout")
SEND_LEASE = timedelta(seconds=30)
LOOK_AGAIN = timedelta(seconds=5)
PACE = timedelta(seconds=1)
ROUND = 200
ATTEMPTS = 5
TOKEN_ERRORS = frozenset({"token_revoked", "token_expired", "invalid_auth", "not_authed", "account_inactive"})
CHANNEL_ERRORS = frozenset({"channel_not_found", "is_archived", "not_in_channel", "restricted_action"})


@dataclass(frozen=True)
class Claimed:
    """A message that is this sender's to send, as it should stand now."""

    row: OutboxRow
    outgoing: Outgoing
    stands: Posted | None
    thread: str | None


@dataclass
class Sender:
    """Works the outbox. `tick` starts everything that can start now; `idle` waits for what was started.

    Attributes:
        fallback_channel: Where a message goes whose own channel is archived or gone.
        trouble: Slack's error code while our token does not work, else empty.
    """

    store: Store
    kinds: Kinds
    slack: SlackPort
    fallback_channel: str
    trouble: str = ""
    _free_at: dict[str, datetime] = field(default_factory=dict)
    _busy: set[str] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _stopping: bool = False

    async def tick(self) -> datetime | None:
        """Start everything that can start now; returns when the next row is due, None if none waits."""
        while not self._stopping and await self._run_steps():
            pass
        if not self._stopping:
            await self._start_messages_and_effects()
        return await self.store.read(self._next_due)

    async def idle(self) -> None:
        """Wait until nothing that was started is still running."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    async def stop(self, within: float) -> None:
        """Start nothing more and give what is running so many seconds to finish; the rest is looked up at restart."""
        self._stopping = True
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=within)
        for task in self._tasks:
            task.cancel()

    # --- steps: inside the database, exactly once -------------------------------------------------------------------

    async def _run_steps(self) -> int:
        rows = await self.store.read(_due, list(self.kinds.steps), self._started())
        for row in rows:
            try:
                await self.store.submit(SENDER, self._run_step, row)
            except Exception as error:  # noqa: BLE001 - noted on the row, so that one bad row cannot stop the rest
                await self._defect(row, error)
        return len(rows)

    def _run_step(self, work: Work, row: OutboxRow) -> None:
        where = (col(OutboxRow.id) == row.id, col(OutboxRow.state) == OutboxState.WAITING)
        if work.change(
            OutboxRow, *where, col(OutboxRow.wanted) == row.wanted, state=OutboxState.DONE, served=row.wanted
        ):
            self.kinds.steps[row.kind](work, row.payload)

    # --- messages and effects: the world outside ----------------------------------------------------------------------

    async def _start_messages_and_effects(self) -> None:
        for row in await self.store.read(_due, list(self.kinds.effects), self._started()):
            self._start(f"row:{row.id}", self._carry_out(row))
        for row in await self.store.read(_due, list(self.kinds.messages), self._started()):
            try:
                place = await self.store.read(self._place, row)
            except Exception as error:  # noqa: BLE001 - noted on the row, so that one bad row cannot stop the rest
                await self._defect(row, error)
                continue
            if place is not None and self._is_free(place):
                self._start(place, self._deliver(row, place))

    async def _defect(self, row: OutboxRow, error: Exception) -> None:
        """Put a row off that we cannot handle, so that it does not stop the rest."""
        log.error("%s %s failed", row.kind, row.key, exc_info=error)
        await self.store.submit(SENDER, _put_off, row, f"{type(error).__name__}: {error}"[:500])

    def _start(self, place: str, doing: Coroutine[Any, Any, None]) -> None:
        self._busy.add(place)
        task = asyncio.create_task(doing)
        self._tasks.add(task)

        def finished(done: asyncio.Task[None]) -> None:
            self._tasks.discard(done)
            self._busy.discard(place)
            self.store.after_commit()
            if not done.cancelled() and (error := done.exception()):
                log.error("sending failed", exc_info=error)

        task.add_done_callback(finished)

    def _started(self) -> frozenset[str]:
        return frozenset(place.removeprefix("row:") for place in self._busy)

    def _is_free(self, place: str) -> bool:
        if place in self._busy or (
            self.trouble and self._free_at.get("", self.store.clock.now()) > self.store.clock.now()
        ):
            return False
        return self._free_at.get(place, self.store.clock.now()) <= self.store.clock.now()

    def _place(self, reading: Reading, row: OutboxRow) -> str | None:
        """Return where a row goes (the thing that takes one call at a time), '' if it has become pointless."""
        outgoing = self.kinds.messages[row.kind](reading, row.payload)
        if isinstance(outgoing, Post) and outgoing.thread_of and _parent(reading, outgoing.thread_of) is None:
            return None
        return _place_of(outgoing)

    async def _deliver(self, row: OutboxRow, place: str) -> None:
        try:
            claimed = await self.store.submit(SENDER, self._claim, row)
        except Exception as error:  # noqa: BLE001 - noted on the row, so that one bad row cannot stop the rest
            await self._defect(row, error)
            return
        if claimed is None:
            return
        try:
            posted = await self._send(claimed)
        except SlackError as error:
            metrics.slack_calls.labels(outcome=type(error).__name__).inc()
            await self._after_error(claimed, place, error)
            return
        metrics.slack_calls.labels(outcome="sent").inc()
        self.trouble = ""
        if isinstance(claimed.outgoing, Post):
            self._free_at[place] = self.store.clock.now() + PACE
        await self.store.submit(SENDER, _confirm, claimed.row, posted)

    def _claim(self, work: Work, row: OutboxRow) -> Claimed | None:
        """Take the row for this sender and build what it should say now; None when there is nothing to send."""
        if not work.change(
            OutboxRow,
            *_still(row),
            state=OutboxState.SENDING,
            claimed_until=work.now + SEND_LEASE,
            attempts=row.attempts + 1,
        ):
            return None
        mine = work.session.exec(select(OutboxRow).where(OutboxRow.id == row.id)).one()
        mine.unclear = mine.unclear or row.state == OutboxState.SENDING
        work.session.add(mine)
        outgoing = self.kinds.messages[row.kind](work, mine.payload)
        stands = work.session.get(Posted, row.key)
        content = _content(outgoing)
        if outgoing is None or (stands and (stands.content == content or getattr(outgoing, "frozen", False))):
            _served(work, mine)
            return None
        thread = _parent(work, outgoing.thread_of) if isinstance(outgoing, Post) and outgoing.thread_of else None
        work.session.flush()
        return Claimed(mine, outgoing, stands, thread or None)

    async def _send(self, claimed: Claimed) -> Posted | None:
        """Call Slack; returns where the message stands now (None for a whisper)."""
        row, outgoing = claimed.row, claimed.outgoing
        if isinstance(outgoing, Home):
            await self.slack.publish_home(outgoing.person, outgoing.view)
            return Posted(key=row.key, channel="", ts="", content=_content(outgoing))
        blocks = as_dicts(outgoing.message.blocks)
        if isinstance(outgoing, Whisper):
            await self._whisper(outgoing, blocks, row)
            return None
        if claimed.stands:
            await self.slack.update(claimed.stands.channel, claimed.stands.ts, outgoing.message.fallback, blocks)
            return Posted(key=row.key, channel=claimed.stands.channel, ts=claimed.stands.ts, content=_content(outgoing))
        ts = await self._find(claimed, outgoing) if row.unclear else None
        ts = ts or await self.slack.post(
            outgoing.channel, outgoing.message.fallback, blocks, row=row.id, thread=claimed.thread
        )
        return Posted(key=row.key, channel=outgoing.channel, ts=ts, content=_content(outgoing))

    async def _find(self, claimed: Claimed, outgoing: Post) -> str | None:
        return await self.slack.find(outgoing.channel, claimed.row.id, claimed.row.created_at, thread=claimed.thread)

    async def _whisper(self, outgoing: Whisper, blocks: list[dict[str, Any]], row: OutboxRow) -> None:
        """Whisper where the person is; somebody who is not in the channel is told in a direct message."""
        try:
            await self.slack.whisper(outgoing.channel, outgoing.person, outgoing.message.fallback, blocks)
        except Refused as error:
            if error.code not in CHANNEL_ERRORS | {"user_not_in_channel"}:
                raise
            channel = await self.slack.direct_channel(outgoing.person)
            await self.slack.post(channel, outgoing.message.fallback, blocks, row=row.id)

    async def _after_error(self, claimed: Claimed, place: str, error: SlackError) -> None:
        now = self.store.clock.now()
        if isinstance(error, RateLimited):
            wait = timedelta(seconds=error.retry_after)
            self._free_at[place] = now + wait
            await self.store.submit(SENDER, _again, claimed.row, str(error), now + wait)
        elif isinstance(error, Unclear):
            await self.store.submit(SENDER, _again, claimed.row, str(error), now + LOOK_AGAIN, unclear=True)
        elif not isinstance(error, Refused):
            await self.store.submit(SENDER, _again, claimed.row, str(error), now + _back_off(claimed.row.attempts))
        elif error.code in TOKEN_ERRORS:
            self.trouble = error.code
            self._free_at[""] = now + timedelta(seconds=60)
            log.error("Slack does not accept our token: %s", error.code)
            await self.store.submit(SENDER, _again, claimed.row, str(error), now + timedelta(seconds=60))
        else:
            await self._after_refusal(claimed, error)

    async def _after_refusal(self, claimed: Claimed, error: Refused) -> None:
        """Try what still may help: join, post anew, or use the channel for what has no other; else park the row."""
        outgoing, now = claimed.outgoing, self.store.clock.now()
        if claimed.stands and error.code in ("message_not_found", "cant_update_message", *CHANNEL_ERRORS):
            await self.store.submit(SENDER, _forget, claimed.row)
        elif isinstance(outgoing, Post) and error.code == "not_in_channel" and claimed.row.attempts == 1:
            await self._join(outgoing.channel)
            await self.store.submit(SENDER, _again, claimed.row, str(error), now)
        elif isinstance(outgoing, Post) and error.code in CHANNEL_ERRORS and outgoing.channel != self.fallback_channel:
            await self._post_elsewhere(claimed, outgoing, error)
        else:
            log.error("Slack refused %s for good: %s", claimed.row.key, error)
            await self.store.submit(SENDER, _park, claimed.row, str(error))

    async def _join(self, channel: str) -> None:
        try:
            await self.slack.join(channel)
        except SlackError as error:
            log.warning("cannot join %s: %s", channel, error)

    async def _post_elsewhere(self, claimed: Claimed, outgoing: Post, error: Refused) -> None:
        why = mrkdwn("_For {channel}, where I cannot post ({code})._", channel=f"#{outgoing.channel}", code=error.code)
        message = Message(outgoing.message.text, [section(why), *outgoing.message.blocks][:50])
        try:
            ts = await self.slack.post(
                self.fallback_channel, message.fallback, as_dicts(message.blocks), row=claimed.row.id
            )
        except SlackError as second:
            await self.store.submit(
                SENDER, _again, claimed.row, str(second), self.store.clock.now() + _back_off(claimed.row.attempts)
            )
            return
        posted = Posted(key=claimed.row.key, channel=self.fallback_channel, ts=ts, content=_content(outgoing))
        await self.store.submit(SENDER, _confirm, claimed.row, posted)

    async def _carry_out(self, row: OutboxRow) -> None:
        """Have an effect on another system, then record what came of it in a Work of its own."""
        effect = self.kinds.effects[row.kind]
        if not await self.store.submit(SENDER, _claim_effect, row, timedelta(seconds=effect.lease)):
            return
        try:
            outcome = await effect.act(row.payload, row.id)
            await self.store.submit(SENDER, _settle, row, effect.settle, outcome)
        except Exception as error:  # noqa: BLE001 - noted on the row, so that one bad row cannot stop the rest
            await self._defect(row, error)

    def _next_due(self, reading: Reading) -> datetime | None:
        """Return when a row is due that is not on its way already."""
        rows = reading.session.exec(
            select(OutboxRow.id, OutboxRow.due_at, OutboxRow.claimed_until, OutboxRow.state)
            .where(col(OutboxRow.state).in_((OutboxState.WAITING, OutboxState.SENDING)))
            .order_by(col(OutboxRow.due_at))
            .limit(ROUND)
        ).all()
        metrics.outbox_waiting.set(len(rows))
        started = self._started()
        paced = [at for at in self._free_at.values() if at > reading.now]
        dues = [
            max(due, claimed_until) if state == OutboxState.SENDING and claimed_until else due
            for key, due, claimed_until, state in rows
            if key not in started
        ]
        later = [due for due in dues if due > reading.now]
        if len(later) < len(dues):
            later += paced  # something is due now but waits for its channel
        return min(later, default=None)


def waiting(reading: Reading) -> int:
    """Return how many rows have not left yet."""
    states = (OutboxState.WAITING, OutboxState.SENDING)
    return reading.session.exec(select(func.count()).where(col(OutboxRow.state).in_(states))).one()


def _due(reading: Reading, kinds: list[str], started: frozenset[str]) -> list[OutboxRow]:
    ready = or_(
        col(OutboxRow.state) == OutboxState.WAITING,
        and_(col(OutboxRow.state) == OutboxState.SENDING, col(OutboxRow.claimed_until) <= reading.now),
    )
    rows = reading.session.exec(
        select(OutboxRow)
        .where(ready, col(OutboxRow.due_at) <= reading.now, col(OutboxRow.kind).in_(kinds))
        .order_by(col(OutboxRow.lane), col(OutboxRow.sequence))
        .limit(ROUND)
    )
    return [row for row in rows if row.id not in started]


def _still(row: OutboxRow) -> tuple[Any, ...]:
    """Say that nobody has touched the row since it was read."""
    return (
        col(OutboxRow.id) == row.id,
        col(OutboxRow.state) == row.state,
        col(OutboxRow.attempts) == row.attempts,
    )


def _parent(reading: Reading, key: str) -> str | None:
    """Return the timestamp of a thread's first message, '' if there will be none, None while it is on its way."""
    posted = reading.session.get(Posted, key)
    if posted:
        return posted.ts
    coming = reading.session.exec(
        select(OutboxRow.id).where(
            OutboxRow.key == key, col(OutboxRow.state).in_((OutboxState.WAITING, OutboxState.SENDING))
        )
    ).first()
    return None if coming else ""


def _place_of(outgoing: Outgoing | None) -> str:
    match outgoing:
        case Post(channel=channel):
            return channel
        case Whisper(channel=channel, person=person):
            return f"{channel}:{person}"
        case Home(person=person):
            return f"home:{person}"
        case _:
            return "nowhere"


def _content(outgoing: Outgoing | None) -> str:
    match outgoing:
        case Home(view=view):
            return digest(view.to_dict())
        case Post(message=message) | Whisper(message=message):
            return digest([message.fallback, as_dicts(message.blocks)])
        case _:
            return ""


def _confirm(work: Work, row: OutboxRow, posted: Posted | None) -> None:
    if posted is not None:
        work.session.merge(posted)
    mine = work.session.exec(select(OutboxRow).where(OutboxRow.id == row.id).with_for_update()).one()
    _served(work, mine, wanted=row.wanted)


def _served(work: Work, row: OutboxRow, *, wanted: int | None = None) -> None:
    row.served = row.wanted if wanted is None else wanted
    row.state = OutboxState.DONE if row.served >= row.wanted else OutboxState.WAITING
    row.claimed_until, row.unclear, row.attempts, row.error, row.due_at = None, False, 0, "", work.now
    work.session.add(row)


def _again(work: Work, row: OutboxRow, error: str, due_at: datetime, *, unclear: bool | None = None) -> None:
    values: dict[str, Any] = {} if unclear is None else {"unclear": unclear}
    work.change(
        OutboxRow,
        col(OutboxRow.id) == row.id,
        state=OutboxState.WAITING,
        claimed_until=None,
        due_at=due_at,
        error=error[:500],
        **values,
    )


def _forget(work: Work, row: OutboxRow) -> None:
    """The message is gone from Slack: post it anew, once."""
    posted = work.session.get(Posted, row.key)
    if posted:
        work.session.delete(posted)
    _again(work, row, "the message is gone from Slack", work.now)


def _park(work: Work, row: OutboxRow, error: str) -> None:
    work.change(OutboxRow, col(OutboxRow.id) == row.id, state=OutboxState.PARKED, claimed_until=None, error=error[:500])
    work.record("message.parked", row.key, why=error, kind=row.kind)


def _put_off(work: Work, row: OutboxRow, error: str) -> None:
    """A step or an effect has a defect: try later, and give up after five times rather than stop the rest."""
    attempts = row.attempts + 1
    if attempts >= ATTEMPTS:
        _park(work, row, error)
        return
    work.change(OutboxRow, col(OutboxRow.id) == row.id, attempts=attempts)
    _again(work, row, error, work.now + _back_off(attempts))


def _claim_effect(work: Work, row: OutboxRow, lease: timedelta) -> bool:
    return work.change(
        OutboxRow,
        *_still(row),
        state=OutboxState.SENDING,
        claimed_until=work.now + lease,
        attempts=row.attempts + 1,
    )


def _settle(work: Work, row: OutboxRow, settle: Callable[[Work, Any, Any], None], outcome: Any) -> None:
    mine = work.session.exec(select(OutboxRow).where(OutboxRow.id == row.id).with_for_update()).one()
    if mine.state != OutboxState.SENDING:
        return
    _served(work, mine, wanted=row.wanted)
    work.session.flush()
    settle(work, row.payload, outcome)


def _back_off(attempts: int) -> timedelta:
    return timedelta(seconds=min(60, 2 ** min(attempts, 6)))
