"""How fast alerts are taken, durably, beside Alertmanager in memory (`python -m benchmarks.intake`).

Five rounds, each with fresh processes, Backout and Debian's Alertmanager in turn, never both at once. The same load
(64 connections, `benchmarks/load.py`) posts to `backout serve` what Alertmanager's webhook would deliver, and to
Alertmanager the same alerts on `POST /api/v2/alerts`; once with 20 alerts a request, once with one. Backout answers 202
only after its database has the body on the disk; the bodies of each run are counted there afterwards. Meanwhile its
worker reads what came in, as always. Backout's limit for one source (`config/triggers.yaml`) is set out of the way.
What the load itself reaches, against a route that does nothing (`benchmarks/bare.py`), stands beside the figures.

Exit status 2 where there is no Alertmanager to compare with (Debian: prometheus-alertmanager).
"""

import asyncio
import json
import sqlite3
import statistics
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from benchmarks.load import Job, Taken, load, request
from benchmarks.report import Figure, percentile, report
from bot.demo import ALERT_SECRET, alert_body
from bot.foundation.config import digest
from tests.support.alertmanager import BINARY, alertmanager
from tests.support.running import PATIENCE_SECONDS, Running, free_port, running_backout

ROUNDS = 5
SECONDS = 4.0
WARM_UP_SECONDS = 0.5
BODIES = 64
SYSTEMS = ("shop-recommender", "credit-scoring", "triage-assistant", "support-bot")
BACKOUT, ALERTMANAGER = "Backout", "Alertmanager"


def main() -> int:
    """Report the medians; exit status 1 when a goal is missed, 2 without an Alertmanager."""
    if not BINARY:
        print("There is no prometheus-alertmanager here to compare with (Debian: apt install prometheus-alertmanager).")
        return 2
    return report("intake", [*asyncio.run(compare(20)), *asyncio.run(compare(1))])


async def compare(alerts: int) -> list[Figure]:
    """Measure both with so many alerts a request; returns the figures."""
    ceiling = await bare(alerts)
    print(f"{alerts} alerts: a route that does nothing {_shown(ceiling)}", flush=True)
    runs: dict[str, list[Taken]] = {BACKOUT: [], ALERTMANAGER: []}
    for number in range(1, ROUNDS + 1):
        runs[BACKOUT].append(await backout(alerts))
        runs[ALERTMANAGER].append(await beside(alerts))
        for name, taken in runs.items():
            print(f"{alerts} alerts, round {number}: {name:<12} {_shown(taken[-1])}", flush=True)
    nothing = Figure("a route that does nothing", ceiling.rate, "/s")
    return [*_figures(alerts, runs[BACKOUT], runs[ALERTMANAGER]), nothing]


def _figures(alerts: int, ours: Sequence[Taken], theirs: Sequence[Taken]) -> list[Figure]:
    rate, their_rate = _median_rate(ours), _median_rate(theirs)
    p99, their_p99 = _median_p99(ours), _median_p99(theirs)
    of = "1 alert" if alerts == 1 else f"{alerts} alerts"
    figures = [
        Figure(f"{of} a request: Backout, durably", rate, "/s"),
        Figure("p99", p99, "ms"),
        Figure("Alertmanager, in memory", their_rate, "/s"),
        Figure("p99", their_p99, "ms"),
        Figure("rate, ratio", rate / their_rate, at_least=0.5 if alerts == 1 else 1.25),
    ]
    return figures if alerts == 1 else [*figures, Figure("p99, ratio", p99 / their_p99, at_most=0.5)]


async def backout(alerts: int) -> Taken:
    """Start a fresh Backout beside a workspace, and post to it."""
    bodies = [json.dumps(webhook(one)).encode() for one in _batches(alerts)]
    headers = {"Authorization": f"Bearer {ALERT_SECRET}"}
    requests = [request("/alerts/alertmanager", body, headers) for body in bodies]
    with tempfile.TemporaryDirectory() as directory:
        async with running_backout(Path(directory), start=False) as running:
            take_any_rate(running.directory / "config")
            await running.start()
            taken = await _warm(running.port, requests)
        _need_all_stored(running, taken)
    return taken


def take_any_rate(config: Path) -> None:
    """Set the limit for each source (T13) out of the way of what is to be measured."""
    file = config / "triggers.yaml"
    settings = yaml.safe_load(file.read_text())
    file.write_text(yaml.safe_dump(settings | {"rate": {"per_second": 1_000_000, "at_once": 1_000_000}}))


async def bare(alerts: int) -> Taken:
    """Post to a route that does nothing what is posted to Backout."""
    requests = [request("/", json.dumps(webhook(one)).encode(), {}) for one in _batches(alerts)]
    port = free_port()
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "benchmarks.bare", str(port))
    try:
        await until_open(port)
        return await _warm(port, requests)
    finally:
        process.terminate()
        await process.wait()


async def until_open(port: int) -> None:
    """Wait until something listens on a port of this machine."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                _reader, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


async def beside(alerts: int) -> Taken:
    """Start a fresh Alertmanager that tells nobody, and post to it."""
    requests = [request("/api/v2/alerts", json.dumps(one).encode(), {}) for one in _batches(alerts)]
    with tempfile.TemporaryDirectory() as directory:
        async with alertmanager(Path(directory), None) as address:
            return await _warm(urlsplit(address).port or 0, requests)


async def _warm(port: int, requests: Sequence[bytes]) -> Taken:
    await load(Job("127.0.0.1", port, requests, WARM_UP_SECONDS))
    return await load(Job("127.0.0.1", port, requests, SECONDS))


def _need_all_stored(running: Running, taken: Taken) -> None:
    """Fail unless every body of this run that was answered with 202 is in the database, and nothing was refused."""
    with closing(sqlite3.connect(running.directory / "backout.db")) as database:
        stored = database.execute("SELECT count(*) FROM inbox").fetchone()[0]
    assert set(taken.statuses) == {202}, f"answers: {taken.statuses}"
    assert stored >= taken.statuses[202], f"{taken.statuses[202]} accepted, {stored} stored"


def _batches(alerts: int) -> list[list[dict[str, Any]]]:
    """Return 64 batches of alerts as Prometheus posts them to Alertmanager; each alert differs from all others."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return [[_alert(number * alerts + one, now) for one in range(alerts)] for number in range(BODIES)]


def _alert(number: int, now: str) -> dict[str, Any]:
    labels = {
        "alertname": "ErrorRateHigh",
        "system": SYSTEMS[number % len(SYSTEMS)],
        "version": "8",
        "metric": "error_rate",
        "severity": "critical",
        "instance": f"10.1.{number // 250}.{number % 250}:9100",
    }
    annotations = {"summary": "Requests fail more often than they should", "value": "7.5"}
    return {"labels": labels, "annotations": annotations, "startsAt": now, "generatorURL": "http://prometheus:9090/g"}


def webhook(alerts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return these alerts as Alertmanager's webhook delivers them."""
    said = {"alertname": "", "version": "", "metric": "", "value": "", "summary": ""}
    whole = alert_body("", said, datetime.now(UTC))
    more = {"status": "firing", "endsAt": "0001-01-01T00:00:00Z"}
    return {**whole, "alerts": [{**one, **more, "fingerprint": _fingerprint(one)} for one in alerts]}


def _fingerprint(alert: dict[str, Any]) -> str:
    """Return what tells this alert from others, as long as Alertmanager's."""
    return digest(alert["labels"]).removeprefix("sha256:")[:16]


def _median_rate(runs: Sequence[Taken]) -> float:
    return statistics.median(taken.rate for taken in runs)


def _median_p99(runs: Sequence[Taken]) -> float:
    return statistics.median(percentile(taken.milliseconds, 99) for taken in runs)


def _shown(taken: Taken) -> str:
    p50, p99 = (percentile(taken.milliseconds, percent) for percent in (50, 99))
    return f"{taken.rate:,.0f}/s, p50 {p50:.1f} ms, p99 {p99:.1f} ms"


if __name__ == "__main__":
    sys.exit(main())
