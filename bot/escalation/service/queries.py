"""What is asked about escalations."""

from collections.abc import Collection

from sqlmodel import col, select

from bot.escalation.models import Escalation, EscalationPolicy
from bot.foundation.work import Reading, pinned
from bot.people import rules as people_rules
from bot.people.models import Directory


def state_of(reading: Reading, subject: str) -> Escalation | None:
    """Return how far an incident's escalation has come; None if it was never escalated."""
    return reading.session.get(Escalation, subject)


def states_of(reading: Reading, subjects: Collection[str]) -> dict[str, Escalation]:
    """Return where the climbs of several incidents stand, by incident, in one go."""
    found = reading.session.exec(select(Escalation).where(col(Escalation.subject).in_(subjects)))
    return {climb.subject: climb for climb in found}


def policy_of(reading: Reading, escalation: Escalation) -> EscalationPolicy:
    """Return the tiers and deadlines under which an escalation began."""
    return pinned(reading, EscalationPolicy, escalation.policy)


def deputy_of_lead(reading: Reading, escalation: Escalation) -> str:
    """Return what people call the lead's deputy, '' if there is no lead or no deputy."""
    directory = reading.config[Directory]
    found = people_rules.person_by_slack(directory, escalation.lead) if escalation.lead else None
    deputy = directory.people.get(found[1].deputy or "") if found else None
    return deputy.name if deputy else ""


def lead_name(reading: Reading, escalation: Escalation) -> str:
    """Return what people call the lead, '' while there is none."""
    return people_rules.name_of(reading.config[Directory], escalation.lead) if escalation.lead else ""
