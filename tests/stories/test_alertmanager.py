"""A real Alertmanager delivers to a running Backout."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
import yaml

from bot import demo
from tests.support.running import free_port, running_backout

BINARY = shutil.which("prometheus-alertmanager")
pytestmark = [pytest.mark.alertmanager, pytest.mark.xdist_group("alertmanager")]


@asynccontextmanager
async def alertmanager(tmp_path: Path, receiver: str) -> AsyncIterator[str]:
    """Debian's Alertmanager, sending everything to one receiver at once; yields its address."""
    port = free_port()
    webhook = {
        "url": receiver,
        "send_resolved": True,
        "http_config": {"authorization": {"type": "Bearer", "credentials": demo.ALERT_SECRET}},
    }
    route = {"receiver": "backout", "group_by": ["alertname"], "group_wait": "0s", "group_interval": "1s"}
    file = tmp_path / "alertmanager.yml"
    file.write_text(yaml.safe_dump({"route": route, "receivers": [{"name": "backout", "webhook_configs": [webhook]}]}))
    assert BINARY
    process = await asyncio.create_subprocess_exec(
        BINARY,
        f"--config.file={file}",
        f"--storage.path={tmp_path / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(30), aiohttp.ClientSession() as session:
            while not await _is_up(session, f"http://127.0.0.1:{port}/-/ready"):
                await asyncio.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


async def _is_up(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False


async def _report(address: str, *, ends: timedelta) -> None:
    now = datetime.now(UTC)
    alert = {
        "labels": {
            "alertname": "WrongAnswers",
            "system": "support-bot",
            "version": "42",
            "metric": "wrong_answer_rate",
        },
        "annotations": {"summary": "Wrong answers on support-bot", "value": "60"},
        "startsAt": (now - timedelta(minutes=1)).isoformat(),
        "endsAt": (now + ends).isoformat(),
    }
    async with aiohttp.ClientSession() as session, session.post(f"{address}/api/v2/alerts", json=[alert]) as answer:
        assert answer.status == 200


@pytest.mark.timeout(180)
async def test_a_real_alertmanager_delivers_firing_and_resolved(tmp_path: Path) -> None:
    """R002, R016: firing opens the incident; resolved marks its signal and leaves the incident to people."""
    async with (
        running_backout(tmp_path) as backout,
        alertmanager(tmp_path, f"{backout.address}/alerts/alertmanager") as address,
    ):
        await _report(address, ends=timedelta(minutes=5))
        await backout.card("#support-bot", "INC-1")
        await _report(address, ends=timedelta(seconds=-1))
        card = await backout.card("#support-bot", "INC-1", "esolved")
    assert "Acknowledge" in card.buttons
