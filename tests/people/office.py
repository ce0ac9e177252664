"""A small office for tests: five people, every kind of role, and accounts as Slack would describe them."""

from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlmodel import col, select

from bot.foundation.config import Config
from bot.foundation.db import Store
from bot.foundation.models import OutboxRow
from bot.foundation.work import Actor, Reading, Work
from bot.people import service
from bot.people.models import Directory, Person, Role, Rota, Team
from tests.support.clock import VirtualClock
from tests.support.stores import config_of, fresh_store

TEAM = "T0OFFICE"
SYSTEM = Actor("system", "tests", "Backout")


def person(name: str, *, zone: str = "UTC", deputy: str | None = None) -> Person:
    """Somebody whose Slack id follows from the name: U0ANN."""
    return Person(slack=f"U0{name.upper()}", name=name.title(), title=f"{name.title()}'s job", zone=zone, deputy=deputy)


def rota(*people: str, zone: str = "Europe/Berlin", at: str = "09:00", start: date = date(2026, 11, 2)) -> Rota:
    """Weekly turns, handed over on Mondays."""
    return Rota.model_validate({"people": people, "zone": zone, "handover": "monday", "at": at, "start": start})


def directory(**more: Any) -> Directory:
    """Ann owns the shop, Bob is her deputy, Cy leads, Dee and Eve take turns."""
    people = {
        "ann": person("ann", zone="Europe/Stockholm", deputy="bob"),
        "bob": person("bob"),
        "cy": person("cy", zone="Asia/Kolkata", deputy="ann"),
        "dee": person("dee"),
        "eve": person("eve", zone="America/Sao_Paulo"),
    }
    roles = {
        "owner": Role(title="Owner", people=["cy"], by_system={"shop": ["ann"], "credit": ["cy", "dee"]}),
        "lead": Role(title="Lead", people=["cy"]),
        "on_call": Role(title="On call", rota=rota("dee", "eve", "bob")),
    }
    return Directory(team=Team(slack=TEAM, name="Office"), people=people, roles={**roles, **more})


def config(**more: Any) -> Config:
    """The office's configuration."""
    return config_of(directory(**more))


def user(name: str, **said: Any) -> dict[str, Any]:
    """What users.info says about a plain member, and what else a test lets it say."""
    plain = {"id": f"U0{name.upper()}", "team_id": TEAM, "name": name, "tz": "UTC", "deleted": False, "is_bot": False}
    return {**plain, "is_restricted": False, "is_ultra_restricted": False, "updated": 1_700_000_000, **said}


def know(work: Work, /, *names: str, **said: Any) -> None:
    """Let Slack describe accounts."""
    for name in names:
        service.remember(work, f"U0{name.upper()}", user(name, **said))


def office(tmp_path: Path, clock: VirtualClock | None = None) -> Store:
    """A store in which everybody's account is known and plain."""
    store = fresh_store(tmp_path, config(), clock)
    store.submit_now(SYSTEM, know, "ann", "bob", "cy", "dee", "eve")
    return store


def rows(reading: Reading, kind: str) -> list[OutboxRow]:
    """What waits in the outbox, by kind."""
    return list(reading.session.exec(select(OutboxRow).where(OutboxRow.kind == kind).order_by(col(OutboxRow.key))))


def at(text: str) -> datetime:
    """A moment, written with its offset."""
    return datetime.fromisoformat(text)
