"""Clicks and forms, our part of the card and of App Home."""

import json
from typing import Any

import pytest

from bot.approvals import service, views
from bot.approvals.models import Request
from bot.approvals.slack import card_section, decisions_section, home_section, router
from bot.foundation.blocks import as_dicts, visible_text
from bot.foundation.errors import Refusal
from bot.foundation.router import Click, Form, Open, Say, Sent
from bot.foundation.work import Work
from tests.approvals.committee import Committee, slack

BUTTONS = (views.APPROVE, views.REJECT, views.ASK, views.ABSTAIN, views.WITHDRAW)


def press(work: Work, /, action: str, value: dict[str, Any]) -> dict[str, Any]:
    """Press a button; returns the modal that opens, as Slack gets it."""
    answer = router.buttons[action](Click(action, Sent(value)), work)
    assert isinstance(answer, Open)
    return answer.view.to_dict()


def submit(work: Work, /, view: dict[str, Any], **values: str) -> object:
    """Submit a modal."""
    metadata = json.loads(view["private_metadata"])
    return router.forms[view["callback_id"]](Form(view["callback_id"], Sent(values), Sent(metadata)), work)


def card(committee: Committee) -> tuple[str, list[dict[str, Any]]]:
    """Our part of the card: what is read, and its buttons."""
    found = committee.reads(card_section, "INC-1")
    blocks = as_dicts([*found.blocks, *found.detail])
    return visible_text(blocks), [
        element for block in blocks for element in block.get("elements", []) if "action_id" in element
    ]


def about(request: Request, **changes: Any) -> dict[str, Any]:
    return {"request": request.id, "round": request.round, **changes}


def test_from_button_to_vote(committee: Committee) -> None:
    """R171 R178: everything needed to decide stands in the form."""
    request = committee.ask()
    view = committee.does("tom", press, views.APPROVE, about(request))
    text = visible_text(view["blocks"])
    for part in (
        "Roll back shop from 8 to 7",
        "ab12ab12ab12",
        "Visitors buy less.",
        "severity medium",
        "*Engineering*",
    ):
        assert part in text
    assert "It begins at once when the other approvals are given, too." in text
    assert committee.does("tom", submit, view, reason="It is right.") is None
    last = committee.does("ann", press, views.APPROVE, about(request))
    assert "Yours is the last approval that is missing" in visible_text(last["blocks"])
    assert committee.does("ann", submit, last, reason="It is right.") is None
    assert committee.now(request).state == "approved"


def test_a_deputy_reads_for_whom(committee: Committee) -> None:
    """R084."""
    committee.deactivate("tom")
    view = committee.does("pri", press, views.APPROVE, about(committee.ask()))
    assert "You approve as *Engineering*, in place of Tom." in visible_text(view["blocks"])


def test_from_button_to_rejection(committee: Committee) -> None:
    request = committee.ask()
    view = committee.does("ann", press, views.REJECT, about(request))
    assert "closes the request, whatever others have answered: nothing is rolled back." in visible_text(view["blocks"])
    committee.does("ann", submit, view, reason="It is wrong.")
    assert committee.now(request).state == "rejected"


def test_from_button_to_question(committee: Committee) -> None:
    request = committee.ask()
    view = committee.does("ann", press, views.ASK, about(request))
    committee.does("ann", submit, view, text="Which orders are wrong?")
    assert "Which orders are wrong?" in card(committee)[0]


@pytest.mark.parametrize("action", BUTTONS[:-1])
@pytest.mark.parametrize("who", ["may", "zoe"])
def test_who_may_not_is_told_before_typing_anything(committee: Committee, action: str, who: str) -> None:
    """R072: threat T4."""
    request = committee.ask()
    assert committee.refusal(who, press, action, about(request)).message.startswith(("You asked", "You are not"))


@pytest.mark.parametrize("action", BUTTONS)
def test_old_buttons_say_what_became_of_it(committee: Committee, action: str) -> None:
    """Threat T9."""
    request = committee.ask()
    assert "belongs to round 2" in committee.refusal("tom", press, action, about(request, round=2)).message
    committee.reject("ann", request)
    assert "was rejected at 09:00 WET: by Ann" in committee.refusal("tom", press, action, about(request)).message


def test_a_form_that_comes_too_late_says_so(committee: Committee) -> None:
    """Threat T9: recorded, without effect."""
    request = committee.ask()
    view = committee.does("tom", press, views.APPROVE, about(request))
    committee.reject("ann", request)
    answer = committee.does("tom", submit, view, reason="It is right.")
    assert isinstance(answer, Say)
    assert "recorded as late" in answer.text
    with pytest.raises(Refusal):
        committee.does("ann", submit, view, reason="It is right.")


def test_the_card_of_an_open_round(committee: Committee) -> None:
    """R073 R178: who has answered and why, who is asked, who may stand in from when, until when."""
    request = committee.ask()
    committee.approve("tom", request, "The old one is safe.")
    text, buttons = card(committee)
    assert f"✅ *Engineering:* <@{slack('tom')}>" in text
    assert "“The old one is safe.”" in text
    assert f"⬜ *Product:* waits for <@{slack('ann')}>; Leo may stand in from <!date^" in text
    assert "If it is not complete by then, nothing is rolled back." in text
    assert f"Asked by <@{slack('may')}>" in text
    assert [button["action_id"] for button in buttons] == list(BUTTONS)
    assert [json.loads(button["value"]) for button in buttons] == [about(request)] * 5


def test_the_card_says_for_whom_a_deputy_has_answered(committee: Committee) -> None:
    """R084."""
    request = committee.ask()
    committee.clock.pass_time(minutes=10)
    committee.approve("pri", request)
    text, _ = card(committee)
    assert f"<@{slack('pri')}> for Tom" in text
    assert f"<@{slack('leo')}> (for Ann)" in text


def test_the_card_says_when_nobody_can_answer(committee: Committee) -> None:
    committee.ask()
    committee.deactivate("tom", "pri")
    assert "*Engineering:* nobody can answer now" in card(committee)[0]


@pytest.mark.parametrize(
    ("end", "says"),
    [
        ("approve", "*Approved*"),
        ("reject", "*Rejected*"),
        ("void", "*Void*"),
        ("expire", "*Expired*"),
    ],
)
def test_a_decided_card_says_who_and_has_no_buttons(committee: Committee, end: str, says: str) -> None:
    """R104: threat T9."""
    request = committee.ask()
    committee.approve("tom", request)
    match end:
        case "approve":
            committee.approve("ann", request)
        case "reject":
            committee.reject("ann", request)
        case "void":
            committee.does("backout", service.void, "INC-1", "INC-1 was closed.")
        case "expire":
            committee.clock.pass_time(hours=1)
            committee.does("backout", service.expire)
    text, buttons = card(committee)
    assert says in text
    assert f"<@{slack('tom')}>" in text
    assert buttons == []


def test_no_request_no_section(committee: Committee) -> None:
    assert card(committee) == ("", [])


def test_nothing_in_a_reason_can_act(committee: Committee) -> None:
    """R104: what people typed is shown, never obeyed."""
    committee.approve("tom", committee.ask(reason="<!channel> *x*"), "<!here> <@U0ZOE> is wrong")
    text, _ = card(committee)
    assert "<!channel>" not in text
    assert "<!here>" not in text
    assert "<@U0ZOE>" not in text
    assert not [note for note in committee.notes() if "<!here>" in note]


def home(committee: Committee, who: str) -> tuple[str, list[str]]:
    found = committee.reads(home_section, slack(who))
    blocks = as_dicts([*found.blocks, *found.detail])
    return visible_text(blocks), [e["value"] for block in blocks for e in block.get("elements", []) if "action_id" in e]


def test_home_lists_what_waits_for_this_person(committee: Committee) -> None:
    """R072: with the time that is left, and the same buttons."""
    first = committee.ask(subject="INC-1")
    committee.clock.pass_time(minutes=5)
    second = committee.ask(subject="INC-2", summary="Roll back credit", severity="low")
    text, values = home(committee, "ann")
    assert "Waiting for you: 2" in text
    assert text.index("Roll back shop") < text.index("Roll back credit")
    assert "(55 min left)" in text
    assert "(1 h 00 min left)" in text
    assert [json.loads(value) for value in values] == [about(first)] * 2 + [about(second)] * 2
    for nobody in ("may", "leo", "zoe"):
        assert home(committee, nobody) == ("Waiting for you\nNothing waits for your decision.", [])
    committee.approve("ann", first)
    assert "Waiting for you: 1" in home(committee, "ann")[0]
    committee.clock.pass_time(minutes=10)
    assert "You approve as *Product*, in place of Ann." in home(committee, "leo")[0]
    committee.clock.pass_time(minutes=50)
    assert home(committee, "ann")[1] == []


def test_home_says_what_was_decided_lately(committee: Committee) -> None:
    assert committee.reads(decisions_section, slack("ann")).detail == ()
    request = committee.ask()
    committee.reject("ann", request)
    text = visible_text(as_dicts(committee.reads(decisions_section, slack("ann")).detail))
    assert text.startswith("Decided lately\n")
    assert "Rejected" in text


def test_many_requests_stay_within_the_budget_of_home(committee: Committee) -> None:
    for number in range(12):
        committee.ask(subject=f"INC-{number}")
    text, values = home(committee, "tom")
    assert "and 2 more" in text
    assert len(values) == 20


def test_from_button_to_abstention_and_back(committee: Committee) -> None:
    """R178: the deputy is asked at once; whoever abstained may still answer otherwise."""
    request = committee.ask()
    view = committee.does("tom", press, views.ABSTAIN, about(request))
    assert "others who may decide in your place are asked at once" in visible_text(view["blocks"])
    assert committee.does("tom", submit, view, reason="I wrote half of it.") is None
    text, _ = card(committee)
    assert f"➖ *Abstained:* <@{slack('tom')}>" in text
    assert f"⬜ *Engineering:* waits for <@{slack('pri')}> (for Tom)" in text
    back = committee.does("tom", press, views.WITHDRAW, about(request))
    assert committee.does("tom", submit, back, reason="It was the other half.") is None
    text, buttons = card(committee)
    assert "Abstained" not in text
    assert views.WITHDRAW not in [button["action_id"] for button in buttons]


def test_nobody_takes_back_what_they_did_not_say(committee: Committee) -> None:
    request = committee.ask()
    with pytest.raises(Refusal, match="You have not answered in this round"):
        committee.does("tom", press, views.WITHDRAW, about(request))


def test_whoever_is_consulted_answers_and_approvers_read_it(committee: Committee) -> None:
    """R063: from the button in the direct message to the card."""
    request = committee.ask(activity="advised", severity="low")
    assert "*Consulted:* Compliance: not answered, asked until" in card(committee)[0]
    view = committee.does("gra", press, views.ADVISE, {"request": request.id, "role": "compliance"})
    assert "You are asked as *Compliance*." in visible_text(view["blocks"])
    said = committee.does("gra", submit, view, text="Tell the auditor first.")
    assert said == Say("Thank you. Those who decide see your answer on the card.")
    assert f"Compliance (<@{slack('gra')}>): “Tell the auditor first.”" in card(committee)[0]
    committee.approve("ann", request)
    assert "“Tell the auditor first.”" in card(committee)[0]


def test_the_card_says_when_there_was_nobody_to_consult(committee: Committee) -> None:
    committee.ask(by="gra", activity="advised", severity="low")
    assert "Compliance: nobody else to ask" in card(committee)[0]
