"""The form that hands over, and our part of the card."""

import json
from typing import Any

import pytest

from bot.escalation import service, views
from bot.escalation.slack import card_section, router
from bot.foundation.blocks import as_dicts, visible_text
from bot.foundation.router import Click, Form, Open, Sent
from bot.foundation.work import Work
from tests.escalation.ladder import Ladder


def press(work: Work) -> dict[str, Any]:
    answer = router.buttons[views.HAND_OVER](Click(views.HAND_OVER, Sent({"incident": "INC-1"})), work)
    assert isinstance(answer, Open)
    return answer.view.to_dict()


def submit(work: Work, view: dict[str, Any], values: dict[str, str]) -> object:
    return router.forms[view["callback_id"]](
        Form(view["callback_id"], Sent(values), Sent(json.loads(view["private_metadata"]))), work
    )


def card(ladder: Ladder) -> str:
    found = ladder.reads(card_section, "INC-1")
    return visible_text(as_dicts([*found.blocks, *found.detail]))


def test_from_button_to_hand_over(ladder: Ladder) -> None:
    """R079."""
    ladder.start()
    ladder.does("maya", service.acknowledge, "INC-1")
    view = ladder.does("maya", press)
    assert "Maya Lindqvist leads *INC-1* now." in visible_text(view["blocks"])
    assert ladder.does("maya", submit, view, {"to": ladder.id("jonas"), "reason": "My shift ends."}) is None
    assert "is asked to take over the lead" in card(ladder)
    accept = router.buttons["escalation.accept"]
    ladder.does("jonas", lambda work: accept(Click("escalation.accept", Sent({"incident": "INC-1"})), work))
    assert ladder.now().lead == ladder.id("jonas")
    assert "*Owner of the escalation:* Jonas Weber. Deputy: Priya Raman." in card(ladder)


def test_who_may_not_hand_over_is_told_before_typing_anything(ladder: Ladder) -> None:
    """R087."""
    ladder.start()
    assert ladder.refusal("carla", press).message.startswith("Nobody leads INC-1 yet.")
    assert "*INC-1*" in visible_text(ladder.does("priya", press)["blocks"])


def test_the_card_says_what_is_waited_for_until_when_and_what_then(ladder: Ladder) -> None:
    """R075 R081 R085."""
    ladder.start()
    text = card(ladder)
    assert "somebody to acknowledge" in text
    assert "2026-11-21 09:15 UTC" in text
    assert "tier 2 is paged: Safety, compliance and product" in text
    assert "*1 Owners*" in text
    ladder.does("maya", service.acknowledge, "INC-1")
    assert "a decision" in card(ladder)
    ladder.climb(hours=1)
    ladder.climb(hours=1)
    assert "nobody is left to page" in card(ladder)
    ladder.climb(hours=1)
    assert "Every tier has been brought in." in card(ladder)


def test_the_card_names_a_lead_who_has_not_acknowledged(ladder: Ladder) -> None:
    """R079."""
    ladder.start()
    ladder.does("priya", service.hand_over, "INC-1", to=ladder.id("jonas"), reason="He knows it.")
    assert "Jonas Weber" in card(ladder)
    assert "not acknowledged yet" in card(ladder)


@pytest.mark.parametrize("end", ["decided", "ended"])
def test_the_card_waits_for_nothing_after_the_end(ladder: Ladder, end: str) -> None:
    ladder.start()
    if end == "decided":
        ladder.does("maya", service.decision_made, "INC-1", "approved")
    else:
        ladder.does("maya", service.end, "INC-1", "closed")
    assert "⏳" not in card(ladder)


def test_no_escalation_no_section(ladder: Ladder) -> None:
    assert card(ladder) == ""
