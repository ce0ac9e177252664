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
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

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
    head = session.exec(select(TrailHead).where(TrailHead.id == 1).with_for_update()).one()
    seq, mac = head.seq, head.mac
    for record in records:
        seq += 1
        salt = ids.salt()
        words = canonical({"name": record.actor_name, "why": record.why, "facts": record.facts})
        body = _body(seq, mac, record, _payload_digest(salt, words))
        mac = sign(key, body)
        session.add(TrailEntry(seq=seq, body=body, mac=mac, key_id=KEY_ID))
        session.flush()
        session.add(TrailPayload(seq=seq, salt=salt, body=words, subject=record.subject))
    head.seq, head.mac = seq, mac
    session.add(head)
    session.flush()


def sign(key: bytes, body: str) -> bytes:
    """Return the MAC of an entry's stored text."""
    return hmac.new(key, body.encode(), hashlib.sha256).digest()


def read(session: Session, subject: str) -> list[Entry]:
    """Return every entry about a subject (`INC-42`), oldest first."""
    rows = session.exec(
        select(TrailEntry, TrailPayload)
        .join(TrailPayload, col(TrailPayload.seq) == col(TrailEntry.seq))
        .where(TrailPayload.subject == subject)
        .order_by(col(TrailEntry.seq))
    )
    return [_entry(entry, payload) for entry, payload in rows]


def verify(session: Session, key: bytes, *, batch: int = 5_000) -> tuple[int, Damage | None]:
    """Check the whole chain and every payload. Returns how many entries are whole, and the first damage if any."""
    count, previous, last = 0, GENESIS, 0
    while True:
        rows = session.exec(
            select(TrailEntry).where(col(TrailEntry.seq) > last).order_by(col(TrailEntry.seq)).limit(batch)
        ).all()
        if not rows:
            return count, _head_damage(session, last, previous)
        payloads = _payloads(session, rows)
        for row in rows:
            damage = _damage(row, last + 1, previous, key, payloads.get(row.seq))
            if damage:
                return count, damage
            count, previous, last = count + 1, row.mac, row.seq
        session.expunge_all()


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


def _payloads(session: Session, rows: Iterable[TrailEntry]) -> dict[int, TrailPayload]:
    numbers = [row.seq for row in rows]
    found = session.exec(
        select(TrailPayload).where(col(TrailPayload.seq) >= numbers[0], col(TrailPayload.seq) <= numbers[-1])
    )
    return {payload.seq: payload for payload in found}


def _damage(row: TrailEntry, expected: int, previous: bytes, key: bytes, payload: TrailPayload | None) -> Damage | None:
    if row.seq != expected:
        return Damage(expected, "missing", f"the next entry there is {row.seq}")
    if not hmac.compare_digest(row.mac, sign(key, row.body)):
        return Damage(row.seq, "changed", "its MAC does not fit its text")
    body = json.loads(row.body)
    if body["seq"] != row.seq:
        return Damage(row.seq, "reordered", f"its text says it is entry {body['seq']}")
    if body["prev"] != previous.hex():
        return Damage(row.seq, "reordered", "it does not follow the entry before it")
    if payload is None:
        return Damage(row.seq, "payload missing", "its words are gone and no erasure is recorded")
    if body["payload"] != _payload_digest(payload.salt, payload.body) or body["object"] != payload.subject:
        return Damage(row.seq, "payload changed", "its words are not those that were written")
    return None


def _head_damage(session: Session, last: int, mac: bytes) -> Damage | None:
    head = session.get(TrailHead, 1)
    if head is None:
        return Damage(last, "head", "the head row is gone")
    if (head.seq, head.mac) != (last, mac):
        return Damage(last + 1, "missing", f"the head says that the last entry is {head.seq}")
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
