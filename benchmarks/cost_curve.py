"""How costs grow with size (`python -m benchmarks.cost_curve`).

Three databases, each ten times the one before: incidents (a third of them open), alerts, entries of the trail and
people. In each the same things are done, several times, and the median time of each is printed side by side, with the
exponent of its growth: 0 is no growth, 1 is growth in step with the size. More than that is a defect.
"""

import json
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path

from benchmarks.report import Figure, report
from benchmarks.specimens import Mix, fill
from bot import app, demo
from bot.alerts import service as alerts
from bot.alerts.models import InboxItem, InboxState
from bot.foundation import trail
from bot.foundation.config import Config
from bot.foundation.db import Store, open_store
from bot.foundation.ids import RandomIds
from bot.foundation.work import Actor, Reading, Work
from bot.incidents import service as incidents
from bot.learning.reports import service as reports
from bot.people import service as people
from bot.people.models import Directory
from tests.support.clock import VirtualClock
from tests.support.stores import TRAIL_KEY
from tests.support.world import example_config

SIZES = (60, 600, 6_000)
PEOPLE_EACH = 10
"""So many incidents for each person that is added to the directory."""
RUNS = 5
AT_MOST = 1.1
"""In step with the size, and a tenth for noise."""
BACKOUT = Actor("system", "cost", "Backout")


def main() -> int:
    """Print the table, and report the exponents; exit status 1 when a cost grows faster than the size."""
    columns = [costs(size) for size in SIZES]
    print(f"{'milliseconds':<24}" + "".join(f"{size:>12,}" for size in SIZES) + f"{'exponent':>12}")
    figures = []
    for name in columns[0]:
        values = [column[name] for column in columns]
        growth = math.log(values[-1] / values[0]) / math.log(SIZES[-1] / SIZES[0])
        print(f"{name:<24}" + "".join(f"{value:>12.2f}" for value in values) + f"{growth:>12.2f}")
        figures.append(Figure(f"{name}: exponent", growth, at_most=AT_MOST))
    return report("cost_curve", figures)


def costs(size: int) -> dict[str, float]:
    """Return the median milliseconds of everything at one size."""
    config, clock = grown(example_config(), size // PEOPLE_EACH), VirtualClock()
    with tempfile.TemporaryDirectory() as directory:
        url = f"sqlite:///{directory}/backout.db"
        each = size // 9
        fill(url, config, Mix(paged=each, led=each, asked=each, closed=size - 3 * each), clock)
        store = open_store(url, clock=clock, ids=RandomIds(), config=config, trail_key=TRAIL_KEY)
        try:
            return {name: median(act) for name, act in acts(store, size).items()}
        finally:
            store.close()


def grown(config: Config, more: int) -> Config:
    """Return a configuration with so many people more, who hold no role."""
    directory = config[Directory]
    like = next(iter(directory.people.values()))
    extra = {
        f"guest{number}": like.model_copy(update={"slack": f"U0GUEST{number:06}", "deputy": None})
        for number in range(more)
    }
    return config.replace(directory.model_copy(update={"people": directory.people | extra}))


def median(act: Callable[[], object]) -> float:
    """Return the median milliseconds of some runs, after one that warms up."""
    act()
    taken = []
    for _ in range(RUNS):
        began = time.perf_counter()
        act()
        taken.append(1000 * (time.perf_counter() - began))
    return statistics.median(taken)


def acts(store: Store, size: int) -> Mapping[str, Callable[[], object]]:
    """Return what is measured, by name."""
    asked, names, versions = f"INC-{size // 9 * 2 + 1}", count(1), count(1)
    maya = store.config[Directory].people["maya"]
    actor = Actor("person", maya.slack, maya.name, maya.zone)
    builders = {name: build for part in app.MESSAGES for name, build in part.items()}
    return {
        "alert to incident": lambda: store.submit_now(BACKOUT, take_in, f"cost-{next(versions)}"),
        "click to commit": lambda: store.submit_now(actor, incidents.acknowledge, f"INC-{next(names)}"),
        "card": lambda: store.read_now(builders["incidents.card"], {"incident": asked}),
        "App Home": lambda: store.read_now(builders["people.home"], {"person": maya.slack}),
        "status": lambda: store.read_now(incidents.status_text),
        "what is due": lambda: store.read_now(next_dues),
        "are people known": lambda: store.read_now(people.unchecked),
        "export of an incident": lambda: store.read_now(reports.export, asked),
        "verify the whole trail": lambda: store.read_now(lambda reading: trail.verify(reading.session, TRAIL_KEY)),
        "backout check": lambda: app.load_config(Path("config"), Path("messages")),
    }


def take_in(work: Work, version: str) -> None:
    """Store an alert about another version, and read it: a new incident."""
    said = {"alertname": "conversion_rate", "version": version, "metric": "conversion_rate", "value": "1"}
    body = demo.alert_body("shop-recommender", {**said, "summary": "Visitors buy less"}, work.now)
    work.session.add(
        InboxItem(
            source="alertmanager",
            body=json.dumps(body).encode(),
            received_at=work.now,
            state=InboxState.NEW,
            due_at=work.now,
        )
    )
    work.session.flush()
    alerts.read_inbox(work)


def next_dues(reading: Reading) -> list[object]:
    """Ask every sweep when it is due, as each round of the worker does."""
    return [sweep.next_due(reading) for sweep in app.SWEEPS]


if __name__ == "__main__":
    sys.exit(main())
