"""What deciding looks at: what was asked, who people are at this moment, and how a round stands. Pure."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.approvals.models import Relation, Request, Vote
from bot.approvals.rules.matrix import Slot, slot_from
from bot.people import rules as people
from bot.people.models import Directory


@dataclass(frozen=True)
class Round:
    """What was asked, as it was pinned when the round opened.

    Attributes:
        requester: Slack id of who asked; None in a question about nobody's request (`backout who`).
        excluded: Others who may not decide, by Slack id: what they are.
        valid_for: How long after it was given an approval counts; None: as long as the round.
    """

    system: str
    slots: tuple[Slot, ...]
    requester: str | None
    asked_at: datetime
    deputies_from: datetime
    excluded: Mapping[str, Relation] = field(default_factory=dict)
    valid_for: timedelta | None = None


@dataclass(frozen=True)
class Standing:
    """Who people are at this moment.

    Attributes:
        active: Slack ids that may act; None: everybody in the directory.
        reader: Slack id of who reads the words, and is called “you” in them.
    """

    directory: Directory
    now: datetime
    active: Container[str] | None = None
    reader: str | None = None

    def main(self, person: str) -> str:
        """Return the account under which whoever has this one is asked, and answers: one human is one person."""
        return self.directory.main_account(person)

    def is_active(self, person: str) -> bool:
        """Is this somebody of the directory who may act, with their main account?"""
        known = people.person_by_slack(self.directory, person) is not None
        return known and (self.active is None or self.main(person) in self.active)

    def name(self, person: str) -> str:
        """Return what people call this account."""
        return people.name_of(self.directory, person)

    def say(self, person: str, about: str, to: str) -> str:
        """Say something about somebody: `about` has {name} in it; `to` is said to them if they are the reader."""
        return (
            to
            if self.reader and self.main(person) == self.main(self.reader)
            else about.replace("{name}", self.name(person))
        )


@dataclass(frozen=True)
class Seat:
    """A way in which somebody could fill a slot: as holder, or on behalf of one (Slack id)."""

    slot: int
    on_behalf_of: str | None = None


@dataclass(frozen=True)
class Asked:
    """Somebody who may decide now, and in which slot."""

    person: str
    slot: Slot
    on_behalf_of: str | None = None


@dataclass(frozen=True)
class Line:
    """One slot, and the vote that fills it, if any."""

    slot: Slot
    vote: Vote | None


@dataclass(frozen=True)
class Tally:
    """How a round stands: its slots in order, the no that closed it, if any, and who abstained."""

    lines: tuple[Line, ...]
    rejection: Vote | None = None
    abstained: tuple[Vote, ...] = ()

    @property
    def given(self) -> int:
        """How many slots are filled."""
        return sum(line.vote is not None for line in self.lines)

    @property
    def is_complete(self) -> bool:
        """Is every slot filled, and nobody against it?"""
        return self.rejection is None and bool(self.lines) and self.given == len(self.lines)


def round_of(request: Request) -> Round:
    """Return what is needed here of a request's present round."""
    return Round(
        system=request.system,
        slots=tuple(slot_from(slot) for slot in request.slots),
        requester=request.requester,
        asked_at=request.asked_at,
        deputies_from=request.deputies_from,
        excluded={person: Relation(relation) for person, relation in request.excluded.items()},
        valid_for=timedelta(seconds=request.valid_for_seconds) if request.valid_for_seconds else None,
    )


def clock(moment: datetime, zone: str) -> str:
    """Return a time of day for one reader: “15:05 CET”."""
    return f"{moment.astimezone(ZoneInfo(zone)):%H:%M %Z}"


def clock_of(moment: datetime, person: str, directory: Directory) -> str:
    """Return a time of day for one person, by their Slack id."""
    found = people.person_by_slack(directory, person)
    return clock(moment, found[1].zone if found else "UTC")
