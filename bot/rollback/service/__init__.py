"""The verbs of rollbacks, and the questions asked about them."""

from bot.rollback.service.asking import request
from bot.rollback.service.carrying_out import settle_apply, start
from bot.rollback.service.checking import check_again, settle_validate
from bot.rollback.service.queries import form_for, running, running_now, standing
from bot.rollback.service.watching import next_due, run_due

__all__ = [
    "check_again",
    "form_for",
    "next_due",
    "request",
    "run_due",
    "running",
    "running_now",
    "settle_apply",
    "settle_validate",
    "standing",
    "start",
]
