"""The door for people: App Home is opened, an account changed; who is on duty now."""

from collections.abc import Mapping
from typing import Any

from bot.foundation.blocks import Section
from bot.foundation.router import Router
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


def on_duty_section(reading: Reading, person: str) -> Section:
    """Return the part of App Home that says who is on duty now, the same for everybody."""
    del person
    directory = reading.config[Directory]
    duties = [duty for role in directory.roles.values() for duty in _duties(reading, directory, role)]
    return views.on_duty(sorted(duties, key=lambda duty: duty.until is None), reading.now)


def _duties(reading: Reading, directory: Directory, role: Role) -> list[views.Duty]:
    found: list[tuple[str | None, str, bool]] = []
    if role.rota:
        found.append((None, rules.on_duty(role.rota, reading.now), True))
    found += [(None, key, False) for key in ([] if role.rota else role.people)]
    found += [(system, key, False) for system, keys in role.by_system.items() for key in keys]
    until = rules.turn_ends(role.rota, reading.now) if role.rota else None
    return [
        _duty(reading, directory, views.Duty(role.title, system, directory.people[key], until if turn else None))
        for system, key, turn in found
    ]


def _duty(reading: Reading, directory: Directory, duty: views.Duty) -> views.Duty:
    """Add whether the account may act now, and who acts instead."""
    if service.is_active(reading, duty.person.slack):
        return duty
    deputy: Person | None = directory.people[duty.person.deputy] if duty.person.deputy else None
    if deputy and not service.is_active(reading, deputy.slack):
        deputy = None
    return views.Duty(duty.title, duty.system, duty.person, duty.until, is_active=False, deputy=deputy)
