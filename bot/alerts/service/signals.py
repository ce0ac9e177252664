"""Turn a portion of bodies into signals: what is known is asked in one go, and what changed is written in one go."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import bindparam, insert, update
from sqlmodel import col

from bot.alerts.models import Signal, Triggers
from bot.alerts.rules import episodes, mapping
from bot.alerts.rules.alertmanager import Alert
from bot.alerts.rules.episodes import Body, Episode, Told
from bot.alerts.service import consequences, triage
from bot.alerts.service.queries import known_episodes
from bot.foundation.work import Work
from bot.incidents import rules as incidents_rules
from bot.incidents import service as incidents
from bot.incidents.models import Systems

COLUMNS = [field.name for field in fields(Episode)]
CHANGING = (
    "inbox_sequence",
    "system",
    "version",
    "value",
    "state",
    "finding",
    "trigger",
    "incident",
    "note",
    "ends_at",
    "seen_at",
)
"""What may change while an episode goes on."""
UPDATE = update(Signal).where(col(Signal.id) == bindparam("of")).values({name: bindparam(name) for name in CHANGING})


def told(work: Work, source: str, alert: Alert) -> Told:
    """Say what an alert is about, in the names of our configuration."""
    subject = mapping.subject_of(alert, work.config[Triggers].mapping)
    systems = work.config[Systems].systems
    system = incidents_rules.listed_system(systems, subject.system) if subject.system else None
    version = subject.version
    if system and version:
        version = incidents_rules.listed_version(systems[system].versions, version)
    return Told(alert, mapping.dedup_key(source, alert), subject, system, version)


def take_in(work: Work, bodies: Sequence[Body]) -> None:
    """Store what bodies say, and let everything happen that follows from it."""
    alerts = [one for body in bodies for one in body.told]
    known = known_episodes(work, (one.key for one in alerts))
    cases = {one.case: None for one in alerts if one.case}
    open_incidents = incidents.open_among(work, list(cases))
    news = episodes.read(work.config[Triggers], bodies, known, open_incidents, _ids(work, alerts, known))
    incident_of = consequences.draw(work, news.events, open_incidents)
    _store(work, known, news.episodes, incident_of)
    if episodes.needs_a_look(known, news):
        triage.refresh(work)


def _ids(work: Work, alerts: Sequence[Told], known: Mapping[str, Episode]) -> dict[str, str]:
    """Name the episodes that we do not know yet."""
    new = {one.key: None for one in alerts if one.key not in known}
    return {key: work.new_id("sig") for key in new}


def _store(
    work: Work, known: Mapping[str, Episode], changed: Mapping[str, Episode], incident_of: Mapping[str, str]
) -> None:
    """Write rows as they are now, in the order of their keys, so that no two processes wait for each other."""
    rows = [_row(changed[key], incident_of.get(key)) for key in sorted(changed)]
    new = [row for row in rows if row["dedup_key"] not in known]
    old = [{"of": row["id"], **{name: row[name] for name in CHANGING}} for row in rows if row["dedup_key"] in known]
    connection = work.session.connection()
    if new:
        connection.execute(insert(Signal), new)
    if old:
        connection.execute(UPDATE, old)


def _row(episode: Episode, incident: str | None) -> dict[str, Any]:
    row = {name: getattr(episode, name) for name in COLUMNS}
    return row | {"incident": incident} if incident else row
