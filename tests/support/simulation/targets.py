"""Flag files and the models that follow them, with everything that can be wrong with either."""

import asyncio
import contextlib
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.rollback.targets import Applied, FileLocks, FlagFile, ServingProcess, Target, TargetFactory
from bot.rollback.targets.flag_file import UnconfirmedError
from tests.support.simulation.nodes import Life

BEYOND_THE_LEASE = 150.0


@dataclass
class Servers:
    """One flag file for all systems, and the processes that serve by it.

    Attributes:
        troubles: What is wrong now, by system: `disk`, `unconfirmed`, `hangs`, `silent`, `stuck`.
        written: Every change of the file: (idempotency key, what it selects after it).
    """

    content: bytes
    rng: random.Random
    troubles: dict[str, str] = field(default_factory=dict)
    stuck: dict[str, str] = field(default_factory=dict)
    written: list[tuple[str, bytes]] = field(default_factory=list)

    def selected(self, flag: str) -> str:
        definition = json.loads(self.content)["flags"][flag]
        return str(definition["variants"][definition["defaultVariant"]])

    def begin(self, system: str, trouble: str) -> None:
        self.troubles[system] = trouble
        if trouble == "stuck":
            self.stuck[system] = self.selected(system)

    def end(self, system: str) -> None:
        self.troubles.pop(system, None)
        self.stuck.pop(system, None)

    def serving(self, system: str) -> str | None:
        if self.troubles.get(system) == "silent" and self.rng.random() < 0.7:
            return None
        return self.stuck.get(system) or self.selected(system)

    def factory(self, life: Life) -> TargetFactory:
        """Make targets for one life of a node."""
        locks = FileLocks()

        def make(configured: Mapping[str, Any]) -> Target:
            flag = configured["flag"]
            file = FlagFile(configured["file"], flag, _Serving(self, flag), locks, _Disk(self, flag))
            return MortalTarget(file, self, flag, life)

        return make


@dataclass
class MortalTarget:
    """The product's target, with a seam before and after whatever it does."""

    inner: FlagFile
    servers: Servers
    system: str
    life: Life

    @property
    def capabilities(self) -> Any:
        return self.inner.capabilities

    async def read(self) -> str | None:
        await self.life.seam("before a target is read")
        return await self.inner.read()

    async def apply(self, expected: str, desired: str, key: str) -> Applied:
        await self.life.seam("before a target is changed")
        if self.servers.troubles.get(self.system) == "hangs":
            await asyncio.sleep(BEYOND_THE_LEASE)
        applied = await self.inner.apply(expected, desired, key)
        await self.life.seam("after a target was changed")
        return applied

    async def ask_serving(self, times: int) -> Sequence[str | None]:
        await self.life.seam("before a model is asked")
        return await self.inner.ask_serving(times)


class _Serving(ServingProcess):
    def __init__(self, servers: Servers, system: str) -> None:
        super().__init__(f"http://models.test/{system}")
        self._servers = servers
        self._system = system

    async def ask(self, times: int) -> list[str | None]:
        await asyncio.sleep(0.05)
        return [self._servers.serving(self._system) for _ in range(times)]


@dataclass
class _Disk:
    servers: Servers
    system: str

    def read(self, path: Path, most: int) -> bytes:
        self._fail("disk")
        return self.servers.content[:most]

    @contextlib.contextmanager
    def locked(self, path: Path) -> Iterator[None]:
        yield

    def replace(self, path: Path, content: bytes, key: str) -> None:
        self._fail("disk")
        self.servers.content = content
        self.servers.written.append((key, content))
        if self.servers.troubles.get(self.system) == "unconfirmed":
            raise UnconfirmedError("the disk did not confirm the change")

    def _fail(self, trouble: str) -> None:
        if self.servers.troubles.get(self.system) == trouble and self.servers.rng.random() < 0.7:
            raise OSError(5, "Input/output error")
