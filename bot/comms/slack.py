"""The door for people: `/comms`, the form with its preview, our part of the card."""

from collections.abc import Mapping

from bot.comms import service, views
from bot.comms.models import CommsPolicy
from bot.comms.rules import Telling
from bot.foundation.blocks import Section
from bot.foundation.router import Answer, Click, Command, Form, Open, Replace, Router, Say
from bot.foundation.work import Reading, Work

router = Router()


@router.command("/comms")
def open_form(command: Command, work: Work) -> Answer:
    """Show what can be told; `/comms INC-42` begins with that incident."""
    return _open(command.text.strip().upper(), work)


@router.button(views.OPEN)
def open_form_from_card(click: Click, work: Work) -> Answer:
    """Show what can be told about the incident of this card."""
    return _open(click.value["subject"], work)


@router.button(views.SUBJECT)
def choose_subject(click: Click, work: Work) -> Answer:
    """Show the words for another incident, at the stage it has reached."""
    values = _values(click)
    return _show(Telling(values.get(views.SUBJECT, ""), values.get(views.AUDIENCE, ""), ""), work)


@router.button(views.AUDIENCE)
def choose_audience(click: Click, work: Work) -> Answer:
    """Show the words for other people."""
    return _show(_telling(_values(click)), work)


@router.button(views.STAGE)
def choose_stage(click: Click, work: Work) -> Answer:
    """Show the words of another stage."""
    return _show(_telling(_values(click)), work)


@router.form(views.FORM)
def post(form: Form, work: Work) -> Answer:
    """Post the words that were shown. When they are others by now, show those instead, and post nothing."""
    policy = work.config[CommsPolicy]
    preview = service.preview(work, work.actor.id, _telling(form.values))
    seen = form.metadata.get("seen", "")
    if preview.template is None or not seen or not preview.can_be_posted:
        return Replace(views.form(preview, policy))
    if seen != views.seen(preview):
        return Replace(views.form(preview, policy, notice=views.CHANGED))
    said = service.post(work, preview.telling.subject, preview.template.name, seen=preview.text)
    return Say(views.posted(said, policy))


def card_section(reading: Reading, incident: str) -> Section:
    """Return our part of an incident's card: who has been told what."""
    return views.card(service.statements(reading, incident), reading.config[CommsPolicy])


def _open(subject: str, work: Work) -> Answer:
    preview = service.preview(work, work.actor.id, Telling(subject, "", ""))
    return Open(views.form(preview, work.config[CommsPolicy]))


def _show(telling: Telling, work: Work) -> Answer:
    return Replace(views.form(service.preview(work, work.actor.id, telling), work.config[CommsPolicy]))


def _values(click: Click) -> Mapping[str, str]:
    return {**click.values, click.action: click.chosen or click.values.get(click.action, "")}


def _telling(values: Mapping[str, str]) -> Telling:
    return Telling(values.get(views.SUBJECT, ""), values.get(views.AUDIENCE, ""), values.get(views.STAGE, ""))
