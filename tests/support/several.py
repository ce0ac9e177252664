"""Backout as several processes on one PostgreSQL, the real commands: to be stopped, continued, ended and asked."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from sqlmodel import Session, col, select

from bot.foundation.db import open_engine
from bot.foundation.models import Lease, OutboxRow
from bot.foundation.sender.rows import UNDONE
from bot.foundation.sender.turn import NAME
from tests.support.running import PATIENCE_SECONDS, Running, free_port, running_backout

Program = asyncio.subprocess.Process
TRAIL_KEY = "a trail key for several processes"


@dataclass
class Several:
    """A workspace and the processes beside it. `backout` is what they share; nothing of its own runs."""

    backout: Running
    url: str
    webs: list[int] = field(default_factory=list)
    workers: list[Program] = field(default_factory=list)
    programs: list[Program] = field(default_factory=list)

    async def start(self, *, webs: int, workers: int) -> None:
        """Start them all at the same time, and wait until every door says that all is well."""
        ports = [free_port() for _ in range(webs)]
        self.programs += await asyncio.gather(*(self._program("web", port) for port in ports))
        self.workers += await asyncio.gather(*(self._program("worker") for _ in range(workers)))
        self.webs += ports
        async with asyncio.timeout(PATIENCE_SECONDS):
            for port in ports:
                while not await is_ready(port):
                    await asyncio.sleep(0.05)

    def speak_to(self, web: int) -> None:
        """Let Slack and alert sources call one of the doors from now on."""
        self.backout.port = self.webs[web]
        self.backout.workspace.request_url = f"http://127.0.0.1:{self.webs[web]}/slack/events"

    def sending(self) -> Program:
        """The worker whose turn it is to send."""
        engine = open_engine(self.url, reading=True)
        with Session(engine) as session:
            lease = session.get(Lease, NAME)
        engine.dispose()
        assert lease is not None
        return next(one for one in self.workers if f":{one.pid}:" in lease.holder)

    async def drained(self) -> None:
        """Wait until everything that was to leave has left."""
        engine = open_engine(self.url, reading=True)
        undone = select(OutboxRow.key).where(col(OutboxRow.state).in_(UNDONE))
        async with asyncio.timeout(PATIENCE_SECONDS * 2):
            while True:
                with Session(engine) as session:
                    if session.exec(undone).first() is None:
                        break
                await asyncio.sleep(0.1)
        engine.dispose()

    async def end(self) -> list[int]:
        """Ask all of them to stop; returns their exit statuses."""
        for one in self._running():
            one.send_signal(signal.SIGCONT)
            one.send_signal(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE_SECONDS):
            return [await one.wait() for one in (*self.programs, *self.workers)]

    async def kill(self) -> None:
        for one in self._running():
            one.kill()
            await one.wait()

    def _running(self) -> list[Program]:
        return [one for one in (*self.programs, *self.workers) if one.returncode is None]

    async def _program(self, command: str, port: int = 0) -> Program:
        variables = {
            **self.backout.environment,
            "DATABASE_URL": self.url,
            "BACKOUT_TRAIL_KEY": TRAIL_KEY,
            "PORT": str(port),
        }
        log = self.backout.directory / f"{command}-{len(self.programs) + len(self.workers)}-{port}.log"
        with log.open("ab") as file:
            return await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", command, env=variables, stderr=file
            )


async def is_ready(port: int) -> bool:
    """Say whether a door answers that all is well."""
    with contextlib.suppress(aiohttp.ClientError):
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/readyz") as answer:
            return answer.status == 200
    return False


@contextlib.asynccontextmanager
async def several_backouts(tmp_path: Path, url: str) -> AsyncIterator[Several]:
    """Serve the example's workspace here, for processes on this database."""
    async with running_backout(tmp_path, start=False) as backout:
        several = Several(backout, url)
        try:
            yield several
        finally:
            await several.kill()


def stop(one: Program) -> None:
    """Stop a process where it stands, as a machine that falls asleep does."""
    os.kill(one.pid, signal.SIGSTOP)


def go_on(one: Program) -> None:
    """Let a stopped process go on."""
    os.kill(one.pid, signal.SIGCONT)
