"""What a rollback changes, behind one small interface."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from bot.rollback.rules import Capabilities


class Outcome(StrEnum):
    """What came of the attempt to change a target?

    changed     it was changed, and reads back as wanted
    already     it stood at the wanted version before we touched it; nothing was written
    drift       somebody else had changed it: nothing was written
    failed      it could not be changed: nothing was written
    unknown     it may have been changed; what stands there could not be confirmed
    """

    CHANGED = "changed"
    ALREADY = "already"
    DRIFT = "drift"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Applied:
    """What came of the attempt to change a target.

    Attributes:
        before: The version that stood there before; None if it could not be read.
        after: The version that was read last; None if it could not be read.
        words: What happened, without a full stop.
        evidence: What else was observed, as JSON values.
    """

    outcome: Outcome
    before: str | None
    after: str | None
    words: str
    evidence: Mapping[str, Any] = field(default_factory=dict)


class Target(Protocol):
    """Something that decides which version of a system serves."""

    @property
    def capabilities(self) -> Capabilities:
        """What this kind of target can do."""
        ...

    async def read(self) -> str | None:
        """Return the version that stands there now, None if that cannot be read."""
        ...

    async def apply(self, expected: str, desired: str, key: str) -> Applied:
        """Bring it from one version to another; called again, it finds its own change and does nothing.

        Args:
            expected: The version that must stand there; with any other one nothing is changed.
            desired: The version that is wanted.
            key: The same for every attempt of one execution.
        """
        ...

    async def ask_serving(self, times: int) -> Sequence[str | None]:
        """Ask the serving process so many times which version answers; None for each answer that cannot be read."""
        ...


TargetFactory = Callable[[Mapping[str, Any]], Target]
"""Makes a target from the `target` of an approved plan, so that what is changed is what was approved."""
