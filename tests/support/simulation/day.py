"""One day of an organisation, decided by one seed."""

import asyncio
import contextlib
import functools
import hashlib
import logging
import random
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
from sqlmodel import Session

from bot import demo
from bot.foundation.config import Config, fit, read
from bot.foundation.models import TrailHead
from bot.foundation.slack_port import SlackError
from bot.incidents.models import Systems
from bot.people.models import Directory
from bot.workspace.deliveries import Reply
from bot.workspace.demo import build, select_newest
from bot.workspace.state import Delivery
from tests.support.asgi import Heard
from tests.support.ids import CountedIds
from tests.support.simulation import arrows, promises
from tests.support.simulation.database import Database, shared
from tests.support.simulation.loop import LoopClock, VirtualLoop
from tests.support.simulation.network import Wire
from tests.support.simulation.nodes import Node, Parts, in_background
from tests.support.simulation.people import Crowd, Monitor
from tests.support.simulation.targets import Servers
from tests.support.world import ALERT_SECRET, SECRETS, environment_of, example_config

HOURS = 24
QUIET_HOURS = 3
"""Two for whoever had a wrong clock to be caught up with, and one in which nothing may be left."""
STARTS = (
    datetime(2026, 3, 7, 22, tzinfo=UTC),  # summer time begins in New York and Los Angeles
    datetime(2026, 3, 28, 18, tzinfo=UTC),  # … in Europe
    datetime(2026, 10, 24, 18, tzinfo=UTC),  # … and ends there
    datetime(2026, 10, 31, 22, tzinfo=UTC),  # … and in America
    datetime(2026, 11, 1, 20, tzinfo=UTC),  # the rota's first turn, on Monday at nine
    datetime(2026, 12, 31, 12, tzinfo=UTC),  # into a new year
    datetime(2028, 2, 28, 15, tzinfo=UTC),  # into a 29 February
    datetime(2028, 2, 29, 15, tzinfo=UTC),  # out of it
    datetime(2027, 6, 16, 8, tzinfo=UTC),  # an ordinary day
)


@dataclass
class Day:
    """What came of one seed.

    Attributes:
        head: The trail's last sequence number and its code, and a digest of everything that was seen in Slack.
        broken: Each promise that was broken, in words; empty on a good day.
        history: What happened, in order.
    """

    seed: int
    start: datetime
    head: str = ""
    broken: list[str] = field(default_factory=list)
    history: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)


def play(
    seed: int,
    say: Callable[[str], None] = lambda _line: None,
    look: Callable[["Stage", Session], None] = lambda _stage, _session: None,
) -> Day:
    """Play the day of a seed; `say` hears each line of its history at once, `look` sees what is left of it."""
    rng = random.Random(seed)
    database = shared()
    database.renew()
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, VirtualLoop)
        start = rng.choice(STARTS) + timedelta(minutes=rng.randrange(240))
        stage = Stage(seed, rng, loop, LoopClock(loop, start), start, database, say)
        with stage.listening_for_defects():
            runner.run(stage.play())
        with Session(database.writer) as session:
            look(stage, session)
        return stage.day


@functools.cache
def _example() -> tuple[Config, Any]:
    """The example organisation, read once."""
    config = example_config()
    settings = fit(read(Path("config/demo.yaml")), demo.DemoSettings)
    example = demo.example_of(config, settings, demo.Places(0, 0, Path(), Path("config"), Path("messages")))
    return config.replace(demo.retargeted(config[Systems], Path("/flags.json"), "http://models.test")), example


class Stage:
    """Everything that takes part in one day."""

    def __init__(
        self,
        seed: int,
        rng: random.Random,
        loop: VirtualLoop,
        clock: LoopClock,
        start: datetime,
        database: Database,
        say: Callable[[str], None],
    ) -> None:
        self.day = Day(seed, start)
        self.rng, self.loop, self.clock, self.database, self._say = rng, loop, clock, database, say
        self.config, example = _example()
        example = replace(
            example,
            people=[replace(one) for one in example.people],
            channels=[replace(one) for one in example.channels],
        )
        self.workspace = build(example, SECRETS, request_url="http://backout.test/slack/events", clock=clock)
        self.workspace.base_url = "http://slack.test"
        self.workspace.transport = self._bring
        self.servers = Servers(_all_newest(self.config[Systems]), rng)
        self.wire = Wire(self.workspace, SECRETS.bot_token, rng)
        ids = {key: person.slack for key, person in self.config[Directory].people.items()}
        self.crowd = Crowd(self.workspace, rng, self.note, ids)
        self.monitor = Monitor(self._ask, rng, self.note, ALERT_SECRET)
        self.was_archived: set[str] = set()
        self.nodes = self._nodes()
        self._acts: set[asyncio.Task[Any]] = set()
        self._closing = False
        self._told = 0

    def note(self, what: str) -> None:
        line = f"{self.clock.now():%d %H:%M:%S} {what}"
        self.day.history.append(line)
        self._say(line)

    # --- the day ------------------------------------------------------------------------------------------------------

    async def play(self) -> None:
        self.note(f"seed {self.day.seed}: {len(self.nodes)} nodes, from {self.day.start:%Y-%m-%d %H:%M}")
        keeping = [asyncio.create_task(self._guarded(functools.partial(self._keep, node))()) for node in self.nodes]
        plan = sorted(self._plan(), key=lambda one: one[0])
        for at, doing in plan:
            await self._until(at)
            in_background(doing(), self._acts)
        await self._until((HOURS - QUIET_HOURS) * 3600)
        self._calm()
        await self._until(HOURS * 3600)
        self._closing = True
        for task in self._acts:
            task.cancel()
        await asyncio.gather(*self._acts, return_exceptions=True)
        for node in self.nodes:
            await node.stop()
        await asyncio.gather(*keeping)
        self._judge()

    def _plan(self) -> Iterator[tuple[float, Callable[[], Any]]]:
        """Decide beforehand at which seconds what begins."""
        rng, last = self.rng, (HOURS - QUIET_HOURS) * 3600.0
        for _ in range(rng.choice((1, 1, 1, 2))):
            begins = rng.uniform(60, last - 4 * 3600)
            yield begins, self._guarded(lambda: self.monitor.trouble(self.clock.now()))
            for _ in range(rng.randrange(5, 12)):
                yield min(last - 1, begins + rng.expovariate(1 / 900)), self._guarded(self.crowd.act)
        for fault in rng.sample(self._faults(), rng.choice((0, 1, 2, 3))):
            yield rng.uniform(30, last - 7200), self._guarded(fault)

    def _faults(self) -> list[Callable[[], Any]]:
        calls = [
            self._calls("rate_limited", retry_after=self.rng.randrange(1, 60)),
            self._calls("ratelimited_body"),
            self._calls("server_error", status=500),
            self._calls("accepted_reply_lost"),
            self._calls("accepted_then_timeout"),
            self._calls("timeout"),
            self._calls("cut"),
            self._calls("html"),
            self._calls("refuse", error="internal_error"),
        ]
        deliveries = [self._deliveries(kind) for kind in ("duplicate", "late", "lost", "forged")]
        others = [self._outage, self._no_route, self._revoked, self._archived, self._target, self._crash, self._crash]
        jumps = [self._jump, self._jump]
        return [*calls, *deliveries, *others, *others, *jumps]

    async def _keep(self, node: Node) -> None:
        """Start a node again whenever it has died."""
        while not self._closing:
            node.start()
            assert node._running is not None
            await node._running
            if not self._closing:
                self.note(f"{node.name} died {node.life.died_at}")
                await asyncio.sleep(self.rng.choice((1, 5, 60, 1800)))
                self.note(f"{node.name} starts again")

    def _calm(self) -> None:
        """From now on nothing goes wrong any more."""
        self.note("all faults end")
        self.workspace.faults.clear()
        self.workspace.tokens.revoked = False
        self.wire.is_cut = False
        for channel in self.workspace.channels.values():
            channel.is_archived = False
        for system in self.config[Systems].systems:
            self.servers.end(system)
        for node in self.nodes:
            node.clock.wrong_by = timedelta()
            node.life.dies_at = None

    # --- what goes wrong ----------------------------------------------------------------------------------------------

    def _calls(self, kind: Any, **options: Any) -> Callable[[], Any]:
        async def begin() -> None:
            method = self.rng.choice(("chat.postMessage", "chat.update", "*", "*"))
            times = self.rng.choice((1, 2, 5))
            self.note(f"Slack: the next {times} × {method}: {kind}")
            self.workspace.faults.add(method=method, kind=kind, times=times, **options)

        return begin

    def _deliveries(self, kind: Any) -> Callable[[], Any]:
        async def begin() -> None:
            self.note(f"the next two deliveries: {kind}")
            self.workspace.faults.add(delivery="*", kind=kind, times=2)

        return begin

    async def _outage(self) -> None:
        self.workspace.faults.outage = True
        await self._for_a_while("Slack is down", 4 * 3600)
        self.workspace.faults.outage = False
        self.note("Slack is back")

    async def _no_route(self) -> None:
        self.wire.is_cut = True
        await self._for_a_while("no route to Slack", 1800)
        self.wire.is_cut = False
        self.note("Slack can be reached again")

    async def _revoked(self) -> None:
        self.workspace.tokens.revoked = True
        await self._for_a_while("our token is revoked", 3600)
        self.workspace.tokens.revoked = False
        self.note("our token works again")

    async def _archived(self) -> None:
        channel = self.workspace.channel(f"#{self.rng.choice(list(self.config[Systems].systems))}")
        channel.is_archived = True
        self.was_archived.add(channel.id)
        await self._for_a_while(f"#{channel.name} is archived", 2 * 3600)
        channel.is_archived = False
        self.note(f"#{channel.name} is there again")

    async def _target(self) -> None:
        system = self.rng.choice(list(self.config[Systems].systems))
        trouble = self.rng.choice(("disk", "unconfirmed", "hangs", "silent", "stuck"))
        self.servers.begin(system, trouble)
        await self._for_a_while(f"{system}: {trouble}", 6 * 3600)
        self.servers.end(system)
        self.note(f"{system} works again")

    async def _crash(self) -> None:
        node = self.rng.choice(self.nodes)
        node.life.dies_at = node.life.seams + self.rng.randrange(1, 60)
        self.note(f"{node.name} will die soon")

    async def _jump(self) -> None:
        node = self.rng.choice(self.nodes)
        node.clock.wrong_by = timedelta(seconds=self.rng.choice((-3600, 3600, self.rng.randrange(-3600, 3600), 2)))
        node.notice(soon=True)
        await self._for_a_while(f"{node.name}'s clock is wrong by {node.clock.wrong_by}", 2 * 3600)
        node.clock.wrong_by = timedelta()
        node.notice(soon=True)
        self.note(f"{node.name}'s clock is right again")

    async def _for_a_while(self, what: str, most: float) -> None:
        """Let something last: mostly minutes, sometimes hours."""
        self.note(what)
        left = (HOURS - QUIET_HOURS) * 3600 - self.loop.elapsed - 1
        await asyncio.sleep(max(0.0, min(30 + self.rng.expovariate(6 / most), most, left)))

    # --- how the parts find each other --------------------------------------------------------------------------------

    def _nodes(self) -> list[Node]:
        count = self.rng.choice((1, 2))
        parts = Parts(
            self.database, self.config, environment_of("http://slack.test", self.database.url), CountedIds(),
            self.wire.client, self.servers.factory, self.note, self._committed, alone=count == 1,
        )  # fmt: skip
        return [
            Node(f"node {number}", parts, LoopClock(self.loop, self.day.start), self.rng)
            for number in range(1, count + 1)
        ]

    def _committed(self, by: Node) -> None:
        if self._told == (state := self.database.tables.state):
            return
        self._told = state
        for node in self.nodes:
            node.notice(soon=node is by)

    async def _ask(self, path: str, body: bytes, headers: Mapping[str, str]) -> Heard:
        return await self.rng.choice(self.nodes).ask(path, body, headers)

    async def _bring(self, delivery: Delivery) -> Reply:
        heard = await self._ask("/slack/events", delivery.body, delivery.headers)
        kind = heard.headers.get("content-type", "").partition(";")[0]
        return Reply(heard.status_code, kind, heard.text, heard.headers)

    async def _until(self, second: float) -> None:
        await asyncio.sleep(max(0.0, second - self.loop.elapsed))

    def _guarded(self, doing: Callable[[], Any]) -> Callable[[], Any]:
        """Whatever breaks in the organisation itself is a defect of the simulation, and said."""

        async def run() -> None:
            try:
                await doing()
            except (aiohttp.ClientConnectionError, asyncio.CancelledError):
                raise
            except Exception as error:  # noqa: BLE001 - told with the seed
                self.day.broken.append(f"the simulation itself: {type(error).__name__}: {error}")

        return run

    # --- at the end ---------------------------------------------------------------------------------------------------

    def _judge(self) -> None:
        with Session(self.database.reader) as session:
            head = session.get(TrailHead, 1)
            assert head is not None
            seen = "\n".join(
                f"{one.at} {one.kind} {one.channel} {one.user} {one.text}" for one in self.workspace.happenings
            )
            self.day.head = f"{head.seq}:{head.mac.hex()}:{hashlib.sha256(seen.encode()).hexdigest()[:16]}"
            self.day.counts = dict(Counter(entry.action for entry in promises.entries_of(session)))
            self.day.broken += promises.broken(session, self)
            self.day.broken += arrows.undrawn(session)

    @contextlib.contextmanager
    def listening_for_defects(self) -> Iterator[None]:
        """Every exception that the product logs is a defect; what Slack or the network does is none."""
        listener = _Listener(self.day.broken, self.note)
        logger = logging.getLogger("bot")
        level, propagate = logger.level, logger.propagate
        logger.addHandler(listener)
        logger.setLevel(logging.WARNING)
        logger.propagate = False
        try:
            yield
        finally:
            logger.removeHandler(listener)
            logger.setLevel(level)
            logger.propagate = propagate


class _Listener(logging.Handler):
    def __init__(self, broken: list[str], note: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._broken, self._note = broken, note

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        self._note(f"  log: {record.getMessage()[:200]}{f' ({error!r})' if error else ''}"[:400])
        if error is not None and not isinstance(error, SlackError):
            self._broken.append(f"a defect was logged: {record.getMessage()}: {error!r}"[:500])


def _all_newest(systems: Systems) -> bytes:
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "flags.json")
        select_newest(file, {name: system.versions for name, system in systems.systems.items()})
        return file.read_bytes()
