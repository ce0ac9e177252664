"""The loop that time drives: everything due, in order, whatever fails; no beat of the metronome is needed."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from bot.foundation.db import Store
from bot.foundation.errors import StoreUnavailableError
from bot.foundation.models import Beat
from bot.foundation.outbox import Kinds, Sweep
from bot.foundation.sender import Sender
from bot.foundation.work import Actor, Reading, Work
from bot.foundation.worker_loop import AFTER_DEFECT, BEAT_EVERY, REST, SWEEPS_A_TICK, WorkerLoop
from tests.support.clock import MORNING, VirtualClock
from tests.support.slack import FakeSlack

MAYA = Actor("person", "U0MAYA0001", "Maya")


@dataclass
class Deadlines:
    """A sweep over moments in a list."""

    name: str
    due: list[datetime] = field(default_factory=list)
    ran: list[tuple[datetime, str]] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    fails: bool = False
    lot: int = 1

    def sweep(self) -> Sweep:
        return Sweep(self.name, lambda _reading: min(self.due, default=None), self.run)

    def run(self, work: Work) -> int:
        self.log.append(self.name)
        if self.fails:
            raise ZeroDivisionError
        taken = sorted(due for due in self.due if due <= work.now)[: self.lot]
        for moment in taken:
            self.due.remove(moment)
            self.ran.append((work.now, str(work.actor)))
        return len(taken)


def loop_of(store: Store, clock: VirtualClock, *sweeps: Sweep, kinds: Kinds | None = None) -> WorkerLoop:
    return WorkerLoop(store, Sender(store, kinds or Kinds(), FakeSlack(clock), "C0ALERTS05"), sweeps)


def beat(store: Store) -> datetime | None:
    found = store.read_now(lambda reading: reading.session.exec(select(Beat)).first())
    return found.at if found else None


async def test_what_is_due_is_swept_in_order_and_what_is_not_is_left(sqlite_store: Store, clock: VirtualClock) -> None:
    log: list[str] = []
    first = Deadlines("first", [MORNING - timedelta(hours=1), MORNING], log=log)
    second = Deadlines("second", [MORNING], log=log)
    third = Deadlines("third", [MORNING + timedelta(minutes=5)], log=log)
    loop = loop_of(sqlite_store, clock, first.sweep(), second.sweep(), third.sweep())
    assert await loop.tick() == MORNING + timedelta(minutes=5)
    assert log == ["first", "first", "first", "second", "second"]
    assert first.ran == [(MORNING, "system:first")] * 2
    clock.pass_time(minutes=5)
    assert await loop.tick() is None
    assert len(third.ran) == 1


async def test_a_defect_in_one_sweep_stops_neither_the_others_nor_is_it_tried_without_a_pause(
    sqlite_store: Store, clock: VirtualClock
) -> None:
    bad, good = Deadlines("bad", [MORNING], fails=True), Deadlines("good", [MORNING])
    loop = loop_of(sqlite_store, clock, bad.sweep(), good.sweep())
    assert await loop.tick() == MORNING + AFTER_DEFECT
    assert (len(bad.log), len(good.ran)) == (1, 1)
    await loop.tick()
    assert len(bad.log) == 1
    bad.fails = False
    clock.pass_time(seconds=5)
    assert await loop.tick() is None
    assert len(bad.ran) == 1


async def test_a_sweep_that_cannot_say_when_it_is_due_stops_nobody(sqlite_store: Store, clock: VirtualClock) -> None:
    def broken(_reading: Reading) -> datetime | None:
        raise ZeroDivisionError

    good = Deadlines("good", [MORNING])
    loop = loop_of(sqlite_store, clock, Sweep("broken", broken, lambda _work: 0), good.sweep())
    await loop.tick()
    assert len(good.ran) == 1


async def test_a_sweep_with_too_much_to_do_lets_messages_have_their_turn(
    sqlite_store: Store, clock: VirtualClock
) -> None:
    flood = Deadlines("flood", [MORNING] * (SWEEPS_A_TICK + 5))
    loop = loop_of(sqlite_store, clock, flood.sweep())
    assert await loop.tick() == MORNING, "there is more: at once"
    assert len(flood.ran) == SWEEPS_A_TICK
    await loop.tick()
    assert len(flood.ran) == SWEEPS_A_TICK + 5


async def test_a_sweep_that_gives_way_takes_one_lot_a_round(sqlite_store: Store, clock: VirtualClock) -> None:
    """F12, P18: however much comes in, messages and deadlines have their turn after each lot of it."""
    flood, other = Deadlines("flood", [MORNING] * 3), Deadlines("other", [MORNING])
    loop = loop_of(sqlite_store, clock, replace(flood.sweep(), gives_way=True), other.sweep())
    assert await loop.tick() == MORNING, "there is more: at once"
    assert (len(flood.ran), len(other.ran)) == (1, 1)
    await loop.tick()
    assert len(flood.ran) == 2


async def test_what_a_sweep_leaves_over_is_not_asked_for_without_a_pause(
    sqlite_store: Store, clock: VirtualClock
) -> None:
    stuck = Sweep("stuck", lambda _reading: MORNING, lambda _work: 0)
    due = await loop_of(sqlite_store, clock, stuck).tick()
    assert due is not None
    assert due > clock.now()


async def test_overdue_deadlines_after_a_pause_fire_once_each(sqlite_store: Store, clock: VirtualClock) -> None:
    """P22, P23: no beat of a metronome can be missed."""
    many = Deadlines("many", [MORNING + timedelta(minutes=n) for n in range(50)], lot=100)
    loop = loop_of(sqlite_store, clock, many.sweep())
    clock.pass_time(hours=6)
    await loop.tick()
    await loop.tick()
    assert len(many.ran) == 50


async def test_it_shows_that_it_is_alive_and_not_oftener_than_it_has_to(
    sqlite_store: Store, clock: VirtualClock
) -> None:
    loop = loop_of(sqlite_store, clock)
    await loop.tick()
    assert beat(sqlite_store) == MORNING
    clock.pass_time(seconds=1)
    await loop.tick()
    assert beat(sqlite_store) == MORNING
    clock.set(MORNING + BEAT_EVERY)
    await loop.tick()
    assert beat(sqlite_store) == MORNING + BEAT_EVERY


async def running(loop: WorkerLoop, meanwhile: Callable[[], object], until: asyncio.Event) -> None:
    """Run the real loop, do something, wait until it has shown, and stop it."""
    stop = asyncio.Event()
    task = asyncio.create_task(loop.run(stop))
    meanwhile()
    async with asyncio.timeout(30):
        await until.wait()
    stop.set()
    async with asyncio.timeout(10):
        await task


async def test_a_commit_wakes_the_loop(sqlite_store: Store, clock: VirtualClock) -> None:
    done = asyncio.Event()
    here = asyncio.get_running_loop()

    def step(_work: Work, _payload: object) -> None:
        here.call_soon_threadsafe(done.set)

    loop = loop_of(sqlite_store, clock, kinds=Kinds(steps={"step": step}))
    wish = asyncio.to_thread(sqlite_store.submit_now, MAYA, lambda work: work.enqueue("step", "step:1"))
    waiting = asyncio.ensure_future(wish)
    await running(loop, lambda: None, done)
    await waiting
    sqlite_store.submit_now(MAYA, lambda work: None)  # the loop has let go of the store: nobody is woken


@pytest.mark.parametrize("error", [StoreUnavailableError("away"), ZeroDivisionError()])
async def test_the_loop_outlives_a_round_that_failed(
    sqlite_store: Store, clock: VirtualClock, error: Exception
) -> None:
    again = asyncio.Event()
    rounds: list[int] = []

    class Failing(Sender):
        async def tick(self) -> datetime | None:
            rounds.append(1)
            if len(rounds) > 1:
                again.set()
                return None
            sqlite_store.submit_soon(MAYA, lambda work: None)  # wakes the loop before its rest after a defect is over
            raise error

    loop = WorkerLoop(sqlite_store, Failing(sqlite_store, Kinds(), FakeSlack(clock), "C0ALERTS05"), ())
    await running(loop, lambda: None, again)
    assert len(rounds) >= 2


@pytest.mark.parametrize(
    ("is_shared", "due", "looks"),
    [
        (False, None, False),
        (False, timedelta(hours=1), False),
        (False, timedelta(0), True),
        (True, None, True),
        (True, timedelta(hours=1), True),
    ],
)
async def test_the_metronome_wakes_the_loop_only_for_what_it_cannot_know(
    sqlite_store: Store, clock: VirtualClock, is_shared: bool, due: timedelta | None, looks: bool
) -> None:
    """P15, P23: what another process committed, and a clock that was set. Alone and with nothing due it rests."""
    sqlite_store.is_shared = is_shared
    loop = loop_of(sqlite_store, clock)
    loop._next = None if due is None else clock.now() + due
    loop._on_beat()
    assert loop._wake.is_set() == looks


async def test_without_anything_to_do_it_sleeps(sqlite_store: Store, clock: VirtualClock) -> None:
    """No hot loop: a round wakes nobody by itself."""
    loop = loop_of(sqlite_store, clock)
    rounds = 0
    tick = loop.tick
    first = asyncio.Event()

    async def counted() -> datetime | None:
        nonlocal rounds
        rounds += 1
        due = await tick()
        if rounds == 2:  # the first one commits its sign of life, which wakes the loop once
            first.set()
        return due

    loop.tick = counted  # type: ignore[method-assign]
    await running(loop, lambda: None, first)
    assert rounds <= 4


@pytest.mark.parametrize(("gives_way", "lots", "rests"), [(True, 2, True), (False, 2, True), (False, 50, False)])
async def test_while_things_come_in_it_rests_between_two_rounds(
    sqlite_store: Store, clock: VirtualClock, gives_way: bool, lots: int, rests: bool
) -> None:
    """F12: what comes in one after the other is read together; deadlines that are left over are not kept waiting."""
    taken = iter([1] * lots)
    sweep = Sweep("storm", lambda _: MORNING, lambda _: next(taken, 0), gives_way=gives_way)
    loop = loop_of(sqlite_store, clock, sweep)
    loop._wake.set()
    due = await loop.tick()
    assert due == clock.now() + (REST if rests else timedelta(0))
