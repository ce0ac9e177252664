"""What people see of an escalation, in each of its states."""

from datetime import timedelta

import pytest

from bot.escalation import views
from bot.escalation.models import Escalation, EscalationState, Tier
from bot.foundation.block_rules import problems
from bot.foundation.blocks import Markup, as_dicts, visible_text
from tests.support.clock import MORNING

TIERS = [
    Tier(title="Owners", roles=["model_owner"], template="page/tier-1", does="contain it"),
    Tier(title="Executives", roles=["executive_sponsor"], template="page/tier-2", does="decide"),
]


def climb(state: EscalationState, tier: int = 1) -> Escalation:
    waits = state in (EscalationState.WAITING_FOR_ACKNOWLEDGEMENT, EscalationState.WAITING_FOR_DECISION)
    return Escalation(
        subject="INC-1",
        system="shop",
        severity="medium",
        channel="C1",
        state=state,
        tier=tier,
        policy="sha256:0",
        started_at=MORNING,
        waiting_since=MORNING,
        next_tier_at=MORNING + timedelta(minutes=15) if waits else None,
    )


def text_of(escalation: Escalation, lead: str = "Maya") -> str:
    section = views.card(escalation, TIERS, lead)
    blocks = as_dicts([*section.blocks, *section.detail])
    assert problems("message", blocks) == []
    return visible_text(blocks)


@pytest.mark.parametrize("state", list(EscalationState))
@pytest.mark.parametrize("tier", [1, 2])
def test_every_state_can_be_shown(state: EscalationState, tier: int) -> None:
    """R075 R085: what it waits for, until when, what then; once it has ended there is nothing to say."""
    text = text_of(climb(state, tier))
    assert bool(text) == (state != EscalationState.ENDED)


def test_the_next_tier_and_the_moment_are_named() -> None:
    """R081."""
    text = text_of(climb(EscalationState.WAITING_FOR_ACKNOWLEDGEMENT), lead="")
    assert "Executives" in text
    assert "2026-11-21 09:15 UTC" in text


def test_a_page_says_its_words_and_nothing_else() -> None:
    message = views.page(Markup("<@U0MAYA0001> INC-1 needs you."))
    assert visible_text(as_dicts(message.blocks)) == "<@U0MAYA0001> INC-1 needs you."


@pytest.mark.parametrize(("lead", "says"), [("Maya", "Maya leads"), ("", "Nobody leads")])
def test_the_form_says_who_leads_now(lead: str, says: str) -> None:
    view = views.hand_over_form(climb(EscalationState.WAITING_FOR_DECISION), lead).to_dict()
    assert problems("modal", view) == []
    assert says in visible_text(view["blocks"])
