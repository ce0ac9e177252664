"""F8 in small: forged, foreign and repeated gestures have no effect."""

from pathlib import Path
from random import Random

import pytest

from benchmarks import forgeries
from tests.support.front import front_of
from tests.support.postgres import Server, postgres
from tests.support.soak import SOAKING

__all__ = ["postgres"]
EACH = 2_000 if SOAKING else 100


async def test_only_the_first_sending_of_a_genuine_gesture_has_an_effect(tmp_path: Path) -> None:
    """F8, T1, T2, T3."""
    figures = await forgeries.attack(tmp_path, 7, EACH)
    assert [str(figure) for figure in figures if not figure.is_met] == []
    assert {figure.value for figure in figures if figure.goal == ""} == {EACH}


@pytest.mark.postgres
@pytest.mark.xdist_group("postgres")
async def test_nor_at_two_processes_at_once(tmp_path: Path, postgres: Server) -> None:
    """F8, T2: the mark of a request stands in the database that they share."""
    figures = await forgeries.at_two_processes(tmp_path, 7, 10, postgres)
    assert [str(figure) for figure in figures if not figure.is_met] == []


async def test_a_genuine_gesture_is_taken(tmp_path: Path) -> None:
    """Otherwise the rest would prove nothing."""
    async with front_of(tmp_path) as front:
        random = Random(7)
        before = front.people.reads(forgeries.state)
        statuses = await forgeries.send(front, [forgeries.genuine_gesture(random, front) for _ in range(20)])
        assert statuses[200] == 20
        assert forgeries.changes(before, front.people.reads(forgeries.state)) > 20
