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
    values = form.values
    still_open = values.get("still_open", "")
    service.hand_over(work, form.metadata["incident"], to=values["to"], reason=values["reason"], still_open=still_open)
    return None


@router.button(views.ACCEPT)
def accept(click: Click, work: Work) -> Answer:
    """Take over the lead that was offered."""
    service.accept(work, click.value["incident"])
    return None


@router.button(views.DECLINE)
def decline(click: Click, work: Work) -> Answer:
    """Say no to the lead that was offered."""
    service.decline(work, click.value["incident"])
    return None


@router.button(views.TAKE_OVER)
def open_take_over_form(click: Click, work: Work) -> Answer:
    """Ask why; who may not take over is told so before typing anything."""
    escalation = service.may_take_over(work, click.value["incident"])
    return Open(views.take_over_form(escalation, service.lead_name(work, escalation)))


@router.form(views.TAKE_OVER)
def take_over(form: Form, work: Work) -> Answer:
    """Take over the lead, or say under the field why not."""
    service.take_over(work, form.metadata["incident"], reason=form.values["reason"])
    return None


def card_section(reading: Reading, incident: str) -> Section:
    """Return our part of an incident's card: who leads, which tier, what is waited for, by when, what then."""
    escalation = service.state_of(reading, incident)
    if escalation is None:
        return Section()
    tiers = service.policy_of(reading, escalation).tiers
    return views.card(
        escalation, tiers, service.lead_name(reading, escalation), service.deputy_of_lead(reading, escalation)
    )
