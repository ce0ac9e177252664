"""Who may decide something, and why not everybody else: for `backout who`. Pure."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from bot.approvals.models import Matrix, Vote
from bot.approvals.rules.deciding import seats_of, why_not, why_not_in
from bot.approvals.rules.facts import Round, Standing
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
    return explain_round(round_, [], Standing(directory, now, active))


def explain_round(round_: Round, votes: Sequence[Vote], standing: Standing) -> list[Row]:
    """Return for everybody in the directory whether they may approve in an open round now; those who may first."""
    rows = [row for key in standing.directory.people for row in _rows(key, round_, votes, standing)]
    return sorted(rows, key=lambda row: (not row.can, row.slot is None))


def _rows(key: str, round_: Round, votes: Sequence[Vote], standing: Standing) -> Iterator[Row]:
    person = standing.directory.people[key]
    why = why_not(person.slack, round_, votes, standing)
    seats = seats_of(person.slack, round_, standing)
    for seat in seats:
        here = why_not_in(seat, person.slack, round_, votes, standing)
        holder = standing.name(seat.on_behalf_of) if seat.on_behalf_of else None
        title = round_.slots[seat.slot].title
        yield Row(key, person.name, title, holder, can=here is None, why_not=here)
    if not seats:
        yield Row(key, person.name, None, None, can=why is None, why_not=why)
