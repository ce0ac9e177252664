"""The verbs of escalations, and the questions asked about them."""

from bot.escalation.service.climbing import climb, next_due
from bot.escalation.service.queries import lead_name, policy_of, state_of, states_of
from bot.escalation.service.verbs import (
    acknowledge,
    decision_made,
    end,
    hand_over,
    hasten,
    may_hand_over,
    severity_changed,
    start,
)

__all__ = [
    "acknowledge",
    "climb",
    "decision_made",
    "end",
    "hand_over",
    "hasten",
    "lead_name",
    "may_hand_over",
    "next_due",
    "policy_of",
    "severity_changed",
    "start",
    "state_of",
    "states_of",
]
