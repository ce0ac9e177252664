"""Fill a database with incidents in realistic states, a thousand a second, for proofs and benchmarks at size.

A few specimens are made with the product's own verbs, each in a small database of its own: an incident nobody has
taken, one that is led, one whose rollback waits for approval, one that was rolled back and is watched, one that is
closed. Then their rows of every table are copied as often as wanted, with names, numbers, versions, digests and ids of
their own, and the trail is written anew over the same records. So whatever the product stores is there, in a shape
that it made itself.
"""

import json
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from sqlalchemy import JSON, Dialect, Engine, Table, event
from sqlalchemy.types import TypeEngine
from sqlmodel import Session, SQLModel

from bot import demo
from bot.alerts import service as alerts
from bot.alerts.models import InboxItem, InboxState
from bot.approvals import service as approvals
from bot.approvals.models import Request
from bot.foundation import trail
from bot.foundation.clock import Clock
from bot.foundation.config import Config
from bot.foundation.db import Store, open_engine, open_store
from bot.foundation.migrations import migrate
from bot.foundation.models import OutboxState
from bot.foundation.models import Sequence as Numbers
from bot.foundation.work import Actor, Reading, Work
from bot.incidents import service as incidents
from bot.people import service as people
from bot.people.models import Directory
from bot.rollback import rules as rollback_rules
from bot.rollback import service as rollback
from bot.rollback.models import Plan
from tests.support.ids import CountedIds
from tests.support.stores import TRAIL_KEY, prepare

NUMBER = 900_001
"""The number of every specimen: signs that stand for nothing else in its rows."""
NAME, VERSION = f"INC-{NUMBER}", f"{NUMBER}-bad"
SYSTEM, GOOD_VERSION, OWNER = "shop-recommender", "7", "maya"
BACKOUT = Actor("system", "seeding", "Backout")
SOURCE = Actor("source", "alertmanager", "alertmanager")
ID = re.compile(r"[a-z]+_[0-9a-f]{16}")
SHARED = ("policy", "slack_account")
"""Tables whose rows belong to no single incident: copied once."""
APART = frozenset({*SHARED, "sequence", "posted", "trail_entry", "trail_payload", "trail_head", "beat", "nonce"})
CHUNK = 2_000


@dataclass(frozen=True)
class Mix:
    """How many incidents of each kind.

    Attributes:
        paged: Open; tier 1 was paged, nobody has taken it.
        led: Acknowledged; somebody leads, and no decision has been made.
        asked: A rollback waits for approval.
        watched: Rolled back, proven, and to be looked at again in a while.
        closed: Closed by a person.
    """

    paged: int = 0
    led: int = 0
    asked: int = 0
    watched: int = 0
    closed: int = 0

    @property
    def total(self) -> int:
        """All incidents together."""
        return self.paged + self.led + self.asked + self.watched + self.closed


def mix_of(incidents: int, *, open_ones: int) -> Mix:
    """Return a mix of so many incidents, of which a few are open: in equal parts paged, led and asked."""
    each = open_ones // 3
    return Mix(open_ones - 2 * each, each, each, closed=incidents - open_ones)


def fill(url: str, config: Config, mix: Mix, clock: Clock) -> None:
    """Migrate an empty database and put so many incidents into it, opened at the clock's moment.

    All of it is settled: messages stand in Slack, nothing waits in the outbox, everybody's account was checked. The
    trail is whole under `TRAIL_KEY`.
    """
    migrate(url)
    engine, first = open_engine(url), 1
    if engine.dialect.name == "sqlite":  # what is only made for a measurement need not survive a power cut
        event.listen(engine, "connect", lambda connection, _record: connection.execute("PRAGMA synchronous = OFF"))
    for kind, make in _MAKERS.items():
        times = getattr(mix, kind)
        if times:
            with tempfile.TemporaryDirectory() as directory:
                specimen = _specimen(f"sqlite:///{directory}/specimen.db", config, clock, make)
            _copy(engine, specimen, range(first, first + times))
            first += times
    with Session(engine) as session:
        session.add(Numbers(name="incident", value=mix.total))
        session.commit()
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    engine.dispose()


# --- specimens: made by the product itself ----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Specimen:
    """One incident: its rows with their tables, its records in the trail, and rows that all incidents share."""

    rows: Sequence[tuple[Table, dict[str, Any]]]
    records: Sequence[trail.Record]
    shared: Sequence[tuple[Table, dict[str, Any]]]


def _specimen(url: str, config: Config, clock: Clock, make: Callable[[Store], None]) -> _Specimen:
    prepare(url)
    store = open_store(url, clock=clock, ids=CountedIds(), config=config, trail_key=TRAIL_KEY)
    try:
        store.submit_now(BACKOUT, _prepare_directory)
        make(store)
        return store.read_now(_read)
    finally:
        store.close()


def _prepare_directory(work: Work) -> None:
    team = work.config[Directory].team.slack
    for person in work.config[Directory].people.values():
        people.remember(work, person.slack, {"team_id": team, "name": person.name})
    work.session.add(Numbers(name="incident", value=NUMBER - 1))


def _paged(store: Store) -> None:
    said = {"alertname": "conversion_rate", "version": VERSION, "metric": "conversion_rate", "value": "1.2"}
    body = demo.alert_body(SYSTEM, {**said, "summary": "Visitors buy less"}, store.clock.now())
    store.submit_now(SOURCE, _put_into_inbox, json.dumps(body).encode())
    store.submit_now(SOURCE, alerts.read_inbox)


def _put_into_inbox(work: Work, body: bytes) -> None:
    work.session.add(
        InboxItem(source=SOURCE.id, body=body, received_at=work.now, state=InboxState.NEW, due_at=work.now)
    )


def _led(store: Store) -> None:
    _paged(store)
    store.submit_now(_person(store, OWNER), incidents.acknowledge, NAME)


def _asked(store: Store) -> None:
    _led(store)
    store.submit_now(
        _person(store, OWNER), rollback.request, system=SYSTEM, from_version=VERSION, to_version=GOOD_VERSION,
        reason="Fewer visitors buy since this version", incident=NAME,
    )  # fmt: skip


def _watched(store: Store) -> None:
    _asked(store)
    request = store.read_now(_request)
    for slot in request.slots:
        approver = Actor("person", slot["people"][0], "An approver")
        store.submit_now(approver, approvals.approve, request.id, request.round, "Yes, go back")
    store.submit_now(BACKOUT, _carry_out, request)


def _carry_out(work: Work, request: Request) -> None:
    """Change the target and prove it, as the effects would report it."""
    plan, at = request.then_payload["plan"], request.round
    rollback.start(work, plan_id=plan, request_id=request.id, round_number=at)
    applied = {"outcome": "changed", "before": VERSION, "after": GOOD_VERSION, "words": "it selects 7", "evidence": {}}
    rollback.settle_apply(work, request_id=request.id, round_number=at, applied=applied)
    rollback.settle_validate(
        work, request_id=request.id, round_number=at, stage_number=4, watch=0, check=1,
        answers=[GOOD_VERSION] * 5, standing=GOOD_VERSION,
    )  # fmt: skip


def _closed(store: Store) -> None:
    _led(store)
    store.submit_now(_person(store, OWNER), incidents.close, NAME, "It was a false alarm")


_MAKERS: Mapping[str, Callable[[Store], None]] = {
    "paged": _paged,
    "led": _led,
    "asked": _asked,
    "watched": _watched,
    "closed": _closed,
}


def _person(store: Store, key: str) -> Actor:
    person = store.config[Directory].people[key]
    return Actor("person", person.slack, person.name, person.zone)


def _request(reading: Reading) -> Request:
    request = approvals.latest(reading, NAME)
    assert request is not None
    return request


def _read(reading: Reading) -> _Specimen:
    """Collect everything in a specimen's database."""
    session, tables = reading.session, SQLModel.metadata.sorted_tables
    rows = [(table, row) for table in tables if table.name not in APART for row in _rows(session, table)]
    shared = [(table, row) for table in tables if table.name in SHARED for row in _rows(session, table)]
    card = {
        "key": f"card:{NAME}",
        "channel": incidents.get(reading, NAME).channel,
        "ts": f"{NUMBER}.0001",
        "content": "",
    }
    rows = [(table, _settled(table, row)) for table, row in rows if row.get("key") != "alerts:triage"]
    records = [_record(entry) for entry in trail.read(session, NAME)]
    return _Specimen([*rows, (SQLModel.metadata.tables["posted"], card)], records, shared)


def _rows(session: Session, table: Table) -> list[dict[str, Any]]:
    return [dict(row) for row in session.connection().execute(table.select()).mappings()]


def _settled(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    """Return a row without a number that the database gives it; of the outbox as it is once it is done."""
    if table.name == "outbox":
        row |= {"state": OutboxState.DONE, "served": row["wanted"]}
    return {key: value for key, value in row.items() if key != "sequence"}


def _record(entry: trail.Entry) -> trail.Record:
    return trail.Record(
        entry.action, entry.subject, entry.actor, entry.actor_name, entry.at, entry.why, entry.on_behalf_of,
        facts=entry.facts,
    )  # fmt: skip


# --- copies -----------------------------------------------------------------------------------------------------------


def _copy(engine: Engine, specimen: _Specimen, numbers: range) -> None:
    with engine.begin() as connection:
        for table, row in specimen.shared:
            key = [column == row[column.name] for column in table.primary_key]
            if connection.execute(table.select().where(*key)).first() is None:
                connection.execute(table.insert(), [row])
    stamp, left = _Stamp(specimen, engine.dialect), iter(numbers)
    while chunk := list(islice(left, CHUNK)):
        with Session(engine) as session:
            tokens = [stamp.tokens(number) for number in chunk]
            for statement, pattern in stamp.rows:
                session.connection().exec_driver_sql(statement, [pattern(each) for each in tokens])
            records = [pattern(each) for each in tokens for pattern in stamp.records]
            trail.append(session, TRAIL_KEY, CountedIds(), records)
            session.commit()


class _Stamp:
    """A specimen with blanks where its copies differ.

    Its rows are kept as the driver takes them, so that what is the same in all copies is turned into that only once.
    """

    def __init__(self, specimen: _Specimen, dialect: Dialect) -> None:
        self._dialect = dialect
        plans = [row for table, row in specimen.rows if table.name == "plan"]
        self._plan = Plan(**plans[0]) if plans else None
        found = {match for _, row in specimen.rows for match in ID.findall(repr(row))}
        prints = {row["dedup_key"].split("|")[1] for table, row in specimen.rows if table.name == "signal"}
        digests = [self._plan.digest, rollback_rules.short(self._plan.digest)] if self._plan else []
        self._blanks = [*digests, *sorted(found), *sorted(prints), str(NUMBER)]
        self._fill = re.compile("|".join(map(re.escape, self._blanks)))
        self.rows = [self._row(table, row) for table, row in specimen.rows]
        self.records = [self._record(record) for record in specimen.records]

    def tokens(self, number: int) -> dict[str, str]:
        """Return what stands in the blanks of one copy."""
        values = {blank: self._new(blank, place, number) for place, blank in enumerate(self._blanks)}
        if self._plan:
            copy = self._plan.model_dump() | {
                "from_version": f"{number}-bad",
                "steps": json.loads(json.dumps(self._plan.steps).replace(str(NUMBER), str(number))),
            }
            digest = rollback_rules.plan_digest(Plan(**copy))
            values |= {self._plan.digest: digest, rollback_rules.short(self._plan.digest): rollback_rules.short(digest)}
        return values

    @staticmethod
    def _new(blank: str, place: int, number: int) -> str:
        if blank == str(NUMBER):
            return str(number)
        prefix = blank[: blank.rindex("_") + 1] if "_" in blank else ""
        return f"{prefix}{number:010x}{place:06x}"

    def _row(self, table: Table, row: dict[str, Any]) -> tuple[str, Callable[[dict[str, str]], Any]]:
        """Return the statement that inserts rows like this one, and what makes its parameters."""
        insert = table.insert().compile(dialect=self._dialect, column_keys=list(row))
        cells = {key: self._cell(table.columns[key].type, value) for key, value in row.items()}
        if insert.positional:
            in_order = [cells[key] for key in insert.positiontup or ()]
            return str(insert), lambda tokens: tuple(cell(tokens) for cell in in_order)
        return str(insert), lambda tokens: {key: cell(tokens) for key, cell in cells.items()}

    def _cell(self, kind: TypeEngine[Any], value: Any) -> Callable[[dict[str, str]], Any]:
        if isinstance(kind, JSON):
            return self._text(json.dumps(value))
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, bytes):
            said = self._text(value.decode())
            return lambda tokens: said(tokens).encode()
        if value == NUMBER:
            return lambda tokens: int(tokens[str(NUMBER)])
        bind = kind.dialect_impl(self._dialect).bind_processor(self._dialect)
        bound = bind(value) if bind else value
        return lambda _tokens: bound

    def _text(self, text: str) -> Callable[[dict[str, str]], str]:
        parts, blanks = self._fill.split(text), self._fill.findall(text)
        if not blanks:
            return lambda _tokens: text
        return lambda tokens: (
            parts[0] + "".join(tokens[blank] + after for blank, after in zip(blanks, parts[1:], strict=True))
        )

    def _record(self, record: trail.Record) -> Callable[[dict[str, str]], trail.Record]:
        subject, why, facts = self._text(record.subject), self._text(record.why), self._text(json.dumps(record.facts))
        return lambda tokens: replace(record, subject=subject(tokens), why=why(tokens), facts=json.loads(facts(tokens)))
