"""The door for time: pages on their way out, and tiers whose time has passed."""

from collections.abc import Callable, Mapping
from datetime import datetime

from bot.escalation import service, views
from bot.escalation.models import EscalationState
from bot.foundation.blocks import Markup
from bot.foundation.outbox import Outgoing, Payload, Post, Sweep
from bot.foundation.work import Reading


def build_page(reading: Reading, payload: Payload) -> Post | None:
    """Build a page in the words it was given; None once its incident is closed, so that nobody is called in vain."""
    escalation = service.state_of(reading, payload["subject"])
    if escalation is None or escalation.state == EscalationState.ENDED:
        return None
    return Post(payload["channel"], views.page(Markup(payload["text"]), _due_when_late(reading, payload)), frozen=True)


def _due_when_late(reading: Reading, payload: Payload) -> datetime | None:
    """Return when a page was due, if what it asks for should have been done by now."""
    until = payload.get("until")
    if until is None or datetime.fromisoformat(until) > reading.now:
        return None
    return datetime.fromisoformat(payload["due"])


def build_reminder(reading: Reading, payload: Payload) -> Post | None:
    """Build a direct message that leads to a card; None once the incident is closed."""
    escalation = service.state_of(reading, payload["subject"])
    if escalation is None or escalation.state == EscalationState.ENDED:
        return None
    return Post(payload["person"], views.page(Markup(payload["text"])), frozen=True)


MESSAGES: Mapping[str, Callable[[Reading, Payload], Outgoing | None]] = {
    "escalation.page": build_page,
    "escalation.reminder": build_reminder,
}
SWEEPS = (
    Sweep("escalation.climb", service.next_due, service.climb),
    Sweep("escalation.offers", service.offers_due, service.lapse_offers),
    Sweep("escalation.remind", service.reminders_due, service.remind),
)
