"""The door for time: statements on their way out, and what is said after an outage of Slack."""

from collections.abc import Callable, Mapping

from bot.comms import service, views
from bot.foundation.outbox import Outgoing, Payload, Post, Sweep
from bot.foundation.work import Reading


def build_statement(reading: Reading, payload: Payload) -> Post:
    """Build a posted statement: exactly the words that were kept, sent once."""
    said = service.statement(reading, payload["statement"])
    return Post(said.channel, views.message(said.text), frozen=True)


MESSAGES: Mapping[str, Callable[[Reading, Payload], Outgoing | None]] = {"comms.statement": build_statement}
SWEEPS = (Sweep("comms.outage", service.over, service.sum_up),)
