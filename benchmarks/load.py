"""The load: a process of its own that posts bodies over many connections, cheaply, and times each answer.

Requests are bytes made beforehand, and answers are cut at their Content-Length and not looked at further, so that the
load costs a small part of what it measures. Without a rate each connection sends its next request as soon as it has its
answer. With a rate requests are due at fixed moments, and their time counts from when they were due, whether a
connection was free by then or not: a server that stalls cannot hide it.

    taken = await load(Job("127.0.0.1", 3000, requests, seconds=5))
"""

import asyncio
import base64
import contextlib
import json
import sys
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, cast

import uvloop

CONNECTIONS = 64
PATIENCE_SECONDS = 30


@dataclass(frozen=True)
class Job:
    """What to send.

    Attributes:
        requests: Whole HTTP requests, sent in turn.
        seconds: For how long.
        rate: Requests a second, over all connections; 0: as fast as answers come.
    """

    host: str
    port: int
    requests: Sequence[bytes]
    seconds: float
    connections: int = CONNECTIONS
    rate: float = 0


@dataclass
class Taken:
    """What came back.

    Attributes:
        statuses: How often each HTTP status (0: no answer).
        milliseconds: How long each answer took.
        seconds: Over how long.
        began: When the first request was sent or due (Unix time).
    """

    statuses: dict[int, int]
    milliseconds: list[float] = field(repr=False)
    seconds: float
    began: float

    @property
    def rate(self) -> float:
        """Return answers a second."""
        return len(self.milliseconds) / self.seconds


def request(path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    """Return a whole POST request."""
    lines = {"Host": "127.0.0.1", "Content-Type": "application/json", "Content-Length": str(len(body)), **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body


async def load(job: Job) -> Taken:
    """Send all that in a process of its own; returns what came back."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.load", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    given = {**asdict(job), "requests": [base64.b64encode(one).decode() for one in job.requests]}
    answer, _ = await process.communicate(json.dumps(given).encode())
    assert process.returncode == 0, "the load failed"
    found = json.loads(answer)
    return Taken({int(status): count for status, count in found.pop("statuses").items()}, **found)


class _Connection(asyncio.Protocol):
    """One connection: at most one request under way."""

    def __init__(self, sender: "_Sender") -> None:
        self._sender = sender
        self._due = 0.0
        self._received = b""
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def send(self, data: bytes, due: float) -> None:
        """Send a request that was due at this moment."""
        self._due = due
        self.transport.write(data)

    def data_received(self, data: bytes) -> None:
        received = self._received = self._received + data if self._received else data
        end = received.find(b"\r\n\r\n")
        if end >= 0 and len(received) >= end + 4 + _content_length(received[:end]):
            self._received = b""
            self._sender.answered(self, int(received[9:12]), time.perf_counter() - self._due)


def _content_length(head: bytes) -> int:
    start = head.lower().find(b"content-length:")
    return int(head[start + 15 :].split(b"\r\n", 1)[0]) if start >= 0 else 0


class _Sender:
    """Hands requests to connections, and keeps what came back."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._turn = 0
        self._free: deque[_Connection] = deque()
        self._late: deque[float] = deque()
        self._under_way = 0
        self._is_sent, self._done = False, asyncio.Event()
        self._ends = 0.0
        self.statuses: Counter[int] = Counter()
        self.milliseconds: list[float] = []

    async def run(self) -> Taken:
        """Connect, send, and wait for the last answers."""
        loop = asyncio.get_running_loop()
        for _ in range(self._job.connections):
            _, connection = await loop.create_connection(lambda: _Connection(self), self._job.host, self._job.port)
            self._free.append(connection)
        began, at = time.perf_counter(), time.time()
        self._ends = began + self._job.seconds
        await (self._by_rate(began) if self._job.rate else self._as_fast_as_answered())
        await self._drain()
        self.statuses[0] += self._under_way + len(self._late)
        return Taken(dict(+self.statuses), self.milliseconds, time.perf_counter() - began, at)

    async def _as_fast_as_answered(self) -> None:
        while self._free:
            self._send(self._free.popleft(), time.perf_counter())
        await asyncio.sleep(self._job.seconds)

    async def _by_rate(self, began: float) -> None:
        for number in range(int(self._job.rate * self._job.seconds)):
            due = began + number / self._job.rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            if self._free:
                self._send(self._free.popleft(), due)
            else:
                self._late.append(due)

    async def _drain(self) -> None:
        """Wait for the answers that are still to come, but not for ever."""
        self._is_sent = True
        if self._under_way or self._late:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._done.wait(), PATIENCE_SECONDS)

    def answered(self, connection: _Connection, status: int, seconds: float) -> None:
        """Note an answer, and let its connection send what comes next."""
        self._under_way -= 1
        self.statuses[status] += 1
        self.milliseconds.append(seconds * 1000)
        if self._late:
            self._send(connection, self._late.popleft())
        elif not self._job.rate and (now := time.perf_counter()) < self._ends:
            self._send(connection, now)
        else:
            self._free.append(connection)
        if self._is_sent and not self._under_way:
            self._done.set()

    def _send(self, connection: _Connection, due: float) -> None:
        self._under_way += 1
        connection.send(self._job.requests[self._turn % len(self._job.requests)], due)
        self._turn += 1


def main() -> None:
    """Read a job from standard input, write what came back to standard output."""
    given: dict[str, Any] = json.loads(sys.stdin.read())
    job = Job(**{**given, "requests": [base64.b64decode(one) for one in given["requests"]]})
    answer = json.dumps(asdict(uvloop.run(_Sender(job).run())))
    with open(sys.stdout.fileno(), "w", closefd=False) as output:  # buffered: the whole text arrives
        output.write(answer)


if __name__ == "__main__":
    main()
