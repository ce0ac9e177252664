"""A desk for communications: the example organisation and its messages, as shipped, and incidents to tell about."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from bot.comms import service
from bot.comms.models import Approval, Briefing, CommsPolicy, FallbackPolicy, Library, Template
from bot.comms.rules import FACTS, Telling
from bot.comms.rules import checks as comms_checks
from bot.foundation.config import Config, File, load
from bot.foundation.db import Store
from bot.foundation.work import Actor, Reading, Work
from bot.people import rules as people_rules
from bot.people.models import Directory
from bot.people.service import remember
from tests.support.clock import VirtualClock
from tests.support.stores import fresh_store

MESSAGES = Path("messages")
SYSTEM = Actor("system", "tests", "Backout")
CARLA = Actor("person", "U0CARLA016", "Carla Rossi", "Europe/Rome")
BEN = Actor("person", "U0BEN00017", "Ben Adeyemi", "Europe/London")
MAYA = Actor("person", "U0MAYA0001", "Maya Lindqvist", "Europe/Stockholm")
DIGEST = "sha256:" + "0" * 64
SHIPPED = load(
    Path("config"),
    [File("people.yaml", Directory), File("comms.yaml", CommsPolicy), File("fallback.yaml", FallbackPolicy)],
    [people_rules.checks, comms_checks],
    [partial(service.read_library, MESSAGES)],
)


def template(body: str, *, name: str = "customers/initial", **more: Any) -> Template:
    """A template with these words, for customers at the first stage unless said otherwise."""
    audience, stage = more.pop("audience", "customers"), more.pop("stage", "initial")
    file = Path("messages") / f"{name}.md.j2"
    given = {"title": "A title", "file": file, "digest": DIGEST, **more}
    return Template(name=name, audience=audience, stage=stage, body=body, **given)


def approval(**more: Any) -> Approval:
    """An approval by Carla that counts in November 2026."""
    given = {"digest": DIGEST, "approved_by": ["carla"], "approved_on": "2026-11-02", "review_by": "2027-11-02"}
    return Approval.model_validate({**given, **more})


def with_library(*templates: Template, approvals: Mapping[str, Approval] | None = None) -> Config:
    """The example organisation with other messages, each approved unless approvals are given."""
    if approvals is None:
        approvals = {each.name: approval(digest=each.digest) for each in templates}
    return SHIPPED.replace(Library(templates={each.name: each for each in templates}, approvals=dict(approvals)))


def desk(tmp_path: Path, config: Config = SHIPPED, clock: VirtualClock | None = None) -> Store:
    """A store of the example organisation in which everybody's account is known."""
    store = fresh_store(tmp_path, config, clock)
    store.submit_now(SYSTEM, _everybody)
    return store


def brief(work: Work, subject: str = "INC-42", /, *, kind: str = "chatbot", is_open: bool = True, **facts: str) -> None:
    """Let incidents say what is known of one."""
    known = {**FACTS, "incident": subject, "system": "support-bot", "system_title": "Support bot", **facts}
    title = f"Support bot 42 ({subject})"
    noted = Briefing(
        subject=subject, title=title, incident_type=kind, facts=known, is_open=is_open, updated_at=work.now
    )
    service.brief(work, [noted])


def look(reading: Reading, person: Actor, subject: str = "", audience: str = "", stage: str = "") -> Any:
    """What a person would see who has chosen this."""
    return service.preview(reading, person.id, Telling(subject, audience, stage))


def _everybody(work: Work) -> None:
    directory = work.config[Directory]
    for person in directory.people.values():
        remember(work, person.slack, {"id": person.slack, "team_id": directory.team.slack, "name": person.name})
