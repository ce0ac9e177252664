"""A trail as a file of lines (JSONL): to be kept, handed over, and checked where the database is not.

The first line says what the head row says, then come all checkpoints, then all entries in order. Texts stand in it
exactly as they stand in the database, whatever bytes these are, so a damaged trail stays as damaged as it is.
"""

import json
from collections.abc import Callable, Iterator
from itertools import starmap
from pathlib import Path
from typing import Any, TextIO, TypeVar

import orjson

from bot.foundation.trail.verifier import ITSELF, DamageError, Head, Row, Sealed, Source, Stored

T = TypeVar("T")
Said = dict[str, Any]
FORMAT = 1


def write(source: Source, file: TextIO) -> int:
    """Write a trail as lines; returns how many entries it has."""
    head = source.head()
    last = {"seq": head.seq, "mac": head.mac.hex(), "key_id": head.key_id, "sealed": head.sealed} if head else {}
    _write(file, {"kind": "head", "format": FORMAT, **last})
    for made in source.checkpoints():
        signed = {"body": _shown(made.body), "signature": made.signature.hex()}
        _write(file, {"kind": "checkpoint", "seq": made.seq, "number": made.number, **signed})
    count = 0
    for row in source.entries():
        count += 1
        _write(file, {"kind": "entry", **_entry_line(Stored(*row))})
    return count


class FileSource:
    """An exported trail, as the verifier reads it. A line that cannot be read is damage."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def head(self) -> Head | None:
        """Return what the one head line says, None if there is none or it says nothing."""
        found = list(self._read("head", _head))
        if len(found) > 1:
            raise DamageError(0, "head", "the file has two heads")
        return found[0] if found else None

    def checkpoints(self) -> Iterator[Sealed]:
        """Return all checkpoints in the order of the file."""
        return self._read("checkpoint", _sealed)

    def about_itself(self) -> Iterator[Stored]:
        """Return the entries whose subject is the trail itself, in order."""
        rows = self._read("entry", _stored, having=ABOUT_ITSELF)
        return (entry for entry in starmap(Stored, rows) if entry.subject == ITSELF.encode())

    def entries(self) -> Iterator[Row]:
        """Return every entry in the order of the file."""
        return self._read("entry", _stored)

    def _read(self, kind: str, make: Callable[[Said], T], having: bytes = b"") -> Iterator[T]:
        """Return what the lines of a kind say; of those only that have these bytes in them."""
        mark = f'{{"kind":"{kind}"'.encode()
        with self._path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.startswith(mark):
                    if having in line:
                        yield _made(make, line, number)
                elif not line.startswith(KINDS):
                    raise DamageError(0, "changed", f"line {number} of the file is none of ours")


KINDS = tuple(f'{{"kind":"{kind}"'.encode() for kind in ("head", "checkpoint", "entry"))
ABOUT_ITSELF = f'"subject":"{ITSELF}"'.encode()
"""How `write` says it; words cannot hold this, because their quotation marks are escaped."""


def _made(make: Callable[[Said], T], line: bytes, number: int) -> T:
    try:
        return make(_said(line))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise DamageError(0, "changed", f"line {number} of the file cannot be read") from None


def _said(line: bytes) -> Said:
    try:
        said: Said = orjson.loads(line)
    except ValueError:  # bytes that are no text, which only the standard library gives back
        said = json.loads(line)
    return said


def _write(file: TextIO, values: Said) -> None:
    file.write(json.dumps(values, separators=(",", ":")) + "\n")


def _entry_line(entry: Stored) -> Said:
    words = None if entry.words is None else _shown(entry.words)
    return {
        "seq": entry.seq,
        "body": _shown(entry.body),
        "mac": entry.mac.hex(),
        "key_id": entry.key_id,
        "salt": None if entry.salt is None else entry.salt.hex(),
        "words": words,
        "subject": None if entry.subject is None else _shown(entry.subject),
    }


def _head(said: Said) -> Head | None:
    if said["format"] != FORMAT:
        raise ValueError("another format")
    if "seq" not in said:
        return None
    return Head(_whole(said["seq"]), bytes.fromhex(said["mac"]), _whole(said["key_id"]), _whole(said["sealed"]))


def _sealed(said: Said) -> Sealed:
    body, signature = _bytes(said["body"]), bytes.fromhex(said["signature"])
    return Sealed(_whole(said["seq"]), _whole(said["number"]), body, signature)


def _stored(said: Said) -> Row:
    salt, words, subject = said["salt"], said["words"], said["subject"]
    return (
        _whole(said["seq"]),
        _bytes(said["body"]),
        bytes.fromhex(said["mac"]),
        _whole(said["key_id"]),
        None if salt is None else bytes.fromhex(salt),
        None if words is None else _bytes(words),
        None if subject is None else _bytes(subject),
    )


def _shown(text: bytes) -> str:
    """Return bytes as text that leads back to exactly these bytes."""
    return text.decode("utf-8", "surrogateescape")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _whole(number: Any) -> int:
    if type(number) is not int:
        raise TypeError("not a whole number")
    return number
