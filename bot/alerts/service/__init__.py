"""The verbs of alerts, and the questions asked about signals."""

from bot.alerts.service.intake import next_due, read_inbox
from bot.alerts.service.keeping import body_due, let_go
from bot.alerts.service.queries import signals_of
from bot.alerts.service.triage import mark_seen, triage_of, was_posted

__all__ = ["body_due", "let_go", "mark_seen", "next_due", "read_inbox", "signals_of", "triage_of", "was_posted"]
