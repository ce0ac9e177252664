"""The verifier: says whether a trail is what was written, wherever it stands. It knows no database and writes nothing.

It reads rows as the bytes they are: whoever changed a file need not have kept types or encodings. What it can check
depends on what it is given:

    the first key       every entry and every checkpoint
    a later key         entries of its epoch and later by their MACs, older ones by the checkpoints over them
    the first public    what checkpoints cover; the newest entries, under none yet, it counts as open
    anchors             also that nothing was cut off or put back since
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest, digest
from typing import Any, Literal, NamedTuple, Protocol

import orjson

from bot.foundation.trail.chain import GENESIS
from bot.foundation.trail.keys import Keyring, is_signed, mac
from bot.foundation.trail.merkle import Tree

ERASED, PURGED, ITSELF = "privacy.erased", "trail.purged", "trail"
"""What is recorded about the trail itself: these two actions, under this subject."""
DamageKind = Literal[
    "changed", "missing", "reordered", "payload changed", "payload missing", "head", "checkpoint", "anchor"
]


@dataclass(frozen=True)
class Damage:
    """The first place where the trail is not what was written."""

    seq: int
    kind: DamageKind
    detail: str

    def __str__(self) -> str:
        return f"entry {self.seq}: {self.kind}: {self.detail}"


class DamageError(Exception):
    """Raised at the first damage; `check` turns it into its report."""

    def __init__(self, seq: int, kind: DamageKind, detail: str) -> None:
        super().__init__(detail)
        self.damage = Damage(seq, kind, detail)


class Stored(NamedTuple):
    """One entry and its payload, byte for byte as they stand."""

    seq: int
    body: bytes
    mac: bytes
    key_id: int
    salt: bytes | None
    words: bytes | None
    subject: bytes | None


@dataclass(frozen=True, slots=True)
class Sealed:
    """One checkpoint, byte for byte as it stands."""

    seq: int
    number: int
    body: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """What the head row says: the last entry, its MAC and epoch, and the last entry under a checkpoint."""

    seq: int
    mac: bytes
    key_id: int
    sealed: int


@dataclass(frozen=True, slots=True)
class Anchor:
    """A checkpoint as somebody else kept it, and where it was read (`anchors.jsonl:7`)."""

    body: bytes
    signature: bytes
    place: str


class Source(Protocol):
    """A trail to be checked: a database, or an exported file."""

    def head(self) -> Head | None:
        """Return what the head row says, None if it is gone."""
        ...

    def checkpoints(self) -> Iterable[Sealed]:
        """Return all checkpoints in order."""
        ...

    def about_itself(self) -> Iterable[Stored]:
        """Return the entries whose subject is the trail itself, in order."""
        ...

    def entries(self) -> Iterator[Stored]:
        """Return every entry in order, without a lower bound: a forged entry 0 has to be seen, too."""
        ...


@dataclass
class Report:
    """What was found.

    Attributes:
        whole: Entries that are what was written (before the damage, if there is any).
        damage: The first damage.
        last: Number of the last entry.
        erased: Entries among the whole whose words are erased, as recorded.
        purged: All entries up to this one are purged, as recorded.
        sealed: All entries up to this one are under a checkpoint.
        open: Entries that nobody can check without the key: under no checkpoint yet.
        anchors: Anchors that fit.
        public: The first public key, in hexadecimal.
    """

    whole: int = 0
    damage: Damage | None = None
    last: int = 0
    erased: int = 0
    purged: int = 0
    sealed: int = 0
    open: int = 0
    anchors: int = 0
    public: str = ""


def check(
    source: Source, keys: Keyring | None, *, first_public: bytes | None = None, anchors: Sequence[Anchor] = ()
) -> Report:
    """Check a whole trail: chain, payloads, checkpoints, head, and anchors if there are any.

    Args:
        source: Where the trail stands.
        keys: The first key checks everything; None: only signatures are checked.
        first_public: The public key of the first epoch as the checker was given it; without it the trail's own word is
            taken, and the report names it for comparison.
        anchors: Checkpoints that were kept elsewhere.
    """
    report = Report()
    try:
        seals = _seals(source.checkpoints(), keys, first_public or (keys.first_public if keys else None))
        report.public = seals[0].public.hex() if seals else ""
        report.sealed = seals[-1].last if seals else 0
        _compare(anchors, seals)
        _Pass(source, keys, seals, report).run()
        report.anchors = len(anchors)
    except DamageError as error:
        report.damage = error.damage
    return report


@dataclass(frozen=True, slots=True)
class _Seal:
    """A checkpoint whose signature and place in the row of checkpoints were checked."""

    number: int
    first: int
    last: int
    mac: bytes
    root: bytes
    epoch: int
    public: bytes
    next: bytes
    previous: str | None
    body: bytes


def _seals(checkpoints: Iterable[Sealed], keys: Keyring | None, first_public: bytes | None) -> list[_Seal]:
    """Check the row of checkpoints: each continues the one before, and is signed by its epoch's key."""
    seals, publics = list[_Seal](), dict[int, bytes]()
    for row in checkpoints:
        before = seals[-1] if seals else None
        expected = before.last + 1 if before else 1
        try:
            seal = _seal(row)
        except (ValueError, KeyError, TypeError, RecursionError):
            raise DamageError(expected, "checkpoint", "the checkpoint from here on cannot be read") from None
        if not _continues(seal, row, before):
            raise DamageError(expected, "checkpoint", "the checkpoint from here on does not continue the one before it")
        if seal.epoch not in publics:
            publics[seal.epoch] = _expected_public(seal, before, keys, first_public)
        if publics[seal.epoch] != seal.public or not _is_ours(seal, row, keys):
            raise DamageError(seal.first, "checkpoint", f"checkpoint {seal.number} is not signed by the trail's key")
        seals.append(seal)
    return seals


def _seal(row: Sealed) -> _Seal:
    said = json.loads(row.body)
    numbers = [said[name] for name in ("number", "first", "last", "epoch")]
    if any(type(number) is not int for number in numbers):
        raise ValueError("not a number")
    number, first, last, epoch = numbers
    mac_, root, public, following = (bytes.fromhex(said[name]) for name in ("mac", "root", "public", "next"))
    return _Seal(number, first, last, mac_, root, epoch, public, following, said["prev"], row.body)


def _continues(seal: _Seal, row: Sealed, before: _Seal | None) -> bool:
    if (row.seq, row.number) != (seal.last, seal.number) or seal.last < seal.first:
        return False
    if before is None:
        return (seal.number, seal.first, seal.epoch, seal.previous) == (1, 1, 1, None)
    if (seal.number, seal.first) != (before.number + 1, before.last + 1) or seal.epoch - before.epoch not in (0, 1):
        return False
    return seal.previous == sha256(before.body).hexdigest()


def _expected_public(seal: _Seal, before: _Seal | None, keys: Keyring | None, first_public: bytes | None) -> bytes:
    if keys and keys.knows(seal.epoch):
        return keys.public(seal.epoch)
    if before is not None:
        return before.next
    return first_public or seal.public


def _is_ours(seal: _Seal, row: Sealed, keys: Keyring | None) -> bool:
    if keys and keys.knows(seal.epoch):  # signing again is three times as fast as checking, and gives the same bytes
        return compare_digest(keys.seal(seal.epoch, row.body), row.signature)
    return is_signed(seal.public, row.body, row.signature)


def _compare(anchors: Sequence[Anchor], seals: Sequence[_Seal]) -> None:
    """Compare anchors with the checkpoints of the trail, oldest first: what was kept elsewhere must still be here."""
    ours = {seal.number: seal.body for seal in seals}
    for kept, anchor in sorted(((_kept(anchor), anchor) for anchor in anchors), key=lambda pair: pair[0].number):
        if not is_signed(kept.public, anchor.body, anchor.signature):
            raise DamageError(kept.first, "anchor", f"{anchor.place}: this anchor is not signed as it says")
        if ours.get(kept.number) != anchor.body:
            what = "has another one" if kept.number in ours else "has no such checkpoint"
            detail = f"{anchor.place} holds checkpoint {kept.number} over {kept.first} to {kept.last}; the trail {what}"
            raise DamageError(kept.first, "anchor", detail)


def _kept(anchor: Anchor) -> _Seal:
    try:
        return _seal(Sealed(0, 0, anchor.body, anchor.signature))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise DamageError(0, "anchor", f"{anchor.place}: this anchor cannot be read") from None


@dataclass
class _Pass:
    """One pass over all entries. The loop is flat on purpose: a million of them are to pass in seconds."""

    source: Source
    keys: Keyring | None
    seals: Sequence[_Seal]
    report: Report
    previous: bytes = GENESIS
    epoch: int = 1
    erased: set[int] = field(default_factory=set)

    def run(self) -> None:
        """Check everything (DamageError at the first damage)."""
        self._read_what_is_recorded()
        self._entries()
        self._head()
        if self.seals and self.seals[-1].last > self.report.last:
            raise DamageError(self.report.last + 1, "missing", f"checkpoints say that entry {self.seals[-1].last} was")

    def _read_what_is_recorded(self) -> None:
        """Learn what was erased and purged, from entries that are themselves what was written."""
        for row in self.source.about_itself():
            action, facts = self._authentic(row) or ("", {})
            if action == ERASED:
                for first, last in facts["entries"]:
                    self.erased.update(range(first, min(last, row.seq - 1) + 1))
            elif action == PURGED:
                self.report.purged = max(self.report.purged, min(facts["last"], row.seq - 1))
        if self.report.purged:
            seal = next((seal for seal in self.seals if seal.last == self.report.purged), None)
            if seal is None:
                raise DamageError(self.report.purged, "checkpoint", "the checkpoint at which the purge ended is gone")
            self.previous, self.epoch = seal.mac, seal.epoch

    def _authentic(self, row: Stored) -> tuple[str, Mapping[str, Any]] | None:
        """Return an entry's action and facts if it is ours: by its MAC, or because a checkpoint covers it."""
        if self.keys and self.keys.knows(row.key_id):
            if not compare_digest(row.mac, mac(self.keys.at(row.key_id), row.body)):
                return None
        elif row.seq > self.report.sealed:
            return None
        try:
            body = json.loads(row.body)
            if body["payload"] != sha256((row.salt or b"") + (row.words or b"")).hexdigest():
                return None
            return str(body["action"]), json.loads(row.words or b"")["facts"]
        except (ValueError, KeyError, TypeError, RecursionError):
            return None

    def _entries(self) -> None:
        report, expected = self.report, self.report.purged
        secret = self._secret()
        seals = (seal for seal in self.seals if seal.last > report.purged)
        seal = next(seals, None)
        tree, previous, previous_hex = Tree(), self.previous, self.previous.hex()
        for row in self.source.entries():
            seq, text, row_mac, key_id, salt, words, subject = row
            expected += 1
            if seq != expected:
                kind: DamageKind = "missing" if type(seq) is int and seq > expected else "reordered"
                raise DamageError(expected, kind, f"the next entry there is {seq!r}")
            if key_id != self.epoch:
                self._next_epoch(row)
                secret = self._secret()
            if secret is None:
                self._covered(row, seal)
                tree.add(text)
            elif row_mac != digest(secret, text, "sha256"):
                raise DamageError(seq, "changed", "its MAC does not fit its text")
            said = _said(row)
            if said[0] != seq:
                raise DamageError(seq, "reordered", f"its text says it is entry {said[0]}")
            if said[1] != previous_hex:
                raise DamageError(seq, "reordered", "it does not follow the entry before it")
            if not salt or words is None or said[2] != sha256(salt + words).hexdigest() or said[3] != subject:
                self._payload(row, said[2], said[3])
            previous, previous_hex = row_mac, row_mac.hex()
            if seal is not None and seq == seal.last:
                self._close(seal, tree if secret is None else None, previous)
                tree, seal = Tree(), next(seals, None)
            report.whole += 1
            report.last = seq
        report.last, self.previous = expected, previous

    def _secret(self) -> bytes | None:
        return self.keys.at(self.epoch) if self.keys and self.keys.knows(self.epoch) else None

    def _next_epoch(self, row: Stored) -> None:
        """Go on to the next epoch, which may only begin where a checkpoint of the last one ends."""
        closed = any(seal.last == row.seq - 1 and seal.epoch == self.epoch for seal in self.seals)
        if type(row.key_id) is not int or row.key_id != self.epoch + 1 or not closed:
            raise DamageError(row.seq, "changed", f"its key {row.key_id!r} does not follow key {self.epoch}")
        self.epoch = row.key_id

    def _covered(self, row: Stored, seal: _Seal | None) -> None:
        """Count an entry that nobody can check: no key, no checkpoint. With a later key in hand there can be none."""
        if seal is None and self.keys is not None:
            raise DamageError(row.seq, "checkpoint", "its key was destroyed, and no checkpoint covers it")
        self.report.open += seal is None

    def _payload(self, row: Stored, payload: str, subject: bytes) -> None:
        if row.salt is None or row.words is None or row.subject is None:
            raise DamageError(row.seq, "payload missing", "its words are gone")
        if subject != row.subject:
            raise DamageError(row.seq, "payload changed", "its words stand under another subject")
        if row.salt or row.words:
            if payload != sha256(row.salt + row.words).hexdigest():
                raise DamageError(row.seq, "payload changed", "its words are not those that were written")
        elif row.seq not in self.erased:
            raise DamageError(row.seq, "payload missing", "its words are gone and no erasure is recorded")
        else:
            self.report.erased += 1

    def _close(self, seal: _Seal, tree: Tree | None, last_mac: bytes) -> None:
        """Compare what was read with the checkpoint over it. With the key, the last MAC stands for all before it."""
        differs = tree is not None and (tree.size != seal.last - seal.first + 1 or tree.root() != seal.root)
        if differs or last_mac != seal.mac:
            detail = f"entries {seal.first} to {seal.last} are not those under checkpoint {seal.number}"
            raise DamageError(seal.first, "changed", detail)

    def _head(self) -> None:
        head, last = self.source.head(), self.report.last
        if head is None:
            raise DamageError(last, "head", "the head row is gone")
        if (head.seq, head.mac) != (last, self.previous):
            raise DamageError(last + 1, "missing", f"the head says that the last entry is {head.seq!r}")
        if head.key_id != self.epoch and last:
            raise DamageError(last, "head", f"the head says that the key is {head.key_id!r}")
        if head.sealed != self.report.sealed:
            raise DamageError(self.report.sealed + 1, "checkpoint", f"the head says that {head.sealed!r} are sealed")


def _said(row: Stored) -> tuple[int, str, str, bytes]:
    """Return what an entry's text says: its number, the MAC before it, its payload's digest, and its subject."""
    try:
        body = orjson.loads(row.body)
        return body["seq"], body["prev"], body["payload"], body["object"].encode()
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DamageError(row.seq, "changed", "its text cannot be read") from None
