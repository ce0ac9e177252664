"""F5 in small: whoever clicks when, a request is carried out exactly once, or not at all."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from benchmarks import quorum_race
from benchmarks.report import Figure
from tests.support.postgres import Server, postgres
from tests.support.soak import SOAKING

__all__ = ["postgres"]
REQUESTS = 500 if SOAKING else 20


def check(figures: list[Figure]) -> None:
    assert [str(figure) for figure in figures if not figure.is_met] == []
    approved, rejected = figures[0].value, figures[1].value
    assert approved + rejected == REQUESTS
    assert approved >= REQUESTS * 3 / 4


def test_one_process_and_many_clicks_at_once(tmp_path: Path) -> None:
    """F5, T8, T10."""
    check(quorum_race.on_sqlite(tmp_path, REQUESTS, 7))


@pytest.mark.postgres
@pytest.mark.xdist_group("postgres")
def test_three_stores_on_one_database(postgres: Server) -> None:
    """F5, T8, T10: as three processes would; `python -m benchmarks.quorum_race` takes processes."""
    with ThreadPoolExecutor(quorum_race.PROCESSES) as stores:
        check(quorum_race.on_postgresql(postgres, stores, REQUESTS, 7))
