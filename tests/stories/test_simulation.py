"""A living organisation for a day, again and again, each day decided by one seed (tests/support/simulation/)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bot.incidents.models import IncidentState
from tests.support.simulation import arrows
from tests.support.simulation.day import play
from tests.support.soak import SOAKING

SEEDS = 1_000 if SOAKING else 10
TOGETHER = 50 if SOAKING else 2
SAME = 0
"""A seed that is played again, and in another process: two nodes."""
pytestmark = pytest.mark.timeout(3_600 if SOAKING else 120)


@pytest.mark.parametrize("first", range(0, SEEDS, TOGETHER))
def test_whatever_happens_no_promise_is_broken(first: int) -> None:
    """F14, P15, P22, T26: faults, crashes, wrong clocks, two nodes, summer time, leap days, the right and wrong people.

    `python -m benchmarks.simulation --seed N` tells what happened on a day.
    """
    days = [play(seed) for seed in range(first, first + TOGETHER)]
    assert not [(day.seed, day.broken) for day in days if day.broken]


def test_the_same_seed_is_the_same_day() -> None:
    """F14: the same trail, the same messages, the same history, also where sets are ordered otherwise."""
    here, again = play(SAME), play(SAME)
    assert (here.head, here.history) == (again.head, again.history)
    assert here.history
    assert _elsewhere(SAME) == here.head


def test_arrows_are_read_as_they_are_drawn() -> None:
    assert arrows.drawn(IncidentState) == {("open", "acknowledged"), ("open", "closed"), ("acknowledged", "closed")}
    assert all(arrows.drawn(states) for states in arrows.MACHINES.values())


def _elsewhere(seed: int) -> str:
    """Play a seed in another process, whose sets are ordered otherwise; returns the head."""
    program = f"from tests.support.simulation.day import play; print(play({seed}).head)"
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": str(Path.cwd())}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()
