"""What a restart does with deadlines that passed while nothing ran (`python -m benchmarks.overdue`, F11).

A database is filled with 10,000 deadlines that passed during a downtime of an hour: tiers that nobody answered, rounds
of approval nobody completed, watches, promised times for news; each kind belongs to incidents of its own. Then the
worker loop starts, as a process of its own (on PostgreSQL as two at once), on a clock that stands at the end of the
downtime and goes on from there. Measured is how long it takes until nothing is overdue any more; checked is that each
deadline counted once, in its order, that only the tier that is due now is paged, and that no incident gets more than
one message.
"""

import asyncio
import gc
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import bindparam
from sqlmodel import Session, SQLModel, col, select, update

from benchmarks.report import Figure, report
from benchmarks.specimens import Mix, fill
from bot import app
from bot.approvals.models import Request
from bot.escalation import rules
from bot.escalation import service as escalation
from bot.escalation.models import Escalation
from bot.foundation import trail
from bot.foundation.db import Store, open_engine, open_store
from bot.foundation.ids import RandomIds
from bot.foundation.models import OutboxRow, TrailEntry
from bot.foundation.sender import Sender
from bot.foundation.work import LOT, Reading
from bot.foundation.worker_loop import WorkerLoop
from bot.incidents.models import Incident
from bot.rollback.models import Execution
from tests.support.clock import MORNING, VirtualClock
from tests.support.postgres import Server
from tests.support.slack import FakeSlack
from tests.support.stores import TRAIL_KEY
from tests.support.world import example_config

COUNT = 10_000
GOAL_SECONDS = 10.0
DOWN_FOR = timedelta(hours=1)
RESTART = MORNING + DOWN_FOR
FAR_AWAY = timedelta(days=1)
LOOK_EVERY_SECONDS = 0.05
MESSAGES = ("escalation.page", "foundation.note", "foundation.announcement", "rollback.alarm")
"""What a person is told by something of its own; cards and Homes are brought up to date in their place."""
ACTIONS = (
    "escalation.tier_paged",
    "escalation.exhausted",
    "approval.round_expired",
    "rollback.watch_ended",
    "rollback.watched",
)
"""What the trail says when a deadline has counted."""


@dataclass(frozen=True)
class Shares:
    """The numbers of the incidents whose deadlines of one kind have passed."""

    tiers: range
    decisions: range
    updates: range
    expiries: range
    watches: range


def shares_of(count: int) -> Shares:
    """Split a number of deadlines into kinds, each with incidents of its own."""
    tenth, ends = count // 10, [count - 6 * (count // 10)]
    for tenths in (2, 1, 2, 1):
        ends.append(ends[-1] + tenths * tenth)
    return Shares(*(range(start + 1, end + 1) for start, end in zip([0, *ends], ends, strict=False)))


def prepare(url: str, count: int) -> dict[str, datetime]:
    """Fill a database; returns by incident which deadline passed, evenly spread over the downtime."""
    shares = shares_of(count)
    led = len(shares.decisions) + len(shares.updates)
    fill(url, example_config(), Mix(len(shares.tiers), led, len(shares.expiries), len(shares.watches)), VirtualClock())
    engine = open_engine(url)
    with Session(engine) as session:
        dues = dict[str, datetime]()
        tiers = _spread(shares.tiers, dues) | _spread(shares.decisions, dues)
        set_dues(session, Escalation, "subject", "next_tier_at", tiers)
        set_dues(session, Incident, "name", "next_update_at", _spread(shares.updates, dues))
        set_dues(session, Request, "subject", "expires_at", _spread(shares.expiries, dues))
        set_dues(session, Execution, "incident", "due_at", _spread(shares.watches, dues))
        session.connection().execute(update(Request).values(deputies_called_at=None))
        session.commit()
    engine.dispose()
    return dues


def _spread(numbers: range, dues: dict[str, datetime]) -> dict[str, datetime]:
    """Give each of these incidents a moment of the downtime."""
    found = {f"INC-{number}": MORNING + DOWN_FOR * (place / len(numbers)) for place, number in enumerate(numbers)}
    dues |= found
    return found


def set_dues(session: Session, model: type[SQLModel], key: str, column: str, dues: dict[str, datetime]) -> None:
    """Set the deadlines of a table: these in the downtime, all others far away."""
    table = SQLModel.metadata.tables[str(model.__tablename__)]
    far = table.update().where(table.c[column].is_not(None))
    session.connection().execute(far, [{column: RESTART + FAR_AWAY}])
    rows = [{"about": name, "due": due} for name, due in dues.items()]
    due = table.update().where(table.c[key] == bindparam("about")).values({column: bindparam("due")})
    session.connection().execute(due, rows)


# --- a worker that starts after the downtime -------------------------------------------------------------------------


class Running:
    """The clock of a worker that starts at the end of the downtime; time goes on from there."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def now(self) -> datetime:
        """Return the moment."""
        return RESTART + timedelta(seconds=time.monotonic() - self._began)


class Serving:
    """A target whose rollback stays."""

    def __init__(self, _target: Any) -> None:
        pass

    async def read(self) -> str:
        """Return what it selects."""
        return "7"

    async def ask_serving(self, times: int) -> Sequence[str]:
        """Return what answers."""
        return ["7"] * times


def loop_on(store: Store, slack: FakeSlack) -> WorkerLoop:
    """Return the product's worker loop on a store."""
    kinds = app.kinds(slack.account, slack.group_members, Serving, {})  # type: ignore[arg-type]  # it is never asked to change anything
    return WorkerLoop(store, Sender(store, kinds, slack, "C0ALERTS05"), kinds.sweeps)


def settle_in() -> None:
    """Do what the product's process does when it has started, so that the collector leaves alone what stays."""
    gc.collect()
    gc.freeze()


async def catch_up(url: str) -> float:
    """Run a worker until nothing is overdue; returns the seconds it took."""
    clock = Running()
    store = open_store(url, clock=clock, ids=RandomIds(), config=example_config(), trail_key=TRAIL_KEY)
    loop, stop = loop_on(store, FakeSlack(clock)), asyncio.Event()  # type: ignore[arg-type]
    settle_in()
    running = asyncio.create_task(loop.run(stop))
    while await store.read(is_overdue):  # noqa: ASYNC110
        await asyncio.sleep(LOOK_EVERY_SECONDS)
    seconds = (clock.now() - RESTART).total_seconds()
    stop.set()
    await running
    await loop._sender.stop(1)  # noqa: SLF001
    store.close()
    return seconds


def is_overdue(reading: Reading) -> bool:
    """Say whether any deadline has passed that nothing came of yet."""
    dues = (sweep.next_due(reading) for sweep in app.SWEEPS)
    return any(due is not None and due <= RESTART for due in dues)


# --- what has to be true then ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome:
    """What came of the deadlines.

    Attributes:
        missed: Deadlines of which nothing came, or the wrong thing.
        twice: Those that counted more than once.
        most_messages: The most messages that one incident got.
        out_of_turn: How many later deadlines of its kind came before one that was due earlier, at most.
        trail_is_whole: Every entry is whole, and none is missing.
    """

    missed: int
    twice: int
    most_messages: int
    out_of_turn: int
    trail_is_whole: bool


def outcome_of(reading: Reading, dues: dict[str, datetime]) -> Outcome:
    """Look at everything that came of the deadlines."""
    fired = list(_fired(reading))
    counts = Counter(name for name, _, _ in fired)
    tiers = {name: at for name, action, at in fired if action == ACTIONS[0]}
    wrong = sum(not _is_right(reading, name, dues[name], at) for name, at in tiers.items())
    moved = (set(dues) - set(counts)) & _with_news_later(reading)
    return Outcome(
        missed=len(dues) - len(counts) - len(moved) + wrong,
        twice=sum(count > 1 for count in counts.values()),
        most_messages=max(_messages(reading).values(), default=0),
        out_of_turn=max(_out_of_turn([dues[name] for name, one, _ in fired if one == action]) for action in ACTIONS),
        trail_is_whole=trail.verify(reading.session, TRAIL_KEY)[1] is None,
    )


def _fired(reading: Reading) -> Iterator[tuple[str, str, datetime]]:
    """Go through what the trail says of deadlines since the restart: incident, what happened, when."""
    for body in reading.session.exec(select(TrailEntry.body).order_by(col(TrailEntry.seq))):
        said = json.loads(body)
        at = datetime.fromisoformat(said["ts"])
        if at >= RESTART and said["action"] in ACTIONS:
            yield said["object"], said["action"], at


def _is_right(reading: Reading, incident: str, due: datetime, at: datetime) -> bool:
    """Say whether the tier was paged that was due at the moment of paging."""
    found = reading.session.get_one(Escalation, incident)
    policy = escalation.policy_of(reading, found)
    each = rules.period(policy.deadlines[found.severity], found.state)
    return found.tier == rules.next_step(1, due, each, len(policy.tiers), at).tier


def _with_news_later(reading: Reading) -> set[str]:
    return set(reading.session.exec(select(Incident.name).where(col(Incident.next_update_at) > RESTART)))


def _messages(reading: Reading) -> Counter[str]:
    """Count what was said about each incident since the restart."""
    said = select(OutboxRow.payload).where(col(OutboxRow.kind).in_(MESSAGES), OutboxRow.created_at >= RESTART)
    return Counter(str(payload.get("subject", payload.get("incident"))) for payload in reading.session.exec(said))


def _out_of_turn(dues: Sequence[datetime]) -> int:
    """Return how far back, at most, a deadline stands behind later ones."""
    rank = {due: place for place, due in enumerate(sorted(set(dues)))}
    latest, furthest = 0, 0
    for due in dues:
        latest = max(latest, rank[due])
        furthest = max(furthest, latest - rank[due])
    return furthest


# --- the benchmark ---------------------------------------------------------------------------------------------------


def measure(url: str, processes: int) -> list[Figure]:
    """Fill a database, start workers on it, and see what came of the deadlines."""
    dues = prepare(url, COUNT)
    started = [
        subprocess.Popen([sys.executable, "-m", "benchmarks.overdue", url], stdout=subprocess.PIPE, text=True)
        for _ in range(processes)
    ]
    seconds = [float(process.communicate()[0]) for process in started]
    store = open_store(url, clock=Running(), ids=RandomIds(), config=example_config(), trail_key=TRAIL_KEY)
    outcome = store.read_now(outcome_of, dues)
    store.close()
    where = f"{'SQLite' if url.startswith('sqlite') else 'PostgreSQL'}, {processes} worker{'s'[: processes - 1]}"
    return [
        Figure(f"{where}: all right after", max(seconds), "s", at_most=GOAL_SECONDS),
        Figure(f"{where}: missed", outcome.missed, at_most=0),
        Figure(f"{where}: twice", outcome.twice, at_most=0),
        Figure(f"{where}: most messages for an incident", outcome.most_messages, at_most=1),
        Figure(f"{where}: furthest out of turn", outcome.out_of_turn, at_most=LOT * 2 * (processes - 1)),
        Figure(f"{where}: trail is whole", outcome.trail_is_whole, at_least=1),
    ]


def main() -> int:
    """Report all figures; exit status 1 when one misses its goal."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        figures = measure(f"sqlite:///{directory}/backout.db", 1)
        server = Server(Path(directory) / "postgres")
        try:
            figures += [figure for processes in (1, 2) for figure in measure(server.fresh(), processes)]
        finally:
            server.stop()
    return report("overdue", figures)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(asyncio.run(catch_up(sys.argv[1])))
    else:
        sys.exit(main())
