"""The matrix as a table that people can read: for `backout raci`. Pure."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from bot.approvals.models import Case, Cell, Matrix, NamedSlot, Relation
from bot.approvals.rules.matrix import cases, cells_of
from bot.people.models import Directory, RoleKey

COLUMNS = ("When", "Accountable", "Responsible", "Consulted", "Informed", "Approvals", "Times")


def markdown(matrix: Matrix, directory: Directory) -> str:
    """Return the whole matrix as Markdown: a table for each activity, a row for each severity and case."""
    head = f"# Who does what, and who may say yes\n\nVersion {matrix.version}, to be reviewed by {matrix.review_by}."
    parts = [head]
    for activity in matrix.activities.values():
        rows = [(severity, cell) for severity, cell in cells_of(activity).items()]
        for _, case, cells in cases(activity):
            rows += [(f"{severity}, {_case(case)}", cell) for severity, cell in cells.items()]
        table = [COLUMNS, tuple("---" for _ in COLUMNS), *(_row(when, cell, directory) for when, cell in rows)]
        without = f"Without approval: {activity.otherwise}.\n\n" if any(cell.quorum for _, cell in rows) else ""
        lines = "\n".join(f"| {' | '.join(columns)} |" for columns in table)
        parts.append(f"## {_safe(activity.title)}\n\n{without}{lines}")
    return "\n\n".join(parts) + "\n"


def _row(when: str, cell: Cell, directory: Directory) -> tuple[str, ...]:
    return (
        _safe(when),
        _roles([cell.accountable], directory),
        *(_roles(roles, directory) for roles in (cell.responsible, cell.consulted, cell.informed)),
        "; ".join(_slot(slot, directory) for slot in cell.quorum) or "none needed",
        "; ".join(_times(cell)) if cell.quorum else "",
    )


def _slot(slot: RoleKey | NamedSlot, directory: Directory) -> str:
    if isinstance(slot, str):
        return f"1 {_roles([slot], directory)}"
    return f"{slot.count} {_safe(slot.name)} ({_roles(slot.roles, directory, ' or ')})"


def _times(cell: Cell) -> Iterator[str]:
    yield f"deputies after {_length(cell.deputies_after)}"
    yield f"expires after {_length(cell.expires_after)}"
    if cell.valid_for:
        yield f"a yes lapses after {_length(cell.valid_for)}"
    if cell.excludes:
        yield f"not from {' or '.join(_EXCLUDED[one] for one in cell.excludes)}"


def _case(case: Case) -> str:
    tags = [f"tagged {' or '.join(case.any_tag)}"] if case.any_tag else []
    share = case.share_of_users_at_least
    users = [f"at least {share:.0%} of users"] if share is not None else []
    return ", ".join([*tags, *users])


def _roles(roles: Sequence[RoleKey], directory: Directory, between: str = ", ") -> str:
    return between.join(_safe(directory.roles[role].title) if role in directory.roles else role for role in roles)


def _length(time: timedelta) -> str:
    minutes = int(time.total_seconds()) // 60
    hours, rest = divmod(minutes, 60)
    return f"{minutes} min" if hours == 0 or rest else f"{hours} h"


def _safe(text: str) -> str:
    """Return text that stays in its cell."""
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|")


_EXCLUDED = {Relation.PLAN_AUTHOR: "whoever wrote it", Relation.EXECUTOR: "whoever carries it out"}
