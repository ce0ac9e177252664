"""A running Backout: alerts from the first moment, one process a file, out when told to."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import unused_port
from sqlmodel import select

from bot.foundation import policies
from bot.foundation import process as process_module
from bot.foundation.anchoring import TrailPolicy
from bot.foundation.environment import Environment, SettingError
from bot.foundation.errors import StoreUnavailableError
from bot.foundation.migrations import SchemaError
from bot.foundation.models import OutboxRow
from bot.foundation.outbox import Kinds, announce, build_announcement
from bot.foundation.process import Process, Wiring, alone_with, open_process_store
from bot.foundation.slack_port import Unreachable, WrongClock
from bot.foundation.work import Actor, Reading, Work
from tests.foundation.slack_door.conftest import identify
from tests.support.clock import VirtualClock
from tests.support.ids import CountedIds
from tests.support.slack import ME, Call, FakeSlack
from tests.support.stores import config_of, prepare

MAYA = Actor("person", "U0MAYA0001", "Maya")


def environment_of(tmp_path: Path, **more: str) -> Environment:
    return Environment.read(
        {
            "SLACK_BOT_TOKEN": "xoxb-1",
            "SLACK_SIGNING_SECRET": "s3cret",
            "DATABASE_URL": f"sqlite:///{tmp_path}/backout.db",
            "PORT": str(unused_port()),
            **more,
        }
    )


def process_of(environment: Environment, clock: VirtualClock) -> tuple[Process, FakeSlack]:
    prepare(environment.database_url)
    store = open_process_store(environment, config_of(), clock, CountedIds())
    slack = FakeSlack(clock)
    kinds = Kinds({"foundation.announcement": build_announcement})
    wiring = Wiring([], [], kinds, identify, "C0ALERTS05", {"inbox": lambda _reading: ""})
    return Process(environment, store, slack, wiring), slack


# --- connecting -------------------------------------------------------------------------------------------------------


async def test_connecting_pins_who_we_are(tmp_path: Path, clock: VirtualClock) -> None:
    process, _slack = process_of(environment_of(tmp_path), clock)
    assert process.health.slack == "not connected to Slack yet"
    await process.connect()
    edge = process.doors.edge
    assert edge is not None
    assert (edge.signing_secret, edge.team_id, edge.app_id) == ("s3cret", ME.team_id, ME.app_id)
    assert process.doors.slack is not None
    assert process.health.slack == ""
    process.store.close()


async def test_a_slack_that_does_not_answer_opens_no_door(tmp_path: Path, clock: VirtualClock) -> None:
    process, slack = process_of(environment_of(tmp_path), clock)
    slack.fail("who_am_i", Unreachable("nobody"))
    with pytest.raises(Unreachable):
        await process.connect()
    assert process.doors.slack is None
    process.store.close()


async def test_a_clock_that_is_wrong_opens_no_door_until_it_is_set(tmp_path: Path, clock: VirtualClock) -> None:
    """T26: more than four minutes off, old requests could not be told from new ones."""
    process, slack = process_of(environment_of(tmp_path), clock)
    slack.ahead = timedelta(seconds=300)
    with pytest.raises(WrongClock, match="300 s behind Slack's: set it"):
        await process.connect()
    assert process.doors.slack is None
    slack.ahead = timedelta(seconds=-90)
    await process.connect()
    assert process.doors.slack is not None
    assert process.health.clock == "this machine's clock is 90 s ahead of Slack's: set it (NTP)"
    process.store.close()


async def test_what_must_work_to_be_ready(tmp_path: Path, clock: VirtualClock) -> None:
    process, _slack = process_of(environment_of(tmp_path), clock)
    assert set(process.health.readiness) == {"inbox", "sending"}
    assert process.store.read_now(process.health.readiness["sending"]) == ""
    process.store.close()


async def test_after_a_new_connection_people_are_asked_about_again(tmp_path: Path, clock: VirtualClock) -> None:
    """P17: news that were sent while there was no connection are made up for."""
    process, _slack = process_of(environment_of(tmp_path), clock)

    def rows(reading: Reading) -> list[str]:
        return list(reading.session.exec(select(OutboxRow.kind)))

    for session in ("one", "one"):
        await process.notice_session(session)
    assert process.store.read_now(rows) == []
    await process.notice_session("two")
    assert process.store.read_now(rows) == ["people.recheck"]
    process.store.close()


# --- running ----------------------------------------------------------------------------------------------------------


async def run_until(process: Process, meanwhile: Callable[[], Awaitable[None]]) -> None:
    """Run the whole process, do something beside it, then send it the signal that operators send."""
    running = asyncio.create_task(process.run(web=True, worker=True))
    async with asyncio.timeout(30):
        await meanwhile()
        os.kill(os.getpid(), signal.SIGTERM)
        await running


async def answers(port: int) -> dict[str, object]:
    """Ask for readiness as soon as somebody listens."""
    async with aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(f"http://127.0.0.1:{port}/readyz") as response:
                    found: dict[str, object] = await response.json()
                    return found
            except aiohttp.ClientConnectorError:
                await asyncio.sleep(0)


async def test_it_serves_sends_and_stops_on_sigterm(tmp_path: Path, clock: VirtualClock) -> None:
    """P21: out within seconds, and what was taken is done."""
    environment = environment_of(tmp_path)
    process, slack = process_of(environment, clock)
    posted = asyncio.Event()

    def notice(call: Call) -> None:
        if call.method == "post":
            posted.set()

    slack.before = notice

    def verb(work: Work) -> None:
        announce(work, "C1", "hello", "hello")

    async def meanwhile() -> None:
        assert "ready" in await answers(environment.port)
        await process.store.submit(MAYA, verb)
        await posted.wait()

    await run_until(process, meanwhile)
    assert slack.texts("C1") == ["hello"]
    assert process.doors.is_stopping, "P21: from the signal on nothing new is taken"
    with pytest.raises(Exception, match="closed"):
        process.store.submit_now(MAYA, verb)


async def test_it_says_that_it_is_open_once_it_is(tmp_path: Path, clock: VirtualClock) -> None:
    environment = environment_of(tmp_path)
    process, _slack = process_of(environment, clock)
    found: list[object] = []

    def look() -> None:
        with socket.create_connection(("127.0.0.1", environment.port)) as connection:
            found.append(connection.getpeername()[1])
        os.kill(os.getpid(), signal.SIGTERM)

    async with asyncio.timeout(30):
        await process.run(web=True, worker=True, when_open=look)
    assert found == [environment.port]


async def test_a_taken_port_is_an_error_that_can_be_said(tmp_path: Path, clock: VirtualClock) -> None:
    """Left to itself, uvicorn would end the whole program with a traceback."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        environment = environment_of(tmp_path, PORT=str(other.getsockname()[1]))
        process, _slack = process_of(environment, clock)
        opened: list[object] = []
        with pytest.raises(OSError, match="in use"):
            await process.run(web=True, worker=True, when_open=lambda: opened.append(1))
    assert opened == []
    with pytest.raises(StoreUnavailableError):
        process.store.submit_now(MAYA, lambda work: None)


async def test_it_takes_alerts_while_slack_does_not_answer_and_asks_again(
    tmp_path: Path, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process_module, "ASK_AGAIN_SECONDS", 0)
    environment = environment_of(tmp_path)
    process, slack = process_of(environment, clock)
    slack.fail("who_am_i", Unreachable("nobody"), times=5)

    async def meanwhile() -> None:
        await answers(environment.port)
        while process.health.slack:
            await asyncio.sleep(0)

    await run_until(process, meanwhile)
    assert len(slack.made("who_am_i")) == 6


async def test_what_it_does_not_understand_ends_neither_the_asking_nor_the_looking(
    tmp_path: Path, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P26: a defect in either is red meanwhile, and not for ever."""
    monkeypatch.setattr(process_module, "ASK_AGAIN_SECONDS", 0)
    monkeypatch.setattr(process_module, "SIGN_SECONDS", 0)
    process, slack = process_of(environment_of(tmp_path), clock)
    asked = list[str]()

    def odd(call: Call) -> None:
        asked.append(call.method)
        if len(asked) == 1:
            raise KeyError("app_id")

    class Socket:
        """Cannot be looked at, at first."""

        looks = 0

        async def is_connected(self) -> bool:
            self.looks += 1
            if self.looks == 1:
                raise RuntimeError("session is closed")
            return False

        async def close(self) -> None:
            """Nothing is open."""

    socket = process._socket = Socket()  # type: ignore[assignment]
    slack.before = odd

    async def meanwhile() -> None:
        while process.health.slack or socket.looks < 3:
            await asyncio.sleep(0)

    await run_until(process, meanwhile)
    assert len(asked) == 2


# --- opening ----------------------------------------------------------------------------------------------------------


def test_a_database_of_another_shape_is_refused(tmp_path: Path, clock: VirtualClock) -> None:
    with pytest.raises(SchemaError, match="backout migrate"):
        open_process_store(environment_of(tmp_path), config_of(), clock, CountedIds())


async def test_the_first_thing_it_does_is_to_record_its_configuration(tmp_path: Path, clock: VirtualClock) -> None:
    """T24: before a door opens, and only when it is another one than before."""
    environment = environment_of(tmp_path)
    for _ in range(2):
        process, _slack = process_of(environment, clock)
        process.store.config = config_of(TrailPolicy())

        async def look(process: Process = process) -> None:
            await answers(environment.port)
            (found,) = process.store.read_now(policies.history)
            assert (found.seq, list(found.files)) == (1, ["TrailPolicy.yaml"])

        await run_until(process, look)


def test_a_new_key_is_said_aloud(tmp_path: Path, clock: VirtualClock, caplog: pytest.LogCaptureFixture) -> None:
    environment = environment_of(tmp_path)
    prepare(environment.database_url)
    open_process_store(environment, config_of(), clock, CountedIds()).close()
    assert "keep a copy elsewhere" in caplog.text
    caplog.clear()
    open_process_store(environment, config_of(), clock, CountedIds()).close()
    assert caplog.text == ""


def _begin_a_trail(environment: Environment, clock: VirtualClock) -> None:
    prepare(environment.database_url)
    store = open_process_store(environment, config_of(), clock, CountedIds())
    store.submit_now(MAYA, lambda work: work.record("incident.opened", "INC-1"))
    store.close()


def test_a_trail_that_has_begun_gets_no_new_key(tmp_path: Path, clock: VirtualClock) -> None:
    """R104: a lost key is said, not replaced: entries under another key could never be checked together."""
    environment = environment_of(tmp_path)
    _begin_a_trail(environment, clock)
    (tmp_path / "backout.db.trail-key").unlink()
    with pytest.raises(SettingError, match="key is missing"):
        open_process_store(environment, config_of(), clock, CountedIds())
    assert not (tmp_path / "backout.db.trail-key").exists()


def test_a_trail_is_not_continued_with_another_key(tmp_path: Path, clock: VirtualClock) -> None:
    """R104."""
    _begin_a_trail(environment_of(tmp_path), clock)
    with pytest.raises(SettingError, match="written with another key"):
        open_process_store(environment_of(tmp_path, BACKOUT_TRAIL_KEY="another"), config_of(), clock, CountedIds())


def test_a_second_process_is_refused_until_the_first_has_gone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/deep/backout.db"
    program = f"from bot.foundation.process import alone_with\nwith alone_with({url!r}): print('alone')"
    with alone_with(url):
        with pytest.raises(SettingError, match="Another Backout is working on"), alone_with(url):
            pass
        other = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
        assert other.returncode != 0
        assert "Another Backout is working on" in other.stderr
    with alone_with(url):
        pass


def test_a_database_server_may_be_shared() -> None:
    with alone_with("postgresql://db/backout"), alone_with("postgresql://db/backout"):
        pass
