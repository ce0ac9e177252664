"""Debian's Alertmanager as a process of its own."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import yaml

from bot import demo
from tests.support.running import free_port

BINARY = shutil.which("prometheus-alertmanager")


@asynccontextmanager
async def alertmanager(tmp_path: Path, receiver: str | None) -> AsyncIterator[str]:
    """Run it, sending everything to one receiver at once (to nobody, if there is none); yields its address."""
    port = free_port()
    file = tmp_path / "alertmanager.yml"
    file.write_text(yaml.safe_dump(_settings(receiver)))
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


def _settings(receiver: str | None) -> dict[str, object]:
    webhook = {
        "url": receiver,
        "send_resolved": True,
        "http_config": {"authorization": {"type": "Bearer", "credentials": demo.ALERT_SECRET}},
    }
    route = {"receiver": "backout", "group_by": ["alertname"], "group_wait": "0s", "group_interval": "1s"}
    named = {"name": "backout", **({"webhook_configs": [webhook]} if receiver else {})}
    return {"route": route, "receivers": [named]}


async def _is_up(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.get(url) as answer:
            return answer.status == 200
    except aiohttp.ClientError:
        return False
