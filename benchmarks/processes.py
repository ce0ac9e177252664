"""Several processes, stopped and continued at random moments (`python -m benchmarks.processes [seed]`).

Two `backout web` and two `backout worker` on one PostgreSQL, beside the workspace. Alerts come in and people decide,
through either door, while somebody sends SIGSTOP to any of the four at random moments, and SIGCONT some time later,
sometimes later than every claim lasts. At the end everything has been done, and everything once.
"""

import asyncio
import contextlib
import random
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
from sqlmodel import Session, func, select

from benchmarks.report import Figure, report
from bot import demo
from bot.alerts.models import InboxItem
from bot.foundation import trail
from bot.foundation.db import open_engine
from bot.foundation.models import OutboxRow, OutboxState
from bot.incidents.models import Incident
from bot.rollback.models import Execution
from bot.workspace.state import Message
from tests.support.postgres import Server
from tests.support.several import TRAIL_KEY, Program, Several, go_on, is_ready, several_backouts, stop

SEED = 7
SECONDS = 80.0
ANSWERS_WITHIN = 2.0
"""So long people and sources wait for a door before they try another."""
PAUSES = (0.2, 1.0, 3.0, 8.0, 20.0, 70.0)
"""How long a process stands still: shorter than anything, longer than a transaction may, a turn, a claim."""
ONCE: dict[str, tuple[str, ...]] = {
    "incident.opened": (),
    "incident.acknowledged": (),
    "escalation.started": (),
    "rollback.started": ("request", "round"),
    "approval.round_approved": ("request", "round"),
}
"""What can be done once for an incident, with the facts that tell one from another."""
SYSTEMS = (
    ("support-bot", "42", "wrong_answer_rate", "60"),
    ("shop-recommender", "8", "conversion_rate", "1.9"),
    ("credit-scoring", "2026.11", "abnormal_score_rate", "7.4"),
    ("triage-assistant", "3.2", "inconsistent_prediction_reports", "2"),
)


def main(arguments: Sequence[str]) -> int:
    """Report what was lost or done twice; exit status 1 if anything was."""
    seed = int(arguments[0]) if arguments else SEED
    with tempfile.TemporaryDirectory(prefix="backout-processes-", ignore_cleanup_errors=True) as directory:
        server = Server(Path(directory) / "data")
        try:
            figures = asyncio.run(play(Path(directory), server.fresh(), random.Random(seed)))
        finally:
            server.stop()
    return report("processes", figures, seed=seed)


async def play(directory: Path, url: str, chance: random.Random) -> list[Figure]:
    """Let people and alerts do their part while processes stand still; returns what came of it."""
    (directory / "house").mkdir()
    async with several_backouts(directory / "house", url) as several:
        await several.start(webs=2, workers=2)
        several.speak_to(0)
        pauses: Counter[float] = Counter()
        async with _disturbed(several, chance, pauses):
            taken = await _live(several, chance)
        await _everything_is_well(several)
        await several.drained()
        statuses = await several.end()
        posts = Counter(_row(one.message) for one in several.backout.workspace.happenings if one.kind == "post")
    print(f"stood still, by seconds: {dict(sorted(pauses.items()))}")
    print(*[f"posted {times} times: {row}" for row, times in posts.items() if times > 1], sep="\n")
    return [
        Figure("times a process stood still", pauses.total()),
        Figure("alerts answered 202", taken),
        Figure("posts", posts.total()),
        Figure("posts too many", sum(times - 1 for times in posts.values()), at_most=0),
        *_in_the_database(several, taken),
        Figure("exit statuses other than 0", sum(status != 0 for status in statuses), at_most=0),
    ]


def _row(message: object) -> str:
    """Return which row of the outbox a message was posted for."""
    metadata = message.metadata if isinstance(message, Message) else None
    return str(metadata["event_payload"]["outbox_id"]) if metadata else "none"


async def _live(several: Several, chance: random.Random) -> int:
    """Send alerts and click what can be clicked for a while; returns how many alerts were answered 202."""
    loop, taken, number = asyncio.get_running_loop(), 0, 0
    end = loop.time() + SECONDS
    while loop.time() < end:
        several.speak_to(chance.randrange(len(several.webs)))
        if chance.random() < 0.4:
            number += 1
            taken += await _alert(several, number, *chance.choice(SYSTEMS))
        elif chance.random() < 0.3:
            await _ask(several)
        else:
            await _click(several, chance)
        await asyncio.sleep(chance.uniform(0.2, 1.0))
    return taken


async def _alert(several: Several, number: int, system: str, version: str, metric: str, value: str) -> int:
    said = {"alertname": f"a{number}", "version": version, "metric": metric, "value": value, "summary": f"No. {number}"}
    body = demo.alert_body(system, said, datetime.now(UTC))
    with contextlib.suppress(aiohttp.ClientError, TimeoutError):
        async with asyncio.timeout(ANSWERS_WITHIN):
            return await several.backout.alert(body) == 202
    return 0


async def _click(several: Several, chance: random.Random) -> None:
    """Let somebody press a button of a card; a door that stands still does not answer, and that is all."""
    workspace = several.backout.workspace
    cards = [
        (card, button) for card in _cards(several) for button in card.buttons if button in ("Acknowledge", "Approve")
    ]
    if not cards:
        return
    card, button = chance.choice(cards)
    person = several.backout.person(chance.choice(["sam", "leo", "maya", "tomas", "aisha"]))
    with contextlib.suppress(Exception):  # whoever may not see it is told so; whoever gets no answer tries again
        async with asyncio.timeout(ANSWERS_WITHIN):
            await workspace.click(person, card, button)
            if workspace.modal(person) is not None:
                await workspace.submit(person, {"reason": "It is right."})


async def _ask(several: Several) -> None:
    """Ask for the rollback of the support bot, where one person may decide; while one runs, it is refused."""
    workspace, sam = several.backout.workspace, several.backout.person("sam")
    with contextlib.suppress(Exception):
        async with asyncio.timeout(ANSWERS_WITHIN):
            await workspace.command(sam, "/rollback", "support-bot", channel="#support-bot")
            await workspace.submit(sam, {"reason": "Customers are told that returns are not possible."})
            await workspace.close_modal(sam)


def _cards(several: Several) -> list[Message]:
    workspace = several.backout.workspace
    found = (workspace.messages(f"#{system}") for system, *_rest in SYSTEMS)
    return [message for messages in found for message in messages if message.buttons]


@contextlib.asynccontextmanager
async def _disturbed(several: Several, chance: random.Random, pauses: "Counter[float]") -> AsyncIterator[None]:
    """Stop and continue processes, one or two at a time, until the block ends; then all go on."""
    tasks = [asyncio.create_task(_disturb(several, random.Random(chance.random()), pauses)) for _ in range(2)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _disturb(several: Several, chance: random.Random, pauses: "Counter[float]") -> None:
    programs: list[Program] = [*several.programs, *several.workers]
    while True:
        await asyncio.sleep(chance.uniform(0, 2))
        program, seconds = chance.choice(programs), chance.choice(PAUSES)
        pauses[seconds] += 1
        stop(program)
        try:
            await asyncio.sleep(seconds)
        finally:
            go_on(program)


async def _everything_is_well(several: Several) -> None:
    async with asyncio.timeout(120):
        while not all([await is_ready(port) for port in several.webs]):  # noqa: ASYNC110 - another process's doors
            await asyncio.sleep(0.1)


def _in_the_database(several: Several, taken: int) -> list[Figure]:
    """Count what came of it, and what should not have."""
    engine = open_engine(several.url, reading=True)
    with Session(engine) as session:
        count, damage = trail.verify(session, TRAIL_KEY.encode())
        twice = _done_twice(session)
        kept = session.exec(select(func.count()).select_from(InboxItem)).one()
        executions = session.exec(select(func.count()).select_from(Execution)).one()
        changes = Counter(session.exec(select(OutboxRow.key).where(OutboxRow.kind == "rollback.apply")).all())
        parked = session.exec(select(OutboxRow.key).where(OutboxRow.state == OutboxState.PARKED)).all()
    engine.dispose()
    print(*[f"twice: {what}" for what in twice], *[f"given up: {key}" for key in parked], sep="\n")
    return [
        Figure("alerts lost", max(0, taken - kept), at_most=0),
        Figure("incidents, tiers and decisions done twice", len(twice), at_most=0),
        Figure("rollbacks carried out", executions),
        Figure("rollbacks carried out twice", changes.total() - len(changes), at_most=0),
        Figure("rows given up", len(parked), at_most=0),
        Figure("trail entries", count),
        Figure("damage in the trail", int(damage is not None), at_most=0),
    ]


def _done_twice(session: Session) -> list[str]:
    """Return what the trail says was done more than once though it can be done only once."""
    found: Counter[tuple[str, ...]] = Counter()
    for incident in session.exec(select(Incident)).all():
        for entry in trail.read(session, incident.name):
            once = ONCE.get(entry.action)
            if once is not None:
                found[(entry.action, entry.subject, *(str(entry.facts.get(name)) for name in once))] += 1
    return [" ".join(what) for what, times in found.items() if times > 1]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
