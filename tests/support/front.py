"""The product's doors in this process, asked over ASGI without a network: every answer with its log and its time.

async with front_of(tmp_path) as front:
    answer = await front.ask("POST", "/slack/events", [(b"x-slack-signature", b"v0=…")], body)
"""

import contextlib
import hashlib
import hmac
import logging
import time
import traceback
from collections.abc import AsyncIterator, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from bot import app
from bot.approvals import service as approvals
from bot.foundation.ids import RandomIds
from bot.foundation.logs import JsonLines, quieten
from bot.foundation.process import Process
from bot.people.models import Directory
from bot.rollback.targets import default_targets
from tests.incidents.organisation import Organisation, ask_for_rollback, organisation
from tests.support.slack import FakeSlack
from tests.support.stores import prepare
from tests.support.world import ALERT_SECRET, SECRETS, environment_of

Headers = Sequence[tuple[bytes, bytes]]
_lines: ContextVar[list[str] | None] = ContextVar("lines", default=None)


@dataclass(frozen=True)
class Answered:
    """What came of one request: its status (599 if the application raised), body, log lines, and how long it took."""

    status: int
    body: bytes
    log: tuple[str, ...]
    seconds: float
    headers: Headers = ()


@dataclass
class Front:
    """The doors, with an incident and an open request for approval behind them."""

    people: Organisation
    process: Process
    slack: FakeSlack
    request: str = ""

    @cached_property
    def everybody(self) -> list[str]:
        """Everybody's Slack id, and a stranger's."""
        directory = self.people.store.config[Directory]
        return [*(person.slack for person in directory.people.values()), "U0STRANGER"]

    async def ask(
        self, method: str, path: str, headers: Headers, body: bytes = b"", *, pieces: int = 1, hangs_up: bool = False
    ) -> Answered:
        """Send one request, its body in so many pieces; or hang up before the last one."""
        size = -(-len(body) // pieces) or 1
        parts = [body[start : start + size] for start in range(0, len(body), size)] or [b""]
        messages: list[dict[str, Any]] = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
        messages[-1] = {"type": "http.disconnect"} if hangs_up else {**messages[-1], "more_body": False}
        coming = iter([*messages, {"type": "http.disconnect"}])
        answered: list[Any] = []

        async def receive() -> Any:
            return next(coming, {"type": "http.disconnect"})

        async def send(message: Any) -> None:
            answered.append(message)

        lines: list[str] = []
        token = _lines.set(lines)
        began = time.perf_counter()
        try:
            await self.process.web(_scope(method, path, headers), receive, send)
        except Exception as error:  # noqa: BLE001 - the worst answer there is
            trace = "".join(traceback.format_exception(error))
            answered[:] = [{"status": 599}, {"body": trace.encode("utf-8", "replace")}]
        finally:
            _lines.reset(token)
        seconds = time.perf_counter() - began
        status = answered[0]["status"] if answered else 499
        came, said = b"".join(one.get("body", b"") for one in answered[1:]), answered[0] if answered else {}
        return Answered(status, came, tuple(lines), seconds, said.get("headers", ()))

    def signed(self, body: bytes, *, at: float | None = None, secret: str = SECRETS.signing_secret) -> Headers:
        """The headers with which Slack would have sent this body now."""
        timestamp = str(int(at if at is not None else self.people.clock.now().timestamp())).encode()
        digest = hmac.new(secret.encode(), b"v0:" + timestamp + b":" + body, hashlib.sha256).hexdigest()
        return [(b"x-slack-request-timestamp", timestamp), (b"x-slack-signature", b"v0=" + digest.encode())]


ALERT_HEADERS: Headers = [
    (b"authorization", b"Bearer " + ALERT_SECRET.encode()),
    (b"content-type", b"application/json"),
]


@contextlib.asynccontextmanager
async def front_of(directory: Path, *, url: str = "", furnished: bool = True) -> AsyncIterator[Front]:
    """Open the doors on a new SQLite file in this directory, or on the prepared database of `url`.

    Behind them stand an incident and a request for approval (`furnished`), or what another front on it has put there.
    """
    if not url:
        url = f"sqlite:///{directory / 'backout.db'}"
        prepare(url)
    people = organisation(url, RandomIds())
    slack = FakeSlack(people.clock)
    environment = environment_of("http://127.0.0.1:9", url)
    wiring = app.wiring(people.store.config, slack, default_targets())
    process = Process(environment, people.store, slack, wiring)
    if furnished:
        people.opens()
        people.does("maya", ask_for_rollback)
    try:
        with _listening():
            await process.connect()
            asked = people.reads(approvals.latest, "INC-1")
            yield Front(people, process, slack, asked.id if asked else "")
    finally:
        await process.disconnect()
        people.store.close()


@contextlib.contextmanager
def _listening() -> Iterator[None]:
    """Note every log line, as it would be written, with the request that caused it."""
    root, handler = logging.getLogger(), _Noting()
    handler.setFormatter(JsonLines([]))
    before, level = root.handlers[:], root.level
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    quieten()
    try:
        yield
    finally:
        root.handlers[:] = before
        root.setLevel(level)


class _Noting(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        lines = _lines.get()
        if lines is not None:
            lines.append(self.format(record))


def _scope(method: str, path: str, headers: Headers) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode("utf-8", "surrogatepass"),
        "query_string": b"",
        "headers": list(headers),
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
