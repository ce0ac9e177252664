"""How far an escalation has come: its part of the card, the form that hands it over, a page. Pure."""

from collections.abc import Sequence
from datetime import datetime

from slack_sdk.models.blocks import Block
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
    mention,
    modal,
    moment,
    mrkdwn,
    person_select,
    quote,
    section,
    text_input,
)

HAND_OVER = "escalation.hand_over"
ACCEPT = "escalation.accept"
DECLINE = "escalation.decline"
TAKE_OVER = "escalation.take_over"


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


def card(escalation: Escalation, tiers: Sequence[Tier], lead: str, deputy: str = "") -> Section:
    """Our part of the card: what it waits for, by when, and what happens then; how far it has climbed as detail.

    The button that hands over stands in the row of all buttons of the card.
    """
    if escalation.state == EscalationState.ENDED:
        return Section()
    lines = [line for line in (_named(escalation, lead, deputy), _waiting(escalation, tiers)) if line]
    shown = [section(join("\n", lines))] if lines else []
    return Section([*shown, *_offer(escalation, lead)], [context(_all_tiers(escalation, tiers))])


def hand_over_form(escalation: Escalation, lead: str) -> View:
    """The form that names the next lead."""
    now = mrkdwn("{lead} leads *{subject}* now.", lead=lead or "Nobody", subject=escalation.subject)
    stays = Markup(
        "The deadline stays as it is. Whoever you choose is asked in the thread and by a direct message; you lead "
        "until they accept. If they do not answer in time, the next tier is brought in."
    )
    parts = [
        section(join(" ", [now, stays])),
        person_select("to", "Who takes over?"),
        text_input("reason", "Why?", hint="Kept in the trail with your name, and shown in the thread."),
        text_input("still_open", "What is still open?", hint="What the next lead should do first.", optional=True),
    ]
    about = {"incident": escalation.subject}
    return modal(HAND_OVER, f"Hand over {escalation.subject}", parts, submit="Hand over", metadata=about)


def take_over_form(escalation: Escalation, lead: str) -> View:
    """The form in which somebody takes the lead unasked."""
    now = mrkdwn(
        "{lead} leads *{subject}* now. You lead from the moment you press the button; the thread says so, and why. The "
        "deadline stays as it is.",
        lead=lead or "Nobody",
        subject=escalation.subject,
    )
    parts = [
        section(now),
        text_input("reason", "Why?", hint="Kept in the trail with your name, and shown in the thread."),
    ]
    about = {"incident": escalation.subject}
    return modal(TAKE_OVER, f"Take over {escalation.subject}", parts, submit="Take over", metadata=about)


def _offer(escalation: Escalation, lead: str) -> list[Block]:
    offer = escalation.offer
    if offer is None or escalation.offer_until is None:
        return []
    asked = mrkdwn(
        "🤝 {to} is asked to take over the lead, by {until}. Until then {lead} leads. If there is no answer, the next "
        "tier is brought in.\n{why}",
        to=mention(offer["to"]),
        until=moment(escalation.offer_until),
        lead=lead or "nobody",
        why=quote(offer["reason"] + (f"\nStill open: {offer['open']}" if offer["open"] else "")),
    )
    about = {"incident": escalation.subject}
    yes = button("Take the lead", ACCEPT, about, style="primary")
    buttons = actions(yes, button("Decline", DECLINE, about), block_id=f"escalation.offer:{escalation.subject}")
    return [section(asked), buttons]


def _named(escalation: Escalation, lead: str, deputy: str) -> Markup:
    """Name the lead and who stands in for them; say of one who was named that they have not acknowledged."""
    if not lead:
        return Markup("")
    if escalation.acknowledged_at:
        stands_in = mrkdwn(" Deputy: {deputy}.", deputy=deputy) if deputy else Markup(" They have no deputy.")
        return mrkdwn("*Owner of the escalation:* {lead}.{deputy}", lead=lead, deputy=stands_in)
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
