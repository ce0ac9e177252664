"""The door for time: pages on their way out, and tiers whose time has passed."""

from collections.abc import Callable, Mapping

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
    return Post(payload["channel"], views.page(Markup(payload["text"])), frozen=True)


MESSAGES: Mapping[str, Callable[[Reading, Payload], Outgoing | None]] = {"escalation.page": build_page}
SWEEPS = (Sweep("escalation.climb", service.next_due, service.climb),)
