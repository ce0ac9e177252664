"""Which cell of the matrix holds, and which people its quorum means. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.approvals.models import Activity, Case, Cell, Matrix, NamedSlot
from bot.foundation.config import Location
from bot.foundation.errors import Refusal
from bot.people import rules as people
from bot.people.models import Directory, RoleKey

SEVERITIES = ("low", "medium", "high")


@dataclass(frozen=True)
class Deputy:
    """Somebody (Slack id) who may stand in for a holder of a role (Slack id)."""

    person: str
    stands_in_for: str


@dataclass(frozen=True)
class Situation:
    """What decides which cell holds: the severity, and of the system its tags and the share of all users (0 to 1)."""

    severity: str
    tags: Sequence[str] = ()
    share_of_users: float = 0.0


@dataclass(frozen=True)
class Slot:
    """One approval that is needed: the roles that may give it, their holders by Slack id, and the holders' deputies.

    `name` tells it apart from the others of its quorum, and is the same in every round that needs it.
    """

    name: str
    roles: tuple[RoleKey, ...]
    title: str
    people: tuple[str, ...]
    deputies: tuple[Deputy, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the slot as it is stored with a request."""
        return {
            "name": self.name,
            "roles": list(self.roles),
            "title": self.title,
            "people": list(self.people),
            "deputies": [{"id": deputy.person, "for": deputy.stands_in_for} for deputy in self.deputies],
        }


@dataclass(frozen=True)
class Need:
    """One approval that a cell asks for.

    Attributes:
        name: Tells it apart from the others.
        roles: Those that may give it.
        title: What people call it; None: by its roles.
        place: Which of several of the same kind it is, from 1.
    """

    name: str
    roles: tuple[RoleKey, ...]
    title: str | None
    place: int


def slot_from(stored: Mapping[str, Any]) -> Slot:
    """Return a slot as it was stored."""
    deputies = tuple(Deputy(deputy["id"], deputy["for"]) for deputy in stored["deputies"])
    return Slot(stored["name"], tuple(stored["roles"]), stored["title"], tuple(stored["people"]), deputies)


def cell(matrix: Matrix, activity: str, situation: Situation) -> Cell:
    """Return who does what for an activity in a situation.

    Raises:
        Refusal: for an activity or a severity that the matrix does not know.
    """
    if activity not in matrix.activities:
        known = ", ".join(matrix.activities)
        raise Refusal(f"There is no activity “{activity}” in raci.yaml. There are: {known}.")
    if situation.severity not in SEVERITIES:
        raise Refusal(f"“{situation.severity}” is not a severity. There are: {', '.join(SEVERITIES)}.")
    row = matrix.activities[activity]
    special = (
        cells[situation.severity]
        for _, case, cells in cases(row)
        if situation.severity in cells and _fits(case, situation)
    )
    return next(special, cells_of(row)[situation.severity])


def cases(activity: Activity) -> Iterator[tuple[Location, Case, dict[str, Cell]]]:
    """Return where each case stands in its activity, what it asks for, and its cells, as they are tried in turn."""
    for tag, cells in activity.with_tag.items():
        yield ("with_tag", tag), Case(any_tag=[tag]), cells
    for place, case in enumerate(activity.when):
        yield ("when", place), case, cells_of(case)


def cells_of(row: Activity | Case) -> dict[str, Cell]:
    """Return by severity the cells that stand in a row, or in one of its cases."""
    found = {"low": row.low, "medium": row.medium, "high": row.high}
    return {severity: cell for severity, cell in found.items() if cell is not None}


def needs(quorum: Sequence[RoleKey | NamedSlot]) -> list[Need]:
    """Return the approvals that a quorum asks for, one by one, each with a name of its own."""
    found: list[Need] = []
    places = Counter[str]()
    for part in quorum:
        slot = NamedSlot(name=part, roles=[part]) if isinstance(part, str) else part
        title = slot.name if slot is part else None
        for _ in range(slot.count):
            places[slot.name] += 1
            place = places[slot.name]
            name = slot.name if place == 1 else f"{slot.name}#{place}"
            found.append(Need(name, tuple(slot.roles), title, place))
    return found


def quorum(matrix: Matrix, activity: str, situation: Situation) -> list[RoleKey | NamedSlot]:
    """Return the approvals that are needed, as the matrix writes them (Refusal like `cell`)."""
    return list(cell(matrix, activity, situation).quorum)


def responsible(matrix: Matrix, activity: str, situation: Situation) -> list[RoleKey]:
    """Return the roles that do something; none for an activity that the matrix does not have."""
    return list(cell(matrix, activity, situation).responsible) if activity in matrix.activities else []


def slots_for(
    directory: Directory, quorum: Sequence[RoleKey | NamedSlot], system: str, now: datetime
) -> tuple[Slot, ...]:
    """Return the people whom a quorum means for a system at a moment; nobody for a role that is not there."""
    return tuple(_slot(directory, need, system, now) for need in needs(quorum))


def as_of_now(directory: Directory, slot: Slot, system: str, now: datetime) -> Slot:
    """Return the people whom a slot would mean if it were asked at this moment."""
    return _slot(directory, Need(slot.name, slot.roles, slot.title, 1), system, now)


def _slot(directory: Directory, need: Need, system: str, now: datetime) -> Slot:
    keys = dict.fromkeys(key for role in need.roles for key in people.holders(directory, role, system, now))
    held = [directory.people[key] for key in keys if key in directory.people]  # `people.checks` names the others
    deputies = [
        Deputy(directory.people[holder.deputy].slack, holder.slack)
        for holder in held
        if holder.deputy and holder.deputy in directory.people
    ]
    title = need.title or " or ".join(_title(directory, role) for role in need.roles)
    title = title if need.place == 1 else f"{title} ({need.place})"
    return Slot(need.name, need.roles, title, tuple(holder.slack for holder in held), tuple(deputies))


def _title(directory: Directory, role: RoleKey) -> str:
    return directory.roles[role].title if role in directory.roles else role


def _fits(case: Case, situation: Situation) -> bool:
    """Does everything hold that a case asks for?"""
    tagged = not case.any_tag or bool(set(case.any_tag) & set(situation.tags))
    least = case.share_of_users_at_least
    return tagged and (least is None or situation.share_of_users >= least)
