"""Opening App Home, changed accounts, and the list of who is on duty."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.foundation.blocks import as_dicts, visible_text
from bot.foundation.db import Store
from bot.foundation.work import Actor
from bot.people import service
from bot.people.slack import on_duty_section, router
from tests.people.office import SYSTEM, know, office, rows, user

ANN = Actor("person", "U0ANN", "U0ANN")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = office(tmp_path)
    yield store
    store.close()


def _happens(store: Store, kind: str, **event: object) -> None:
    store.submit_now(ANN, lambda work: router.events[kind](event, work))


def test_opening_home_brings_it_up_to_date(store: Store) -> None:
    _happens(store, "app_home_opened", user="U0ANN", tab="home")
    (row,) = store.read_now(rows, "people.home")
    assert (row.key, row.payload) == ("home:U0ANN", {"person": "U0ANN"})


def test_opening_the_messages_tab_changes_nothing(store: Store) -> None:
    _happens(store, "app_home_opened", user="U0ANN", tab="messages")
    assert store.read_now(rows, "people.home") == []


def test_a_changed_account_counts_from_that_moment_on(store: Store) -> None:
    """Threat T4: a deactivated approver cannot approve a second longer."""
    _happens(store, "user_change", user=user("ann", deleted=True, updated=1_800_000_000))
    assert not store.read_now(service.is_active, "U0ANN")


def test_accounts_outside_the_directory_are_not_kept(store: Store) -> None:
    _happens(store, "user_change", user=user("zoe"))
    assert store.read_now(service.account_of, "U0ZOE") is None


def test_on_duty_names_everybody_now_and_who_acts_for_whom(store: Store) -> None:
    """R072, R084: one look says whom to ask now."""
    store.submit_now(SYSTEM, know, "ann", deleted=True)
    part = store.read_now(on_duty_section, "U0CY")
    text = visible_text(as_dicts([*part.blocks, *part.detail]))
    assert "• On call: <@U0BOB> (09:00 in UTC), until" in text
    assert "• shop: Ann cannot act now; <@U0BOB> (09:00 in UTC) acts for them" in text
    assert "• <@U0CY> (14:30 in Kolkata)" in text
    assert "<@U0ANN>" not in text


def test_a_deputy_who_may_not_act_is_not_offered(store: Store) -> None:
    store.submit_now(SYSTEM, know, "ann", "bob", deleted=True)
    part = store.read_now(on_duty_section, "U0CY")
    assert "• shop: Ann cannot act now; nobody acts for them" in visible_text(as_dicts(part.detail))
