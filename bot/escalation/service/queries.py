"""What is asked about escalations."""

from bot.escalation.models import Escalation, EscalationPolicy
from bot.foundation.work import Reading, pinned
from bot.people import rules as people_rules
from bot.people.models import Directory


def state_of(reading: Reading, subject: str) -> Escalation | None:
    """Return how far an incident's escalation has come; None if it was never escalated."""
    return reading.session.get(Escalation, subject)


def policy_of(reading: Reading, escalation: Escalation) -> EscalationPolicy:
    """Return the tiers and deadlines under which an escalation began."""
    return pinned(reading, EscalationPolicy, escalation.policy)


def lead_name(reading: Reading, escalation: Escalation) -> str:
    """Return what people call the lead, '' while there is none."""
    return people_rules.name_of(reading.config[Directory], escalation.lead) if escalation.lead else ""
