"""Ids and salts that count, so that every run makes the same ones."""

import hashlib
from itertools import count


class CountedIds:
    """Ids like `inc_0000000000000001`, `inc_0000000000000002`."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def new(self, prefix: str) -> str:
        return f"{prefix}_{next(self._numbers):016x}"

    def salt(self) -> bytes:
        return hashlib.sha256(str(next(self._numbers)).encode()).digest()[:16]
