"""Who may decide, as `/rollback who` says it."""

import pytest

from bot.foundation.errors import Refusal
from bot.foundation.router import Command, Say
from bot.incidents import slack
from bot.incidents.service import deciders
from tests.incidents.organisation import Organisation, ask_for_rollback


def said(meridian: Organisation, typed: str) -> str:
    answer = meridian.does("tomas", lambda work: slack.who(Command("/rollback", typed, "C0SHOPREC1"), work))
    assert isinstance(answer, Say)
    return str(answer.text)


def test_who_may_approve_what_is_asked_and_why_not_the_others(meridian: Organisation) -> None:
    """R072 R073."""
    meridian.opens()
    meridian.does("maya", ask_for_rollback)
    text = said(meridian, "inc-1")
    assert "Who may approve INC-1:" in text
    assert "✅ Tomás Ferreira, as *Engineering lead*" in text
    assert "▫️ Maya Lindqvist: asked for this, so somebody else has to decide." in text
    assert "Leo Martins: may decide in place of Aisha Bello 15 minutes after it was asked" in text
    assert text.count("not an approver here") == 1


def test_who_could_approve_if_it_were_asked(meridian: Organisation) -> None:
    """R072: for an incident in which nothing is asked, and for a system."""
    meridian.opens()
    assert "Who could approve, if it were asked now: a rollback of shop-recommender" in said(meridian, "INC-1")
    assert "✅ Inés Castillo, as *Medical direction*" in said(meridian, "triage-assistant")


@pytest.mark.parametrize("typed", ["", "INC-9", "no-such-system"])
def test_what_is_not_there_is_said(meridian: Organisation, typed: str) -> None:
    with pytest.raises(Refusal):
        meridian.reads(deciders, typed)
