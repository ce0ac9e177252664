"""Which cell of the matrix holds, and which people its quorum means. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.approvals.models import Activity, Cell, Matrix
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
class Slot:
    """One approval that is needed: a role, its holders by Slack id, and their deputies."""

    role: RoleKey
    title: str
    people: tuple[str, ...]
    deputies: tuple[Deputy, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the slot as it is stored with a request."""
        deputies = [{"id": deputy.person, "for": deputy.stands_in_for} for deputy in self.deputies]
        return {"role": self.role, "title": self.title, "people": list(self.people), "deputies": deputies}


def slot_from(stored: Mapping[str, Any]) -> Slot:
    """Return a slot as it was stored."""
    deputies = tuple(Deputy(deputy["id"], deputy["for"]) for deputy in stored["deputies"])
    return Slot(stored["role"], stored["title"], tuple(stored["people"]), deputies)


def cell(matrix: Matrix, activity: str, severity: str, tags: Sequence[str]) -> Cell:
    """Return who does what for an activity at a severity, for a system with these tags.

    Raises:
        Refusal: for an activity or a severity that the matrix does not know.
    """
    if activity not in matrix.activities:
        known = ", ".join(matrix.activities)
        raise Refusal(f"There is no activity “{activity}” in raci.yaml. There are: {known}.")
    if severity not in SEVERITIES:
        raise Refusal(f"“{severity}” is not a severity. There are: {', '.join(SEVERITIES)}.")
    row = matrix.activities[activity]
    for tag, cells in row.with_tag.items():
        if tag in tags and severity in cells:
            return cells[severity]
    return cells_of(row)[severity]


def cells_of(activity: Activity) -> dict[str, Cell]:
    """Return the cells of an activity for systems without special tags, by severity."""
    return {"low": activity.low, "medium": activity.medium, "high": activity.high}


def quorum(matrix: Matrix, activity: str, severity: str, tags: Sequence[str]) -> list[RoleKey]:
    """Return the roles that must each approve, one person each (Refusal like `cell`)."""
    return list(cell(matrix, activity, severity, tags).quorum)


def slots_for(directory: Directory, roles: Sequence[RoleKey], system: str, now: datetime) -> tuple[Slot, ...]:
    """Return the people whom a quorum means for a system at a moment; nobody for a role that is not there."""
    return tuple(_slot(directory, role, system, now) for role in roles)


def _slot(directory: Directory, role: RoleKey, system: str, now: datetime) -> Slot:
    keys = people.holders(directory, role, system, now)
    held = [directory.people[key] for key in keys if key in directory.people]  # `people.checks` names the others
    deputies = [
        Deputy(directory.people[holder.deputy].slack, holder.slack)
        for holder in held
        if holder.deputy and holder.deputy in directory.people
    ]
    entry = directory.roles.get(role)
    return Slot(role, entry.title if entry else role, tuple(holder.slack for holder in held), tuple(deputies))
