"""`/comms`, its form, and our part of the card."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from slack_sdk.models.views import View
from sqlmodel import select

from bot.comms import service, views
from bot.comms.slack import card_section, router
from bot.foundation.blocks import as_dicts, visible_text
from bot.foundation.db import Store
from bot.foundation.models import OutboxRow
from bot.foundation.router import Answer, Click, Command, Form, Open, Replace, Say, Sent
from bot.foundation.work import Actor
from tests.comms.desk import CARLA, MAYA, SYSTEM, brief, desk


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = desk(tmp_path)
    store.submit_now(SYSTEM, brief)
    store.submit_now(SYSTEM, lambda work: brief(work, "INC-43", kind="clinical", system_title="Triage assistant"))
    yield store
    store.close()


def _command(store: Store, text: str, person: Actor = CARLA) -> View:
    command = Command("/comms", text, "C0ALERTS05")
    answer = store.submit_now(person, lambda work: router.commands["/comms"](command, work))
    assert isinstance(answer, Open)
    return answer.view


def _choose(store: Store, values: Mapping[str, str], action: str, chosen: str, person: Actor = CARLA) -> View:
    click = Click(action, Sent(), chosen=chosen, values=Sent(values))
    answer = store.submit_now(person, lambda work: router.buttons[action](click, work))
    assert isinstance(answer, Replace)
    return answer.view


def _post(store: Store, view: View, person: Actor = CARLA) -> Answer:
    form = Form(views.FORM, Sent(_values(view)), Sent(json.loads(view.private_metadata or "{}")))
    return store.submit_now(person, lambda work: router.forms[views.FORM](form, work))


def _values(view: View) -> dict[str, str]:
    """What Slack would send of a form nobody has touched."""
    values: dict[str, str] = {}
    for block in view.to_dict()["blocks"]:
        if block["type"] == "input":
            element: dict[str, Any] = block["element"]
            option = element.get("initial_option") or {"value": element.get("initial_value", "")}
            values[block["block_id"]] = option["value"]
    return values


def _text(view: View) -> str:
    return visible_text(view.to_dict()["blocks"])


def _statements(store: Store) -> int:
    query = select(OutboxRow).where(OutboxRow.kind == "comms.statement")
    return len(store.read_now(lambda reading: reading.session.exec(query).all()))


def test_comms_opens_with_the_newest_incident_or_the_one_that_was_named(store: Store) -> None:
    """R118, R125: two gestures from a question to approved words."""
    assert _values(_command(store, ""))[views.SUBJECT] == "INC-43"
    assert _values(_command(store, " inc-42 "))[views.SUBJECT] == "INC-42"
    assert "Support bot" in _text(_command(store, "INC-42"))


def test_the_card_opens_the_form_for_its_incident(store: Store) -> None:
    click = Click(views.OPEN, Sent({"subject": "INC-42"}))
    answer = store.submit_now(CARLA, lambda work: router.buttons[views.OPEN](click, work))
    assert isinstance(answer, Open)
    assert _values(answer.view)[views.SUBJECT] == "INC-42"


def test_each_choice_shows_other_words_and_keeps_the_other_choices(store: Store) -> None:
    values = _values(_command(store, "INC-42"))
    view = _choose(store, values, views.AUDIENCE, "partners")
    assert "We have noticed a problem with “Support bot”" in _text(view)
    assert "#partner-desk" in _text(view)
    view = _choose(store, _values(view), views.STAGE, "update")
    assert {**_values(view)}.items() >= {
        views.SUBJECT: "INC-42",
        views.AUDIENCE: "partners",
        views.STAGE: "update",
    }.items()
    view = _choose(store, _values(view), views.SUBJECT, "INC-43")
    assert "“Triage assistant”" in _text(view)
    assert _values(view)[views.STAGE] == "initial", "another incident begins at the stage it has reached"


def test_words_for_the_kind_of_incident_are_chosen(store: Store) -> None:
    """R119."""
    assert "tell a nurse" in _text(_command(store, "INC-43"))


def test_posting_posts_what_was_shown(store: Store) -> None:
    view = _command(store, "INC-42")
    answer = _post(store, view)
    assert isinstance(answer, Say)
    assert "#customer-status" in answer.text
    (said,) = store.read_now(service.statements, "INC-42")
    shown = next(text for block_id, text in _values(view).items() if block_id.startswith("comms.copy"))
    assert said.text == shown


def test_posting_the_same_again_shows_why_not(store: Store) -> None:
    view = _command(store, "INC-42")
    _post(store, view)
    answer = _post(store, view)
    assert isinstance(answer, Replace)
    assert "posted exactly these words" in _text(answer.view)
    assert _statements(store) == 1


def test_when_facts_changed_meanwhile_nothing_is_posted_and_the_new_words_are_shown(store: Store) -> None:
    """Nobody posts what they have not read."""
    view = _command(store, "INC-42")
    store.submit_now(SYSTEM, lambda work: brief(work, users="about 90,000 users"))
    answer = _post(store, view)
    assert isinstance(answer, Replace)
    assert "The facts have changed since you looked" in _text(answer.view)
    assert "about 90,000 users" in _text(answer.view)
    assert _statements(store) == 0
    assert isinstance(_post(store, answer.view), Say)


def test_without_the_right_the_text_can_be_read_and_copied_but_not_posted(store: Store) -> None:
    """R117: and whoever has not the right is told who has."""
    view = _command(store, "INC-42", MAYA)
    assert view.submit is not None
    assert view.submit.text == "Check again"
    assert "Posting this is up to Communications (Carla Rossi)" in _text(view)
    assert any(block_id.startswith("comms.copy") for block_id in _values(view))
    forged = {"seen": json.loads(_command(store, "INC-42").private_metadata or "{}")["seen"]}
    form = Form(views.FORM, Sent(_values(view)), Sent(forged))
    answer = store.submit_now(MAYA, lambda work: router.forms[views.FORM](form, work))
    assert isinstance(answer, Replace)
    assert _statements(store) == 0


def test_without_incidents_nothing_can_be_chosen_or_posted(tmp_path: Path) -> None:
    store = desk(tmp_path)
    view = _command(store, "")
    answer = _post(store, view)
    store.close()
    assert "no incident is open" in _text(view)
    assert view.submit is None
    assert isinstance(answer, Replace)


def test_the_card_shows_who_was_told(store: Store) -> None:
    """R125, R160."""
    assert store.read_now(card_section, "INC-42").blocks == ()
    store.submit_now(CARLA, service.post, "INC-42", "customers/initial-chatbot")
    part = store.read_now(card_section, "INC-42")
    assert "Customers: initial" in visible_text(as_dicts(part.blocks))
