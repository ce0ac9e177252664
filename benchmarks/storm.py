"""10,000 alerts in a minute, and people who click meanwhile (`python -m benchmarks.storm`): figure F12.

One alert a request, 167 requests a second, each due at its own moment (a late answer counts from when the request was
due). Every 250th alert is about a new version of one of four systems and opens an incident; the others belong to
incidents that are open. Three times a second somebody clicks “Acknowledge”: the newest incident, or one that somebody
leads already, which is refused. Measured in Slack (the workspace): when each incident's card stands, and how many
messages were posted. The rates of `config/triggers.yaml` are as shipped. `--seconds 12` plays only its beginning.
"""

import argparse
import asyncio
import contextlib
import json
import os
import re
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from math import ceil
from pathlib import Path

import aiohttp

from benchmarks.gestures import acknowledge
from benchmarks.intake import SYSTEMS
from benchmarks.load import Job, Taken, load, request
from benchmarks.report import Figure, percentile, report
from bot.demo import ALERT_SECRET, alert_body
from tests.support.running import Running, running_backout

ALERTS_A_SECOND = 10_000 / 60
SECONDS = 60.0
ALERTS_AN_INCIDENT = 250
CLICK_EVERY_SECONDS = 0.3
PATIENCE_SECONDS = 30


def main() -> int:
    """Report the figures; exit status 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.storm", description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="how long it lasts")
    with tempfile.TemporaryDirectory() as directory:
        return report("storm", asyncio.run(storm(Path(directory), parser.parse_args().seconds)))


async def storm(directory: Path, seconds: float = SECONDS) -> list[Figure]:
    """Let it come, watch Slack, click meanwhile; returns the figures."""
    async with running_backout(directory) as running:
        cards: dict[str, float] = {}
        requests = [_request(number) for number in range(round(ALERTS_A_SECOND * seconds))]
        incidents = ceil(len(requests) / ALERTS_AN_INCIDENT)
        watching = asyncio.create_task(_watch(running, cards, incidents))
        clicking = asyncio.create_task(_click(running, cards))
        before = _cpu_seconds(running)
        taken = await load(Job("127.0.0.1", running.port, requests, seconds, rate=ALERTS_A_SECOND))
        cpu = _cpu_seconds(running) - before
        posts = _posts_in_the_busiest_channel(running)
        clicking.cancel()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(watching, PATIENCE_SECONDS)
        clicks = await clicking
        return [
            *_intake_figures(running, taken, len(requests)),
            Figure(f"click to acknowledgement p99 ({len(clicks)} clicks)", percentile(clicks, 99), "ms", at_most=500),
            *_card_figures(taken, cards, incidents),
            Figure("posts a second in the busiest channel", posts / taken.seconds, "/s", at_most=1.05),
            Figure("CPU for an alert, with all that follows", cpu / len(requests) * 1000, "ms"),
        ]


def _intake_figures(running: Running, taken: Taken, sent: int) -> list[Figure]:
    accepted, refused = taken.statuses.get(202, 0), taken.statuses.get(429, 0)
    return [
        Figure("alerts answered with 202 or 429", accepted + refused, at_least=sent),
        Figure("of these 429", refused),
        Figure(
            "accepted alerts that are not in the database", taken.statuses.get(202, 0) - _stored(running), at_most=0
        ),
        Figure("intake p99", percentile(taken.milliseconds, 99), "ms", at_most=250),
    ]


def _card_figures(taken: Taken, cards: dict[str, float], incidents: int) -> list[Figure]:
    sent = {_version(k): taken.began + k * ALERTS_AN_INCIDENT / ALERTS_A_SECOND for k in range(incidents)}
    to_card = [(cards[version] - moment) * 1000 for version, moment in sent.items() if version in cards]
    return [
        Figure("incidents whose card stands", len(to_card), at_least=incidents),
        Figure("from the first alert to the card in Slack p99", percentile(to_card or [0.0], 99), "ms", at_most=2_000),
    ]


def _request(number: int) -> bytes:
    newest = number // ALERTS_AN_INCIDENT
    opens = number % ALERTS_AN_INCIDENT == 0
    incident = newest if opens else number * 7_919 % (newest + 1)
    said = {
        "alertname": "ErrorRateHigh",
        "version": _version(incident),
        "metric": "error_rate",
        "value": "7.5",
        "summary": f"Requests fail on 10.1.{number // 250}.{number % 250}",
    }
    body = alert_body(SYSTEMS[incident % len(SYSTEMS)], said, datetime.now(UTC))
    body["alerts"][0]["fingerprint"] = f"{number:016x}"
    return request("/alerts/alertmanager", json.dumps(body).encode(), {"Authorization": f"Bearer {ALERT_SECRET}"})


def _version(incident: int) -> str:
    return f"storm-{incident:03}"


async def _watch(running: Running, cards: dict[str, float], incidents: int) -> None:
    """Note when each incident's card is first seen in Slack, until all of them stand."""
    seen = 0
    while len(cards) < incidents:
        happenings = running.workspace.happenings
        for happening in happenings[seen:]:
            if happening.kind == "post" and "INC-" in happening.text:
                for version in set(re.findall(r"storm-\d{3}", happening.text)) - set(cards):
                    cards[version] = happening.at.timestamp()
        seen = len(happenings)
        await asyncio.sleep(0.02)


async def _click(running: Running, cards: dict[str, float]) -> list[float]:
    """Click on and on; returns the milliseconds of each when it is cancelled."""
    taken: list[float] = []
    with contextlib.suppress(asyncio.CancelledError):
        async with aiohttp.ClientSession() as session:
            while True:
                began = time.perf_counter()
                if cards:
                    taken.append(await acknowledge(session, running, f"INC-{len(cards)}", "sam"))
                await asyncio.sleep(max(0.0, CLICK_EVERY_SECONDS - (time.perf_counter() - began)))
    return taken


def _posts_in_the_busiest_channel(running: Running) -> int:
    posts = Counter(one.channel for one in running.workspace.happenings if one.kind == "post")
    return max(posts.values(), default=0)


def _cpu_seconds(running: Running) -> float:
    """Return what the process has used so far, as Linux says (proc(5), stat: utime and stime)."""
    assert running.process is not None
    with Path(f"/proc/{running.process.pid}/stat").open() as stat:
        used = stat.read().rsplit(")", 1)[1].split()[11:13]
    return sum(map(int, used)) / os.sysconf("SC_CLK_TCK")


def _stored(running: Running) -> int:
    with contextlib.closing(sqlite3.connect(running.directory / "backout.db")) as database:
        return int(database.execute("SELECT count(*) FROM inbox").fetchone()[0])


if __name__ == "__main__":
    sys.exit(main())
