"""The trail: who did what, when and why, in a chain that nobody can quietly change.

Each entry is stored as text and carries an HMAC-SHA256 over exactly those bytes, under a key kept outside the
database. The text names the previous entry's MAC, its own number, and a salted digest of its payload. So a changed
byte, a deleted row and a reordered row all show, and an entry's words can be erased without breaking the chain.

    entry n-1 ──mac──▶ entry n {seq, prev, ts, actor, for, action, object, policy, payload digest} ──mac──▶ entry n+1
                                                                              │
                                                             payload n {salt, words}  (may be erased)
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import sqlalchemy
from sqlalchemy import LargeBinary, insert
from sqlalchemy.orm import outerjoin
from sqlmodel import Session, col, select

from bot.foundation.config import canonical
from bot.foundation.ids import Ids
from bot.foundation.models import TrailEntry, TrailHead, TrailPayload

GENESIS = bytes(32)
KEY_ID = 1
DamageKind = Literal["changed", "missing", "reordered", "payload changed", "payload missing", "head"]


@dataclass(frozen=True)
class Record:
    """What somebody did, before it becomes an entry."""

    action: str
    subject: str
    actor: str
    actor_name: str
    at: datetime
    why: str = ""
    on_behalf_of: str | None = None
    policy: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Entry:
    """One entry read back, with its words if they have not been erased."""

    seq: int
    at: datetime
    actor: str
    actor_name: str
    action: str
    subject: str
    on_behalf_of: str | None
    why: str
    facts: dict[str, Any]
    mac: str


@dataclass(frozen=True)
class Damage:
    """The first place where the trail is not what was written."""

    seq: int
    kind: DamageKind
    detail: str

    def __str__(self) -> str:
        return f"entry {self.seq}: {self.kind}: {self.detail}"


def append(session: Session, key: bytes, ids: Ids, records: Sequence[Record]) -> None:
    """Add records to the chain inside the caller's transaction. Locks the head row: call it last."""
    if not records:
        return
    locked = select(TrailHead).where(TrailHead.id == 1).with_for_update().execution_options(populate_existing=True)
    head = session.exec(locked).one()
    entries, payloads = list[dict[str, Any]](), list[dict[str, Any]]()
    for record in records:
        salt = ids.salt()
        words = canonical({"name": record.actor_name, "why": record.why, "facts": record.facts})
        body = _body(head.seq + 1, head.mac, record, _payload_digest(salt, words))
        head.seq, head.mac = head.seq + 1, sign(key, body)
        entries.append({"seq": head.seq, "body": body, "mac": head.mac, "key_id": KEY_ID})
        payloads.append({"seq": head.seq, "salt": salt, "body": words, "subject": record.subject})
    session.flush()
    # Rows rather than objects: nobody changes an entry, and a decision writes several.
    session.connection().execute(insert(TrailEntry), entries)
    session.connection().execute(insert(TrailPayload), payloads)


def sign(key: bytes, body: str) -> bytes:
    """Return the MAC of an entry's stored text."""
    return _mac(key, body.encode())


def _mac(key: bytes, body: bytes) -> bytes:
    return hmac.digest(key, body, "sha256")


def read(session: Session, subject: str) -> list[Entry]:
    """Return every entry about a subject (`INC-42`), oldest first."""
    rows = session.exec(
        select(TrailEntry, TrailPayload)
        .join(TrailPayload, col(TrailPayload.seq) == col(TrailEntry.seq))
        .where(TrailPayload.subject == subject)
        .order_by(col(TrailEntry.seq))
    )
    return [_entry(entry, payload) for entry, payload in rows]


def is_continued_with(session: Session, key: bytes) -> bool:
    """Say whether the last entry was written with this key; a trail that has not begun takes any."""
    last = session.exec(select(TrailEntry).order_by(col(TrailEntry.seq).desc()).limit(1)).first()
    return last is None or hmac.compare_digest(last.mac, sign(key, last.body))


def has_begun(session: Session) -> bool:
    """Say whether the trail has any entry."""
    return session.exec(select(TrailEntry.seq).limit(1)).first() is not None


def verify(session: Session, key: bytes, *, batch: int = 5_000) -> tuple[int, Damage | None]:
    """Check the whole chain and every payload. Returns how many entries are whole, and the first damage if any.

    Columns are read as the bytes they are: whoever changed the file need not have kept their types or their encoding.
    """
    count, previous = 0, GENESIS
    with session.connection().execute(_everything(session), execution_options={"yield_per": batch}) as rows:
        for row in rows:
            stored = _Stored(*row)
            damage = _damage(stored, count + 1, previous, key)
            if damage:
                return count, damage
            count, previous = count + 1, stored.mac
    return count, _head_damage(session, count, previous)


@dataclass(frozen=True, slots=True)
class _Stored:
    """One entry and its payload, byte for byte as they stand in the database."""

    seq: int
    body: bytes
    mac: bytes
    key_id: int
    salt: bytes | None
    words: bytes | None
    subject: bytes | None


def _everything(session: Session) -> sqlalchemy.Select[Any]:
    """Select the chain in order, without a lower bound: a forged entry 0 has to be seen, too."""
    entry, payload = TrailEntry, TrailPayload
    columns = (entry.seq, entry.body, entry.mac, entry.key_id, payload.salt, payload.body, payload.subject)
    pairs = outerjoin(entry, payload, col(payload.seq) == col(entry.seq))
    raw = [_raw(session, column) for column in columns]
    return sqlalchemy.select(*raw).select_from(pairs).order_by(col(entry.seq))


def _raw(session: Session, column: Any) -> Any:
    """Return a column as the bytes it holds: SQLite keeps any type in any column, and text in any encoding."""
    if isinstance(column.type, sqlalchemy.Integer):
        return column
    if session.get_bind().dialect.name == "sqlite":
        return sqlalchemy.cast(column, LargeBinary)
    return column if isinstance(column.type, LargeBinary) else sqlalchemy.func.convert_to(column, "UTF8")


def _body(seq: int, previous: bytes, record: Record, payload_digest: str) -> str:
    return json.dumps(
        {
            "v": 1,
            "seq": seq,
            "prev": previous.hex(),
            "ts": record.at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "actor": record.actor,
            "for": record.on_behalf_of,
            "action": record.action,
            "object": record.subject,
            "policy": record.policy,
            "payload": payload_digest,
        },
        sort_keys=True,
        separators=(",", ":"),
    )


def _payload_digest(salt: bytes, words: str) -> str:
    return hashlib.sha256(salt + words.encode()).hexdigest()


def _damage(stored: _Stored, expected: int, previous: bytes, key: bytes) -> Damage | None:
    if stored.seq != expected:
        kind: DamageKind = "missing" if stored.seq > expected else "reordered"
        return Damage(expected, kind, f"the next entry there is {stored.seq}")
    if stored.key_id != KEY_ID or not hmac.compare_digest(stored.mac, _mac(key, stored.body)):
        return Damage(stored.seq, "changed", "its MAC does not fit its text")
    body = json.loads(stored.body)
    if body["seq"] != stored.seq:
        return Damage(stored.seq, "reordered", f"its text says it is entry {body['seq']}")
    if body["prev"] != previous.hex():
        return Damage(stored.seq, "reordered", "it does not follow the entry before it")
    return _payload_damage(stored, body)


def _payload_damage(stored: _Stored, body: Mapping[str, Any]) -> Damage | None:
    if stored.salt is None or stored.words is None or stored.subject is None:
        return Damage(stored.seq, "payload missing", "its words are gone and no erasure is recorded")
    digest = hashlib.sha256(stored.salt + stored.words).hexdigest()
    if body["payload"] != digest or body["object"].encode() != stored.subject:
        return Damage(stored.seq, "payload changed", "its words are not those that were written")
    return None


def _head_damage(session: Session, last: int, mac: bytes) -> Damage | None:
    columns = (_raw(session, TrailHead.seq), _raw(session, TrailHead.mac))
    head = session.connection().execute(sqlalchemy.select(*columns).where(col(TrailHead.id) == 1)).first()
    if head is None:
        return Damage(last, "head", "the head row is gone")
    if tuple(head) != (last, mac):
        return Damage(last + 1, "missing", f"the head says that the last entry is {head[0]}")
    return None


def _entry(row: TrailEntry, payload: TrailPayload) -> Entry:
    body = json.loads(row.body)
    words = json.loads(payload.body)
    return Entry(
        seq=row.seq,
        at=datetime.fromisoformat(body["ts"]),
        actor=body["actor"],
        actor_name=words["name"],
        action=body["action"],
        subject=body["object"],
        on_behalf_of=body["for"],
        why=words["why"],
        facts=words["facts"],
        mac=row.mac.hex(),
    )
