"""The door for people: `/rollback`, its form, and the buttons after it; our part of the card and of App Home."""

from collections.abc import Mapping
from typing import Any

from bot.foundation.blocks import Section, mrkdwn
from bot.foundation.errors import Refusal
from bot.foundation.router import Answer, Click, Command, Form, Open, Replace, Router, Say, Show
from bot.foundation.work import Reading, Work
from bot.incidents import service as incidents
from bot.incidents.models import IncidentState, Systems
from bot.rollback import rules, service, views

router = Router()


@router.command("/rollback")
def rollback(command: Command, work: Work) -> Answer:
    """Open the form, or answer what was typed."""
    text = command.text.strip()
    first, _, rest = text.partition(" ")
    incident = views.named_incident(text)
    if not text:
        return Open(views.form(service.form_for(work)))
    if first.lower() == "help":
        offered = [(f"{one.word} {one.usage}".rstrip(), one.does) for one in command.offered]
        return Show(views.help_message(offered, sorted(work.config[Systems].systems), _names_open(work)))
    if incident is not None:
        return _incident(work, incident)
    if incidents.known_system(work, first) is None:
        words = ["help", *(one.word for one in command.offered)]
        return Say(views.not_known(first, rules.meant(first, words, work.config[Systems].systems), words))
    return Open(views.form(service.form_for(work, system=first, reason=rest.strip())))


@router.button(views.OPEN)
def open_form(click: Click, work: Work) -> Answer:
    """Open the form for an incident."""
    return Open(views.form(service.form_for(work, incident=click.value["incident"])))


@router.button(views.REINSTATE)
def open_inverse_form(click: Click, work: Work) -> Answer:
    """Open the form with the versions the other way round: taking a rollback back is a plan of its own."""
    value = click.value
    shown = service.form_for(
        work, incident=value["incident"], from_version=value["from_version"], to_version=value["to_version"]
    )
    return Open(views.form(shown))


@router.button(views.SYSTEM)
def choose_system(click: Click, work: Work) -> Answer:
    """Show the versions and approvers of the system that was chosen; what was typed stays."""
    system, typed = click.chosen or "", click.values.get("reason", "")
    incident = _incident_of(work, click.metadata, system)
    return Replace(views.form(service.form_for(work, incident=incident, system=system, reason=typed)))


@router.form(views.CALLBACK)
def ask(form: Form, work: Work) -> Answer:
    """Ask for the rollback, or say under the field why not."""
    system = form.values[views.SYSTEM]
    try:
        plan = service.request(
            work,
            system=system,
            from_version=form.values.get(views.version_field("from_version", system), ""),
            to_version=form.values.get(views.version_field("to_version", system), ""),
            reason=form.values["reason"],
            incident=_incident_of(work, form.metadata, system),
        )
    except Refusal as refusal:
        raise Refusal(refusal.message, field=views.field_of(refusal.field, system)) from refusal
    return Say(views.asked(plan, service.form_for(work, incident=plan.incident).approvers))


@router.button(views.CHECK)
def check_again(click: Click, work: Work) -> Answer:
    """Ask the serving process once more; the card shows what came of it."""
    service.check_again(work, click.value["request"], click.value.number("round"))
    return None


def card_section(reading: Reading, incident: str) -> Section:
    """Return our part of an incident's card."""
    return views.card(service.standing(reading, incident))


def home_section(reading: Reading, person: str) -> Section:
    """Return our part of App Home: what is being carried out, the same for everybody."""
    del person
    return views.home(service.running_now(reading))


def _incident(work: Work, name: str) -> Answer:
    incident = incidents.get(work, name)
    status = mrkdwn(
        "*{name}* · {system} {version} · {severity} · {state}\n>{title}",
        name=incident.name,
        system=incident.impact["system_title"],
        version=incident.version,
        severity=incident.severity,
        state=incident.state,
        title=incident.title,
    )
    is_open = incident.state != IncidentState.CLOSED
    return Show(views.incident_message(incident.name, status, service.standing(work, incident.name), is_open=is_open))


def _incident_of(work: Work, metadata: Mapping[str, Any], system: str) -> str | None:
    """Return the incident the form was opened for, unless another system was chosen in it since."""
    name = metadata.get("incident")
    return name if name and incidents.get(work, name).system == system else None


def _names_open(work: Work) -> list[str]:
    return [incident.name for incident in incidents.open_incidents(work, at_most=views.HINTED)]
