"""R111, R127, R129: words can be erased, old entries purged, a legal hold forbids both, and the trail stays whole."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.foundation import keeping, trail
from bot.foundation.db import Store
from bot.foundation.errors import Refusal
from bot.foundation.keeping import Prefix
from bot.foundation.work import Actor, Work
from tests.foundation.trail.days import LAST, checked, first_key, forge, later_key, live_through, rows, seal
from tests.support.clock import VirtualClock

ONE_DAY = timedelta(hours=24, minutes=30)
"""So long ago the first day was sealed to its end, and the second not yet to its middle."""
ADMIN = Actor("system", "command-line", "ops")


@pytest.fixture
def lived(sqlite_store: Store, clock: VirtualClock) -> Store:
    return live_and_seal(sqlite_store, clock)


def live_and_seal(store: Store, clock: VirtualClock) -> Store:
    live_through(store, clock)
    store.submit_now(ADMIN, seal)
    return store


def erase(store: Store, what: str) -> int:
    return store.submit_now(ADMIN, keeping.erase, what, "asked to")


def purge(store: Store, before: datetime, anchored: int = LAST) -> int:
    def both(work: Work) -> int:
        return keeping.purge(work, keeping.purgeable(work, before, anchored), "two years have passed")

    return store.submit_now(ADMIN, both)


def whole(store: Store) -> trail.Report:
    """The trail for everybody who may check it, once what was recorded last is sealed: nobody finds damage."""
    store.submit_now(ADMIN, seal)
    for keys in (later_key(3), None):
        assert checked(store, keys, first_public=first_key().first_public).damage is None
    report = checked(store, first_key())
    assert report.damage is None
    return report


def test_erased_words_are_gone_and_the_trail_is_whole(lived: Store) -> None:
    assert erase(lived, "INC-1") == 12
    report = whole(lived)
    assert (report.whole, report.erased) == (LAST + 1, 12)
    assert (
        rows(lived, "SELECT count(*) FROM trail_payload WHERE body LIKE '%because%' AND subject = 'INC-1'")[0][0] == 0
    )
    entries = lived.read_now(lambda reading: trail.read(reading.session, "INC-1"))
    assert {(entry.why, entry.actor_name, str(entry.facts)) for entry in entries} == {
        ("(erased on 2026-11-23 by ops)", "person:U0MAYA0001", "{}")
    }
    (said,) = lived.read_now(lambda reading: trail.read(reading.session, "trail"))
    assert (said.action, said.why, said.facts["count"]) == ("privacy.erased", "asked to", 12)


def test_everything_about_a_person_goes(lived: Store) -> None:
    """What they did, and what names them: by Slack id, not by name."""
    lived.submit_now(ADMIN, lambda work: work.record("escalation.handed_over", "INC-9", handed_to="U0MAYA0001"))
    lived.submit_now(ADMIN, lambda work: work.record("incident.noted", "INC-9", why="nobody"))
    assert erase(lived, "U0MAYA0001") == LAST + 1
    assert whole(lived).erased == LAST + 1


def test_what_is_erased_already_is_said(lived: Store) -> None:
    erase(lived, "INC-1")
    for what in ("INC-1", "INC-77", "trail"):
        with pytest.raises(Refusal, match="no words about"):
            erase(lived, what)


def test_missing_words_without_a_record_are_damage(lived: Store) -> None:
    erase(lived, "INC-1")
    forge(lived, "UPDATE trail_payload SET salt = :salt, body = '' WHERE seq = 2", salt=b"")
    found = checked(lived, first_key()).damage
    assert found is not None
    assert (found.seq, found.kind) == (2, "payload missing")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE trail_payload SET body = replace(body, '[1,1]', '[1,2]') WHERE seq = 31",
        "UPDATE trail_payload SET subject = 'INC-1' WHERE seq = 31",
        "UPDATE trail_payload SET salt = :salt, body = '' WHERE seq = 31",
        "DELETE FROM trail_payload WHERE seq = 31",
        "DELETE FROM trail_payload WHERE seq = 1",
    ],
)
def test_a_forged_record_of_an_erasure_excuses_nothing(lived: Store, statement: str) -> None:
    erase(lived, "INC-1")
    forge(lived, statement, salt=b"")
    for keys in (first_key(), later_key(3)):
        assert checked(lived, keys).damage is not None


def test_a_purge_takes_the_oldest_up_to_a_checkpoint(lived: Store, clock: VirtualClock) -> None:
    assert purge(lived, clock.now() - ONE_DAY) == 10
    report = whole(lived)
    assert (report.whole, report.purged, report.last) == (LAST - 10 + 1, 10, LAST + 1)
    lived.submit_now(ADMIN, seal)
    assert purge(lived, clock.now()) == 10
    assert whole(lived).purged == 20


def test_erasing_purging_and_holding_on_either_database(store: Store, clock: VirtualClock) -> None:
    lived = live_and_seal(store, clock)
    lived.submit_now(ADMIN, keeping.hold, "INC-1", "case 4711")
    with pytest.raises(Refusal, match="INC-1 is on hold"):
        erase(lived, "INC-1")
    with pytest.raises(Refusal, match="INC-1 is on hold"):
        purge(lived, clock.now())
    lived.submit_now(ADMIN, keeping.release, "INC-1", "over")
    erase(lived, "INC-0")
    lived.submit_now(ADMIN, seal)
    purge(lived, clock.now() - ONE_DAY)
    erase(lived, "INC-2")
    assert whole(lived).erased == 6 + 6


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM trail_checkpoint WHERE seq = 10",
        "DELETE FROM trail_payload WHERE seq = 11",
        "DELETE FROM trail_payload WHERE seq = 31",
        "UPDATE trail_payload SET body = replace(body, '10', '15') WHERE seq = 31",
    ],
)
def test_more_than_was_purged_is_damage(lived: Store, clock: VirtualClock, statement: str) -> None:
    purge(lived, clock.now() - ONE_DAY)
    forge(lived, statement)
    assert checked(lived, first_key()).damage is not None


def test_a_prefix_that_just_went_is_damage(lived: Store) -> None:
    forge(lived, "DELETE FROM trail_payload WHERE seq <= 10", "DELETE FROM trail_entry WHERE seq <= 10")
    for keys in (first_key(), None):
        found = checked(lived, keys, first_public=first_key().first_public).damage
        assert found is not None
        assert (found.seq, found.kind) == (1, "missing")


def test_only_what_is_anchored_is_purged(lived: Store, clock: VirtualClock) -> None:
    with pytest.raises(Refusal, match=r"not anchored yet.*config/trail\.yaml"):
        purge(lived, clock.now(), anchored=4)
    assert purge(lived, clock.now(), anchored=17) == 15


def test_nothing_old_enough_is_said(lived: Store, clock: VirtualClock) -> None:
    with pytest.raises(Refusal, match="No entries were sealed before"):
        purge(lived, clock.now() - timedelta(days=9))


# --- legal hold -------------------------------------------------------------------------------------------------------


def test_a_hold_forbids_to_erase_and_to_purge_until_released(lived: Store, clock: VirtualClock) -> None:
    lived.submit_now(ADMIN, keeping.hold, "INC-1", "case 4711")
    said = r"INC-1 is on hold since .*, by ops: case 4711\."
    for what in ("INC-1", "U0MAYA0001"):
        with pytest.raises(Refusal, match=said):
            erase(lived, what)
    with pytest.raises(Refusal, match=said):
        purge(lived, clock.now())
    assert whole(lived).erased == 0
    assert [one.subject for one in lived.read_now(keeping.holds)] == ["INC-1"]
    lived.submit_now(ADMIN, keeping.release, "INC-1", "case closed")
    assert erase(lived, "INC-1") == 14
    assert lived.read_now(keeping.holds) == []


def test_a_refused_purge_says_how_far_it_could_go(lived: Store, clock: VirtualClock) -> None:
    lived.submit_now(ADMIN, lambda work: work.record("incident.noted", "INC-8"))
    lived.submit_now(ADMIN, keeping.hold, "INC-8", "case 4711")
    lived.submit_now(ADMIN, seal)
    clock.pass_time(hours=1)
    with pytest.raises(Refusal, match=r"Up to entry 30 nothing is held\."):
        purge(lived, clock.now(), anchored=99)


def test_holds_and_releases_are_recorded_once(lived: Store) -> None:
    lived.submit_now(ADMIN, keeping.hold, "INC-1", "case 4711")
    with pytest.raises(Refusal, match="INC-1 is on hold since"):
        lived.submit_now(ADMIN, keeping.hold, "INC-1", "case 4712")
    lived.submit_now(ADMIN, keeping.release, "INC-1", "over")
    with pytest.raises(Refusal, match="INC-1 is not on hold"):
        lived.submit_now(ADMIN, keeping.release, "INC-1", "over")
    entries = lived.read_now(lambda reading: trail.read(reading.session, "INC-1"))
    assert [entry.action for entry in entries[-2:]] == ["trail.held", "trail.released"]


def test_a_prefix_counts_itself() -> None:
    assert Prefix(3, 7, 1, "", "").count == 5


@given(st.sets(st.integers(1, 60)))
def test_ranges_say_exactly_which_numbers(numbers: set[int]) -> None:
    found = keeping.ranges(sorted(numbers))
    assert {one for first, last in found for one in range(first, last + 1)} == numbers
    assert all(later[0] > earlier[1] + 1 for earlier, later in pairwise(found))
