"""What starts when: steps run at once inside the database; effects and messages start beside each other."""

import asyncio
import contextlib
import heapq
import itertools
import logging
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bot.foundation import metrics
from bot.foundation.db import Store
from bot.foundation.errors import StoreUnavailableError
from bot.foundation.models import OutboxRow
from bot.foundation.outbox import Kinds
from bot.foundation.sender import rows
from bot.foundation.sender.delivery import Delivery, Destination, destination
from bot.foundation.sender.lines import Lines, Placed, order, stand_in, standing, standing_in
from bot.foundation.sender.pace import ONE_POST, Pace
from bot.foundation.sender.turn import SENDER, Turn
from bot.foundation.slack_port import SlackPort
from bot.foundation.work import Reading

log = logging.getLogger(__name__)
ROUND = 200


@dataclass
class Round:
    """What one look at the outbox found.

    Attributes:
        start: Messages to start now, with the place each goes to.
        broken: Rows whose builder raised.
        unseen: There are rows that this round did not get to.
        placed: Messages that have to wait, and where.
    """

    start: list[tuple[OutboxRow, str]] = field(default_factory=list)
    broken: list[tuple[OutboxRow, Exception]] = field(default_factory=list)
    unseen: bool = False
    placed: list[Placed] = field(default_factory=list)

    def wait(self, new: Sequence[OutboxRow], learned: Mapping[str, Destination]) -> None:
        """Note where those of the new messages go that do not start now."""
        start = {row.id for row, _place in self.start}
        self.placed = [(row, learned[row.id]) for row in new if row.id in learned and row.id not in start]


@dataclass
class Sender:
    """Works the outbox. `tick` starts everything that can start now; `idle` waits for what was started.

    Attributes:
        fallback_channel: Where a message goes whose own channel is archived or gone.
    """

    store: Store
    kinds: Kinds
    slack: SlackPort
    fallback_channel: str
    _pace: Pace = field(default_factory=Pace)
    _started: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _ended: int = 0
    _stopping: bool = False

    def __post_init__(self) -> None:
        self._turn = Turn(self.store)
        self._delivery = Delivery(
            self.store, self.kinds.messages, self.slack, self.fallback_channel, self._pace, self._turn
        )

    @property
    def trouble(self) -> str:
        """Slack's error code while our token does not work, else empty."""
        return self._delivery.trouble

    async def recover(self) -> None:
        """Take back what a process before this one had begun. Only where there can be no second process (SQLite)."""
        if not self.store.is_shared:
            await self.store.submit(SENDER, rows.take_over, list(self.kinds.effects))

    async def tick(self) -> datetime | None:
        """Start everything that can start now; returns when to look again, None if nothing waits for a moment."""
        ended = self._ended
        while not self._stopping and await self._run_steps():
            pass
        unseen = False
        if not self._stopping:
            await self._start_effects()
            unseen = await self._turn.take() and await self._start_messages()
        later = await self.store.read(self._next_due)
        return self.store.clock.now() if unseen or self._ended != ended else later

    async def idle(self) -> None:
        """Wait until nothing that was started is still running."""
        while self._started:
            await asyncio.wait(list(self._started.values()))

    async def stop(self, within: float) -> None:
        """Start nothing more and give what is running so many seconds to finish; the rest is looked up at restart."""
        self._stopping = True
        running = list(self._started.values())
        if running:
            await asyncio.wait(running, timeout=within)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        with contextlib.suppress(StoreUnavailableError):  # then the turn ends by itself
            now = self.store.clock.now()
            await self._turn.hand_back(max(now + ONE_POST, self._pace.all_free(now)))

    # --- steps: inside the database, exactly once ---------------------------------------------------------------------

    async def _run_steps(self) -> int:
        found = await self.store.read(rows.due, list(self.kinds.steps), (), ROUND)
        for row in found:
            try:
                await self.store.submit(SENDER, rows.finish_step, row, self.kinds.steps[row.kind])
            except StoreUnavailableError:
                raise
            except Exception as error:  # noqa: BLE001 - noted on the row, so that one bad row cannot stop the rest
                await self._delivery.defect(row, error)
        return len(found)

    # --- effects: other systems ---------------------------------------------------------------------------------------

    async def _start_effects(self) -> None:
        for row in await self.store.read(rows.due, list(self.kinds.effects), list(self._started), ROUND):
            self._start(row, self._carry_out(row))

    async def _carry_out(self, row: OutboxRow) -> None:
        """Have an effect on another system, then record what came of it in a Work of its own."""
        effect = self.kinds.effects[row.kind]
        mine = await self.store.submit(SENDER, rows.claim, row, timedelta(seconds=effect.lease))
        if mine is None or not _is_in_time(mine, self.store.clock.now()):
            return
        try:
            outcome = await effect.act(mine.payload, f"{mine.id}:{mine.served}")
            await self.store.submit(SENDER, rows.settle, mine, effect.settle, outcome)
        except StoreUnavailableError:
            raise
        except Exception as error:  # noqa: BLE001 - noted on the row, so that one bad row cannot stop the rest
            await self._delivery.defect(mine, error)

    # --- messages: Slack ----------------------------------------------------------------------------------------------

    async def _start_messages(self) -> bool:
        """Start the first message of each place that may be called now; says whether to look again at once."""
        found = await self.store.read(self._look)
        for row, error in found.broken:
            await self._delivery.defect(row, error)
        for row, place in found.start:
            self._pace.begin(place)
            self._start(row, self._delivery.deliver(row, place), place)
        if found.placed:
            await self.store.submit(SENDER, stand_in, found.placed)
        return found.unseen or bool(found.broken)

    def _look(self, reading: Reading) -> Round:
        """Read what is new and go through the lines whose place is free, so that no full channel hides another's."""
        lines, found, taken = Lines(reading, list(self.kinds.messages), list(self._started)), Round(), set[str]()

        def is_free(place: str) -> bool:
            return place not in taken and self._pace.is_free(place, reading.now)

        new, begun = lines.new(ROUND + 1), lines.begun()
        found.unseen = len(new) > ROUND
        learned = self._learn(reading, [*new[:ROUND], *begun], found)
        in_order = heapq.merge(new, begun, *(lines.line(head, is_free) for head in lines.heads()), key=order)
        for row in itertools.takewhile(lambda row: not found.unseen or order(row) < order(new[ROUND]), in_order):
            if self._pace.running + len(found.start) >= self._pace.at_once:
                break
            where = learned.get(row.id) or standing_in(row)
            place = where.place_now(reading) if where and is_free(where.place) else None
            if place is not None and is_free(place):
                taken.add(place)
                if _can_be_taken(row, reading.now):
                    found.start.append((row, place))
        found.wait(new, learned)
        return found

    def _learn(self, reading: Reading, new: Sequence[OutboxRow], found: Round) -> dict[str, Destination]:
        """Learn where messages go: what stands nowhere yet is built for that once, and again in its turn."""
        known, stands = dict[str, Destination](), standing(reading, new)
        for row in new:
            try:
                known[row.id] = stands.get(row.key) or destination(self.kinds.messages[row.kind](reading, row.payload))
            except Exception as error:  # noqa: BLE001 - noted on the row, so that one bad row cannot stop the rest
                found.broken.append((row, error))
        return known

    # --- both ---------------------------------------------------------------------------------------------------------

    def _start(self, row: OutboxRow, doing: Coroutine[Any, Any, None], place: str | None = None) -> None:
        task = asyncio.create_task(doing)
        self._started[row.id] = task

        def finished(done: asyncio.Task[None]) -> None:
            del self._started[row.id]
            self._ended += 1
            if place is not None:
                self._pace.end(place)
            self.store.after_commit()
            if not done.cancelled() and (error := done.exception()):
                log.error("%s %s is left where it stood", row.kind, row.key, exc_info=error)

        task.add_done_callback(finished)

    def _next_due(self, reading: Reading) -> datetime | None:
        """Return when a row becomes due, or a place becomes free for one that is due already."""
        metrics.outbox_waiting.set(rows.waiting(reading))
        moments = [
            rows.next_change(reading, list(self._started)),
            self._pace.next_free(reading.now),
            self._turn.theirs_until,
        ]
        return min((moment for moment in moments if moment is not None), default=None)


def _is_in_time(mine: OutboxRow, now: datetime) -> bool:
    """Say whether a claim is still good: between it and this moment the process may have been stopped for an hour."""
    return mine.claimed_until is not None and now < mine.claimed_until


def _can_be_taken(row: OutboxRow, now: datetime) -> bool:
    """Say whether a message may go; what another process was sending holds its place until it may be looked up."""
    return row.due_at <= now and (row.claimed_until is None or row.claimed_until <= now)
