"""How much is tried: a sample in `make test`, everything in `make soak`."""

import os
from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")
SOAKING = bool(os.environ.get("BACKOUT_SOAK"))


def sample(values: Iterable[T], one_in: int) -> list[T]:
    """Return every so-manieth value, the first always; all of them when soaking."""
    return list(values)[:: 1 if SOAKING else one_in]
