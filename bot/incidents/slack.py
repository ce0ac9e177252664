"""The door for people: report, acknowledge, change the severity, close; our part of the card and of App Home."""

from bot.approvals import service as approvals
from bot.foundation.blocks import Section
from bot.foundation.router import Answer, Click, Command, Form, Open, Router, Say, Shortcut
from bot.foundation.work import Reading, Work
from bot.incidents import service, views
from bot.incidents.models import Systems

router = Router()


@router.button("incidents.acknowledge")
def acknowledge(click: Click, work: Work) -> Answer:
    """Take the incident; the card says so to everybody."""
    service.acknowledge(work, click.value["incident"])
    return None


@router.button("incidents.change_severity")
def open_severity_form(click: Click, work: Work) -> Answer:
    """Ask which severity, and why."""
    return Open(views.severity_form(service.may_change(work, click.value["incident"])))


@router.form("incidents.change_severity")
def change_severity(form: Form, work: Work) -> Answer:
    """Change the severity, or say under the field why not."""
    values = form.values
    incident = service.change_severity(work, form.metadata["incident"], values["severity"], values["reason"])
    return Say(views.lowering_proposed(incident)) if incident.lowering else None


@router.button(views.CONFIRM_LOWERING)
def confirm_lowering(click: Click, work: Work) -> Answer:
    """Lower the severity as somebody else proposed."""
    service.confirm_lowering(work, click.value["incident"])
    return None


@router.button(views.DECLINE_LOWERING)
def decline_lowering(click: Click, work: Work) -> Answer:
    """Let the severity stay as it is."""
    service.decline_lowering(work, click.value["incident"])
    return None


@router.button("incidents.close")
def open_closing_form(click: Click, work: Work) -> Answer:
    """Ask why it is over; who may not close it is told so before typing anything."""
    incident = service.may_close(work, click.value["incident"])
    request = approvals.open_request(work, incident.name)
    return Open(views.closing_form(incident, open_request=request is not None))


@router.form("incidents.close")
def close(form: Form, work: Work) -> Answer:
    """Close the incident, or say under the field why not."""
    service.close(work, form.metadata["incident"], form.values["reason"])
    return None


@router.shortcut("incidents.report")
def open_report_form(shortcut: Shortcut, work: Work) -> Answer:
    """Ask which system misbehaves, with the words of the message filled in."""
    return Open(views.report_form(work.config[Systems], shortcut.text))


@router.form("incidents.report")
def report(form: Form, work: Work) -> Answer:
    """Open or join an incident on somebody's word; say where it stands."""
    values = form.values
    incident = service.report(
        work, system=values["system"], version=values["version"], what=values["what"], harm=values["harm"] == "yes"
    )
    return Say(views.reported(incident))


@router.subcommand("/rollback", "status", "", "lists the open incidents, the one that needs us most first")
def status(command: Command, work: Work) -> Answer:
    """List what is open."""
    del command
    return Say(service.status_text(work))


@router.subcommand("/rollback", "who", "INC-1 | system", "says who may approve a rollback, and why not the others")
def who(command: Command, work: Work) -> Answer:
    """Explain who may decide what is asked in an incident, or who could if it were asked now."""
    found = service.deciders(work, command.text)
    return Say(views.who(found.what, found.rows, is_asked=found.is_asked))


def card_section(reading: Reading, incident: str) -> Section:
    """Return our part of an incident's card: what happened, how bad, where it stands, what can be done."""
    found = service.get(reading, incident)
    return views.card(found, service.names_in(reading, found))


def buttons_section(reading: Reading, incident: str) -> Section:
    """Return the last of a card that must be seen: everything that can be done about the incident."""
    return views.card_buttons(service.get(reading, incident))


def home_section(reading: Reading, person: str) -> Section:
    """Return our part of App Home: the incidents this person leads, then every open one."""
    led = service.led_by(reading, person, views.LED_LINES + 1)
    return views.home(led, service.open_incidents(reading, at_most=views.HOME_LINES), service.count_open(reading))
