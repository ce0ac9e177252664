"""When the database cannot: alerts are refused with the truth, nothing is half done, and it passes by itself."""

import asyncio
import contextlib
import sqlite3
import sys
from pathlib import Path

import aiohttp
import pytest

from bot import demo
from bot.foundation import db
from bot.foundation.db import sqlite_file
from tests.stories.acts import SUPPORT, acknowledge, report
from tests.support.running import running_backout
from tests.support.world import ALERT_SECRET, World, world_of


async def answer_to_an_alert(world: World) -> tuple[int, str | None]:
    """Post an alert of some size; returns the status and Retry-After."""
    said = {"alertname": SUPPORT.metric, "version": SUPPORT.version, "metric": SUPPORT.metric, "value": SUPPORT.value}
    body = demo.alert_body(SUPPORT.system, said | {"summary": "x"}, world.clock.now()) | {"padding": "x" * 200_000}
    headers = {"Authorization": f"Bearer {ALERT_SECRET}"}
    address = f"{world.address}/alerts/alertmanager"
    async with aiohttp.ClientSession() as session, session.post(address, json=body, headers=headers) as answer:
        return answer.status, answer.headers.get("Retry-After")


async def test_a_full_disk_refuses_alerts_and_resumes_by_itself(tmp_path: Path) -> None:
    """P12: 503 and Retry-After, so that Alertmanager sends it again; then it is taken and a card stands."""
    async with world_of(tmp_path, strict=False) as world:
        with world.process.store.writer.connect() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 1")
        assert await answer_to_an_alert(world) == (503, "5")
        with world.process.store.writer.connect() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
        assert await answer_to_an_alert(world) == (202, None)
        await world.settle()
        assert "INC-1" in world.card(SUPPORT.channel).visible_text
        assert "INC-2" not in str(world.workspace.messages(SUPPORT.channel))


async def test_a_locked_database_refuses_alerts_and_clicks_and_passes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P11: never half an effect. The waiting time is shortened here."""
    monkeypatch.setattr(db, "BUSY_TIMEOUT_MS", 20)
    async with world_of(tmp_path, strict=False) as world:
        await report(world, SUPPORT)
        file = sqlite_file(world.database)
        assert file is not None
        with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            assert await answer_to_an_alert(world) == (503, "5")
            card = world.card(SUPPORT.channel)
            assert (await world.workspace.click(world.person("sam"), card, "Acknowledge")).status == 503
            other.execute("ROLLBACK")
        await world.settle()
        assert "Acknowledge" in world.card(SUPPORT.channel).buttons
        await acknowledge(world, SUPPORT, "sam")


async def test_a_damaged_database_is_refused_in_one_line(tmp_path: Path) -> None:
    """P13: exit status 1, what is wrong and what to do; the file is left as it is."""
    async with running_backout(tmp_path, start=False) as backout:
        file = sqlite_file(backout.database)
        assert file is not None
        file.write_bytes(b"this is no database" * 1_000)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "serve", env=backout.environment, stderr=asyncio.subprocess.PIPE
        )
        _out, said = await process.communicate()
        assert process.returncode == 1
        assert len(said.decode().strip().splitlines()) == 1, said
        assert b"damaged" in said
        assert b"backup" in said
        assert file.read_bytes() == b"this is no database" * 1_000
