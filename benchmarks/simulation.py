"""Days of a living organisation, each decided by a seed (`python -m benchmarks.simulation [--seeds N] [--seed K]`).

Plays N days of 24 virtual hours with random faults, crashes, wrong clocks, one node or two, and counts the promises
that were broken (figure F14). With `--seed K` it plays one day and says what happened in order, so that a failure can
be understood. The goal is that no promise is broken.
"""

import argparse
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from benchmarks.report import Figure, report
from tests.support.simulation.day import HOURS, Day, play

SEEDS = 150
"""About three minutes on two quiet cores; `--seeds 1000` is what `make soak` plays."""
SHOWN = 20


def main() -> int:
    """Play one day aloud or many in silence; exit status 1 when a promise was broken."""
    asked = _arguments().parse_args()
    if asked.seed is not None:
        return aloud(asked.seed)
    began = time.perf_counter()
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        days = list(pool.map(play, range(asked.first, asked.first + asked.seeds), chunksize=5))
    return told(days, time.perf_counter() - began, asked.first)


def aloud(seed: int) -> int:
    """Play one day, say each thing as it happens, and what was broken."""
    day = play(seed, print)
    print(f"\ntrail head: {day.head}")
    print("\n".join(day.broken) or "no promise was broken")
    return bool(day.broken)


def told(days: list[Day], seconds: float, first: int) -> int:
    """Report many days, and name those on which a promise was broken."""
    bad = [day for day in days if day.broken]
    for day in bad[:SHOWN]:
        print(f"seed {day.seed}: {day.broken[0]}")
    carried_out = sum(day.counts.get("rollback.started", 0) for day in days)
    figures = [
        Figure("promises broken", sum(len(day.broken) for day in days), "", at_most=0),
        Figure("days of 24 virtual hours", len(days), ""),
        Figure("rollbacks carried out on them", carried_out, ""),
        Figure("virtual hours per second", len(days) * HOURS / seconds, "/s"),
    ]
    return report("simulation", figures, seed=first)


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.simulation", description="Days decided by seeds.")
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"how many days (default {SEEDS})")
    parser.add_argument("--first", type=int, default=0, help="the first seed (default 0)")
    parser.add_argument("--seed", type=int, help="play only this one, and say what happens")
    return parser


if __name__ == "__main__":
    sys.exit(main())
