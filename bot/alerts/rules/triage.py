"""What people are shown of many: the first few, and how many there are."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from bot.alerts.models import InboxItem, Signal

T = TypeVar("T")


@dataclass(frozen=True)
class Pile(Generic[T]):
    """The newest of some things, and how many there are in all."""

    newest: Sequence[T] = ()
    count: int = 0


@dataclass(frozen=True)
class Reported:
    """The signals of an incident: those that are shown first, and how many there are."""

    first: Sequence[Signal] = ()
    firing: int = 0
    resolved: int = 0

    @property
    def count(self) -> int:
        """How many there are in all."""
        return self.firing + self.resolved


@dataclass(frozen=True)
class Triage:
    """Alerts that need a look: bodies not understood, signals without context, signals that no trigger watches.

    Attributes:
        through: The number of the last body that this look takes in; what comes later is not covered by it.
    """

    not_understood: Pile[InboxItem] = field(default_factory=Pile)
    needs_context: Pile[Signal] = field(default_factory=Pile)
    no_trigger: Pile[Signal] = field(default_factory=Pile)
    through: int = 0

    @property
    def count(self) -> int:
        """How many things wait in all."""
        return self.not_understood.count + self.needs_context.count + self.no_trigger.count
