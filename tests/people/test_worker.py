"""App Homes as they leave, and asking Slack about accounts."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col

from bot.foundation.blocks import Section, section, visible_text
from bot.foundation.db import Store
from bot.foundation.errors import BackoutError
from bot.foundation.models import OutboxRow, OutboxState
from bot.foundation.outbox import Home
from bot.foundation.work import Reading, Work
from bot.people import rules, service
from bot.people.worker import STEPS, SWEEPS, build_home, refresh_effect
from tests.people.office import SYSTEM, config, know, office, rows, user
from tests.support.clock import MORNING
from tests.support.stores import fresh_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = office(tmp_path)
    yield store
    store.close()


def _news(_reading: Reading, person: str) -> Section:
    return Section([section(f"News for {person}")])


def _home(store: Store, person: str) -> str:
    home = store.read_now(build_home([_news]), {"person": person})
    assert isinstance(home, Home)
    assert home.person == person
    return visible_text(home.view.to_dict()["blocks"])


def test_home_begins_with_who_you_are_and_goes_on_with_every_part(store: Store) -> None:
    text = _home(store, "U0ANN")
    assert text.index("You are *Ann*") < text.index("News for U0ANN")
    assert "Your roles: Owner (shop)." in text
    assert "You stand in for <@U0CY> when" in text


@pytest.mark.parametrize(
    ("name", "said", "why"),
    [
        ("zoe", {}, rules.STRANGER),
        ("ann", {"is_restricted": True}, rules.GUEST),
        ("ann", {"deleted": True}, rules.DEACTIVATED),
    ],
)
def test_whoever_may_not_act_sees_why_and_nothing_else(store: Store, name: str, said: dict[str, Any], why: str) -> None:
    """Threat T4: a Home shows nothing of what is going on to those who are not part of it."""
    store.submit_now(SYSTEM, know, name, **said)
    text = _home(store, f"U0{name.upper()}")
    assert why in text
    assert "News" not in text


async def test_asking_slack_makes_everybody_known(tmp_path: Path) -> None:
    accounts: dict[str, Mapping[str, Any] | None] = {
        "U0ANN": user("ann", profile={"email": "ann@office.example"}),
        "U0BOB": user("bob", is_ultra_restricted=True),
        "U0CY": user("cy", team_id="E0GRID", enterprise_user={"teams": ["T0OFFICE"], "id": "W1"}),
        "U0DEE": None,
        "U0EVE": user("eve", is_stranger=True),
    }

    async def ask(user_id: str) -> Mapping[str, Any] | None:
        return accounts[user_id]

    store = fresh_store(tmp_path, config())
    sweep, *_groups = SWEEPS
    assert store.read_now(sweep.next_due) is not None
    store.submit_now(SYSTEM, sweep.run)
    (row,) = store.read_now(rows, "people.refresh")
    effect = refresh_effect(ask)
    outcome = await effect.act(row.payload, "key")
    store.submit_now(SYSTEM, effect.settle, row.payload, outcome)
    active = [
        name for name in ("ann", "bob", "cy", "dee", "eve") if store.read_now(service.is_active, f"U0{name.upper()}")
    ]
    store.close()
    assert active == ["ann", "cy"]
    assert "office.example" not in str(outcome), "only what tells whether an account is trusted is kept"


async def test_when_slack_cannot_be_asked_nothing_is_taken_for_known(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = fresh_store(tmp_path, config())
    """P7: who was answered for is known; the rest is asked about again, later and later, with one line in the log."""
    sweep, *_groups = SWEEPS
    store.submit_now(SYSTEM, sweep.run)
    effect = refresh_effect(_answers_for_ann)
    for times in range(3):
        (row,) = store.read_now(rows, "people.refresh")
        outcome = await effect.act(row.payload, "key")
        store.submit_now(SYSTEM, _done, row.key)
        store.submit_now(SYSTEM, effect.settle, row.payload, outcome)
        (again,) = store.read_now(rows, "people.refresh")
        assert again.payload["people"] == ["U0BOB", "U0CY", "U0DEE", "U0EVE"]
        assert again.due_at == MORNING + timedelta(seconds=10 * 2**times)
    assert store.read_now(service.is_active, "U0ANN")
    assert not store.read_now(service.is_active, "U0BOB")
    assert [record.message for record in caplog.records] == [
        "Slack does not say who is who, so it is asked until it does: nobody answers"
    ]


async def _answers_for_ann(user_id: str) -> Mapping[str, Any] | None:
    if user_id != "U0ANN":
        raise BackoutError("nobody answers")
    return user("ann")


def _done(work: Work, key: str) -> None:
    work.change(OutboxRow, col(OutboxRow.key) == key, state=OutboxState.DONE)


def test_everybody_is_asked_about_again_when_news_may_have_been_lost(store: Store) -> None:
    """P17: although nobody is due."""
    sweep, *_groups = SWEEPS
    assert store.submit_now(SYSTEM, sweep.run) == 0
    store.submit_now(SYSTEM, STEPS["people.recheck"], {})
    (row,) = store.read_now(rows, "people.refresh")
    assert len(row.payload["people"]) == 5
