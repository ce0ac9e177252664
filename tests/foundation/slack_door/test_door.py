"""From a gesture to a Work to an answer, with the real Bolt: commit, then ack; a no reaches one person only."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from bot.foundation.blocks import Message, modal, section, text_input
from bot.foundation.errors import Refusal, StoreUnavailableError
from bot.foundation.router import Answer, Click, Command, Form, Open, Replace, Router, Say, Sent, Shortcut, Show
from bot.foundation.slack_door import SlackDoor
from bot.foundation.slack_door.door import AWAY, BROKE
from bot.foundation.slack_port import Refused
from bot.foundation.work import Work
from tests.foundation.sender.conftest import bad_blocks
from tests.foundation.slack_door.conftest import MAYA, STRANGER, VIEW, Entrance, identify
from tests.foundation.slack_door.test_payloads import damaged
from tests.support.slack import ME

DONE = ("thing.done", f"person:{MAYA}", "")


def body_of(response: Any) -> Any:
    return json.loads(response.body)


# --- commit, then ack -------------------------------------------------------------------------------------------------


async def test_a_click_is_done_before_it_is_acknowledged(any_entrance: Entrance) -> None:
    entrance = any_entrance
    response = await entrance.click()
    assert (response.status, response.body) == (200, "")
    assert entrance.actions() == [DONE]
    ((gesture, actor),) = entrance.seen
    assert gesture == Click("act", Sent({"n": 1}), channel="C1")
    assert (actor.id, actor.zone) == (MAYA, "Europe/Stockholm")


async def test_each_kind_of_gesture_finds_its_handler(entrance: Entrance) -> None:
    for response in (
        await entrance.submit(),
        await entrance.command("INC-1 why"),
        await entrance.shortcut(),
        await entrance.event(),
    ):
        assert response.status == 200
    gestures = [gesture for gesture, _actor in entrance.seen]
    assert gestures[:3] == [
        Form("form", Sent({"reason": "because"}), Sent({"incident": "INC-1"})),
        Command("/do", "INC-1 why", "C1"),
        Shortcut("report", "C1", "odd", "U2"),
    ]
    assert gestures[3]["type"] == "app_home_opened"
    assert entrance.actions() == [DONE] * 4


async def test_what_nobody_answers_changes_nothing(entrance: Entrance) -> None:
    assert (await entrance.click("unknown")).status == 404
    assert entrance.nonces() == 0


@pytest.mark.parametrize("gesture", ["click", "submit", "command", "shortcut", "event"])
async def test_without_a_commit_there_is_no_ack(
    entrance: Entrance, gesture: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P11: the person is told, nothing was changed, trying again is safe."""

    async def away(*_given: object) -> None:
        raise StoreUnavailableError("locked")

    with monkeypatch.context() as patch:
        patch.setattr(entrance.store, "submit", away)
        response = await getattr(entrance, gesture)()
    if gesture == "command":
        assert body_of(response)["text"] == AWAY
    elif gesture == "submit":
        assert body_of(response) == {"response_action": "errors", "errors": {"reason": AWAY}}
    else:
        assert response.status == 503
    assert entrance.actions() == []


# --- a normal no ------------------------------------------------------------------------------------------------------


async def test_a_refused_click_is_recorded_and_whispered(any_entrance: Entrance) -> None:
    entrance = any_entrance
    entrance.answers["act"] = Refusal("Maya leads already.")
    assert (await entrance.click()).status == 200
    assert entrance.actions() == [("gesture.refused", f"person:{MAYA}", "Maya leads already.")]
    assert entrance.whispers() == ["Maya leads already."]
    assert entrance.slack.calls == []


async def test_a_refused_click_where_there_is_no_channel_is_shown_in_a_window(entrance: Entrance) -> None:
    entrance.answers["act"] = Refusal("Maya leads already.")
    await entrance.click(channel=None, view={"type": "home", "id": "V1"})
    ((trigger, view, on_top),) = entrance.slack.opened
    assert (trigger, on_top) == ("1.2.t", False)
    assert "Maya leads already." in str(view.to_dict())
    assert entrance.whispers() == []


async def test_a_refused_command_is_answered_at_once_and_privately(entrance: Entrance) -> None:
    entrance.answers["/do"] = Refusal("There is no <INC-9>.")
    response = await entrance.command("INC-9")
    assert body_of(response) == {"text": "There is no &lt;INC-9&gt;.", "response_type": "ephemeral"}
    assert entrance.actions()[0][0] == "gesture.refused"


@pytest.mark.parametrize(("field", "shown_under"), [("why", "why"), (None, "reason"), ("unknown", "reason")])
async def test_a_refused_form_says_so_under_the_field_and_keeps_what_was_typed(
    entrance: Entrance, field: str | None, shown_under: str
) -> None:
    entrance.answers["form"] = Refusal("Say why.", field=field)
    response = await entrance.submit(fields=("reason", "why"))
    assert body_of(response) == {"response_action": "errors", "errors": {shown_under: "Say why."}}
    assert entrance.actions() == [("gesture.refused", f"person:{MAYA}", "Say why.")]
    assert entrance.whispers() == []


async def test_a_refused_form_without_a_field_is_replaced_by_the_words(entrance: Entrance) -> None:
    entrance.answers["form"] = Refusal("Say why.")
    view = modal("form", "Form", [section("x")], submit="Send").to_dict()
    body = {"type": "view_submission", "user": {"id": MAYA, "team_id": ME.team_id}, "view": {**view, "id": "V1"}}
    answer = body_of(await entrance.send(body))
    assert answer["response_action"] == "update"
    assert "Say why." in str(answer["view"])


@pytest.mark.parametrize("who", [{"user": STRANGER}, {"team": "T0OTHER"}])
async def test_somebody_unknown_can_do_nothing(entrance: Entrance, who: dict[str, str]) -> None:
    """T3, fail closed on people: refused before the handler runs, and recorded."""
    await entrance.click(**who)
    assert entrance.seen == []
    assert [action for action, _actor, _why in entrance.actions()] == ["gesture.refused"]
    assert entrance.whispers() == ["I do not know you. Ask your admin."]


async def test_a_refused_event_is_acknowledged_and_changes_nothing(entrance: Entrance) -> None:
    entrance.answers["event"] = Refusal("Not you.")
    assert (await entrance.event()).status == 200
    assert entrance.actions() == []


# --- answers ----------------------------------------------------------------------------------------------------------


async def test_what_is_said_after_a_click_is_whispered_in_the_same_transaction(entrance: Entrance) -> None:
    entrance.answers["act"] = Say("You lead <now>.")
    await entrance.click()
    assert entrance.whispers() == ["You lead &lt;now&gt;."]
    assert entrance.slack.calls == []


@pytest.mark.parametrize(
    ("answer", "text"), [(Say("said"), "said"), (Show(Message("shown", [section("the blocks")])), "shown")]
)
async def test_a_command_is_answered_in_its_acknowledgement(entrance: Entrance, answer: Answer, text: str) -> None:
    entrance.answers["/do"] = answer
    said = body_of(await entrance.command())
    assert (said["text"], said["response_type"]) == (text, "ephemeral")
    assert ("the blocks" in str(said)) == isinstance(answer, Show)


async def test_windows_open_after_the_commit_and_on_top_of_an_open_one(entrance: Entrance) -> None:
    entrance.answers["act"] = entrance.answers["/do"] = entrance.answers["report"] = Open(VIEW)
    await entrance.click()
    await entrance.command()
    await entrance.shortcut()
    await entrance.click(channel=None, view={"type": "modal", "id": "V1"})
    assert [on_top for _trigger, _view, on_top in entrance.slack.opened] == [False, False, False, True]


async def test_a_window_can_be_replaced(entrance: Entrance) -> None:
    entrance.answers["act"] = Replace(VIEW)
    await entrance.click(channel=None, view={"type": "modal", "id": "V7"})
    assert [view_id for view_id, _view in entrance.slack.replaced] == ["V7"]


@pytest.mark.parametrize(
    ("answer", "action"),
    [(Open(VIEW), "push"), (Replace(VIEW), "update"), (Say("thanks"), "update"), (Show(Message("x", [])), "update")],
)
async def test_a_form_is_answered_in_its_acknowledgement(entrance: Entrance, answer: Answer, action: str) -> None:
    entrance.answers["form"] = answer
    said = body_of(await entrance.submit())
    assert said["response_action"] == action
    assert said["view"]["type"] == "modal"
    assert entrance.slack.calls == []


async def test_a_window_that_slack_closed_is_said(entrance: Entrance) -> None:
    entrance.answers["act"] = Open(VIEW)
    entrance.slack.fail("open_view", Refused("expired_trigger_id"))
    assert (await entrance.click()).status == 200
    assert "Please try again" in entrance.whispers()[0]


# --- the same again ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gesture", ["click", "submit", "command"])
async def test_a_replayed_request_has_one_effect(any_entrance: Entrance, gesture: str) -> None:
    """T2, F8: five times at once and five times later."""
    entrance = any_entrance
    send = getattr(entrance, gesture)
    responses = await asyncio.gather(*(send(nonce="the same") for _ in range(5)))
    responses += [await send(nonce="the same") for _ in range(5)]
    assert {response.status for response in responses} == {200}
    assert len(entrance.seen) == 1
    assert entrance.actions() == [DONE]


async def test_a_refused_request_replayed_is_recorded_once(entrance: Entrance) -> None:
    entrance.answers["act"] = Refusal("No.")
    for _ in range(3):
        await entrance.click(nonce="the same")
    assert len(entrance.actions()) == 1
    assert entrance.whispers() == ["No."]
    entrance.answers.clear()
    await entrance.click(nonce="the same")
    assert [action for action, _actor, _why in entrance.actions()] == ["gesture.refused"], "too late to become a yes"


async def test_an_event_that_slack_repeats_has_one_effect(any_entrance: Entrance) -> None:
    """A genuine repetition is signed anew: only its event id is the same."""
    entrance = any_entrance
    statuses = [(await entrance.event(event_id="Ev1")).status for _ in range(3)]
    statuses.append((await entrance.event(event_id="Ev2")).status)
    assert statuses == [200] * 4
    assert len(entrance.seen) == 2


async def test_an_event_that_failed_is_taken_when_slack_repeats_it(entrance: Entrance) -> None:
    entrance.answers["event"] = ZeroDivisionError()
    assert (await entrance.event()).status == 500
    assert entrance.actions() == []
    entrance.answers.clear()
    assert (await entrance.event()).status == 200
    assert entrance.actions() == [DONE]


# --- our own mistakes, and hostile payloads ---------------------------------------------------------------------------


@pytest.mark.parametrize("gesture", ["click", "submit", "command", "shortcut"])
async def test_a_defect_changes_nothing_and_is_said_plainly(entrance: Entrance, gesture: str) -> None:
    for name in ("act", "form", "/do", "report"):
        entrance.answers[name] = KeyError("a secret detail")
    response = await getattr(entrance, gesture)()
    assert "secret" not in response.body
    if gesture == "command":
        assert body_of(response) == {"response_type": "ephemeral", "text": BROKE}
    elif gesture == "submit":
        assert body_of(response)["errors"] == {"reason": BROKE}
    else:
        assert (response.status, response.body) == (500, "")
    assert entrance.actions() == []
    assert entrance.nonces() == 0, "the same gesture may be tried again"


async def test_what_is_signed_but_not_sound_is_a_bad_request(entrance: Entrance) -> None:
    for body in (
        {"type": "block_actions", "user": {"id": MAYA}, "actions": []},
        {"type": "view_submission", "user": {"id": MAYA}, "view": None},
        {"type": "event_callback", "event": "text"},
        {"command": "/do"},
    ):
        assert (await entrance.send(body)).status == 400
    assert entrance.seen == []


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damaged())
def test_no_signed_payload_breaks_the_door(entrance: Entrance, body: dict[str, Any]) -> None:
    """F7: never a 5xx for what others send."""
    entrance.slack.calls.clear()
    response = asyncio.run(entrance.send(body))
    assert response.status in (200, 400, 404)


def test_two_answers_to_one_gesture_are_a_mistake_of_ours(entrance: Entrance) -> None:
    first, second = Router(), Router()

    def act(_click: Click, _work: Work) -> Answer:
        return None

    first.button("act")(act)
    second.button("act")(act)
    with pytest.raises(ValueError, match="act is answered twice"):
        SlackDoor(entrance.store, entrance.slack, [first, second], identify, ME)


@pytest.mark.parametrize(
    "answer",
    [Open(modal("m", "M", [])), Open(modal("m", "M", [text_input("a", "A")])), Show(Message("x", bad_blocks()))],
)
async def test_an_answer_that_slack_would_refuse_is_noticed_before_anything_is_committed(
    entrance: Entrance, answer: Answer
) -> None:
    entrance.answers["act"] = entrance.answers["form"] = answer
    assert (await entrance.click()).status == 500
    assert body_of(await entrance.submit())["errors"] == {"reason": BROKE}
    assert entrance.actions() == []
