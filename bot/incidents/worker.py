"""The door for time: the incident card, and promised times for news that have passed."""

from collections.abc import Callable, Mapping, Sequence

from bot.foundation.blocks import Message, Section, fit
from bot.foundation.outbox import Outgoing, Payload, Post, Sweep
from bot.foundation.work import Reading, Work
from bot.incidents import service, views

CardSection = Callable[[Reading, str], Section]


def build_card(sections: Sequence[CardSection]) -> Callable[[Reading, Payload], Outgoing | None]:
    """Return the builder of `incidents.card`: every capability's part, in order, fitted into Slack's budget."""

    def build(reading: Reading, payload: Payload) -> Post:
        incident = service.get(reading, payload["incident"])
        names = service.names_in(reading, incident)
        parts = [section(reading, incident.name) for section in sections]
        return Post(incident.channel, Message(views.card_text(incident, names), fit(parts, detail_last=True)))

    return build


def refresh_briefing(work: Work, payload: Payload) -> None:
    """Bring up to date what may be said about an incident, after something below incidents changed it."""
    service.refresh_briefing(work, service.get(work, payload["incident"]))


MESSAGES: Mapping[str, Callable[[Reading, Payload], Outgoing | None]] = {}  # `incidents.card` needs app.py's list
STEPS: Mapping[str, Callable[[Work, Payload], None]] = {"incidents.refresh_briefing": refresh_briefing}
SWEEPS = (Sweep("incidents.updates", service.next_update_due, service.move_updates_due),)
