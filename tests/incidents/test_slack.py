"""The door for people: buttons, forms, our part of the card and of App Home."""

from typing import Any

import pytest

from bot.foundation.blocks import as_dicts, fit, visible_text
from bot.foundation.errors import Refusal
from bot.foundation.router import Answer, Click, Form, Open, Sent
from bot.incidents import slack
from tests.incidents.organisation import Organisation

ABOUT = {"incident": "INC-1"}


def click(meridian: Organisation, who: str, action: str) -> Answer:
    return meridian.does(who, lambda work: slack.router.buttons[action](Click(action, Sent(ABOUT)), work))


def submit(meridian: Organisation, who: str, callback: str, **values: str) -> Answer:
    form = Form(callback, Sent(values), Sent(ABOUT))
    return meridian.does(who, lambda work: slack.router.forms[callback](form, work))


def opened(answer: Answer) -> dict[str, Any]:
    assert isinstance(answer, Open)
    return answer.view.to_dict()


def test_acknowledging_by_button(meridian: Organisation) -> None:
    meridian.opens()
    assert click(meridian, "priya", "incidents.acknowledge") is None
    assert meridian.incident().state == "acknowledged"
    with pytest.raises(Refusal, match="Priya Raman acknowledged INC-1"):
        click(meridian, "maya", "incidents.acknowledge")


def test_changing_the_severity_by_form(meridian: Organisation) -> None:
    """R043."""
    meridian.opens()
    view = opened(click(meridian, "sam", "incidents.change_severity"))
    assert view["callback_id"] in slack.router.forms
    with pytest.raises(Refusal) as refused:
        submit(meridian, "sam", view["callback_id"], severity="low", reason="Not so bad")
    assert refused.value.field == "severity"
    assert submit(meridian, "sam", view["callback_id"], severity="high", reason="Everywhere") is None
    assert meridian.incident().severity == "high"


def test_closing_by_form(meridian: Organisation) -> None:
    meridian.opens()
    view = opened(click(meridian, "maya", "incidents.close"))
    assert "void" not in visible_text(view["blocks"])
    assert submit(meridian, "maya", view["callback_id"], reason="Version 7 serves") is None
    assert meridian.incident().state == "closed"
    for action in ("incidents.close", "incidents.change_severity", "incidents.acknowledge"):
        with pytest.raises(Refusal, match="INC-1 is closed"):
            click(meridian, "maya", action)


def test_who_may_not_close_is_told_before_typing(meridian: Organisation) -> None:
    meridian.opens()
    with pytest.raises(Refusal, match="You cannot close INC-1"):
        click(meridian, "sam", "incidents.close")


def test_the_card_and_home_show_it(meridian: Organisation) -> None:
    """R049 R050."""
    assert "None. All is calm." in home(meridian)
    meridian.opens()
    assert "INC-1 · Shop recommender · medium" in visible_text(
        as_dicts(fit([meridian.reads(slack.card_section, "INC-1")]))
    )
    assert "*INC-1*" in home(meridian)


def home(meridian: Organisation) -> str:
    return visible_text(as_dicts(fit([meridian.reads(slack.home_section, "U0MAYA0001")])))
