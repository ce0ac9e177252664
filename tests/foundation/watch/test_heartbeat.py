"""The heartbeat: goes out once a minute while all is well, and only then; says nothing; waits for nobody."""

import asyncio
import threading

import pytest
from prometheus_client import REGISTRY

from bot.foundation.watch import heartbeat as module
from bot.foundation.watch.heartbeat import Heartbeat
from tests.foundation.watch.conftest import House
from tests.support.switch import Switch


def beat_to(switch: Switch, house: House) -> Heartbeat:
    return Heartbeat(switch.url, house.auditor, house.signs, house.steady)


def sent(outcome: str) -> float:
    return REGISTRY.get_sample_value("backout_heartbeats_total", {"outcome": outcome}) or 0.0


async def make_well(house: House) -> None:
    await house.worker.tick()
    assert house.look() == {}


async def test_it_goes_out_once_a_minute_and_says_nothing(house: House) -> None:
    """R113: whoever is told by the switch needs nothing of ours to work."""
    await make_well(house)
    with Switch().open() as switch:
        heartbeat = beat_to(switch, house)
        for _second in range(0, 125, 5):
            await asyncio.to_thread(heartbeat.look)
            house.clock.pass_time(seconds=5)
    assert len(switch.requests) == 3
    for path, headers, body in switch.requests:
        assert (path, body) == ("/ping/1f2e", "")
        assert {line.split(":")[0].lower() for line in headers.splitlines() if line} <= {
            "host",
            "accept",
            "accept-encoding",
            "user-agent",
        }


async def test_it_is_withheld_while_anything_is_wrong_and_goes_out_soon_after(house: House) -> None:
    """P26."""
    await make_well(house)
    with Switch().open() as switch:
        heartbeat = beat_to(switch, house)
        await asyncio.to_thread(heartbeat.look)
        house.health.slack = "not connected"
        house.look()
        house.clock.pass_time(seconds=600)
        await asyncio.to_thread(heartbeat.look)
        assert len(switch.requests) == 1
        house.health.slack = ""
        await house.worker.tick()
        assert house.look() == {}
        await asyncio.to_thread(heartbeat.look)
        assert len(switch.requests) == 2


async def test_it_shows_that_it_comes_round_whether_or_not_it_sends(house: House) -> None:
    house.signs.expect("heartbeat")
    house.clock.pass_time(seconds=31)
    assert "heartbeat" in house.signs.silent()
    Heartbeat("http://127.0.0.1:9/", house.auditor, house.signs, house.steady).look()
    assert house.signs.silent() == {}


@pytest.mark.parametrize(("status", "outcome"), [(500, "HTTP 500"), (404, "HTTP 404"), (302, "HTTP 302")])
async def test_a_switch_that_refuses_or_sends_elsewhere_is_not_followed(
    house: House, status: int, outcome: str, caplog: pytest.LogCaptureFixture
) -> None:
    await make_well(house)
    before = sent(outcome)
    with Switch(status).open() as switch:
        await asyncio.to_thread(beat_to(switch, house).look)
    assert len(switch.requests) == 1
    assert sent(outcome) == before + 1
    assert "1f2e" not in caplog.text, "the address is a secret"


async def test_a_switch_that_does_not_answer_is_not_waited_for(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANSWERS_WITHIN", 0.05)
    await make_well(house)
    go_on = threading.Event()
    with Switch(silent=go_on).open() as switch:
        before = sent("TimeoutError")
        heartbeat = beat_to(switch, house)
        await asyncio.to_thread(heartbeat.look)
        assert sent("TimeoutError") == before + 1
        go_on.set()


async def test_nobody_there_is_no_trouble_of_ours(house: House) -> None:
    await make_well(house)
    switch = Switch()
    switch._server.server_close()
    before = sent("ClientConnectorError")
    await asyncio.to_thread(beat_to(switch, house).look)
    assert sent("ClientConnectorError") == before + 1
