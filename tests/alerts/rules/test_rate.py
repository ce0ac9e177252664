"""How much a source may send (T13)."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.models import Rate
from bot.alerts.rules.rate import Bucket, take
from tests.support.clock import MORNING

RATE = Rate(per_second=10, at_once=3)


def served(bucket: Bucket | None, *seconds: float) -> list[float]:
    """In how many seconds there is one, for requests at these moments."""
    waits = []
    for second in seconds:
        bucket, wait = take(bucket, RATE, MORNING + timedelta(seconds=second))
        waits.append(round(wait, 6))
    return waits


@pytest.mark.parametrize(
    ("seconds", "waits"),
    [
        ([0, 0, 0], [0, 0, 0]),
        ([0, 0, 0, 0], [0, 0, 0, 0.1]),
        ([0, 0, 0, 0.05, 0.1], [0, 0, 0, 0.05, 0]),
        ([0, 0, 0, 60, 60, 60, 60], [0, 0, 0, 0, 0, 0, 0.1]),
        ([10, 10, 10, 0, 0], [0, 0, 0, 0.1, 0.1]),
    ],
    ids=["at once", "one too many", "after its time", "never fuller than full", "the clock goes back"],
)
def test_how_long_to_wait(seconds: list[float], waits: list[float]) -> None:
    assert served(None, *seconds) == waits


@given(st.lists(st.floats(0, 2), max_size=200))
def test_never_more_than_the_rate_and_what_may_come_at_once(gaps: list[float]) -> None:
    moments = [sum(gaps[: n + 1]) for n in range(len(gaps))]
    taken = sum(wait == 0 for wait in served(None, *moments))
    assert taken <= RATE.at_once + RATE.per_second * (moments[-1] if moments else 0) + 1


@given(st.lists(st.floats(0, 0.2), max_size=100))
def test_whoever_waits_as_long_as_told_is_served(gaps: list[float]) -> None:
    bucket: Bucket | None = None
    now = MORNING
    for gap in gaps:
        now += timedelta(seconds=gap)
        bucket, wait = take(bucket, RATE, now)
        if wait:
            now += timedelta(seconds=wait + 1e-5)
            bucket, wait = take(bucket, RATE, now)
            assert wait == 0
