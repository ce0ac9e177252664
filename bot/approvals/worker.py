"""The door for time: requests on their way out, deputies whose time has come, requests that expire."""

from collections.abc import Callable, Mapping

from bot.approvals import service, views
from bot.approvals.models import RoundState
from bot.foundation.blocks import Markup
from bot.foundation.outbox import Outgoing, Payload, Post, Sweep
from bot.foundation.work import Reading, Work


def build_ask(reading: Reading, payload: Payload) -> Post | None:
    """Build the message that asks, in the words it was given; None once the round has ended or was asked anew."""
    request = service.request_of(reading, payload["request"])
    if request.state != RoundState.ASKED or request.round != payload["round"]:
        return None
    return Post(payload["channel"], views.ask(Markup(payload["text"])), frozen=True)


def build_consult(reading: Reading, payload: Payload) -> Post | None:
    """Build the question to somebody who is consulted; None once it was answered, or decided without an answer."""
    request = service.request_of(reading, payload["request"])
    asked = service.awaited(reading, request, payload["role"])
    return Post(payload["person"], views.consult(request, asked), frozen=True) if asked else None


def build_inform(reading: Reading, payload: Payload) -> Post:
    """Build the one summary for somebody who is informed."""
    request = service.request_of(reading, payload["request"])
    consulted, otherwise = service.consultations(reading, request), service.otherwise(reading, request)
    return Post(payload["person"], views.summary(request, consulted, otherwise), frozen=True)


MESSAGES: Mapping[str, Callable[[Reading, Payload], Outgoing | None]] = {
    "approvals.ask": build_ask,
    "approvals.consult": build_consult,
    "approvals.inform": build_inform,
}


def check_reach(work: Work, payload: Payload) -> None:
    """Say what cannot be approved any more, after somebody's account changed."""
    service.check_reach(work, payload["person"])


STEPS: Mapping[str, Callable[[Work, Payload], None]] = {"approvals.check_reach": check_reach}
SWEEPS = (
    Sweep("approvals.expire", service.next_expiry, service.expire),
    Sweep("approvals.deputies", service.next_deputies, service.call_deputies),
)
