"""Writing the chain: entries, and the checkpoints that seal them, inside the transaction of the change."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert
from sqlmodel import Session, col, select

from bot.foundation.config import canonical
from bot.foundation.ids import Ids
from bot.foundation.models import TrailCheckpoint, TrailEntry, TrailHead, TrailPayload
from bot.foundation.trail import merkle
from bot.foundation.trail.keys import Keyring, keyring, mac

GENESIS = bytes(32)
_TEXT = json.JSONEncoder(sort_keys=True, separators=(",", ":"))
SEAL_AFTER = timedelta(seconds=60)
SEAL_AT = 100
"""So many entries wait for a checkpoint at most, and none longer than SEAL_AFTER."""
AT_ONCE = ("rollback.started", "privacy.", "trail.", "policy.")
"""What begins like this is sealed at once: a rollback carried out, words erased, entries purged, a policy changed."""
SEGMENT = 10_000
"""The most entries under one checkpoint, so that sealing a long trail for the first time goes in steps."""


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


def append(session: Session, key: bytes | Keyring, ids: Ids, records: Sequence[Record]) -> int | None:
    """Add records to the chain inside the caller's transaction. Locks the head row: call it last.

    Returns the epoch they were written in, None for no records. Once that is committed, earlier keys may go.
    """
    if not records:
        return None
    keys, head = keyring(key), locked_head(session)
    _begin_day(session, keys, head, records[0].at)
    secret, seq, last = keys.at(head.key_id), head.seq, head.mac
    entries, payloads = list[dict[str, Any]](), list[dict[str, Any]]()
    for record in records:
        salt = ids.salt()
        words = canonical({"name": record.actor_name, "why": record.why, "facts": record.facts})
        seq += 1
        body = _body(seq, last, record, hashlib.sha256(salt + words.encode()).hexdigest())
        last = mac(secret, body.encode())
        entries.append({"seq": seq, "body": body, "mac": last, "key_id": head.key_id})
        payloads.append({"seq": seq, "salt": salt, "body": words, "subject": record.subject})
    head.seq, head.mac = seq, last
    head.seal_at = _seal_at(head, records)
    session.flush()
    # Rows rather than objects: nobody changes an entry, and a decision writes several.
    session.connection().execute(insert(TrailEntry), entries)
    session.connection().execute(insert(TrailPayload), payloads)
    return head.key_id


def locked_head(session: Session) -> TrailHead:
    """Return the last link, locked until the transaction ends: every writer of the chain begins here."""
    head = select(TrailHead).where(TrailHead.id == 1).with_for_update().execution_options(populate_existing=True)
    return session.exec(head).one()


def seal(session: Session, key: bytes | Keyring, at: datetime) -> TrailCheckpoint | None:
    """Seal the oldest entries that no checkpoint covers, inside the caller's transaction; None when there are none.

    A checkpoint says in signed text: how many entries there were, the last one's MAC, and the Merkle root over their
    texts. It also names the public keys of its own epoch and of the next one.
    """
    keys, head = keyring(key), locked_head(session)
    if head.sealed >= head.seq:
        head.seal_at = None
        return None
    before = session.exec(select(TrailCheckpoint).order_by(col(TrailCheckpoint.seq).desc()).limit(1)).first()
    last = min(head.seq, head.sealed + SEGMENT)
    body = _checkpoint(session, keys, head, before, last, at)
    signature = keys.seal(head.key_id, body.encode())
    checkpoint = TrailCheckpoint(
        seq=last, number=before.number + 1 if before else 1, body=body, signature=signature, sealed_at=at
    )
    session.add(checkpoint)
    head.sealed, head.seal_at = last, at if last < head.seq else None
    session.flush()
    return checkpoint


def _begin_day(session: Session, keys: Keyring, head: TrailHead, now: datetime) -> None:
    """Begin a new epoch with the first entry on another day; seal what the old key wrote, while it is there.

    Another day, not a later one: a clock that was ahead for a while and was then set right must not stop the evolution
    until that time has come. Epochs only ever count up.
    """
    day = now.astimezone(UTC).date().isoformat()
    if head.day not in (None, day) and head.seq > 0:
        while seal(session, keys, now):
            pass
        head.key_id += 1
    head.day = day


def _seal_at(head: TrailHead, records: Sequence[Record]) -> datetime:
    now = records[-1].at
    hurry = head.seq - head.sealed >= SEAL_AT or any(record.action.startswith(AT_ONCE) for record in records)
    due = now if hurry else now + SEAL_AFTER
    return min(head.seal_at, due) if head.seal_at else due


def _body(seq: int, previous: bytes, record: Record, payload_digest: str) -> str:
    return _text(
        {
            "v": 1,
            "seq": seq,
            "prev": previous.hex(),
            "ts": _moment(record.at),
            "actor": record.actor,
            "for": record.on_behalf_of,
            "action": record.action,
            "object": record.subject,
            "policy": record.policy,
            "payload": payload_digest,
        }
    )


def _checkpoint(
    session: Session, keys: Keyring, head: TrailHead, before: TrailCheckpoint | None, last: int, at: datetime
) -> str:
    segment = session.connection().execute(
        select(TrailEntry.body, TrailEntry.mac)
        .where(col(TrailEntry.seq) > head.sealed, col(TrailEntry.seq) <= last)
        .order_by(col(TrailEntry.seq))
    )
    rows = segment.all()
    return _text(
        {
            "v": 1,
            "number": before.number + 1 if before else 1,
            "prev": hashlib.sha256(before.body.encode()).hexdigest() if before else None,
            "first": head.sealed + 1,
            "last": last,
            "mac": rows[-1].mac.hex(),
            "root": merkle.root(row.body.encode() for row in rows).hex(),
            "epoch": head.key_id,
            "public": keys.public(head.key_id).hex(),
            "next": keys.public(head.key_id + 1).hex(),
            "at": _moment(at),
        }
    )


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _text(values: dict[str, Any]) -> str:
    return _TEXT.encode(values)
