"""A real process under load that is ended again and again, and what must hold afterwards.

Sources post alerts and people press buttons without a pause. Whatever is not acknowledged they try again, as
Alertmanager and Slack's client let them; what is acknowledged they note as promised.
"""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session, col, select

from bot import demo
from bot.alerts.models import InboxItem
from bot.approvals.models import Vote
from bot.foundation import trail
from bot.foundation.db import open_engine
from bot.foundation.environment import trail_key
from bot.foundation.models import OutboxRow, OutboxState, TrailPayload
from bot.people.models import Directory
from bot.rollback.models import Execution
from bot.workspace.state import Message, NotPossibleError
from tests.stories.acts import SHOP, SUPPORT, TRIAGE, Plot
from tests.stories.plays import Act, IsDone, ask, posted, press, stands
from tests.support.running import Running
from tests.support.world import ALERT_SECRET

SOURCES = 2
AGAIN_SECONDS = 0.2
QUIET_SECONDS = 90.0


@dataclass
class Load:
    """Who keeps the process busy, and what they were promised."""

    backout: Running
    alerts: set[str] = field(default_factory=set)
    reasons: list[str] = field(default_factory=list)
    votes: list[str] = field(default_factory=list)
    is_ending: bool = False

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep the process busy; at the end everybody finishes what they are at."""
        everybody = [self._source(number) for number in range(SOURCES)]
        everybody += [
            self._crew(SUPPORT, ("sam", "priya"), ("leo",)),
            self._crew(SHOP, ("maya", "priya"), ("tomas", "aisha")),
            self._crew(TRIAGE, ("wei", "priya"), ("ines", "tomas", "grace", "elena")),
        ]
        tasks = [asyncio.create_task(one) for one in everybody]
        try:
            yield
        finally:
            self.is_ending = True
            await asyncio.wait_for(asyncio.gather(*tasks), QUIET_SECONDS)

    async def _source(self, number: int) -> None:
        count = 0
        while not self.is_ending:
            count += 1
            name = f"source-{number}-alert-{count}-end"
            await self._send(TRIAGE, name)
            await asyncio.sleep(0.05)

    async def _send(self, plot: Plot, name: str) -> None:
        """Post an alert until it is accepted, and note that it was."""
        while not await posted(self._world, self._body(plot, name)):  # noqa: ASYNC110 - as Alertmanager does
            await asyncio.sleep(AGAIN_SECONDS)
        self.alerts.add(name)

    async def _crew(self, plot: Plot, leads: tuple[str, str], approvers: tuple[str, ...]) -> None:
        """Take the lead of an incident in turn, for ever; in between ask for a rollback and approve it."""
        await self._send(plot, f"crew-{plot.system}-end")
        while not stands(plot.channel, "INC-")(self._world):  # noqa: ASYNC110 - a person looks again now and then
            await asyncio.sleep(AGAIN_SECONDS)
        acknowledged = press(leads[0], plot.channel, "Acknowledge", self._leads(plot, leads[0]))
        await self._persist(acknowledged)
        decisions = [ask(plot, leads[0]), *(self._approval(plot, who) for who in approvers)]
        turn = 0
        while not self.is_ending:
            turn += 1
            await self._persist(self._take_over(plot, leads[turn % 2], turn))
            if turn % 3 == 0 and decisions:
                await self._persist(decisions.pop(0))

    def _take_over(self, plot: Plot, other: str, turn: int) -> Act:
        reason = f"take-over-{turn}-of-{plot.system}-end"
        is_done = self._leads(plot, other)
        return Act(reason, press(other, plot.channel, "Take over", is_done, {"reason": reason}).do, is_done)

    def _leads(self, plot: Plot, who: str) -> IsDone:
        """See on the card who leads; a note in the thread may be told together with others, or stand back."""
        return stands(plot.channel, f"{self.backout.config[Directory].people[who].name} leads")

    def _approval(self, plot: Plot, who: str) -> Act:
        reason = f"{who}-approves-{plot.system}-end"
        done = stands(plot.channel, reason)
        return Act(reason, press(who, plot.channel, "Approve", done, {"reason": reason}).do, done)

    async def _persist(self, act: Act) -> None:
        """Do something until it can be seen; what is acknowledged is not done again."""
        acknowledged = False
        while not act.is_done(self._world):
            if not acknowledged:
                with contextlib.suppress(NotPossibleError):
                    acknowledged = await act.do(self._world)
                if acknowledged:
                    (self.votes if "-approves-" in act.name else self.reasons).append(act.name)
            await asyncio.sleep(AGAIN_SECONDS)

    @property
    def _world(self) -> Any:
        """The running process, for acts that are written for worlds: they use what both have."""
        return self.backout

    def _body(self, plot: Plot, name: str) -> dict[str, Any]:
        said = {"alertname": plot.metric, "version": plot.version, "metric": plot.metric, "value": plot.value}
        now = self.backout.workspace.clock.now()
        return demo.alert_body(plot.system, said | {"summary": name, "instance": name}, now)


async def end_again_and_again(
    backout: Running, load: Load, times: int, rng: random.Random, end: Callable[[], Any]
) -> None:
    """Let the process live for a moment, end it, start it again, so many times."""
    for number in range(times):
        await asyncio.sleep(rng.uniform(0.2, 1.5))
        await end()
        print(
            f"\r{number + 1} of {times}; {len(load.alerts)} alerts, {len(load.reasons)} decisions", end="", flush=True
        )
        await start(backout)
    print()


async def start(backout: Running) -> None:
    """Start the process, and read what it says so that it can go on saying it."""
    backout.environment["BACKOUT_SECRET_ALERTMANAGER"] = ALERT_SECRET
    await backout.start()
    assert backout.process is not None
    assert backout.process.stderr is not None
    asyncio.get_running_loop().create_task(backout.process.stderr.read())


async def quiet(backout: Running) -> int:
    """Wait until nothing waits in the outbox any more; returns how much is left after that time."""
    engine = open_engine(backout.database, reading=True)
    left = 0
    for _ in range(int(QUIET_SECONDS)):
        with Session(engine) as session:
            undone = (OutboxState.WAITING, OutboxState.SENDING)
            left = len(session.exec(select(OutboxRow.id).where(col(OutboxRow.state).in_(undone))).all())
        if not left:
            break
        await asyncio.sleep(1)
    engine.dispose()
    return left


@dataclass(frozen=True)
class Found:
    """What does not hold; all of it must be 0."""

    lost_alerts: int
    lost_decisions: int
    double_votes: int
    double_executions: int
    double_posts: int
    out_of_order: int
    damage: int


def check(load: Load) -> Found:
    """Look for what was promised, and for what happened twice."""
    backout = load.backout
    key, _made = trail_key(backout.database, None)
    engine = open_engine(backout.database, reading=True)
    with Session(engine) as session:
        bodies = "\n".join(bytes(item.body).decode() for item in session.exec(select(InboxItem)))
        words = "\n".join(payload.body or "" for payload in session.exec(select(TrailPayload)))
        votes = Counter(vote.reason for vote in session.exec(select(Vote)))
        executions = Counter(one.plan_id for one in session.exec(select(Execution)))
        places = {row.id: row.sequence or 0 for row in session.exec(select(OutboxRow))}
        notes = {row.id for row in session.exec(select(OutboxRow).where(OutboxRow.kind == "foundation.note"))}
        _count, damage = trail.verify(session, key)
    engine.dispose()
    posts = _posts(backout)
    return Found(
        lost_alerts=sum(f'"{name}"' not in bodies for name in load.alerts),
        lost_decisions=sum(votes[name] != 1 for name in load.votes)
        + sum(name not in words for name in load.reasons if name.startswith("take-over")),
        double_votes=sum(count - 1 for count in votes.values()),
        double_executions=sum(count - 1 for count in executions.values()),
        double_posts=sum(count - 1 for count in Counter(row for _, row in posts).values()),
        out_of_order=_out_of_order([(thread, places[row]) for thread, row in posts if row in notes]),
        damage=int(damage is not None),
    )


def _posts(backout: Running) -> list[tuple[str, str]]:
    """Return the thread and the outbox row of everything that was posted, in order."""
    found = [one.message for one in backout.workspace.happenings if one.kind == "post"]
    return [
        (f"{one.channel} {one.thread_ts}", str(one.metadata["event_payload"]["outbox_id"]))
        for one in found
        if isinstance(one, Message) and one.metadata
    ]


def _out_of_order(posts: list[tuple[str, int]]) -> int:
    """Count what stands in a thread before something that was said earlier."""
    last, wrong = dict[str, int](), 0
    for thread, place in posts:
        wrong += place < last.get(thread, 0)
        last[thread] = max(place, last.get(thread, 0))
    return wrong
