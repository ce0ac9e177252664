"""The row of checkpoints, each signed and continuing the one before; and the anchors, which must be among them."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest

from bot.foundation.trail.keys import Keyring, is_signed
from bot.foundation.trail.verifier.models import Anchor, DamageError, Sealed


@dataclass(frozen=True, slots=True)
class Seal:
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


def seals_of(rows: Iterable[Sealed], keys: Keyring | None, first_public: bytes | None) -> list[Seal]:
    """Check the row of checkpoints: each continues the one before, and is signed by its epoch's key."""
    seals, publics = list[Seal](), dict[int, bytes]()
    for row in rows:
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


def _seal(row: Sealed) -> Seal:
    said = json.loads(row.body)
    numbers = [said[name] for name in ("number", "first", "last", "epoch")]
    if any(type(number) is not int for number in numbers):
        raise ValueError("not a number")
    number, first, last, epoch = numbers
    mac_, root, public, following = (bytes.fromhex(said[name]) for name in ("mac", "root", "public", "next"))
    return Seal(number, first, last, mac_, root, epoch, public, following, said["prev"], row.body)


def _continues(seal: Seal, row: Sealed, before: Seal | None) -> bool:
    if (row.seq, row.number) != (seal.last, seal.number) or seal.last < seal.first:
        return False
    if before is None:
        return (seal.number, seal.first, seal.epoch, seal.previous) == (1, 1, 1, None)
    if (seal.number, seal.first) != (before.number + 1, before.last + 1) or seal.epoch - before.epoch not in (0, 1):
        return False
    return seal.previous == sha256(before.body).hexdigest()


def _expected_public(seal: Seal, before: Seal | None, keys: Keyring | None, first_public: bytes | None) -> bytes:
    if keys and keys.knows(seal.epoch):
        return keys.public(seal.epoch)
    if before is not None:
        return before.next
    return first_public or seal.public


def _is_ours(seal: Seal, row: Sealed, keys: Keyring | None) -> bool:
    if keys and keys.knows(seal.epoch):  # signing again is three times as fast as checking, and gives the same bytes
        return compare_digest(keys.seal(seal.epoch, row.body), row.signature)
    return is_signed(seal.public, row.body, row.signature)


def compare(anchors: Sequence[Anchor], seals: Sequence[Seal]) -> None:
    """Compare anchors with the checkpoints of the trail, oldest first: what was kept elsewhere must still be here."""
    ours = {seal.number: seal.body for seal in seals}
    for kept, anchor in sorted(((_kept(anchor), anchor) for anchor in anchors), key=lambda pair: pair[0].number):
        if not is_signed(kept.public, anchor.body, anchor.signature):
            raise DamageError(kept.first, "anchor", f"{anchor.place}: this anchor is not signed as it says")
        if ours.get(kept.number) != anchor.body:
            what = "has another one" if kept.number in ours else "has no such checkpoint"
            detail = f"{anchor.place} holds checkpoint {kept.number} over {kept.first} to {kept.last}; the trail {what}"
            raise DamageError(kept.first, "anchor", detail)


def _kept(anchor: Anchor) -> Seal:
    try:
        return _seal(Sealed(0, 0, anchor.body, anchor.signature))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise DamageError(0, "anchor", f"{anchor.place}: this anchor cannot be read") from None
