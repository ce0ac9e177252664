"""T3, T13: requests of others are told in few entries, and none is left out."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.foundation.slack_door.foreign import NAMED, TOGETHER, Foreign, Told
from tests.support.clock import MORNING


def of(team: int) -> dict[str, object]:
    return {"team_id": f"T{team}", "api_app_id": "A1"}


def test_the_first_is_told_at_once_and_the_rest_of_its_minute_together() -> None:
    foreign = Foreign()
    first = foreign.note(of(1), MORNING)
    assert first == Told(MORNING, {('"T1"', '"A1"'): 1})
    assert [foreign.note(of(1), MORNING + timedelta(seconds=s)) for s in (1, 2, 59)] == [None] * 3
    assert foreign.due(MORNING + timedelta(seconds=59)) is None
    assert foreign.due(MORNING + TOGETHER) == Told(MORNING, {('"T1"', '"A1"'): 3})


def test_after_a_quiet_minute_one_is_told_at_once_again() -> None:
    foreign = Foreign()
    assert foreign.note(of(1), MORNING)
    assert foreign.due(MORNING + TOGETHER) is None
    assert foreign.note(of(2), MORNING + 2 * TOGETHER) == Told(MORNING + 2 * TOGETHER, {('"T2"', '"A1"'): 1})


def test_at_the_end_everything_is_told() -> None:
    foreign = Foreign()
    foreign.note(of(1), MORNING)
    foreign.note(of(1), MORNING)
    assert foreign.due(MORNING, at_once=True) == Told(MORNING, {('"T1"', '"A1"'): 1})
    assert foreign.due(MORNING, at_once=True) is None


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 90)), max_size=60))
def test_every_request_is_counted_once_in_one_entry_a_minute(came: list[tuple[int, int]]) -> None:
    foreign, now, told = Foreign(), MORNING, list[Told]()
    for team, seconds in came:
        now += timedelta(seconds=seconds)
        told += filter(None, [foreign.note(of(team), now)])
    told += filter(None, [foreign.due(now, at_once=True)])
    assert sum(sum(one.counts.values()) for one in told) == len(came)
    assert all(len(one.counts) <= NAMED + 1 for one in told)
    assert len(told) <= 2 + (now - MORNING) / TOGETHER * 2
