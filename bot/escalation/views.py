"""How far an escalation has come: its part of the card, the form that hands it over, a page. Pure."""

from collections.abc import Sequence

from slack_sdk.models.blocks import ActionsBlock
from slack_sdk.models.views import View

from bot.escalation.models import Escalation, EscalationState, Tier
from bot.foundation.blocks import (
    Markup,
    Message,
    Section,
    actions,
    button,
    context,
    join,
    modal,
    moment,
    mrkdwn,
    person_select,
    section,
    text_input,
)

HAND_OVER = "escalation.hand_over"


def page(text: Markup) -> Message:
    """A page, word for word."""
    return Message(text, [section(text)])


def card(escalation: Escalation, tiers: Sequence[Tier], lead: str) -> Section:
    """Our part of the card: who leads, how far it has climbed, what it waits for, by when, and what happens then."""
    lines = [_lead(escalation, lead), _where(escalation, tiers), _waiting(escalation, tiers)]
    return Section(
        [section(join("\n", [line for line in lines if line])), *_buttons(escalation)],
        [] if escalation.state == EscalationState.ENDED else [context(_all_tiers(escalation, tiers))],
    )


def hand_over_form(escalation: Escalation, lead: str) -> View:
    """The form that names the next lead."""
    now = mrkdwn("{lead} leads *{subject}* now.", lead=lead or "Nobody", subject=escalation.subject)
    stays = Markup("The deadline stays as it is. The new lead is told in the thread.")
    parts = [
        section(join(" ", [now, stays])),
        person_select("to", "Who takes over?"),
        text_input("reason", "Why?", hint="Kept in the trail with your name, and shown in the thread."),
    ]
    about = {"incident": escalation.subject}
    return modal(HAND_OVER, f"Hand over {escalation.subject}", parts, submit="Hand over", metadata=about)


def _lead(escalation: Escalation, lead: str) -> Markup:
    if not lead:
        return Markup("*Lead:* nobody yet")
    waiting = "" if escalation.acknowledged_at else " (named, has not acknowledged yet)"
    return mrkdwn("*Lead:* {lead}{waiting}", lead=lead, waiting=waiting)


def _where(escalation: Escalation, tiers: Sequence[Tier]) -> Markup:
    tier = tiers[escalation.tier - 1]
    return mrkdwn(
        "*Escalation:* tier {number} of {last}, {title} ({does})",
        number=escalation.tier,
        last=len(tiers),
        title=tier.title,
        does=tier.does,
    )


def _waiting(escalation: Escalation, tiers: Sequence[Tier]) -> Markup:
    match escalation.state:
        case EscalationState.EXHAUSTED:
            return Markup("⚠️ Every tier has been brought in. Nobody else will be paged: somebody must act now.")
        case EscalationState.DECIDED:
            return Markup("A decision was made. Nobody else is brought in.")
        case EscalationState.ENDED:
            return Markup("Ended: the incident is closed.")
    what = "a decision" if escalation.state == EscalationState.WAITING_FOR_DECISION else "somebody to acknowledge"
    due = moment(escalation.next_tier_at) if escalation.next_tier_at else Markup("now")
    return mrkdwn(
        "⏳ Waits for {what} until {due}. If none comes, {then}.", what=what, due=due, then=_then(escalation, tiers)
    )


def _then(escalation: Escalation, tiers: Sequence[Tier]) -> str:
    if escalation.tier >= len(tiers):
        return "that is said here, and nobody is left to page"
    return f"tier {escalation.tier + 1} is paged: {tiers[escalation.tier].title}"


def _all_tiers(escalation: Escalation, tiers: Sequence[Tier]) -> Markup:
    marked = [
        mrkdwn(
            "*{number} {title}*" if number == escalation.tier else "{number} {title}", number=number, title=tier.title
        )
        for number, tier in enumerate(tiers, 1)
    ]
    return join(" → ", marked)


def _buttons(escalation: Escalation) -> list[ActionsBlock]:
    if escalation.state == EscalationState.ENDED:
        return []
    hand_over = button("Hand over", HAND_OVER, {"incident": escalation.subject})
    return [actions(hand_over, block_id=f"escalation.actions:{escalation.subject}")]
