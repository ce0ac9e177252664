"""Who acts, whom a role reaches, and what Slack said about accounts."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import update

from bot.foundation import trail
from bot.foundation.db import Store
from bot.foundation.errors import Refusal
from bot.foundation.models import OutboxRow, OutboxState, Posted
from bot.foundation.work import Work
from bot.people import rules, service
from bot.people.models import Directory, SlackAccount
from tests.people.office import SYSTEM, TEAM, config, directory, know, office, person, rows, user
from tests.support.clock import MORNING, VirtualClock
from tests.support.stores import config_of, fresh_store


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def store(tmp_path: Path, clock: VirtualClock) -> Iterator[Store]:
    store = office(tmp_path, clock)
    yield store
    store.close()


@pytest.fixture
def empty(tmp_path: Path, clock: VirtualClock) -> Iterator[Store]:
    store = fresh_store(tmp_path, config(), clock)
    yield store
    store.close()


def _says(store: Store, name: str, **said: Any) -> None:
    store.submit_now(SYSTEM, know, name, **said)


# --- identity ---------------------------------------------------------------------------------------------------------


def test_a_known_person_acts_under_the_name_and_zone_of_the_directory(store: Store) -> None:
    actor = store.read_now(service.identify, TEAM, "U0ANN")
    assert (actor.kind, actor.id, actor.name, actor.zone) == ("person", "U0ANN", "Ann", "Europe/Stockholm")


@pytest.mark.parametrize(
    ("team", "name", "said", "words"),
    [
        (TEAM, "zoe", {}, rules.STRANGER),
        (TEAM, "ann", {"is_restricted": True}, rules.GUEST),
        (TEAM, "ann", {"deleted": True}, rules.DEACTIVATED),
        (TEAM, "ann", {"is_bot": True}, rules.BOT),
        ("T0OTHER", "ann", {}, "Backout serves the Slack workspace Office only. Act from there."),
    ],
)
def test_who_is_not_plainly_one_of_us_is_refused_in_their_own_words(
    store: Store, team: str, name: str, said: dict[str, Any], words: str
) -> None:
    """Threats T3, T4: unknown, guest, bot, deactivated and foreign people act for nobody."""
    _says(store, name, **said)
    with pytest.raises(Refusal) as caught:
        store.read_now(service.identify, team, f"U0{name.upper()}")
    assert caught.value.message == words


def test_an_account_that_was_not_checked_yet_is_not_trusted(empty: Store) -> None:
    with pytest.raises(Refusal, match="Try again in a minute"):
        empty.read_now(service.identify, TEAM, "U0ANN")
    assert not empty.read_now(service.is_active, "U0ANN")


# --- roles, deputies --------------------------------------------------------------------------------------------------


def test_roles_are_held_for_a_system(store: Store) -> None:
    assert store.read_now(service.roles_of, "U0ANN", "shop") == ["owner"]
    assert store.read_now(service.roles_of, "U0ANN", "credit") == []
    assert store.read_now(service.roles_of, "U0CY") == ["owner", "lead"]
    assert store.read_now(service.roles_of, "U0ZOE") == []


def test_a_deputy_acts_only_while_the_holder_may_not(store: Store) -> None:
    """R084: deputies for absences, and for nothing else."""
    assert not store.read_now(service.has_role, "U0BOB", ["owner"], "shop")
    _says(store, "ann", deleted=True)
    assert store.read_now(service.has_role, "U0BOB", ["owner"], "shop")
    assert store.read_now(service.stands_in_for, "U0BOB", ["owner"], "shop") == "U0ANN"
    assert not store.read_now(service.has_role, "U0BOB", ["owner"], "credit")
    assert not store.read_now(service.has_role, "U0BOB", ["lead"], "shop")
    assert not store.read_now(service.has_role, "U0ANN", ["owner"], "shop")
    assert store.read_now(service.roles_of, "U0ANN", "shop") == []


def test_a_deputy_who_may_not_act_does_not(store: Store) -> None:
    _says(store, "ann", deleted=True)
    _says(store, "bob", is_restricted=True)
    assert not store.read_now(service.has_role, "U0BOB", ["owner"], "shop")
    assert store.read_now(service.reach, "owner", "shop") == []


def test_a_role_reaches_its_holders_else_their_deputies_else_nobody(store: Store) -> None:
    """R072, R084: who can be asked is known at once, in the order of asking."""
    assert store.read_now(service.reach, "owner", "shop") == ["U0ANN"]
    assert store.read_now(service.reach, "on_call", "shop") == ["U0BOB", "U0DEE", "U0EVE"]
    assert store.read_now(service.reach, "owner", "credit") == ["U0CY", "U0DEE"]
    _says(store, "dee", deleted=True)
    assert store.read_now(service.reach, "owner", "credit") == ["U0CY"]
    _says(store, "ann", deleted=True)
    assert store.read_now(service.reach, "owner", "shop") == ["U0BOB"]
    assert store.read_now(service.reach, "nonsense", "shop") == []


def test_an_account_that_was_never_checked_is_asked_all_the_same(empty: Store) -> None:
    """R072, R163: an alert in the first second after the start must not find nobody to page."""
    assert empty.read_now(service.reach, "owner", "shop") == ["U0ANN"]
    assert not empty.read_now(service.is_active, "U0ANN")
    assert "not checked yet" in empty.read_now(service.unchecked)


# --- what Slack says --------------------------------------------------------------------------------------------------


def test_a_change_of_trust_stands_in_the_trail_and_nothing_else_does(store: Store) -> None:
    _says(store, "ann", tz="Asia/Tokyo", updated=1_700_000_001)
    _says(store, "ann", is_restricted=True, updated=1_700_000_002)
    entries = store.read_now(lambda reading: trail.read(reading.session, "U0ANN"))
    assert [(entry.action, entry.facts) for entry in entries] == [("account.changed", {"is_guest": True})]


def test_of_two_answers_the_later_one_holds_in_whatever_order_they_arrive(store: Store) -> None:
    """A slow refresh must not bring somebody back whom Slack has deactivated meanwhile."""
    _says(store, "ann", deleted=True, updated=1_700_000_009)
    _says(store, "ann", updated=1_700_000_001)
    assert not store.read_now(service.is_active, "U0ANN")


def test_an_account_that_slack_does_not_know_counts_as_deactivated(store: Store) -> None:
    store.submit_now(SYSTEM, service.remember, "U0ANN", None)
    assert store.read_now(service.why_not_active, "U0ANN") == rules.DEACTIVATED


# --- asking Slack -----------------------------------------------------------------------------------------------------


def _set_checked(work: Work, name: str, hours_ago: float) -> None:
    account = work.session.get_one(SlackAccount, f"U0{name.upper()}")
    account.checked_at = work.now - timedelta(hours=hours_ago)
    work.session.add(account)


def _leave(work: Work, state: OutboxState) -> None:
    work.session.connection().execute(update(OutboxRow).values(state=state))


def test_slack_is_asked_about_everybody_at_the_start(empty: Store) -> None:
    assert empty.read_now(service.refresh_due) == MORNING
    assert empty.submit_now(SYSTEM, service.ask_for_refresh) == 5
    (row,) = empty.read_now(rows, "people.refresh")
    assert row.payload["people"] == ["U0ANN", "U0BOB", "U0CY", "U0DEE", "U0EVE"]


def test_while_an_answer_is_awaited_slack_is_not_asked_again(empty: Store) -> None:
    empty.submit_now(SYSTEM, service.ask_for_refresh)
    assert empty.read_now(service.refresh_due) is None
    assert empty.submit_now(SYSTEM, service.ask_for_refresh) == 0


def test_slack_is_asked_again_six_hours_after_the_oldest_answer(store: Store, clock: VirtualClock) -> None:
    store.submit_now(SYSTEM, _set_checked, "dee", 2)
    assert store.read_now(service.refresh_due) == MORNING + timedelta(hours=4)
    assert store.submit_now(SYSTEM, service.ask_for_refresh) == 0
    clock.pass_time(hours=4)
    assert store.submit_now(SYSTEM, service.ask_for_refresh) == 5


def test_after_slack_could_not_be_asked_there_is_a_pause(empty: Store) -> None:
    """Otherwise a sweep that is always due would ask for ever, as fast as it can."""
    empty.submit_now(SYSTEM, service.ask_for_refresh)
    empty.submit_now(SYSTEM, _leave, OutboxState.PARKED)
    assert empty.read_now(service.refresh_due) == MORNING + timedelta(minutes=10)


def test_once_answered_nothing_is_due_before_six_hours_have_passed(empty: Store) -> None:
    empty.submit_now(SYSTEM, service.ask_for_refresh)
    answers = {f"U0{name.upper()}": user(name) for name in ("ann", "bob", "cy", "dee")}
    empty.submit_now(SYSTEM, service.settle_refresh, {**answers, "U0EVE": None})
    empty.submit_now(SYSTEM, _leave, OutboxState.DONE)
    assert empty.read_now(service.refresh_due) == MORNING + timedelta(hours=6)
    assert empty.read_now(service.is_active, "U0ANN")
    assert not empty.read_now(service.is_active, "U0EVE")


def _opened_home(work: Work, *names: str) -> None:
    for name in names:
        work.session.add(Posted(key=f"home:U0{name.upper()}", channel="", ts=""))


def test_the_homes_of_those_whose_standing_changed_are_brought_up_to_date(empty: Store) -> None:
    empty.submit_now(SYSTEM, know, "bob")
    empty.submit_now(SYSTEM, _opened_home, "ann", "bob")
    empty.submit_now(SYSTEM, service.settle_refresh, {"U0ANN": user("ann"), "U0BOB": user("bob")})
    assert [row.key for row in empty.read_now(rows, "people.home")] == ["home:U0ANN"]


def test_a_large_directory_is_asked_about_in_parts(tmp_path: Path) -> None:
    small = config()
    one = small[Directory].people["bob"]
    people = {f"p{number}": one.model_copy(update={"slack": f"U0P{number:03}"}) for number in range(60)}
    large = small.replace(small[Directory].model_copy(update={"people": people, "roles": {}}))
    store = fresh_store(tmp_path, large)
    assert store.submit_now(SYSTEM, service.ask_for_refresh) == 60
    sizes = sorted(len(row.payload["people"]) for row in store.read_now(rows, "people.refresh"))
    store.close()
    assert sizes == [10, 25, 25]


def test_everybody_at_once_is_who_each_question_alone_would_say(empty: Store) -> None:
    """R072: deactivated accounts count for nothing; accounts never checked are still worth paging."""
    _says(empty, "ann")
    _says(empty, "bob", deleted=True)
    assert empty.read_now(service.everybody_active) == {"U0ANN"}
    assert empty.read_now(service.everybody_reachable) == {"U0ANN", "U0CY", "U0DEE", "U0EVE"}
    for one in empty.config[Directory].people.values():
        active = empty.read_now(service.is_active, one.slack)
        assert active == (one.slack in empty.read_now(service.everybody_active))


def test_every_account_of_a_person_is_checked(tmp_path: Path) -> None:
    """R071: somebody's other account acts under their name, once Slack has said that it is a plain one."""
    ann = person("ann").model_copy(update={"accounts": ["U0ANN2"]})
    everybody = directory()
    linked = everybody.model_copy(update={"people": {**everybody.people, "ann": ann}})
    store = fresh_store(tmp_path, config_of(linked))
    store.submit_now(SYSTEM, know, "ann", "bob", "cy", "dee", "eve")
    assert store.submit_now(SYSTEM, service.recheck) == 6
    with pytest.raises(Refusal, match="Try again in a minute"):
        store.read_now(service.identify, TEAM, "U0ANN2")
    store.submit_now(SYSTEM, know, "ann2")
    assert store.read_now(service.identify, TEAM, "U0ANN2").name == "Ann"
    assert store.read_now(service.roles_of, "U0ANN2", "shop") == store.read_now(service.roles_of, "U0ANN", "shop")
    assert store.read_now(service.is_same_person, "U0ANN2", "U0ANN")
    assert not store.read_now(service.is_same_person, "U0ANN2", "U0BOB")
    store.close()
