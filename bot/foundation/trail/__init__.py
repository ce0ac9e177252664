"""The trail: who did what, when and why, in a chain that nobody can quietly change.

Each entry is stored as text and carries an HMAC-SHA256 over exactly those bytes, under a key kept outside the
database. The text names the previous entry's MAC, its own number, and a salted digest of its payload. So a changed
byte, a deleted row and a reordered row all show, and an entry's words can be erased without breaking the chain.

    entry n-1 ──mac──▶ entry n {seq, prev, ts, actor, for, action, object, policy, payload digest} ──mac──▶ entry n+1
                                                                              │
                                                             payload n {salt, words}  (may be erased)

The key evolves every day and the old one is destroyed. Every minute or hundred entries a signed checkpoint covers what
is new. It can be checked without the secret, and is what anchors keep elsewhere (`foundation/anchoring.py`).

    checkpoint {number, first, last, mac, Merkle root, epoch, public key, next one, checkpoint before} + Ed25519

    keys.py       the key, how it evolves, and what it signs
    chain.py      writing entries and checkpoints
    reading.py    reading them, for people and for the verifier
    verifier/     is it what was written? Knows no database
    export.py     a trail as a file, to be checked elsewhere
    merkle.py     the tree hash of RFC 6962
"""

import hmac

from sqlmodel import Session, col, select

from bot.foundation.models import TrailEntry
from bot.foundation.trail.chain import GENESIS, Record, append, locked_head, seal
from bot.foundation.trail.keys import KeyGoneError, Keyring, keyring, mac
from bot.foundation.trail.reading import DatabaseSource, Entry, has_begun, read
from bot.foundation.trail.verifier import Anchor, Damage, DamageError, DamageKind, Report, check

__all__ = [
    "GENESIS",
    "Anchor",
    "Damage",
    "DamageError",
    "DamageKind",
    "DatabaseSource",
    "Entry",
    "KeyGoneError",
    "Keyring",
    "Record",
    "Report",
    "append",
    "check",
    "has_begun",
    "is_continued_with",
    "keyring",
    "locked_head",
    "read",
    "seal",
    "sign",
    "verify",
]


def sign(key: bytes, body: str) -> bytes:
    """Return the MAC of an entry's stored text."""
    return mac(key, body.encode())


def is_continued_with(session: Session, key: bytes | Keyring) -> bool:
    """Say whether the last entry was written with this key; a trail that has not begun takes any."""
    keys = keyring(key)
    last = session.exec(select(TrailEntry).order_by(col(TrailEntry.seq).desc()).limit(1)).first()
    if last is None:
        return True
    return keys.knows(last.key_id) and hmac.compare_digest(last.mac, sign(keys.at(last.key_id), last.body))


def verify(session: Session, key: bytes | Keyring, *, batch: int = 5_000) -> tuple[int, Damage | None]:
    """Check the whole trail in a database. Returns how many entries are whole, and the first damage if any."""
    report = check(DatabaseSource(session, batch=batch), keyring(key))
    return report.whole, report.damage
