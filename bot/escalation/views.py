"""How far an escalation has come: its part of the card, the form that hands it over, a page. Pure."""

from collections.abc import Sequence
from datetime import datetime

from slack_sdk.models.views import View

from bot.escalation.models import Escalation, EscalationState, Tier
from bot.foundation.blocks import (
    Markup,
    Message,
    Section,
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


def page(text: Markup, late_since: datetime | None = None) -> Message:
    """A page, word for word; one that comes too late says so in front.

    Args:
        text: Its words.
        late_since: When it was due, if its deadline has passed.
    """
    if late_since is None:
        return Message(text, [section(text)])
    late = mrkdwn("⏰ This page was due {due}, and its deadline has passed: please act now.", due=moment(late_since))
    return Message(join("\n", [late, text]), [section(late), section(text)])


def card(escalation: Escalation, tiers: Sequence[Tier], lead: str) -> Section:
    """Our part of the card: what it waits for, by when, and what happens then; how far it has climbed as detail.

    The button that hands over stands in the row of all buttons of the card.
    """
    if escalation.state == EscalationState.ENDED:
        return Section()
    lines = [line for line in (_named(escalation, lead), _waiting(escalation, tiers)) if line]
    shown = [section(join("\n", lines))] if lines else []
    return Section(shown, [context(_all_tiers(escalation, tiers))])


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


def _named(escalation: Escalation, lead: str) -> Markup:
    """Say who was named as lead and has not acknowledged; who has stands at the head of the card."""
    if not lead or escalation.acknowledged_at:
        return Markup("")
    return mrkdwn("*Lead:* {lead} was named, and has not acknowledged yet", lead=lead)


def _waiting(escalation: Escalation, tiers: Sequence[Tier]) -> Markup:
    match escalation.state:
        case EscalationState.EXHAUSTED:
            return Markup("⚠️ Every tier has been brought in. Nobody else will be paged: somebody must act now.")
        case EscalationState.DECIDED:
            return Markup("")
    decision = escalation.state == EscalationState.WAITING_FOR_DECISION
    return mrkdwn(
        "⏳ Waits for {what} until *{due}*. If {nothing}, {then}.",
        what="a decision" if decision else "somebody to acknowledge",
        due=moment(escalation.next_tier_at) if escalation.next_tier_at else Markup("now"),
        nothing="none is made" if decision else "nobody does",
        then=_then(escalation, tiers),
    )


def _then(escalation: Escalation, tiers: Sequence[Tier]) -> str:
    if escalation.tier >= len(tiers):
        return "that is said here, and nobody is left to page"
    return f"tier {escalation.tier + 1} is paged: {tiers[escalation.tier].title}"


def _all_tiers(escalation: Escalation, tiers: Sequence[Tier]) -> Markup:
    marked = [
        mrkdwn("*{number} {title}* ({does})", number=number, title=tier.title, does=tier.does)
        if number == escalation.tier
        else mrkdwn("{number} {title}", number=number, title=tier.title)
        for number, tier in enumerate(tiers, 1)
    ]
    decided = escalation.state == EscalationState.DECIDED
    rest = ". A decision was made: nobody else is paged." if decided else ""
    return mrkdwn("Tiers: {tiers}{rest}", tiers=join(" → ", marked), rest=rest)
