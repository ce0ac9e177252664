"""Backout as a process of its own beside a workspace in this one: to be killed, started again and asked over HTTP."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from bot import app, demo
from bot.foundation.config import Config, fit, read
from bot.incidents.models import Systems
from bot.people.models import Directory
from bot.workspace.demo import build, select_newest, serving_example
from bot.workspace.state import Happening, Message
from bot.workspace.workspace import Workspace
from tests.support.world import SECRETS

PATIENCE_SECONDS = 60


@dataclass
class Running:
    """A workspace, and a Backout that can die."""

    workspace: Workspace
    config: Config
    directory: Path
    port: int
    page: str
    environment: dict[str, str] = field(repr=False)
    process: asyncio.subprocess.Process | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def database(self) -> str:
        return f"sqlite:///{self.directory / 'backout.db'}"

    def person(self, key: str) -> str:
        return self.config[Directory].people[key].slack

    async def start(self) -> None:
        """Start Backout and wait until database, Slack and worker all work."""
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "serve", env=self.environment, stderr=asyncio.subprocess.PIPE
        )
        async with asyncio.timeout(PATIENCE_SECONDS), aiohttp.ClientSession() as session:
            while not await self._is_ready(session):
                assert self.process.returncode is None, (await self.log())[-2000:]
                await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """Kill it with SIGKILL, as a power cut would."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()

    async def terminate(self) -> int:
        """Ask it to stop; returns its exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.process.wait()

    async def log(self) -> str:
        """What it wrote to standard error, once it has ended."""
        assert self.process is not None
        assert self.process.stderr is not None
        return (await self.process.stderr.read()).decode()

    async def alert(self, body: Any) -> int:
        headers = {"Authorization": f"Bearer {demo.ALERT_SECRET}"}
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.address}/alerts/alertmanager", json=body, headers=headers) as answer,
        ):
            return answer.status

    async def until(self, condition: Callable[[], Any]) -> Any:
        """Wait until something can be seen in the workspace; returns what the condition returned."""
        notices = self.workspace.subscribe()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not (found := condition()):
                    await anext(notices)
                return found
        finally:
            notices.close()

    async def seen(self, kind: str, *texts: str) -> Happening:
        """Wait for a happening with these texts."""

        def find() -> Happening | None:
            return next(
                (h for h in self.workspace.happenings if h.kind == kind and all(text in h.text for text in texts)), None
            )

        found = await self.until(find)
        assert isinstance(found, Happening)
        return found

    async def card(self, channel: str, *texts: str) -> Message:
        """Wait until the card in a channel says all this."""

        def find() -> Message | None:
            messages = self.workspace.messages(channel)
            return messages[0] if messages and all(text in messages[0].visible_text for text in texts) else None

        found = await self.until(find)
        assert isinstance(found, Message)
        return found

    async def _is_ready(self, session: aiohttp.ClientSession) -> bool:
        try:
            async with session.get(f"{self.address}/readyz") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False


@contextlib.asynccontextmanager
async def running_backout(tmp_path: Path, *, start: bool = True) -> AsyncIterator[Running]:
    """Serve the example's workspace here and start Backout as its own process."""
    config = app.load_config(Path("config"), Path("messages"))
    flags, port = tmp_path / "flags.json", free_port()
    select_newest(flags, {name: system.versions for name, system in config[Systems].systems.items()})
    settings = fit(read(Path("config/demo.yaml")), demo.DemoSettings)
    example = demo.example_of(config, settings, demo.Places(0, port, tmp_path, Path("config"), Path("messages")))
    workspace = build(example, SECRETS, request_url=f"http://127.0.0.1:{port}/slack/events", ack_deadline=30.0)
    async with serving_example(workspace, example, flags) as (address, _models):
        _retarget(tmp_path / "config", flags, address)
        running = Running(workspace, config, tmp_path, port, address, _variables(tmp_path, address, port))
        if start:
            await running.start()
        try:
            yield running
        finally:
            if running.process and running.process.returncode is None:
                await running.kill()


def _retarget(directory: Path, flags: Path, address: str) -> None:
    """Copy the configuration, with the targets of this test."""
    shutil.copytree("config", directory)
    file = directory / "systems.yaml"
    document = yaml.safe_load(file.read_text())
    for name, system in document["systems"].items():
        system["target"] |= {"file": str(flags), "serving_url": f"{address}/models/{name}"}
    file.write_text(yaml.safe_dump(document, allow_unicode=True))


def _variables(tmp_path: Path, address: str, port: int) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "SLACK_BOT_TOKEN": SECRETS.bot_token,
        "SLACK_SIGNING_SECRET": SECRETS.signing_secret,
        "SLACK_API_URL": f"{address}/api/",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'backout.db'}",
        "PORT": str(port),
        "BACKOUT_CONFIG": str(tmp_path / "config"),
        "BACKOUT_SECRET_ALERTMANAGER": demo.ALERT_SECRET,
    }


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
