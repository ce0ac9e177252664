"""What the doors do with a million bad inputs (`python -m benchmarks.bad_inputs [--inputs N] [--seed S]`): figure F7.

Good requests are damaged (bytes, structure, types, headers, paths, encodings) and sent to the real application over
ASGI, in two processes: alerts with and without their secret, Slack's door unsigned, and Slack's door with a right
signature over hostile content. Of those each goes through the database, so they are one in fifty. Every body that is
accepted is then read by the worker as any alert is.

The goals: no answer of 500 and above, none later than a second, at most 64 MiB more memory, at most 512 bytes of log
for one input.
"""

import argparse
import asyncio
import resource
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from random import Random

from benchmarks.report import Figure, report
from bot.alerts import service as alerts
from tests.alerts.samples import alert, body
from tests.support import gestures
from tests.support.front import ALERT_HEADERS, Answered, Front, Headers, front_of
from tests.support.mutation import TEXTS, damaged, damaged_bytes, written

INPUTS = 1_000_000
PROCESSES = 2
SIGNED_ONE_IN = 50
AT_ONCE = 50
POOL = 1_000
MIB = 1024 * 1024
BODIES = [body(), body(alert(status="resolved")), body(*[alert(fingerprint=str(number)) for number in range(5)])]
PATHS = [
    "/alerts/nobody",
    "/alerts/",
    "/alerts/%00",
    "/alerts/../readyz",
    "/alerts/alertmanager/x",
    "/alerts/" + "a" * 9_000,
]


@dataclass
class Tally:
    """What one process saw."""

    inputs: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    slowest: float = 0.0
    longest_log: int = 0
    grown: int = 0
    worst: dict[str, str] = field(default_factory=dict)

    def note(self, door: str, answer: Answered) -> None:
        """Count one answer; keep one of each kind that misses a goal, to be looked at."""
        logged = sum(len(line.encode()) for line in answer.log)
        self.inputs[door] += 1
        self.statuses[answer.status] += 1
        self.slowest, self.longest_log = max(self.slowest, answer.seconds), max(self.longest_log, logged)
        if answer.status >= 500 or logged > 512:
            log = " ".join(answer.log)[-3_000:]
            self.worst.setdefault(f"{door} {log[-100:]}", f"{door} {answer.status} {answer.body[-400:]!r} {log}")


def main(arguments: list[str] | None = None) -> int:
    """Send them all and report; exit status 1 when a goal is missed."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--inputs", type=int, default=INPUTS)
    given.add_argument("--seed", type=int, default=7)
    options = given.parse_args(arguments)
    share = options.inputs // PROCESSES
    with ProcessPoolExecutor(PROCESSES, get_context("spawn")) as pool:
        tallies = list(pool.map(_run, [(options.seed + number, share) for number in range(PROCESSES)]))
    for line in [line for tally in tallies for line in tally.worst.values()]:
        print(line, file=sys.stderr)
    return report("bad_inputs", figures(tallies), seed=options.seed)


def figures(tallies: list[Tally]) -> list[Figure]:
    """Return the figures of all processes together, the worst of them where it is a limit."""
    doors: Counter[str] = sum((tally.inputs for tally in tallies), Counter())
    statuses: Counter[int] = sum((tally.statuses for tally in tallies), Counter())
    return [
        *(Figure(f"inputs, {door}", count) for door, count in sorted(doors.items())),
        *(Figure(f"answered {status}", count) for status, count in sorted(statuses.items()) if status < 500),
        Figure("answered 5xx", sum(count for status, count in statuses.items() if status >= 500), at_most=0),
        Figure("slowest answer", max(tally.slowest for tally in tallies) * 1000, "ms", at_most=1000),
        Figure("more memory", max(tally.grown for tally in tallies) / MIB, "MiB", at_most=64),
        Figure("most log for one input", max(tally.longest_log for tally in tallies), "bytes", at_most=512),
    ]


def _run(given: tuple[int, int]) -> Tally:
    with tempfile.TemporaryDirectory() as directory:
        return asyncio.run(attack(Path(directory), *given))


async def attack(directory: Path, seed: int, count: int, *, warm_up: int = 2_000) -> Tally:
    """Send so many bad inputs, made from this seed, to doors in this process."""
    random, tally = Random(seed), Tally()
    async with front_of(directory) as front:
        attacker = Attacker(front, random)
        await attacker.send(Tally(), warm_up)
        before = _memory()
        await attacker.send(tally, count)
        tally.grown = _memory() - before
    return tally


class Attacker:
    """Makes bad inputs and sends them. What takes long to make is made once; each input is then damaged anew."""

    def __init__(self, front: Front, random: Random) -> None:
        self.front, self.random = front, random
        self.bodies = [_body(random) for _ in range(POOL)]
        self.gestures = [gestures.sent(random, front) for _ in range(POOL)]

    async def send(self, tally: Tally, count: int) -> None:
        """Send so many, some at a time; now and then let the worker read what was accepted."""
        for start in range(0, count, AT_ONCE):
            self.front.people.clock.pass_time(seconds=1)  # so that few are turned away for coming too fast
            kinds = [self._kind(number) for number in range(start, min(start + AT_ONCE, count))]
            answers = await asyncio.gather(*(getattr(self, kind)() for kind in kinds))
            for kind, answer in zip(kinds, answers, strict=True):
                tally.note(kind, answer)
            self.front.slack.forget()
            if start % (AT_ONCE * 25) == 0:
                await self._read()

    def _kind(self, number: int) -> str:
        return "signed" if number % SIGNED_ONE_IN == 0 else self.random.choice(("alerts", "unsigned"))

    async def _read(self) -> None:
        people = self.front.people
        while await people.store.submit(people.actor("backout"), alerts.read_inbox):
            pass

    async def alerts(self) -> Answered:
        """An alert, mostly with the right secret."""
        random = self.random
        came = random.choice(self.bodies)
        came = damaged_bytes(random, came) if random.random() < 0.9 else came
        headers = _headers(random, ALERT_HEADERS) if random.random() < 0.3 else ALERT_HEADERS
        path = random.choice(PATHS) if random.random() < 0.02 else "/alerts/alertmanager"
        if random.random() < 0.001:
            came = came * (300_000 // max(len(came), 1))
        return await self._ask(path, headers, came)

    async def unsigned(self) -> Answered:
        """A gesture that Slack did not sign, or not this one, or not now."""
        random, front = self.random, self.front
        kind, came = random.choice(self.gestures)
        signed = [*front.signed(came), (b"content-type", kind)]
        match random.randrange(4):
            case 0:
                came = damaged_bytes(random, came) + b"x"
            case 1:
                signed = [*front.signed(came, secret="another secret"), (b"content-type", kind)]
            case 2:
                stale = front.people.clock.now().timestamp() + random.choice((-301, 301, -1e9, 1e9))
                signed = [*front.signed(came, at=stale), (b"content-type", kind)]
            case _:
                signed = [(name, _odd(random, value) if name.startswith(b"x-") else value) for name, value in signed]
        return await self._ask("/slack/events", _headers(random, signed), came)

    async def signed(self) -> Answered:
        """A gesture with a right signature, and hostile content."""
        random, front = self.random, self.front
        kind, came = gestures.sent(random, front, spoilt=True)
        if random.random() < 0.2:
            came = damaged_bytes(random, came)
        headers: Headers = [*front.signed(came), (b"content-type", kind)]
        return await front.ask("POST", "/slack/events", headers, came, pieces=random.choice((1, 3)))

    async def _ask(self, path: str, headers: Headers, came: bytes) -> Answered:
        random = self.random
        method = random.choice(("GET", "PUT", "HEAD", "OPTIONS", "", "TRÄCE")) if random.random() < 0.02 else "POST"
        pieces = random.choice((1, 1, 1, 2, 7))
        return await self.front.ask(method, path, headers, came, pieces=pieces, hangs_up=random.random() < 0.02)


def _body(random: Random) -> bytes:
    good = random.choice(BODIES)
    return written(random, damaged(random, good) if random.random() < 0.7 else good)


def _memory() -> int:
    """Return the most memory this process has held so far, in bytes (Linux counts in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _headers(random: Random, good: Headers) -> Headers:
    """Return headers with some of them missing, damaged, doubled, or joined by others."""
    return [header for given in good for header in _spoilt(random, given)] + list(_more(random))


def _spoilt(random: Random, header: tuple[bytes, bytes]) -> Iterator[tuple[bytes, bytes]]:
    name, value = header
    match random.randrange(10):
        case 0:
            return
        case 1:
            yield name, _odd(random, value)
        case 2:
            yield from (header, (name, _odd(random, value)))
        case _:
            yield header


def _more(random: Random) -> Iterator[tuple[bytes, bytes]]:
    if random.random() < 0.2:
        yield b"content-encoding", random.choice((b"gzip", b"br", b"identity", b"", b"\xff", b"gzip, identity"))
    if random.random() < 0.2:
        yield b"content-length", random.choice((b"0", b"-1", b"9" * 400, b"abc", b"1e9", b"\xb2", b"262145"))
    if random.random() < 0.1:
        yield b"transfer-encoding", random.choice((b"chunked", b"gzip", b"\x00"))


def _odd(random: Random, value: bytes) -> bytes:
    text = random.choice(TEXTS).encode("utf-8", "surrogatepass")
    return random.choice((text, damaged_bytes(random, value), value[:-1], value.upper(), b"v0=" + b"0" * 64))


if __name__ == "__main__":
    sys.exit(main())
