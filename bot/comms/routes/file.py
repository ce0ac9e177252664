"""A file that only grows: one JSON object a line, for people with a terminal and for whatever watches files."""

import asyncio
import json
import os
from collections.abc import Iterable
from pathlib import Path

from bot.comms.routes.contract import Batch, Delivered, Letter


class FileRoute:
    """Appends letters, each once: what stands in the file already is not written again."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def deliver(self, batch: Batch) -> Delivered:
        """Append what is not there yet, durably."""
        try:
            await asyncio.to_thread(self._append, batch.letters)
        except OSError as error:
            return Delivered(failed={str(self._path): f"{type(error).__name__}: {error.strerror}"})
        return Delivered(done=[str(self._path)])

    def _append(self, letters: Iterable[Letter]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "rb+") as file:
            before = file.read()
            there = set(_ids(before))
            torn = b"\n" if before and not before.endswith(b"\n") else b""  # a write that a crash cut short
            lines = [line(letter) for letter in letters if letter.id not in there]
            if lines:
                file.write(torn + b"".join(lines))
                file.flush()
                os.fsync(file.fileno())


def line(letter: Letter) -> bytes:
    """Return a letter as one line of JSON that people can read in a terminal."""
    said = {
        "id": letter.id,
        "at": letter.at,
        "incident": letter.subject,
        "to": [person.name for person in letter.to],
        "text": letter.text,
    }
    return json.dumps(said, ensure_ascii=False).encode() + b"\n"


def _ids(content: bytes) -> Iterable[str]:
    for line in content.splitlines():
        try:
            yield str(json.loads(line)["id"])
        except (ValueError, KeyError, TypeError):
            continue
