"""What is wrong, in words: which part, and since when."""

import asyncio
import threading

import pytest
from prometheus_client import REGISTRY

from bot.foundation.errors import StoreUnavailableError
from bot.foundation.watch import health as module
from bot.foundation.work import Reading
from tests.foundation.watch.conftest import House
from tests.support.clock import MORNING


async def test_all_is_well_once_a_worker_has_run(house: House) -> None:
    assert (await house.health.ask())["worker"] == "has not run yet"
    await house.worker.tick()
    assert set((await house.health.ask()).values()) == {""}
    assert house.health.look() == await house.health.ask()


async def test_a_worker_that_no_longer_shows_itself_is_said(house: House) -> None:
    """P16: the process that answers may be another one than the worker's."""
    await house.worker.tick()
    house.clock.pass_time(seconds=60)
    assert house.health.look()["worker"] == ""
    house.clock.pass_time(seconds=1)
    assert house.health.look()["worker"] == "silent since 2026-11-21T09:00:00Z (61 s)"


def test_every_part_says_its_own_trouble(house: House) -> None:
    house.health.slack = "not connected: nobody answers"
    house.health.readiness = {"sending": lambda _reading: "token_revoked", "inbox": lambda _reading: ""}
    house.due["alerts.inbox"] = MORNING
    house.signs.expect("writer")
    house.clock.pass_time(seconds=31)
    assert house.health.look() == {
        "database": "",
        "worker": "has not run yet",
        "sending": "token_revoked",
        "inbox": "",
        "overdue": "alerts.inbox since 2026-11-21T09:00:00Z (31 s)",
        "slack": "not connected: nobody answers",
        "loops": "writer silent since 2026-11-21T09:00:00Z (31 s)",
    }


async def test_a_database_that_cannot_be_read_is_said_in_words(house: House) -> None:
    def away(_reading: Reading) -> str:
        raise StoreUnavailableError("the path of a file")

    house.health.readiness = {"any": away}
    expected = {"database": "StoreUnavailableError", "slack": "", "loops": ""}
    assert house.health.look() == expected
    assert await house.health.ask() == expected


async def test_a_database_that_does_not_answer_is_not_waited_for(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ASKS_WITHIN", 0)
    answered = threading.Event()
    house.health.readiness = {"slow": lambda _reading: str(answered.wait())}
    async with asyncio.timeout(30):
        assert (await house.health.ask())["database"] == "TimeoutError"
    answered.set()


def test_how_late_each_kind_is_can_be_read_as_a_figure(house: House) -> None:
    def figure() -> float | None:
        return REGISTRY.get_sample_value("backout_overdue_seconds", {"kind": "alerts.inbox"})

    house.due["alerts.inbox"] = MORNING
    house.clock.pass_time(seconds=45)
    house.health.look()
    assert figure() == 45
    house.due["alerts.inbox"] = None
    house.health.look()
    assert figure() == 0
