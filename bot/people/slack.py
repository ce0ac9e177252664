"""The door for people: App Home is opened, an account changed; who is on duty now."""

from collections.abc import Container, Mapping
from dataclasses import replace
from typing import Any

from bot.foundation.blocks import Section
from bot.foundation.errors import Refusal
from bot.foundation.router import Answer, Command, Router, Say
from bot.foundation.work import Lane, Reading, Work
from bot.people import rules, service, views
from bot.people.models import Directory, Person, Role

router = Router()


@router.event("app_home_opened")
def home_opened(event: Mapping[str, Any], work: Work) -> None:
    """Bring the Home up to date that somebody is looking at; strangers get one, too, that says what to do."""
    user_id = event.get("user")
    if event.get("tab", "home") == "home" and isinstance(user_id, str):
        work.enqueue("people.home", f"home:{user_id}", {"person": user_id}, lane=Lane.PAGE)


@router.event("user_change")
def account_changed(event: Mapping[str, Any], work: Work) -> None:
    """Note what became of an account of the directory: from this moment on it counts."""
    user = event.get("user")
    if isinstance(user, Mapping) and rules.person_by_slack(work.config[Directory], str(user.get("id"))):
        service.settle_refresh(work, {str(user["id"]): user})


@router.subcommand("/rollback", "on-call", "[rota person 4h | rota end]", "shows or changes who is on duty")
def on_call(command: Command, work: Work) -> Answer:
    """Show who is on duty, put somebody of a rota on duty, or let the turns count again."""
    words = command.text.split()
    directory = work.config[Directory]
    if not words:
        return Say(views.rotas(_turns(work), work.now))
    if len(words) == 2 and words[1].lower() == "end":
        service.end_duty(work, words[0])
        return Say(views.duty_ended(directory.roles[words[0]].title, _on_duty(work, words[0])))
    length = rules.length_of(words[-1])
    person = rules.person_named(directory, " ".join(words[1:-1]), work.actor.id)
    if length is None or person is None:
        raise Refusal(views.ON_CALL_USAGE)
    until = service.take_duty(work, words[0], person, length)
    return Say(views.duty_taken(directory.roles[words[0]].title, directory.people[person], until))


def _turns(reading: Reading) -> list[views.Duty]:
    directory = service.directory_now(reading)
    active, roles = service.everybody_active(reading), [role for role in directory.roles.values() if role.rota]
    duties = (duty for role in roles for duty in _duties(reading, directory, role, active))
    return [duty for duty in duties if duty.until]


def _on_duty(reading: Reading, role: str) -> Person:
    directory = service.directory_now(reading)
    key = rules.on_duty(directory.roles[role], reading.now)
    assert key is not None  # noqa: S101 - a rota has somebody on duty
    return directory.people[key]


def on_duty_section(reading: Reading, person: str) -> Section:
    """Return the part of App Home that says who is on duty now, the same for everybody."""
    del person
    directory = service.directory_now(reading)
    active = service.everybody_active(reading)
    duties = [duty for role in directory.roles.values() for duty in _duties(reading, directory, role, active)]
    return views.on_duty(sorted(duties, key=lambda duty: duty.until is None), reading.now)


def _duties(reading: Reading, directory: Directory, role: Role, active: Container[str]) -> list[views.Duty]:
    found: list[tuple[str | None, str, bool]] = []
    now = rules.on_duty(role, reading.now)
    if now:
        found.append((None, now, True))
    found += [(None, key, False) for key in ([] if role.rota else role.people)]
    found += [(system, key, False) for system, keys in role.by_system.items() for key in keys]
    until = rules.duty_ends(role, reading.now)
    return [
        _duty(
            reading, directory, active, views.Duty(role.title, system, directory.people[key], until if turn else None)
        )
        for system, key, turn in found
    ]


def _duty(reading: Reading, directory: Directory, active: Container[str], duty: views.Duty) -> views.Duty:
    """Add whether the account may act now, and who acts instead."""
    found = rules.person_by_slack(directory, duty.person.slack)
    duty = replace(duty, is_at_work=found is not None and rules.is_at_work(directory, found[0], reading.now))
    if duty.person.slack in active:
        return duty
    deputy: Person | None = directory.people[duty.person.deputy] if duty.person.deputy else None
    if deputy and deputy.slack not in active:
        deputy = None
    return replace(duty, is_active=False, deputy=deputy)
