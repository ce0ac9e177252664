"""The door for people: hand over the lead; our part of the card."""

from bot.escalation import service, views
from bot.foundation.blocks import Section
from bot.foundation.router import Answer, Click, Form, Open, Router
from bot.foundation.work import Reading, Work

router = Router()


@router.button(views.HAND_OVER)
def open_hand_over_form(click: Click, work: Work) -> Answer:
    """Ask who takes over, and why; who may not hand over is told so before typing anything."""
    escalation = service.may_hand_over(work, click.value["incident"])
    return Open(views.hand_over_form(escalation, service.lead_name(work, escalation)))


@router.form(views.HAND_OVER)
def hand_over(form: Form, work: Work) -> Answer:
    """Hand over the lead, or say under the field why not."""
    service.hand_over(work, form.metadata["incident"], to=form.values["to"], reason=form.values["reason"])
    return None


def card_section(reading: Reading, incident: str) -> Section:
    """Return our part of an incident's card: who leads, which tier, what is waited for, by when, what then."""
    escalation = service.state_of(reading, incident)
    if escalation is None:
        return Section()
    tiers = service.policy_of(reading, escalation).tiers
    return views.card(escalation, tiers, service.lead_name(reading, escalation))
