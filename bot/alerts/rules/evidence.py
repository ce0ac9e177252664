"""What is kept of a body once it has been read, and what it says: both without anything that looks like a secret.

The door stores a body byte for byte, because nothing may be between a source's alert and the disk. Reading it, seconds
later, takes secrets out; the SHA-256 of the bytes that came stays, so that a source's own copy can still be compared.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from bot.alerts.rules import body
from bot.foundation import redaction


@dataclass(frozen=True)
class Evidence:
    """A body that has been read.

    Attributes:
        digest: The SHA-256 of the bytes as they came, in hex.
        kept: The bytes to keep: those that came, unless something in them looked like a secret.
        value: What they say as JSON; None if `trouble` says why that cannot be read.
        note: What else people should know about it, empty if nothing.
    """

    digest: str
    kept: bytes
    value: Any = None
    trouble: str = ""
    note: str = ""


def read(came: bytes) -> Evidence:
    """Read a body. Never raises, whatever the bytes."""
    digest = hashlib.sha256(came).hexdigest()
    objects = _Objects()
    try:
        value = body.parse(came, objects)
    except body.BadBodyError as error:
        written = came.decode("utf-8", "replace")
        safe = redaction.text(written)
        return Evidence(digest, came if safe == written else safe.encode(), trouble=str(error))
    safe = redaction.value(value)
    kept = came if safe == value else json.dumps(safe, ensure_ascii=False).encode()
    return Evidence(digest, kept, safe, note=objects.note)


class _Objects:
    """Makes objects of pairs as JSON readers do (the last of a name counts), and notices when a name is repeated."""

    def __init__(self) -> None:
        self.note = ""

    def __call__(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs):
            self.note = "A name stands twice in one of its objects; the last one counted."
        return made
