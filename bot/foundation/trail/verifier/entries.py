"""One pass over all entries: each what was written, none missing, none moved, and all that should be there is there."""

import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import orjson

from bot.foundation.trail.chain import GENESIS
from bot.foundation.trail.keys import Keyring, Macs, mac
from bot.foundation.trail.merkle import Tree
from bot.foundation.trail.verifier.models import (
    ERASED,
    POLICY,
    PURGED,
    SALT,
    DamageError,
    DamageKind,
    Recorded,
    Report,
    Source,
    Stored,
)
from bot.foundation.trail.verifier.seals import Seal


@dataclass
class Pass:
    """One pass over all entries of a trail whose checkpoints are in order; it fills the report."""

    source: Source
    keys: Keyring | None
    seals: Sequence[Seal]
    report: Report
    previous: bytes = GENESIS
    epoch: int = 1
    closed: Seal | None = None
    erased: set[int] = field(default_factory=set)
    recorded: dict[str, int] = field(default_factory=dict)

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
            try:
                self._learn(row.seq, *self._authentic(row))
            except (ValueError, KeyError, TypeError, RecursionError):
                continue  # not ours: the pass will say so
        if self.report.purged:
            seal = next((seal for seal in self.seals if seal.last == self.report.purged), None)
            if seal is None:
                raise DamageError(self.report.purged, "checkpoint", "the checkpoint at which the purge ended is gone")
            self.previous, self.epoch, self.closed = seal.mac, seal.epoch, seal

    def _learn(self, seq: int, said: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
        if said["action"] == ERASED:
            for first, last in facts["entries"]:
                self.erased.update(range(first, min(last, seq - 1) + 1))
        elif said["action"] == PURGED:
            self.report.purged = max(self.report.purged, min(facts["last"], seq - 1))
            self._note_policies(0, facts.get("digests", ()))
        elif said["action"] == POLICY:
            self.report.policies.append(Recorded(seq, said["ts"], facts["version"], facts["files"]))
            self._note_policies(seq, [said["policy"], *facts["files"].values()])

    def _note_policies(self, seq: int, digests: Iterable[str]) -> None:
        for digest in digests:
            self.recorded.setdefault(digest, seq)

    def _authentic(self, row: Stored) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """Return what an entry says and its facts if it is ours (ValueError): by its MAC, or under a checkpoint.

        What a checkpoint covers is compared with it in the pass; here it is enough that it will be.
        """
        if self.keys and self.keys.knows(row.key_id):
            ours = hmac.compare_digest(row.mac, mac(self.keys.at(row.key_id), row.body))
        else:
            ours = row.seq <= self.report.sealed
        body = json.loads(row.body)
        if not ours or body["payload"] != _digest(row.salt or b"", row.words or b""):
            raise ValueError("not ours")
        return body, json.loads(row.words or b"")["facts"]

    def _entries(self) -> None:
        """Go through all entries. Flat on purpose, and what many share is made ready: a million take seconds."""
        last, previous, recorded, unrecorded = self.report.purged, self.previous.hex(), self.recorded, 0
        epoch, keyed = self.epoch, self._keyed()
        seals = (seal for seal in self.seals if seal.last > last)
        seal, tree = next(seals, None), Tree()
        try:
            for row in self.source.entries():
                seq, text, row_mac, key_id, salt, words, subject = row
                if seq != last + 1:
                    raise _out_of_place(last + 1, seq)
                if key_id != epoch:
                    epoch = self._next_epoch(seq, key_id)
                    keyed = self._keyed()
                if keyed is None:
                    self._covered(seq, seal)
                    tree.add(text)
                elif keyed.of(text) != row_mac:
                    raise DamageError(seq, "changed", "its MAC does not fit its text")
                try:
                    said = orjson.loads(text)
                    number, before, payload, about = said["seq"], said["prev"], said["payload"], said["object"].encode()
                    policy = said["policy"]
                    unrecorded += policy is not None and recorded.get(policy, seq + 1) > seq
                except (ValueError, KeyError, TypeError, AttributeError):
                    raise DamageError(seq, "changed", "its text cannot be read") from None
                if number != seq or before != previous:
                    raise DamageError(seq, "reordered", f"its text says it is entry {number}, after {before!r:.12}")
                if (
                    not salt
                    or len(salt) != SALT
                    or not words
                    or about != subject
                    or payload != sha256(salt + words).hexdigest()
                ):
                    self._payload(Stored(*row), about)
                previous = row_mac.hex()
                if seal is not None and seq == seal.last:
                    self._close(seal, row_mac, tree)
                    seal, tree = next(seals, None), Tree()
                last = seq
        finally:
            self.report.last, self.report.whole = last, last - self.report.purged
            self.report.unrecorded, self.previous = unrecorded, bytes.fromhex(previous)

    def _keyed(self) -> Macs | None:
        """Return what the epoch's entries are checked with; None if its key is not here."""
        return Macs(self.keys.at(self.epoch)) if self.keys and self.keys.knows(self.epoch) else None

    def _next_epoch(self, seq: int, key_id: object) -> int:
        """Go on to the next epoch, which may only begin where a checkpoint of the last one ends."""
        closed = self.closed is not None and (self.closed.last, self.closed.epoch) == (seq - 1, self.epoch)
        if type(key_id) is not int or key_id != self.epoch + 1 or not closed:
            raise DamageError(seq, "changed", f"its key {key_id!r} does not follow key {self.epoch}")
        self.epoch = key_id
        return key_id

    def _covered(self, seq: int, seal: Seal | None) -> None:
        """Count an entry that nobody can check: no key, no checkpoint. With a later key in hand there can be none."""
        if seal is None and self.keys is not None:
            raise DamageError(seq, "checkpoint", "its key was destroyed, and no checkpoint covers it")
        self.report.open += seal is None

    def _close(self, seal: Seal, last_mac: bytes, tree: Tree) -> None:
        """Compare what was read with the checkpoint over it. With the key, the last MAC stands for all before it."""
        differs = tree.size > 0 and (tree.size, tree.root()) != (seal.last - seal.first + 1, seal.root)
        if differs or last_mac != seal.mac:
            detail = f"entries {seal.first} to {seal.last} are not those under checkpoint {seal.number}"
            raise DamageError(seal.first, "changed", detail)
        self.closed = seal

    def _payload(self, row: Stored, subject: bytes) -> None:
        """Say what is wrong with the words of an entry; nothing, if they were erased and that is recorded."""
        if row.salt is None or row.words is None or row.subject is None:
            raise DamageError(row.seq, "payload missing", "its words are gone")
        if subject != row.subject:
            raise DamageError(row.seq, "payload changed", "its words stand under another subject")
        if row.salt or row.words:
            raise DamageError(row.seq, "payload changed", "its words are not those that were written")
        if row.seq not in self.erased:
            raise DamageError(row.seq, "payload missing", "its words are gone and no erasure is recorded")
        self.report.erased += 1

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


def _digest(salt: bytes, words: bytes) -> str:
    return sha256(salt + words).hexdigest()


def _out_of_place(expected: int, found: object) -> DamageError:
    kind: DamageKind = "missing" if type(found) is int and found > expected else "reordered"
    return DamageError(expected, kind, f"the next entry there is {found!r}")
