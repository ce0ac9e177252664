"""A database as it looks after years: many incidents and a long trail, made in a minute.

The product opens one incident for each system of the configuration, from an alert; every other incident is a copy of
one of these, row by row (incident, escalation, briefing, signals, outbox), under a number and a version of its own. So
the rows have the shape that the product gives them, whatever that is. The trail is written by the product's own code.

    seed(url, config, Size(incidents=10_000, trail=1_000_000), key=key, now=now)
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, update
from sqlmodel import Session, SQLModel, col, select

from bot.alerts import service as alerts
from bot.alerts.models import InboxItem, Signal
from bot.comms.models import Briefing
from bot.demo import alert_body
from bot.escalation.models import Escalation
from bot.foundation import trail
from bot.foundation.config import Config
from bot.foundation.db import Store, open_engine, open_store
from bot.foundation.ids import Ids, RandomIds
from bot.foundation.models import OutboxRow, OutboxState, Posted, Sequence, TrailHead
from bot.foundation.work import Actor, Reading, Work
from bot.incidents.models import Incident, Systems
from tests.support.clock import VirtualClock

AT_ONCE = 5_000
METRIC = "error_rate"
"""A metric that a trigger of the example organisation watches for every system."""
SEEDER = Actor("system", "seeding", "Backout")
Due = Callable[[int], datetime]
"""The next tier's deadline of the incident with this number."""


@dataclass(frozen=True)
class Size:
    """How much there is: open incidents (each with one signal), and entries in the trail."""

    incidents: int
    trail: int = 0


def seed(
    url: str, config: Config, size: Size, *, key: bytes, now: datetime, due: Due | None = None, ids: Ids | None = None
) -> None:
    """Fill a migrated database that is empty so far. Nothing waits in the outbox afterwards.

    Args:
        url: The database's.
        config: Its systems are what the incidents are about, in turn.
        size: How much of everything.
        key: The trail's key.
        now: When all of it happened.
        due: When each incident's next tier is due; a day later for all, if not given.
        ids: Where ids come from; random ones, if not given.
    """
    makes = ids or RandomIds()
    store = open_store(url, clock=VirtualClock(now), ids=makes, config=config, trail_key=key)
    try:
        originals = _originals(store, now)
    finally:
        store.close()
    engine = open_engine(url)
    with Session(engine) as session:
        _copy(session, originals, size.incidents, due or (lambda _number: now + timedelta(days=1)), makes)
        _write_trail(session, size, key, now, makes)
        session.commit()
    engine.dispose()


@dataclass(frozen=True)
class _Original:
    """One incident's rows as the product made them: by table, each a mapping of its columns."""

    name: str
    rows: Mapping[type[SQLModel], list[dict[str, Any]]]


def _originals(store: Store, now: datetime) -> list[_Original]:
    """Open an incident for each system, the way alerts do, and read its rows back."""
    bodies = [_alert(name, now) for name in store.config[Systems].systems]
    due = {"state": "new", "note": "", "attempts": 0, "received_at": now, "due_at": now, "seen_at": None}
    rows = [{"source": "alertmanager", "body": body, **due} for body in bodies]

    def take_in(work: Work) -> None:
        work.session.connection().execute(insert(InboxItem), rows)
        while alerts.read_inbox(work):
            pass

    def read_back(reading: Reading) -> list[_Original]:
        names = reading.session.exec(select(Incident.name).order_by(col(Incident.number))).all()
        return [_original(reading.session, name) for name in names]

    store.submit_now(SEEDER, take_in)
    return store.read_now(read_back)


def _alert(system: str, now: datetime) -> bytes:
    said = {"alertname": "Seeded", "version": "seed-0", "metric": METRIC, "value": "99", "summary": "Seeded"}
    return json.dumps(alert_body(system, said, now)).encode()


def _original(session: Session, name: str) -> _Original:
    rows: dict[type[SQLModel], list[dict[str, Any]]] = {
        Incident: _plain(session, select(Incident).where(Incident.name == name)),
        Escalation: _plain(session, select(Escalation).where(Escalation.subject == name)),
        Briefing: _plain(session, select(Briefing).where(Briefing.subject == name)),
        Signal: _plain(session, select(Signal).where(Signal.incident == name)),
    }
    outbox = _plain(session, select(OutboxRow))
    rows[OutboxRow] = [row for row in outbox if name in (row["payload"].get("incident"), row["payload"].get("subject"))]
    return _Original(name, rows)


def _plain(session: Session, query: Any) -> list[dict[str, Any]]:
    return [row.model_dump() for row in session.exec(query)]


def _copy(session: Session, originals: list[_Original], incidents: int, due: Due, ids: Ids) -> None:
    """Copy the originals until there are so many incidents; then everything of the outbox has left."""
    for start in range(len(originals) + 1, incidents + 1, AT_ONCE):
        rows: dict[type[SQLModel], list[dict[str, Any]]] = {}
        for number in range(start, min(start + AT_ONCE, incidents + 1)):
            for model, copies in _copies(originals[number % len(originals)], number, due(number), ids).items():
                rows.setdefault(model, []).extend(copies)
        for model, some in rows.items():
            session.connection().execute(insert(model), some)
    for number in range(1, len(originals) + 1):
        deadline = update(Escalation).where(col(Escalation.subject) == f"INC-{number}")
        session.connection().execute(deadline.values(next_tier_at=due(number)))
    session.connection().execute(update(OutboxRow).values(state=OutboxState.DONE, served=OutboxRow.wanted))
    session.connection().execute(update(Sequence).where(col(Sequence.name) == "incident").values(value=incidents))


def _copies(original: _Original, number: int, due: datetime, ids: Ids) -> dict[type[SQLModel], list[dict[str, Any]]]:
    name = f"INC-{number}"
    copies = {model: [_renamed(row, original.name, name) for row in rows] for model, rows in original.rows.items()}
    for row in copies[Incident]:
        row |= {"number": number, "version": f"seed-{number}"}
    for row in copies[Escalation]:
        row |= {"next_tier_at": due}
    for row in copies[Signal]:
        row |= {"id": ids.new("sig"), "dedup_key": ids.new("key"), "version": f"seed-{number}"}
    for row in copies[OutboxRow]:
        note = row["key"].startswith("note:")
        row |= {"id": ids.new("out"), "key": f"note:{ids.new('note')}" if note else row["key"]}
        del row["sequence"]
    copies[Posted] = [{"key": f"card:{name}", "channel": _channel(copies), "ts": f"{number}.000000", "content": ""}]
    return copies


def _channel(copies: Mapping[type[SQLModel], list[dict[str, Any]]]) -> str:
    return str(copies[Incident][0]["channel"])


def _renamed(value: Any, old: str, new: str) -> Any:
    """Return a value in which the original's name has given way to the copy's, wherever it stands alone."""
    match value:
        case str():
            return re.sub(rf"{old}(?![0-9])", new, value) if old in value else value
        case dict():
            return {key: _renamed(one, old, new) for key, one in value.items()}
        case list():
            return [_renamed(one, old, new) for one in value]
        case _:
            return value


def _write_trail(session: Session, size: Size, key: bytes, now: datetime, ids: Ids) -> None:
    """Continue the trail until it has so many entries."""
    written = session.exec(select(TrailHead.seq)).one()
    for start in range(written, size.trail, AT_ONCE):
        numbers = range(start, min(start + AT_ONCE, size.trail))
        trail.append(session, key, ids, [_entry(number % max(size.incidents, 1) + 1, now) for number in numbers])


def _entry(incident: int, now: datetime) -> trail.Record:
    why = "One of many, so that there is a long trail."
    return trail.Record("incident.seeded", f"INC-{incident}", str(SEEDER), SEEDER.name, now, why)
