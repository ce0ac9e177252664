"""A whole process whose loops are stopped one after the other: each time it says so, and the heartbeat stays away."""

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import unused_port

from bot.foundation import process as process_module
from bot.foundation import worker_loop
from bot.foundation.environment import Environment
from bot.foundation.outbox import Kinds
from bot.foundation.process import Process, Wiring, open_process_store
from bot.foundation.sender import Sender
from bot.foundation.watch import auditor, heartbeat
from bot.foundation.watch.signs import SILENT_AFTER
from bot.foundation.work import Actor, Work
from bot.foundation.worker_loop import WorkerLoop
from tests.foundation.slack_door.conftest import identify
from tests.support.clock import VirtualClock
from tests.support.ids import CountedIds
from tests.support.slack import FakeSlack
from tests.support.stores import config_of, prepare
from tests.support.switch import Switch
from tests.support.world import world_of

MAYA = Actor("person", "U0MAYA0001", "Maya")


@dataclass
class House:
    """A running process, the switch that its heartbeat goes to, and the time that its loops are measured in."""

    process: Process
    switch: Switch
    port: int
    go_on: threading.Event
    seconds: float = 0.0

    async def ready(self) -> tuple[int, dict[str, Any]]:
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{self.port}/readyz") as answer:
            return answer.status, await answer.json()

    def silent(self) -> set[str]:
        return set(self.process.signs.silent())


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def running_house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """Start everything, with short pauses; time for its watchers passes when the test says so."""
    for module, name in (
        (process_module, "SIGN_SECONDS"),
        (process_module, "FINISH_SECONDS"),
        (auditor, "LOOK_EVERY"),
        (heartbeat, "LOOK_EVERY"),
    ):
        monkeypatch.setattr(module, name, 0.02)
    monkeypatch.setattr(worker_loop, "METRONOME_SECONDS", 0.2)
    with Switch().open() as switch:
        clock = VirtualClock()
        environment = Environment.read(
            {
                "SLACK_BOT_TOKEN": "xoxb-1",
                "SLACK_SIGNING_SECRET": "s3cret",
                "DATABASE_URL": f"sqlite:///{tmp_path}/backout.db",
                "PORT": str(unused_port()),
                "BACKOUT_HEARTBEAT_URL": switch.url,
            }
        )
        prepare(environment.database_url)
        store = open_process_store(environment, config_of(), clock, CountedIds())
        house = House(None, switch, environment.port, threading.Event())  # type: ignore[arg-type]
        wiring = Wiring([], [], Kinds(), identify, "C0ALERTS05")
        house.process = Process(environment, store, FakeSlack(clock), wiring, lambda: house.seconds)
        running = asyncio.create_task(house.process.run(web=True, worker=True))
        try:
            await until(lambda: switch.requests)  # all is well
            yield house
        finally:
            house.go_on.set()
            os.kill(os.getpid(), signal.SIGTERM)
            async with asyncio.timeout(30):
                await running


async def stop_worker(house: House) -> None:
    await hang(house, house.process.worker)


async def stop_sender(house: House) -> None:
    await hang(house, house.process.sender)


async def hang(house: House, looping: WorkerLoop | Sender) -> None:
    """Let the next round hang, and wait until it does."""
    hangs = asyncio.Event()

    async def tick() -> None:
        hangs.set()
        await asyncio.Event().wait()

    looping.tick = tick  # type: ignore[method-assign]
    await hangs.wait()


async def stop_writer(house: House) -> None:
    hangs = threading.Event()

    def wait(_work: Work) -> None:
        hangs.set()
        house.go_on.wait()

    house.process.store.submit_soon(MAYA, wait)
    await asyncio.to_thread(hangs.wait)


async def stop_metronome(house: House) -> None:
    house.process.worker.metronome.pause()


async def stop_auditor(house: House) -> None:
    house.process.auditor.stop()
    await house.process.store.submit(MAYA, lambda _work: None)  # the writer has answered the auditor's last question


async def stop_heartbeat(house: House) -> None:
    assert house.process.heartbeat
    house.process.heartbeat.stop()


@pytest.mark.parametrize(
    ("stop", "silent"),
    [
        (stop_worker, {"worker", "sender"}),
        (stop_sender, {"worker", "sender"}),
        (stop_writer, {"writer"}),
        (stop_metronome, {"metronome"}),
        (stop_auditor, {"auditor", "writer"}),
        (stop_heartbeat, {"heartbeat"}),
    ],
)
async def test_whatever_stops_is_said_within_a_minute_and_no_heartbeat_goes_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: Callable[[House], Awaitable[None]], silent: set[str]
) -> None:
    """P26, R113: what still runs says what does not, and since when; nobody outside is told that all is well."""
    async with running_house(tmp_path, monkeypatch) as house:
        assert (await house.ready())[0] == 200
        await stop(house)
        house.seconds += SILENT_AFTER + 1
        await until(lambda: house.silent() == silent)
        status, parts = await house.ready()
        assert (status, parts["ready"]) == (503, False)
        for loop in silent:
            assert f"{loop} silent since 2026-11-21T09:00:00Z (31 s)" in parts["loops"]
        await _no_heartbeat(house)


async def _no_heartbeat(house: House) -> None:
    """Two more minutes pass, and whatever still runs comes round again and again."""
    before, silent = len(house.switch.requests), house.silent()
    for _minute in range(2):
        house.seconds += 60
        await until(lambda: house.silent() == silent)
    assert len(house.switch.requests) == before


async def test_a_blocked_event_loop_stops_neither_the_auditor_nor_lets_it_say_that_all_is_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P26: nobody can ask for readiness then; the heartbeat stays away."""
    async with running_house(tmp_path, monkeypatch) as house:
        loop, checked = asyncio.get_running_loop(), threading.Event()

        def check() -> set[str]:
            loop.call_soon_threadsafe(house.go_on.wait, 30)
            house.seconds += SILENT_AFTER + 1
            while {"auditor", "writer", "heartbeat"} & house.silent():
                checked.wait(0.005)
            before = len(house.switch.requests)
            house.seconds += 60
            while {"auditor", "writer", "heartbeat"} & house.silent():
                checked.wait(0.005)
            assert len(house.switch.requests) == before
            silent = house.silent()
            house.go_on.set()
            return silent

        assert {"event loop", "worker", "sender", "metronome"} <= await asyncio.to_thread(check)
        await until(lambda: not house.silent())
        await until(lambda: house.process.auditor.is_well)


async def test_a_socket_that_slack_cannot_reach_us_over_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P17, P26: Slack is gone, and no other socket opens."""
    monkeypatch.setattr(process_module, "SIGN_SECONDS", 0.02)
    async with world_of(tmp_path, socket_mode=True, strict=False) as world:
        seconds, signs = 0.0, world.process.signs
        signs._steady = lambda: seconds
        signs.expect("Socket Mode")
        showing = asyncio.create_task(world.process._show_signs())
        seconds = SILENT_AFTER + 1
        await until(lambda: not signs.silent())
        world.workspace.faults.outage = True
        await world.workspace.sockets.drop()
        await until(lambda: not world.workspace.sockets.count)
        door = world.process._socket
        assert door is not None
        async with asyncio.timeout(30):
            while await door.is_connected():
                await asyncio.sleep(0.005)
        seconds *= 2
        await until(lambda: set(signs.silent()) == {"Socket Mode"})
        assert "Socket Mode silent" in world.process.health.look()["loops"]
        showing.cancel()
        world.workspace.faults.outage = False
