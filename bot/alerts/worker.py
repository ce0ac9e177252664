"""The door for time: reads the inbox, shows the alerts that need a look, and lets old bodies go."""

from collections.abc import Callable, Mapping

from bot.alerts import service, views
from bot.foundation.outbox import Outgoing, Payload, Post, Sweep
from bot.foundation.work import Reading
from bot.incidents.models import Systems


def build_triage(reading: Reading, _payload: Payload) -> Outgoing | None:
    """Show what needs a look, in the default channel; nothing at all as long as there has never been anything."""
    waiting = service.triage_of(reading)
    if not waiting.count and not service.was_posted(reading):
        return None
    return Post(reading.config[Systems].default_channel, views.triage(waiting))


MESSAGES: Mapping[str, Callable[[Reading, Payload], Outgoing | None]] = {"alerts.triage": build_triage}
SWEEPS = (
    Sweep("alerts.inbox", service.next_due, service.read_inbox, gives_way=True),
    Sweep("alerts.keeping", service.body_due, service.let_go, gives_way=True),
)
