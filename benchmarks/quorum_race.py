"""Approvers who click at the same moment (`python -m benchmarks.quorum_race [--requests N]`): figure F5.

Each of many requests needs three people. Each of the three clicks three times, once at each of three processes on one
PostgreSQL, in an order of its own; in one request of four one of them presses both *Approve* and *Reject*. The same
with one process and SQLite, with many clicks at the same moment. Afterwards every request is either approved and
carried out exactly once, or rejected and not carried out.
"""

import argparse
import asyncio
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path
from random import Random

from sqlmodel import col, select

from benchmarks.report import Figure, report
from bot.approvals import service
from bot.approvals.models import Request, Vote
from bot.foundation.errors import Refusal
from bot.foundation.models import OutboxRow
from bot.foundation.work import Reading
from tests.approvals.committee import Committee, committee, committee_on
from tests.support.postgres import Server

REQUESTS = 2_000
PROCESSES = 3
APPROVERS = ("tom", "ann", "gra")
AT_ONCE = 200
Click = tuple[str, str, int, bool]
"""Who, on which request, of which round, and whether the answer is yes."""


def main(arguments: list[str] | None = None) -> int:
    """Let them race on both databases and report; exit status 1 when any request came out wrong."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--requests", type=int, default=REQUESTS)
    given.add_argument("--seed", type=int, default=7)
    options = given.parse_args(arguments)
    with tempfile.TemporaryDirectory() as directory:
        figures = on_sqlite(Path(directory), options.requests, options.seed)
    with tempfile.TemporaryDirectory(prefix="backout-postgres-", ignore_cleanup_errors=True) as directory:
        server = Server(Path(directory) / "data")
        try:
            with ProcessPoolExecutor(PROCESSES, get_context("spawn")) as processes:
                figures += on_postgresql(server, processes, options.requests, options.seed)
        finally:
            server.stop()
    return report("quorum_race", figures, seed=options.seed)


def on_sqlite(directory: Path, count: int, seed: int) -> list[Figure]:
    """One process, many clicks at the same moment."""
    people = committee(directory)
    clicks = _clicks(_ask(people, count), times=2)
    Random(seed).shuffle(clicks)
    asyncio.run(_click_at_once(people, clicks))
    figures = outcome("SQLite", people)
    people.store.close()
    return figures


def on_postgresql(server: Server, processes: Executor, count: int, seed: int) -> list[Figure]:
    """Three processes (or three stores) on one database, each with every click, in an order of its own."""
    url = server.fresh(like=server.prepared)
    people = committee_on(url)
    clicks = _clicks(_ask(people, count), times=1)
    list(processes.map(_race, [(url, clicks, seed + number) for number in range(PROCESSES)]))
    figures = outcome("PostgreSQL", people)
    people.store.close()
    return figures


def outcome(database: str, people: Committee) -> list[Figure]:
    """Look at every request, and say how many came out wrong."""
    wrong = people.reads(_wrong)
    states = Counter(request.state for request in people.reads(_requests))
    return [
        Figure(f"{database}: approved", states["approved"]),
        Figure(f"{database}: rejected", states["rejected"]),
        Figure(f"{database}: undecided", states.total() - states["approved"] - states["rejected"], at_most=0),
        Figure(f"{database}: approved and not carried out exactly once", wrong["executions"], at_most=0),
        Figure(f"{database}: rejection overtaken", wrong["overtaken"], at_most=0),
        Figure(f"{database}: double or missing votes", wrong["votes"], at_most=0),
    ]


def _ask(people: Committee, count: int) -> list[Request]:
    return [people.ask(subject=f"INC-{number}", severity="high") for number in range(1, count + 1)]


def _clicks(requests: Sequence[Request], times: int) -> list[Click]:
    yes = [(who, one.id, one.round, True) for one in requests for who in APPROVERS]
    no = [("gra", one.id, one.round, False) for one in requests[::4]]
    return (yes + no) * times


async def _click_at_once(people: Committee, clicks: Sequence[Click]) -> None:
    for start in range(0, len(clicks), AT_ONCE):
        await asyncio.gather(*(_submit(people, click) for click in clicks[start : start + AT_ONCE]))


async def _submit(people: Committee, click: Click) -> None:
    who, request, number, is_yes = click
    verb = service.approve if is_yes else service.reject
    with suppress(Refusal):
        await people.store.submit(people.actor(who), verb, request, number, "It is right.")


def _race(given: tuple[str, list[Click], int]) -> None:
    url, clicks, seed = given
    people = committee_on(url)
    clicks = list(clicks)
    # Processes go through the requests in about the same order, so that they meet at each of them.
    random = Random(seed)
    order = {click: place + random.randrange(60) for place, click in enumerate(sorted(set(clicks)))}
    clicks.sort(key=lambda click: order[click])
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda click: asyncio.run(_submit(people, click)), clicks))
    people.store.close()


def _requests(reading: Reading) -> list[Request]:
    return list(reading.session.exec(select(Request)).all())


def _wrong(reading: Reading) -> Counter[str]:
    """Count what must not be: by the request's state, its votes, and what was enqueued once it was decided."""
    started = Counter[str]()
    for row in reading.session.exec(select(OutboxRow).where(col(OutboxRow.kind) == "rollback.start")):
        started[row.payload["request"]] += row.wanted
    votes: dict[str, list[Vote]] = {}
    for vote in reading.session.exec(select(Vote)):
        votes.setdefault(vote.request_id, []).append(vote)
    found = Counter[str]()
    for request in _requests(reading):
        choices = Counter(vote.choice for vote in votes.get(request.id, []))
        is_approved = request.state == "approved"
        found["executions"] += started[request.id] != int(is_approved)
        found["overtaken"] += (choices["reject"] > 0) != (request.state == "rejected")
        found["votes"] += is_approved and choices["approve"] != len(APPROVERS)
    return found


if __name__ == "__main__":
    sys.exit(main())
