"""Lives of one process after another in the same world: same database, same Slack, same people, same clock.

    stage ──▶ snapshot ──▶ world restored ──▶ a process lives, acts, dies in a boundary ──▶ the next one recovers, …

A stage keeps its two servers (Slack's and the process's) for many worlds, and a snapshot holds everything outside the
process, so that a point of a story is reached without playing what comes before it.
"""

import contextlib
import copy
import itertools
import sqlite3
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from bot import app, demo
from bot.foundation.config import fit, read
from bot.foundation.db import open_store, sqlite_file
from bot.foundation.ids import RandomIds
from bot.foundation.process import Process
from bot.foundation.slack_port import RateLimited, SlackClient
from bot.incidents.models import Systems
from bot.rollback.targets import default_targets
from bot.workspace.demo import Example, build, select_newest
from bot.workspace.models import ModelServers
from bot.workspace.server import create_app, serving
from bot.workspace.workspace import Workspace
from tests.support.clock import VirtualClock
from tests.support.seams import Life, Seams
from tests.support.stores import TRAIL_KEY, prepare
from tests.support.world import SECRETS, World, environment_of, example_config


class Switch:
    """An application that is another one from time to time; without one every connection is cut."""

    def __init__(self) -> None:
        self.app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self.app is not None:
            await self.app(scope, receive, send)


@dataclass(frozen=True)
class Snapshot:
    """Everything outside the process at one moment, between two things that people do."""

    database: bytes
    flags: bytes
    workspace: Workspace
    models: ModelServers


@dataclass
class Stage:
    """Where worlds are put up, one at a time. `staged` makes it."""

    directory: Path
    slack: Switch
    slack_address: str
    web: Switch
    web_address: str
    example: Example
    database: str = ""
    _empty: bytes = b""
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.database = f"sqlite:///{self.directory / 'backout.db'}"
        prepare(self.database)
        self._empty = self._read_database()

    @property
    def flags(self) -> Path:
        return self.directory / "flags.json"

    def beginning(self) -> Snapshot:
        """The world before anything has happened."""
        systems = example_config()[Systems].systems
        select_newest(self.flags, {name: system.versions for name, system in systems.items()})
        clock = VirtualClock()
        workspace = build(self.example, SECRETS, request_url="", clock=clock, ack_deadline=30.0)
        models = ModelServers(self.flags, self.example.answers, clock=clock)
        return Snapshot(self._empty, self.flags.read_bytes(), workspace, models)

    def keep(self, world: World) -> Snapshot:
        """Take a snapshot of a world whose process is idle, or gone."""
        workspace, models = copy.deepcopy((world.workspace, world.models))
        return Snapshot(self._read_database(), self.flags.read_bytes(), workspace, models)

    def restore(self, snapshot: Snapshot) -> World:
        """Put a world up as it was. It has no process yet."""
        self._write_database(snapshot.database)
        self.flags.write_bytes(snapshot.flags)
        workspace, models = copy.deepcopy((snapshot.workspace, snapshot.models))
        self.slack.app, workspace.base_url = create_app(workspace, models.app()), self.slack_address
        workspace.request_url = f"{self.web_address}/slack/events"
        config = example_config()
        config = config.replace(demo.retargeted(config[Systems], self.flags, self.slack_address))
        clock: Any = workspace.clock
        nobody: Any = None
        return World(clock, config, workspace, models, nobody, self.web_address, self.flags, self.database)

    @contextlib.asynccontextmanager
    async def living(self, world: World, life: Life) -> AsyncIterator[None]:
        """Let a process live in a world, from its start."""
        environment = environment_of(self.slack_address, self.database)
        seams = Seams(life.visit)
        store = open_store(self.database, clock=world.clock, ids=RandomIds(), config=world.config, trail_key=TRAIL_KEY)
        store.after_commit = world.count_commit
        seams.on_store(store)
        slack = seams.on_slack(SlackClient(SECRETS.bot_token, environment.slack_api_url, world.clock))
        wiring = app.wiring(world.config, slack, seams.on_targets(default_targets()))
        world.process = Process(environment, store, slack, wiring)
        self.web.app = seams.on_web(world.process.web)
        try:
            await self._connect(world)
            await world.process.sender.recover()
            yield
        finally:
            self.web.app = None
            await world.process.sender.stop(0)
            store.close()

    async def _connect(self, world: World) -> None:
        """Connect to Slack, however often it asks to wait: as many lives begin in a minute as die in it."""
        while True:
            try:
                return await world.process.connect()
            except RateLimited as limited:
                world.clock.pass_time(seconds=limited.retry_after)

    def _read_database(self) -> bytes:
        file = self._file
        with contextlib.closing(sqlite3.connect(file)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return file.read_bytes()

    def _write_database(self, content: bytes) -> None:
        for suffix in ("-wal", "-shm"):
            self._file.with_name(self._file.name + suffix).unlink(missing_ok=True)
        self._file.write_bytes(content)

    @property
    def _file(self) -> Path:
        file = sqlite_file(self.database)
        assert file is not None
        return file


@contextlib.asynccontextmanager
async def staged(directory: Path) -> AsyncIterator[Stage]:
    """Serve Slack and the process's door for as long as the stage is used."""
    slack, web = Switch(), Switch()
    directory.mkdir(parents=True, exist_ok=True)
    settings = fit(read(Path("config/demo.yaml")), demo.DemoSettings)
    places = demo.Places(0, 0, directory, Path("config"), Path("messages"))
    example = demo.example_of(example_config(), settings, places)
    example.manifest["settings"]["socket_mode_enabled"] = False
    async with serving(slack) as slack_address, serving(web) as web_address:
        yield Stage(directory, slack, slack_address, web, web_address, example)
