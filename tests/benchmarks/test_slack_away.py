"""Slack is away, much happens meanwhile, and afterwards everything has arrived, once, in order, and without a storm."""

from datetime import timedelta

import pytest

from benchmarks import slack_away
from benchmarks.slack_away import Size
from tests.support.soak import SOAKING

LITTLE = Size(timedelta(minutes=32), alerts=20, incidents=3, approvals=2, statements=1)
SIZES = slack_away.SIZES if SOAKING else {"32 minutes": LITTLE}


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.timeout(1_800 if SOAKING else 120)
async def test_everything_arrives_in_order_and_there_is_no_storm(name: str) -> None:
    """F3, P6, P7: one card for each incident, what still counts of pages and requests, one summary."""
    figures = slack_away.figures_of(name, await slack_away.play(SIZES[name]))
    assert [str(figure) for figure in figures if not figure.is_met] == []


def test_a_figure_that_is_not_as_it_should_be_misses_its_goal() -> None:
    bad = slack_away.Counts(1, 1, 1, 1, 1, 1, 1, 4, 2, 2, 9)
    figures = slack_away.figures_of("bad", bad)
    assert [figure.is_met for figure in figures] == [False] * 10 + [True]
