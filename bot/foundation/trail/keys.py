"""The trail's key, which evolves: a new epoch's key is made from the last one's, and there is no way back.

    k1 = the secret        k(n+1) = SHA-256("evolve" ‖ k(n))       one epoch for each day with an entry

Whoever steals today's key can forge today's entries and later ones, never yesterday's. Each epoch's key also yields an
Ed25519 key that signs checkpoints; each checkpoint names the next epoch's public key, so whoever holds the first public
key can check all of them and forge none.
"""

import hashlib
import hmac
from collections.abc import Callable

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from bot.foundation.errors import BackoutError

BLOCK = 64
"""Bytes that SHA-256 takes at a time."""
MOST_EPOCHS = 100_000
"""Two and a half centuries of days; a number beyond it was not written by us."""
Forgotten = Callable[["Keyring"], None]


class KeyGoneError(BackoutError):
    """A key of an epoch before the oldest one we hold is asked for: it was destroyed, on purpose."""


class Keyring:
    """The key of one epoch, and by derivation those of all later ones; never of an earlier one.

    Attributes:
        epoch: The oldest epoch whose key is held.
        first_public: The public key of epoch 1, if it is known.
    """

    def __init__(
        self, key: bytes, epoch: int = 1, *, first_public: bytes | None = None, forgotten: Forgotten | None = None
    ) -> None:
        self.epoch = epoch
        self._keys = {epoch: key}
        self._signer: tuple[int, Ed25519PrivateKey] | None = None
        self._forgotten = forgotten
        self.first_public = self.public(1) if epoch == 1 else first_public

    def __repr__(self) -> str:
        return f"Keyring(epoch {self.epoch})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Keyring):
            return NotImplemented
        return self.epoch == other.epoch and hmac.compare_digest(self.at(self.epoch), other.at(other.epoch))

    def __hash__(self) -> int:
        return hash(self.epoch)

    def knows(self, epoch: object) -> bool:
        """Say whether an epoch's key can be had; False for whatever is no epoch."""
        return type(epoch) is int and self.epoch <= epoch < self.epoch + MOST_EPOCHS

    def at(self, epoch: int) -> bytes:
        """Return an epoch's key (KeyGoneError for one that was destroyed)."""
        keys = self._keys  # `reached` puts another one in its place
        found = keys.get(epoch)
        if found is not None:
            return found
        if not self.knows(epoch):
            raise KeyGoneError(f"The trail's key of epoch {epoch} is not here; this is the one of epoch {self.epoch}.")
        for number in range(max(keys) + 1, epoch + 1):
            keys[number] = hashlib.sha256(b"evolve" + keys[number - 1]).digest()
        return keys[epoch]

    def public(self, epoch: int) -> bytes:
        """Return the public key that checks an epoch's checkpoints, 32 bytes."""
        return self._signing(epoch).public_key().public_bytes_raw()

    def seal(self, epoch: int, text: bytes) -> bytes:
        """Sign a checkpoint's text with an epoch's key. The same text has the same signature (RFC 8032)."""
        return self._signing(epoch).sign(text)

    def reached(self, epoch: int) -> None:
        """Destroy all keys before an epoch, once its first entry is committed."""
        if epoch <= self.epoch:
            return
        key = self.at(epoch)
        self._keys = {number: kept for number, kept in self._keys.items() if number > epoch} | {epoch: key}
        self.epoch, self._signer = epoch, None
        if self._forgotten:
            self._forgotten(self)

    def _signing(self, epoch: int) -> Ed25519PrivateKey:
        """Return what signs an epoch's checkpoints; to make it takes longer than to sign, so the last one is kept."""
        kept = self._signer
        if kept is None or kept[0] != epoch:
            secret = hmac.digest(self.at(epoch), b"sign checkpoints", "sha256")
            kept = self._signer = (epoch, Ed25519PrivateKey.from_private_bytes(secret))
        return kept[1]


def keyring(key: bytes | Keyring) -> Keyring:
    """Return a key as a Keyring: bytes are the first epoch's."""
    return key if isinstance(key, Keyring) else Keyring(key)


class Macs:
    """The MACs of many texts under one key, twice as fast as one by one.

    An HMAC hashes the key before the text; what that leads to is kept and copied (RFC 2104, section 4).
    """

    def __init__(self, key: bytes) -> None:
        filled = (key if len(key) <= BLOCK else hashlib.sha256(key).digest()).ljust(BLOCK, b"\0")
        self._inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in filled))
        self._outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in filled))

    def of(self, text: bytes) -> bytes:
        """Return the MAC of a text."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(text)
        outer.update(inner.digest())
        return outer.digest()


def mac(key: bytes, text: bytes) -> bytes:
    """Return the MAC of an entry's stored text."""
    return hmac.digest(key, text, "sha256")


def is_signed(public: bytes, text: bytes, signature: bytes) -> bool:
    """Say whether a text was signed by the owner of a public key."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, text)
    except (InvalidSignature, ValueError):
        return False
    return True
