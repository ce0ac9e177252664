"""The verbs of escalations, and the questions asked about them."""

from bot.escalation.service.climbing import climb, next_due, remind, reminders_due
from bot.escalation.service.handing_over import (
    accept,
    decline,
    hand_over,
    lapse_offers,
    may_hand_over,
    may_take_over,
    offers_due,
    take_over,
)
from bot.escalation.service.queries import deputy_of_lead, lead_name, policy_of, state_of, states_of
from bot.escalation.service.verbs import (
    acknowledge,
    acted,
    decision_made,
    end,
    hasten,
    severity_changed,
    start,
)

__all__ = [
    "accept",
    "acknowledge",
    "acted",
    "climb",
    "decision_made",
    "decline",
    "deputy_of_lead",
    "end",
    "hand_over",
    "hasten",
    "lapse_offers",
    "lead_name",
    "may_hand_over",
    "may_take_over",
    "next_due",
    "offers_due",
    "policy_of",
    "remind",
    "reminders_due",
    "severity_changed",
    "start",
    "state_of",
    "states_of",
    "take_over",
]
