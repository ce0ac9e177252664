"""The door for people: “I have looked”; our part of the card and of App Home."""

from bot.alerts import service, views
from bot.alerts.models import Triggers
from bot.foundation.blocks import Section
from bot.foundation.router import Answer, Click, Router, Say
from bot.foundation.work import Reading, Work
from bot.incidents.models import Systems

router = Router()


@router.button("alerts.seen")
def mark_seen(click: Click, work: Work) -> Answer:
    """Take out of the message what stood in it when the person clicked."""
    count = service.mark_seen(work, click.value.number("through"))
    return Say(f"Noted: you have looked at {count}.")


def card_section(reading: Reading, incident: str) -> Section:
    """Return our part of an incident's card: its signals."""
    return views.card(service.signals_of(reading, incident), reading.config[Triggers])


def home_section(reading: Reading, person: str) -> Section:
    """Return our part of App Home: alerts that need a look, the same for everybody."""
    del person
    return views.home(service.triage_of(reading), reading.config[Systems].default_channel)
