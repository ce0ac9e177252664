"""Who may decide something, and why not everybody else: for `backout who`. Pure."""

from collections.abc import Container, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from bot.approvals.models import Matrix
from bot.approvals.rules.deciding import seats_of, why_not, why_too_early
from bot.approvals.rules.facts import Round, Seat, Standing
from bot.approvals.rules.matrix import Situation, cell, slots_for
from bot.people.models import Directory


@dataclass(frozen=True)
class Row:
    """One person in one slot, or one person who is in none.

    Attributes:
        person: Key in `people.yaml`.
        name: What people call them.
        slot: Title of the role whose approval they could give; None if they are no approver.
        as_deputy_for: Name of the holder they stand in for, if they do.
        can: May they approve in this slot at this moment?
        why_not: Why not, if they may not.
    """

    person: str
    name: str
    slot: str | None
    as_deputy_for: str | None
    can: bool
    why_not: str | None

    def as_json(self) -> dict[str, Any]:
        """Return the row as JSON values."""
        return asdict(self)

    def __str__(self) -> str:
        where = f", {self.slot}" if self.slot else ""
        deputy = f" in place of {self.as_deputy_for}" if self.as_deputy_for else ""
        why = f": {self.why_not}" if self.why_not else ""
        return f"{'yes' if self.can else 'no ':3}  {self.name} ({self.person}){where}{deputy}{why}"


def explain(
    matrix: Matrix,
    directory: Directory,
    system: str,
    situation: Situation,
    activity: str,
    now: datetime,
    active: Container[str] | None = None,
    requester: str | None = None,
) -> list[Row]:
    """Return for everybody in the directory whether they could approve if it were asked now; those who can first.

    Args:
        matrix: Names the quorum.
        directory: Says who holds its roles.
        system: For which system.
        situation: How bad it is, and what the system is like.
        activity: What would be asked, `approve_rollback` for example.
        now: When it would be asked.
        active: Slack ids of accounts that may act; None: all of the directory.
        requester: Slack id of who would ask.

    Raises:
        Refusal: for an activity or a severity that the matrix does not know.
    """
    here = cell(matrix, activity, situation)
    slots = slots_for(directory, here.quorum, system, now)
    round_ = Round(system, slots, requester, now, now + here.deputies_after)
    standing = Standing(directory, now, active)
    rows = [row for key in directory.people for row in _rows(key, round_, standing)]
    return sorted(rows, key=lambda row: (not row.can, row.slot is None))


def _rows(key: str, round_: Round, standing: Standing) -> Iterator[Row]:
    person = standing.directory.people[key]
    why = why_not(person.slack, round_, [], standing)
    seats = seats_of(person.slack, round_, standing)
    for seat in seats:
        yield _row(key, seat, round_, standing, why and _why_not_here(person.slack, seat, round_, standing, why))
    if not seats:
        yield Row(key, person.name, None, None, can=why is None, why_not=why)


def _why_not_here(person: str, seat: Seat, round_: Round, standing: Standing, why: str) -> str:
    """Prefer the reason that belongs to this seat."""
    return why_too_early(seat, person, round_, [], standing) or why


def _row(key: str, seat: Seat, round_: Round, standing: Standing, why: str | None) -> Row:
    person = standing.directory.people[key]
    why = why or why_too_early(seat, person.slack, round_, [], standing)
    holder = standing.name(seat.on_behalf_of) if seat.on_behalf_of else None
    return Row(key, person.name, round_.slots[seat.slot].title, holder, can=why is None, why_not=why)
