"""What people type and press, and what they get."""

from typing import Any

import pytest

from bot.foundation.blocks import as_dicts, visible_text
from bot.foundation.errors import Refusal
from bot.foundation.router import Answer, Click, Command, Form, Open, Replace, Say, Sent, Show, together
from bot.incidents import service as incidents
from bot.incidents import slack as incidents_slack
from bot.rollback import slack, views
from tests.rollback.rehearsal import SHOP, Rehearsal, ScriptedTarget

ROUTER = together([slack.router, incidents_slack.router])


def types(played: Rehearsal, text: str, by: str = "maya") -> Answer:
    return played.people.does(by, _command, text)


def _command(work: Any, text: str) -> Answer:
    return ROUTER.answer(Command("/rollback", text, "C0SHOPREC1"), work)


def words(answer: Answer) -> str:
    match answer:
        case Say(text=text):
            return str(text)
        case Show(message=message):
            return visible_text(as_dicts(message.blocks))
        case Open(view=view) | Replace(view=view):
            return visible_text(view.to_dict()["blocks"])
        case None:
            return ""


def chosen(answer: Answer) -> dict[str, str]:
    """What a form's lists and fields hold, by block id."""
    assert isinstance(answer, Open | Replace)
    found = {}
    for block in answer.view.to_dict()["blocks"]:
        if block["type"] == "input":
            element = block["element"]
            option = element.get("initial_option") or {"value": element.get("initial_value", "")}
            found[block["block_id"]] = option["value"]
    return found


def metadata(answer: Answer) -> str:
    assert isinstance(answer, Open | Replace)
    return str(answer.view.private_metadata)


def test_alone_it_opens_the_form(played: Rehearsal) -> None:
    assert views.SYSTEM in chosen(types(played, ""))


def test_help_and_status(played: Rehearsal) -> None:
    told = words(types(played, "HELP"))
    for typed in ("/rollback", "/rollback INC-42", "/rollback status", "/rollback help"):
        assert f"`{typed}`" in told
    assert "Systems: `credit-scoring`, `shop-recommender`" in told
    assert "Open now: nothing" in told
    assert words(types(played, "status")) == "No incident is open."
    played.people.opens()
    assert "*INC-1*" in words(types(played, "status"))
    assert "Open now: `INC-1`" in words(types(played, "help"))


def test_a_system_and_a_reason_fill_the_form(played: Rehearsal) -> None:
    """R163: one line is enough to get to the question."""
    filled = chosen(types(played, f"{SHOP.upper()} visitors see winter coats in July"))
    assert filled == {
        views.SYSTEM: SHOP,
        f"from_version:{SHOP}": "8",
        f"to_version:{SHOP}": "7",
        "reason": "visitors see winter coats in July",
    }


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("shop-recomender it fell", "Did you mean `/rollback shop-recommender`?"),
        ("statsu", "Did you mean `/rollback status`?"),
        ("shop", "Did you mean `/rollback shop-recommender`?"),
        ("s", "or one of: `help`, `status`"),
        ("xyzzy", "or one of: `help`, `status`"),
    ],
)
def test_what_is_not_known(played: Rehearsal, typed: str, hint: str) -> None:
    assert hint in words(types(played, typed))


def test_an_incident_is_shown_with_where_its_rollback_stands(played: Rehearsal) -> None:
    played.people.opens()
    answer = types(played, "inc-1")
    assert "No rollback was asked for." in words(answer)
    assert "Roll back" in words(answer)
    played.ask()
    assert "Waits for approval" in words(types(played, "INC-1"))


def test_an_incident_that_there_is_not(played: Rehearsal) -> None:
    with pytest.raises(Refusal, match="There is no INC-9"):
        types(played, "INC-9")


def press(played: Rehearsal, action: str, value: dict[str, Any], by: str = "maya", **more: Any) -> Answer:
    handler = slack.router.buttons[action]
    return played.people.does(by, lambda work: handler(Click(action, Sent(value), **more), work))


def test_the_card_s_button_opens_the_form_for_its_incident(played: Rehearsal) -> None:
    played.people.opens()
    answer = press(played, "rollback.open", {"incident": "INC-1"})
    assert chosen(answer)[f"from_version:{SHOP}"] == "8"
    assert "INC-1" in metadata(answer)


def test_taking_back_opens_the_form_the_other_way_round(played: Rehearsal) -> None:
    """R090."""
    played.people.opens()
    value = {"incident": "INC-1", "from_version": "7", "to_version": "8"}
    filled = chosen(press(played, views.REINSTATE, value))
    assert (filled[f"from_version:{SHOP}"], filled[f"to_version:{SHOP}"]) == ("7", "8")


def test_another_system_shows_its_versions_and_keeps_the_reason(played: Rehearsal) -> None:
    played.people.opens()
    values = {views.SYSTEM: "support-bot", "reason": "it is wrong"}
    answer = press(played, views.SYSTEM, {}, chosen="support-bot", values=values, metadata={"incident": "INC-1"})
    assert isinstance(answer, Replace)
    filled = chosen(answer)
    assert (filled[views.SYSTEM], filled["to_version:support-bot"], filled["reason"]) == (
        "support-bot", "41", "it is wrong",
    )  # fmt: skip
    assert "INC-1" not in metadata(answer)


def submit(played: Rehearsal, by: str = "maya", incident: str | None = None, **values: str) -> Answer:
    filled = {views.SYSTEM: SHOP, f"from_version:{SHOP}": "8", f"to_version:{SHOP}": "7", "reason": "it fell"}
    form = Form(views.CALLBACK, Sent(filled | values), Sent({"incident": incident}))
    return played.people.does(by, lambda work: slack.ask(form, work))


def test_submitting_asks_and_says_who_decides(played: Rehearsal) -> None:
    answer = words(submit(played))
    assert "Asked, for INC-1. Nothing is changed until these have approved:" in answer
    assert "Engineering lead: Tomás Ferreira" in answer


def test_a_refusal_stands_under_the_field_of_the_chosen_system(played: Rehearsal) -> None:
    with pytest.raises(Refusal) as refused:
        submit(played, **{f"to_version:{SHOP}": "8"})
    assert refused.value.field == f"to_version:{SHOP}"
    with pytest.raises(Refusal) as refused:
        submit(played, reason="")
    assert refused.value.field == "reason"
    assert played.people.reads(incidents.open_incidents) == []


def test_the_incident_counts_only_for_its_own_system(played: Rehearsal) -> None:
    played.people.opens("support-bot", "42")
    submit(played, incident="INC-1")
    assert played.people.incident("INC-2").system == SHOP


async def test_checking_again_from_the_card(played: Rehearsal, target: ScriptedTarget) -> None:
    target.answers = [["7", "8"]]
    await played.carry_out()
    await played.tick(seconds=5)
    await played.tick(seconds=5)
    run = played.execution()
    press(played, views.CHECK, {"request": run.request_id, "round": run.round})
    assert played.execution().state == "validating"


async def test_our_part_of_card_and_home(played: Rehearsal, target: ScriptedTarget) -> None:
    played.people.opens()
    assert played.people.reads(slack.card_section, "INC-1").blocks == ()
    assert played.people.reads(slack.home_section, "U0MAYA0001").blocks == ()
    target.answers = [["8"]]
    await played.carry_out()
    card = played.people.reads(slack.card_section, "INC-1")
    home = played.people.reads(slack.home_section, "U0MAYA0001")
    assert "Being checked" in visible_text(as_dicts(card.blocks))
    assert "Being rolled back" in visible_text(as_dicts(home.blocks))
