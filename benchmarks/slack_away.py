"""What happens when Slack is away (`python -m benchmarks.slack_away`; figure F3).

The whole product on a virtual clock against the strict workspace, over real HTTP. Twice: for 10 minutes and for 6 hours
Slack answers nothing but 503. Meanwhile 1,000 alerts come in about 50 versions of a system of the example, 50 requests
are approved, and statements are posted (in the long outage a fifth of all that). Then Slack is back.

Counted, once everything has left: alerts that are in no incident, approvals that do not count, messages that never
arrived, arrived twice or out of order, statements that are not word for word; the most posts that one incident brought
into its channel (its card, its page while it is undecided, and what is asked); the most messages in one thread; and
summaries.
"""

import asyncio
import contextlib
import re
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
from sqlmodel import col, func, select

from benchmarks.report import Figure, report
from bot import demo
from bot.alerts.models import Signal
from bot.approvals import service as approvals
from bot.approvals.models import Request, RoundState
from bot.comms import service as comms
from bot.comms.models import Statement
from bot.foundation.sender import waiting
from bot.foundation.work import Actor, Reading, Work
from bot.incidents.models import Incident
from bot.people.models import Directory
from bot.workspace.state import Happening, Message
from tests.support.world import ALERT_SECRET, World, world_of

SYSTEM, CHANNEL, APPROVER = "support-bot", "#support-bot", "leo"
STATEMENT, STATEMENT_CHANNEL = "customers/initial-chatbot", "#customer-status"
ALERTS_OF_A_BODY = 20
PLAN = "sha256:" + "0" * 64
MACHINE = Actor("system", "slack_away", "Backout")


@dataclass(frozen=True)
class Size:
    """How much comes in while Slack is away, and for how long that is."""

    away: timedelta
    alerts: int = 1_000
    incidents: int = 50
    approvals: int = 50
    statements: int = 3


SIZES = {"10 minutes": Size(timedelta(minutes=10)), "6 hours": Size(timedelta(hours=6), 200, 10, 10)}


@dataclass(frozen=True)
class Counts:
    """What was seen after Slack came back. The first seven should be 0."""

    alerts_lost: int
    approvals_lost: int
    undone: int
    missing: int
    doubled: int
    unordered: int
    altered: int
    posts_of_an_incident: int
    replies_of_a_thread: int
    summaries_of_a_channel: int
    posts: int


def main() -> int:
    """Report the counts for both outages; exit status 1 when one of them misses its goal."""
    figures = [one for name, size in SIZES.items() for one in figures_of(name, asyncio.run(play(size)))]
    return report("slack_away", figures)


def figures_of(name: str, found: Counts) -> list[Figure]:
    """Return the counts of one outage with their goals."""
    zero = {
        "alerts lost": found.alerts_lost,
        "approvals lost": found.approvals_lost,
        "messages left over": found.undone,
        "missing": found.missing,
        "double": found.doubled,
        "out of order": found.unordered,
        "statements altered": found.altered,
    }
    most = {
        "posts of one incident": (found.posts_of_an_incident, 3),
        "replies in one thread": (found.replies_of_a_thread, 1),
        "summaries of one channel": (found.summaries_of_a_channel, 1),
    }
    return [
        *(Figure(f"{name}: {what}", value, at_most=0) for what, value in zero.items()),
        *(Figure(f"{name}: {what}", value, at_most=goal) for what, (value, goal) in most.items()),
        Figure(f"{name}: posts in all", found.posts),
    ]


async def play(size: Size) -> Counts:
    """Let Slack be away while much happens, and count what came of it."""
    with tempfile.TemporaryDirectory() as directory:
        async with world_of(Path(directory), strict=False) as world:
            return await _play(world, size)


async def _play(world: World, size: Size) -> Counts:
    before = len(world.workspace.happenings)
    async with away(world, size.away):
        await let_alerts_in(world, size)
        for number in range(size.approvals):
            world.process.store.submit_now(person(world, "sam"), ask, number)
        for number in range(size.statements):
            world.process.store.submit_now(person(world, "carla"), state, number)
        world.process.store.submit_now(MACHINE, vote_on_all, person(world, APPROVER))
    await world.pass_time(minutes=15)
    return count(world, size, world.workspace.happenings[before:])


@contextlib.asynccontextmanager
async def away(world: World, length: timedelta) -> AsyncIterator[None]:
    """Let every call be answered 503 for a while; what is done inside happens at its beginning."""
    gone = world.workspace.faults.add(method="*", kind="server_error", times=None)
    end = world.clock.now() + length
    yield
    await world.pass_time(seconds=(end - world.clock.now()).total_seconds())
    world.workspace.faults.remove(gone)


# --- what happens meanwhile -------------------------------------------------------------------------------------------


async def let_alerts_in(world: World, size: Size) -> None:
    """Post the alerts as Alertmanager would, in bodies; each is answered before the next one is sent."""
    headers = {"Authorization": f"Bearer {ALERT_SECRET}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        for start in range(0, size.alerts, ALERTS_OF_A_BODY):
            body = body_of(world, range(start, min(start + ALERTS_OF_A_BODY, size.alerts)), size.incidents)
            async with session.post(f"{world.address}/alerts/alertmanager", json=body) as answer:
                if answer.status != 202:
                    raise RuntimeError(f"an alert was answered {answer.status}")
    await world.settle(timedelta())


def body_of(world: World, numbers: Sequence[int], incidents: int) -> dict[str, Any]:
    """Return a body with one alert for each number: different ones, about so many versions in turn."""
    bodies = [demo.alert_body(SYSTEM, _said(number, incidents), world.clock.now()) for number in numbers]
    for number, body in zip(numbers, bodies, strict=True):
        body["alerts"][0]["labels"]["instance"] = f"support-{number}"
        body["alerts"][0]["fingerprint"] = f"{number:016x}"
    return {**bodies[0], "alerts": [body["alerts"][0] for body in bodies]}


def _said(number: int, incidents: int) -> dict[str, str]:
    metric, value = "wrong_answer_rate", str(50 + number % 40)
    version = str(1_000 + number % incidents)
    return {"alertname": metric, "metric": metric, "version": version, "value": value, "summary": f"{metric} {value}"}


def person(world: World, key: str) -> Actor:
    """Somebody of the example organisation."""
    found = world.config[Directory].people[key]
    return Actor("person", found.slack, found.name, found.zone)


def ask(work: Work, number: int) -> None:
    """Ask for an approval about an incident: what comes of it is a step that changes nothing."""
    incident = f"INC-{number + 1}"
    approvals.ask(
        work,
        subject=incident,
        activity="approve_rollback",
        system=SYSTEM,
        tags=[],
        severity="low",
        plan_digest=PLAN,
        summary=f"Roll {SYSTEM} back ({incident})",
        reason="Customers are told what is not so.",
        channel=work.session.exec(select(Incident.channel).where(Incident.name == incident)).one(),
        then="incidents.refresh_briefing",
        then_payload={"incident": incident},
    )


def vote_on_all(work: Work, voter: Actor) -> None:
    """Let somebody approve everything that waits."""
    work.actor = voter
    for request in work.session.exec(select(Request).where(Request.state == RoundState.ASKED)).all():
        if approvals.approve(work, request.id, request.round, "It was right before."):
            raise RuntimeError("an approval came too late")


def state(work: Work, number: int) -> None:
    """Post approved words about an incident."""
    comms.post(work, f"INC-{number + 1}", STATEMENT)


# --- what came of it --------------------------------------------------------------------------------------------------


def count(world: World, size: Size, happened: Sequence[Happening]) -> Counts:
    """Count what arrived in Slack, and what did not."""
    posts = [one.message for one in happened if one.kind == "post" and isinstance(one.message, Message)]
    channel = world.workspace.channel(CHANNEL).id
    here = [post for post in posts if post.channel == channel and not post.thread_ts]
    by_kind = {kind: [subject(post) for post in here if kind_of(post) == kind] for kind in ("card", "page", "ask")}
    cards, expected = by_kind["card"], [f"INC-{number + 1}" for number in range(size.incidents)]
    pages, undecided = by_kind["page"], expected[size.approvals :]
    statements = [post.text for post in posts if post.channel == world.workspace.channel(STATEMENT_CHANNEL).id]
    said = world.process.store.read_now(words_of_statements)
    return Counts(
        alerts_lost=size.alerts - world.process.store.read_now(alerts_in_incidents),
        approvals_lost=size.approvals - world.process.store.read_now(approved),
        undone=world.process.store.read_now(waiting),
        missing=len({*expected} - {*cards}) + len({*undecided} - {*pages}) + len({*said} - {*statements}),
        doubled=sum(len(found) - len(set(found)) for found in [*by_kind.values(), statements]),
        unordered=int(cards != expected) + int(statements != said) + int(pages != undecided),
        altered=len(set(statements) - set(said)),
        posts_of_an_incident=max(Counter(subject(post) for post in here if subject(post)).values()),
        replies_of_a_thread=max(Counter(post.thread_ts for post in posts if post.thread_ts).values()),
        summaries_of_a_channel=sum(kind_of(post) == "summary" for post in here),
        posts=len(posts),
    )


def subject(post: Message) -> str:
    """Return the incident that a message is about, '' if about none."""
    found = re.search(r"INC-[0-9]+", post.visible_text)
    return found.group() if found else ""


def kind_of(post: Message) -> str:
    """Tell the messages of an incident's channel apart, as a person would."""
    if "took no messages" in post.visible_text:
        return "summary"
    if post.buttons:
        return "card"
    return "ask" if "Approval needed" in post.visible_text else "page"


def alerts_in_incidents(reading: Reading) -> int:
    """Count the alerts that led to an incident."""
    query = select(func.count()).where(col(Signal.incident).is_not(None))
    return reading.session.exec(query).one()


def approved(reading: Reading) -> int:
    """Count the requests that were approved."""
    return reading.session.exec(select(func.count()).where(Request.state == RoundState.APPROVED)).one()


def words_of_statements(reading: Reading) -> list[str]:
    """Return what was said to customers, word for word, in order."""
    return list(reading.session.exec(select(Statement.text).order_by(col(Statement.posted_at), col(Statement.id))))


if __name__ == "__main__":
    sys.exit(main())
