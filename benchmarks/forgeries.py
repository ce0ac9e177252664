"""What forged, foreign and repeated gestures come to (`python -m benchmarks.forgeries`): figure F8.

Genuine gestures are sent once. Then they are forged (one bit of the body, the time stamp or the signature, another
secret, another version, another time), sent as another workspace's or app's, and repeated in any order. Nothing but
the first sending may have an effect: afterwards every table holds what it held before, but for two entries of the trail
that count the foreign requests. A part is repeated on PostgreSQL, each gesture at two processes at the same moment.
"""

import argparse
import asyncio
import sys
import tempfile
from collections import Counter
from pathlib import Path
from random import Random

from sqlmodel import SQLModel, func, select

from benchmarks.report import Figure, report
from bot.foundation import trail
from bot.foundation.models import OutboxRow
from bot.foundation.work import Reading
from tests.support import gestures
from tests.support.front import Front, Headers, front_of
from tests.support.postgres import Server

EACH = 10_000
TIMES = 5
AT_ONCE = 50
Request = tuple[Headers, bytes]
State = dict[str, int]


def main(arguments: list[str] | None = None) -> int:
    """Send them all and report; exit status 1 when anything had an effect it should not have had."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--each", type=int, default=EACH, help="how many forged, foreign and repeated requests each")
    given.add_argument("--seed", type=int, default=7)
    options = given.parse_args(arguments)
    with tempfile.TemporaryDirectory() as directory:
        figures = asyncio.run(attack(Path(directory), options.seed, options.each))
    with tempfile.TemporaryDirectory(prefix="backout-postgres-", ignore_cleanup_errors=True) as directory:
        server = Server(Path(directory) / "data")
        try:
            count = max(10, options.each // 50)
            figures += asyncio.run(at_two_processes(Path(directory), options.seed, count, server))
        finally:
            server.stop()
    return report("forgeries", figures, seed=options.seed)


async def attack(directory: Path, seed: int, each: int) -> list[Figure]:
    """Do all three to doors in this process, and say what came of it."""
    random = Random(seed)
    async with front_of(directory) as front:
        genuine = [genuine_gesture(random, front) for _ in range(max(1, each // TIMES))]
        await send(front, genuine)
        before = front.people.reads(state)
        forged = await send(front, [forge(random, front, random.choice(genuine)) for _ in range(each)])
        after_forged = front.people.reads(state)
        repeated = genuine * TIMES
        random.shuffle(repeated)
        again = await send(front, repeated)
        after_repeated = front.people.reads(state)
        foreign = await send(front, [foreign_gesture(random, front) for _ in range(each)])
        await front.process.tell_foreign(at_once=True)
        after = front.people.reads(state)
        told = front.people.reads(lambda reading: trail.read(reading.session, "slack"))
    entries = after.pop("trail_entry") - before["trail_entry"], after.pop("trail_payload") - before["trail_payload"]
    return [
        Figure("forged", each),
        Figure("forged and not answered 401", each - forged[401], at_most=0),
        Figure("effects of forged ones", changes(before, after_forged), at_most=0),
        Figure("repeated, reordered", len(repeated)),
        Figure("effects of repeated ones", changes(before, after_repeated), at_most=0),
        Figure("repeated ones answered 5xx", sum(n for status, n in again.items() if status >= 500), at_most=0),
        Figure("of another workspace or app", each),
        Figure("of those not answered 403", each - foreign[403], at_most=0),
        Figure("effects of those, but for entries of the trail", changes(before, after), at_most=0),
        Figure("of those not counted in the trail", each - sum(entry.facts["count"] for entry in told), at_most=0),
        Figure("entries of the trail about them", max(entries), at_most=2),
    ]


async def at_two_processes(directory: Path, seed: int, count: int, server: Server) -> list[Figure]:
    """Send each gesture to two processes on one PostgreSQL at once, and again; compare with sending it once."""
    url = server.fresh(like=server.prepared)
    async with front_of(directory, url=url) as one, front_of(directory, url=url, furnished=False) as other:
        random, empty = Random(seed), one.people.reads(state)
        for request in [genuine_gesture(random, one) for _ in range(count)]:
            for _ in range(2):
                await asyncio.gather(*(send(front, [request]) for front in (one, other)))
        twice = one.people.reads(state)
    async with front_of(directory) as alone:
        random = Random(seed)
        for request in [genuine_gesture(random, alone) for _ in range(count)]:
            await send(alone, [request])
        once = alone.people.reads(state)
    assert changes(empty, twice) > 0, "the gestures had no effect at all"
    return [
        Figure("at two processes on PostgreSQL, twice", 4 * count),
        Figure("effects beyond those of the first", changes(once, twice), at_most=0),
    ]


async def send(front: Front, requests: list[Request]) -> Counter[int]:
    """Send requests, some at a time; returns how often which status was answered."""
    statuses: Counter[int] = Counter()
    for start in range(0, len(requests), AT_ONCE):
        some = requests[start : start + AT_ONCE]
        answers = await asyncio.gather(*(front.ask("POST", "/slack/events", *request) for request in some))
        statuses.update(answer.status for answer in answers)
        assert all(sum(map(len, answer.log)) <= 512 for answer in answers), "too many words in the log"
    return statuses


def state(reading: Reading) -> State:
    """How much stands in every table, and how much was wanted of the outbox."""
    tables = SQLModel.metadata.sorted_tables
    found = {
        table.name: reading.session.execute(select(func.count()).select_from(table)).scalar_one() for table in tables
    }
    found["outbox.wanted"] = reading.session.exec(select(func.coalesce(func.sum(OutboxRow.wanted), 0))).one()
    return found


def changes(before: State, after: State) -> int:
    """How many rows came or went between two states."""
    return sum(abs(count - before.get(name, 0)) for name, count in after.items())


def genuine_gesture(random: Random, front: Front) -> Request:
    """A gesture as Slack sends it; unlike any other by its trigger."""
    kind = random.choice(gestures.KINDS)
    trigger = {"event_id" if kind == "event" else "trigger_id": f"{random.getrandbits(60)}"}
    return signed(front, *gestures.encoded(kind, gestures.MAKERS[kind](random, front, **trigger)))


def foreign_gesture(random: Random, front: Front) -> Request:
    """A gesture that our secret signed, of another workspace or another app."""
    kind = random.choice(gestures.KINDS)
    payload = gestures.MAKERS[kind](random, front)
    if random.random() < 0.5:
        payload |= {"api_app_id": "A0OTHER"}
    else:
        payload |= {"team_id": "T0OTHER", "team": {"id": "T0OTHER"}}
    return signed(front, *gestures.encoded(kind, payload))


def signed(front: Front, content_type: bytes, body: bytes) -> Request:
    """The headers and the body, signed with our secret."""
    return [*front.signed(body), (b"content-type", content_type)], body


def forge(random: Random, front: Front, genuine: Request) -> Request:
    """Return a request that differs from a genuine one in one thing that the signature covers."""
    headers, body = dict(genuine[0]), genuine[1]
    now = front.people.clock.now().timestamp()
    match random.randrange(6):
        case 0:
            body = flipped(random, body)
        case 1:
            name = random.choice((b"x-slack-signature", b"x-slack-request-timestamp"))
            headers[name] = flipped(random, headers[name])
        case 2:
            headers |= dict(front.signed(body, secret=f"another {random.random()}"))
        case 3:
            digest = headers[b"x-slack-signature"].removeprefix(b"v0=")
            headers[b"x-slack-signature"] = random.choice((b"v1=", b"V0=", b"", b"v0=v0=", b"sha256=")) + digest
        case 4:
            headers |= dict(front.signed(body, at=now + random.choice((-1, 1)) * random.randrange(301, 10**8)))
        case _:
            del headers[random.choice((b"x-slack-signature", b"x-slack-request-timestamp"))]
    return list(headers.items()), body


def flipped(random: Random, value: bytes) -> bytes:
    """Return bytes with one bit flipped."""
    at = random.randrange(len(value))
    return value[:at] + bytes([value[at] ^ (1 << random.randrange(8))]) + value[at + 1 :]


if __name__ == "__main__":
    sys.exit(main())
