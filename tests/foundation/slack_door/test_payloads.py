"""Payloads as Slack documents them, and whatever else may be signed."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.foundation.router import Click, Command, Form, Sent, Shortcut
from bot.foundation.slack_door import payloads

CLICK: dict[str, Any] = {
    "type": "block_actions",
    "api_app_id": "A0BACKOUT1",
    "team": {"id": "T0MERIDIAN", "domain": "meridian"},
    "user": {"id": "U0MAYA0001", "username": "maya", "team_id": "T0MERIDIAN"},
    "trigger_id": "1.2.abc",
    "channel": {"id": "C0SHOPREC1", "name": "shop-recommender"},
    "message": {"type": "message", "ts": "1.2", "text": "card"},
    "actions": [{"type": "button", "action_id": "approve", "block_id": "b", "value": '{"request":"r1","round":2}'}],
}
FORM: dict[str, Any] = {
    "type": "view_submission",
    "team": {"id": "T0MERIDIAN"},
    "user": {"id": "U0MAYA0001"},
    "view": {
        "id": "V1",
        "type": "modal",
        "callback_id": "close",
        "private_metadata": '{"incident":"INC-1"}',
        "blocks": [{"type": "section", "block_id": "s"}, {"type": "input", "block_id": "reason"}],
        "state": {
            "values": {
                "reason": {"reason": {"type": "plain_text_input", "value": "it is over"}},
                "empty": {"empty": {"type": "plain_text_input", "value": None}},
                "severity": {"severity": {"selected_option": {"text": {"text": "High"}, "value": "high"}}},
                "lead": {"lead": {"selected_user": "U0JONAS002"}},
                "when": {"when": {"selected_date": "2026-11-21"}},
                "nothing": {},
            }
        },
    },
}


def test_a_click() -> None:
    assert payloads.click(CLICK) == Click("approve", Sent({"request": "r1", "round": 2}), channel="C0SHOPREC1")


@pytest.mark.parametrize(
    ("element", "chosen"),
    [
        ({"selected_option": {"value": "high"}}, "high"),
        ({"selected_user": "U1"}, "U1"),
        ({"selected_channel": "C1"}, "C1"),
        ({"selected_conversation": "C2"}, "C2"),
        ({"selected_date": "2026-11-21"}, "2026-11-21"),
        ({"selected_time": "09:00"}, "09:00"),
        ({"selected_option": None}, None),
        ({}, None),
    ],
)
def test_a_choice(element: dict[str, Any], chosen: str | None) -> None:
    assert payloads.click({**CLICK, "actions": [{"action_id": "pick", **element}]}).chosen == chosen


def test_a_click_in_a_modal_brings_the_form_and_no_channel() -> None:
    click = payloads.click({**{key: CLICK[key] for key in ("type", "user", "actions")}, "view": FORM["view"]})
    assert click.channel is None
    assert click.values["reason"] == "it is over"
    assert click.metadata == {"incident": "INC-1"}


def test_a_form() -> None:
    values = {
        "reason": "it is over",
        "empty": "",
        "severity": "high",
        "lead": "U0JONAS002",
        "when": "2026-11-21",
        "nothing": "",
    }
    assert payloads.form(FORM) == Form("close", Sent(values), Sent({"incident": "INC-1"}))


def test_a_command() -> None:
    body = {
        "command": "/rollback",
        "text": "  INC-1 why \0\ud800 ",
        "channel_id": "C1",
        "user_id": "U1",
        "team_id": "T1",
    }
    assert payloads.command(body) == Command("/rollback", "INC-1 why ?", "C1")
    assert payloads.command({"command": "/rollback", "channel_id": "C1"}).text == ""


def test_a_shortcut() -> None:
    body = {"callback_id": "report", "channel": {"id": "C1"}, "message": {"text": "odd", "user": "U2"}}
    assert payloads.shortcut(body) == Shortcut("report", "C1", "odd", "U2")
    assert payloads.shortcut({"callback_id": "report"}) == Shortcut("report", "", "", "")


@pytest.mark.parametrize(
    ("body", "person"),
    [
        (CLICK, ("T0MERIDIAN", "U0MAYA0001")),
        ({"user": {"id": "U1"}, "team": {"id": "T1"}}, ("T1", "U1")),
        ({"user": {"id": "U1", "team_id": "T0OTHER"}, "team": {"id": "T1"}}, ("T0OTHER", "U1")),
        ({"team_id": "T1", "user_id": "U1", "command": "/rollback"}, ("T1", "U1")),
        ({"team_id": "T1", "event": {"type": "app_home_opened", "user": "U1"}}, ("T1", "U1")),
        ({"team_id": "T1", "event": {"type": "user_change", "user": {"id": "U1"}}}, ("T1", "U1")),
        ({"team_id": "T1", "event": {"type": "tokens_revoked"}}, ("T1", "")),
    ],
)
def test_who_acted_and_from_which_workspace(body: dict[str, Any], person: tuple[str, str]) -> None:
    assert payloads.person(body) == person


def test_the_first_field_and_whether_there_is_one() -> None:
    assert payloads.first_field(FORM) == "reason"
    assert payloads.has_field(FORM, "reason")
    assert not payloads.has_field(FORM, "s"), "a section is no field"
    assert not payloads.has_field(FORM, None)
    assert payloads.first_field({"view": {"blocks": []}}) is None


@pytest.mark.parametrize("value", [None, "", "no json", "[1]", "null", "[" * 100_000])
def test_a_value_that_is_not_ours_is_nothing(value: Any) -> None:
    assert payloads.click({"actions": [{"action_id": "a", "value": value}]}).value == {}


@pytest.mark.parametrize(
    ("body", "sound"),
    [
        (CLICK, True),
        (FORM, True),
        ({"command": "/rollback", "text": "", "channel_id": "C1", "user_id": "U1", "team_id": "T1"}, True),
        ({"type": "event_callback", "event": {"type": "app_home_opened", "user": "U1"}, "event_id": "Ev1"}, True),
        ({"type": "event_callback", "event": {"type": "user_change", "user": {"id": "U1"}}}, True),
        ({**CLICK, "actions": []}, False),
        ({**CLICK, "actions": None}, False),
        ({**CLICK, "actions": [{"value": "x"}]}, False),
        ({**CLICK, "actions": [{"action_id": "a", "value": 7}]}, False),
        ({**CLICK, "user": None}, False),
        ({**CLICK, "user": "U1"}, False),
        ({**CLICK, "channel": "C1"}, False),
        ({**CLICK, "view": []}, False),
        ({**FORM, "view": None}, False),
        ({**FORM, "view": {"state": {"values": []}}}, False),
        ({**FORM, "view": {"blocks": ["x"]}}, False),
        ({"command": "/rollback"}, False),
        ({"command": "/rollback", "user_id": "U1"}, False),
        ({"command": "", "user_id": "U1", "channel_id": "C1"}, False),
        ({"type": "event_callback"}, False),
        ({"type": "event_callback", "event": {}}, False),
        ({"type": "event_callback", "event": "x"}, False),
        ({"type": 7}, False),
    ],
)
def test_what_is_signed_is_not_always_sound(body: dict[str, Any], sound: bool) -> None:
    assert payloads.is_sound(body) is sound


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2),
    max_leaves=4,
) | st.dictionaries(st.sampled_from(["id", "type", "value", "blocks"]), st.text(max_size=3), max_size=2)


@st.composite
def damaged(draw: st.DrawFn) -> dict[str, Any]:
    """A payload with something else in one place."""
    body: dict[str, Any] = json.loads(json.dumps(draw(st.sampled_from([CLICK, FORM]))))
    holder: Any = body
    while True:
        key = draw(st.sampled_from(list(holder) if isinstance(holder, dict) else list(range(len(holder)))))
        if not holder[key] or not isinstance(holder[key], dict | list) or draw(st.booleans()):
            break
        holder = holder[key]
    holder[key] = draw(JSON)
    return body


@settings(max_examples=300)
@given(damaged())
def test_whatever_is_sound_can_be_read(body: dict[str, Any]) -> None:
    if not payloads.is_sound(body):
        return
    payloads.person(body)
    payloads.first_field(body)
    payloads.has_field(body, "reason")
    if body["type"] == "block_actions":
        payloads.click(body)
    if body["type"] == "view_submission":
        payloads.form(body)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("<@U0MAYA0001> it refunds &amp; lies", "it refunds & lies"),
        ("see <https://help.example/a|the answer> in <#C0SUPPORT4|support-bot>", "see the answer in support-bot"),
        ("<!channel> <https://help.example/a>", "https://help.example/a"),
        ("1 &lt; 2", "1 < 2"),
    ],
)
def test_a_shortcut_brings_the_words_a_person_read(text: str, read: str) -> None:
    body = {"callback_id": "incidents.report", "channel": {"id": "C1"}, "message": {"text": text, "user": "U1"}}
    assert payloads.shortcut(body).text == read


def test_a_payload_is_kept_without_what_no_database_takes() -> None:
    """T14."""
    assert payloads.storable({"a\0": ["\ud800x", {"b": "\udfff"}, 7, None]}) == {"a": ["?x", {"b": "?"}, 7, None]}
