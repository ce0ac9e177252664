from datetime import timedelta

from bot.foundation.sender.pace import AT_ONCE, EVERYWHERE, Pace
from tests.support.clock import MORNING

LATER = MORNING + timedelta(seconds=30)


def test_a_place_that_is_held_is_free_again_exactly_then() -> None:
    pace = Pace()
    pace.hold("C1", LATER)
    assert not pace.is_free("C1", LATER - timedelta(microseconds=1))
    assert pace.is_free("C1", LATER)
    assert pace.is_free("C2", MORNING)


def test_a_shorter_wish_does_not_shorten_a_longer_one() -> None:
    pace = Pace()
    pace.hold("C1", LATER)
    pace.hold("C1", MORNING)
    assert not pace.is_free("C1", LATER - timedelta(seconds=1))


def test_a_busy_place_is_not_free_and_is_counted() -> None:
    pace = Pace()
    pace.begin("C1")
    assert (pace.is_free("C1", MORNING), pace.is_free("C2", MORNING), pace.running) == (False, True, 1)
    pace.end("C1")
    assert (pace.is_free("C1", MORNING), pace.running) == (True, 0)


def test_everywhere_holds_every_place_until_it_is_released() -> None:
    pace = Pace()
    pace.hold(EVERYWHERE, LATER)
    assert not pace.is_free("C1", MORNING)
    pace.release(EVERYWHERE)
    assert pace.is_free("C1", MORNING)


def test_the_next_free_place_is_known_and_old_ones_are_forgotten() -> None:
    pace = Pace()
    assert pace.next_free(MORNING) is None
    pace.hold("C1", LATER)
    pace.hold("C2", LATER + timedelta(seconds=1))
    assert pace.next_free(MORNING) == LATER
    assert pace.next_free(LATER) == LATER + timedelta(seconds=1)
    assert pace.next_free(LATER + timedelta(seconds=1)) is None
    assert pace._free_at == {}


def test_all_places_are_free_when_the_last_of_them_is() -> None:
    pace = Pace()
    assert pace.all_free(MORNING) == MORNING
    pace.hold("C1", MORNING + timedelta(seconds=30))
    pace.hold("C2", MORNING + timedelta(seconds=3))
    assert pace.all_free(MORNING) == MORNING + timedelta(seconds=30)


def test_in_doubt_one_call_at_a_time_finds_out() -> None:
    pace = Pace()
    pace.doubt(LATER)
    assert not pace.is_free("C1", MORNING)
    assert pace.is_free("C1", LATER)
    assert pace.at_once == 1
    pace.trust()
    assert pace.is_free("C1", MORNING)
    assert pace.at_once == AT_ONCE
