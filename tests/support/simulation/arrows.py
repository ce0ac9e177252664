"""Which changes of state are drawn in the code, and which the database saw."""

import re
from collections.abc import Mapping
from enum import StrEnum

from sqlalchemy import Engine, text
from sqlmodel import Session

from bot.alerts.models import InboxState, SignalState
from bot.approvals.models import RoundState
from bot.escalation.models import EscalationState
from bot.foundation.models import OutboxState
from bot.incidents.models import IncidentState
from bot.rollback.models import ExecutionState

MACHINES: Mapping[str, type[StrEnum]] = {
    "inbox": InboxState,
    "signal": SignalState,
    "incident": IncidentState,
    "escalation": EscalationState,
    "approval_request": RoundState,
    "execution": ExecutionState,
    "outbox": OutboxState,
}
"""By table: the enumeration whose docstring draws its arrows."""


def watch(engine: Engine) -> None:
    """Let an SQLite database note every change of a state, whoever makes it."""
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE seen_arrow (machine TEXT, before TEXT, after TEXT)"))
        for table in MACHINES:
            connection.execute(
                text(
                    f"CREATE TRIGGER watch_{table} AFTER UPDATE OF state ON {table} WHEN old.state <> new.state "
                    f"BEGIN INSERT INTO seen_arrow VALUES ('{table}', old.state, new.state); END"
                )
            )


def undrawn(session: Session) -> list[str]:
    """Say which changes of state nobody drew."""
    seen = session.connection().execute(text("SELECT DISTINCT machine, before, after FROM seen_arrow")).all()
    return [
        f"{machine}: {before} -> {after} is not drawn"
        for machine, before, after in sorted(tuple(row) for row in seen)
        if (before, after) not in drawn(MACHINES[machine])
    ]


def drawn(states: type[StrEnum]) -> set[tuple[str, str]]:
    """Read the arrows in an enumeration's docstring: `a | b_* -> c`, with `any` for every state and `itself`."""
    arrows = re.findall(r"^\s*([a-z_*| ]+?) -> ([a-z_*| ]+?)(?:\s{2,}.*)?$", states.__doc__ or "", re.MULTILINE)
    return {
        (before, after)
        for left, right in arrows
        for before in _named(left, states)
        for after in ([before] if right.strip() == "itself" else _named(right, states))
    }


def _named(words: str, states: type[StrEnum]) -> list[str]:
    found: list[str] = []
    for word in (part.strip() for part in words.split("|")):
        if word == "any":
            found += [state.value for state in states]
        elif word.endswith("*"):
            found += [state.value for state in states if state.value.startswith(word[:-1])]
        else:
            found.append(states(word).value)
    return found
