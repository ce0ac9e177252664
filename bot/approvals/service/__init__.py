"""The verbs of approvals, and the questions asked about them."""

from bot.approvals.service.asking import ask, severity_changed, void
from bot.approvals.service.deadlines import call_deputies, expire, next_deputies, next_expiry
from bot.approvals.service.deciding import approve, ask_information, may_answer, reject
from bot.approvals.service.queries import (
    asked_now,
    latest,
    name_of,
    names,
    open_request,
    otherwise,
    questions,
    quorum_of,
    request_of,
    seat_of,
    seats_of,
    standing_of,
    still_approved,
    tally,
    votes,
    waiting_for,
)
from bot.approvals.service.reach import check_reach

__all__ = [
    "approve",
    "ask",
    "ask_information",
    "asked_now",
    "call_deputies",
    "check_reach",
    "expire",
    "latest",
    "may_answer",
    "name_of",
    "names",
    "next_deputies",
    "next_expiry",
    "open_request",
    "otherwise",
    "questions",
    "quorum_of",
    "reject",
    "request_of",
    "seat_of",
    "seats_of",
    "severity_changed",
    "standing_of",
    "still_approved",
    "tally",
    "void",
    "votes",
    "waiting_for",
]
