"""How rows and trail entries become plain values, and which moments of an incident count. Pure."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from bot.foundation.policies import InForce
from bot.foundation.trail import Entry
from bot.incidents.models import Incident

Json = dict[str, Any]
_USER_ID = re.compile(r"(?<![A-Z0-9])[UW][A-Z0-9]{6,20}(?![A-Z0-9])")
_ABOUT_PEOPLE = ("escalation.", "incident.acknowledged", "incident.severity_changed")


def utc(moment: datetime | None) -> str | None:
    """Return a moment as `2026-11-21T14:05:00.000000Z`: as the trail has it; text sorts it in the order of time."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z") if moment else None


def row(model: BaseModel, *, leave_out: Collection[str] = ()) -> Json:
    """Return a table's row as JSON values, its columns in their order."""
    return {key: _plain(value) for key, value in model.model_dump().items() if key not in leave_out}


def rows(models: Iterable[BaseModel], *order: str) -> list[Json]:
    """Return rows as JSON values, sorted by these columns (moments first), then by everything else."""
    found = [row(model) for model in models]
    return sorted(found, key=lambda one: (*(str(one[column]) for column in order), str(one.get("id", "")), str(one)))


def in_force(history: Sequence[InForce], first: int, last: int) -> list[InForce]:
    """Return the configurations that were in force from one entry of the trail to another, oldest first."""
    before = [one for one in history if one.seq < first]
    return [*before[-1:], *(one for one in history if first <= one.seq <= last)]


def recorded_in(history: Sequence[InForce], digest: str) -> int | None:
    """Return the entry that first recorded a policy by its digest, None if no entry that is left does."""
    return next((one.seq for one in history if digest in one.files.values()), None)


def entry(of: Entry) -> Json:
    """Return a trail entry as JSON values, with the number and MAC by which it can be found and checked."""
    return {
        "seq": of.seq,
        "at": utc(of.at),
        "actor": of.actor,
        "name": of.actor_name,
        "on_behalf_of": of.on_behalf_of,
        "action": of.action,
        "why": of.why,
        "facts": of.facts,
        "policy": of.policy,
        "mac": of.mac,
    }


def is_about_people(of: Entry) -> bool:
    """Say whether an entry tells who was brought in, who took it, who handed it over, how bad it was taken to be."""
    return of.action.startswith(_ABOUT_PEOPLE)


def milestones(incident: Incident, plans: Sequence[Json], approvals: Sequence[Json]) -> list[Json]:
    """Return the moments that count, in order of time, with the seconds since the one before and since the opening.

    opened, acknowledged, then for each plan requested, decided, executed and validated, then closed.
    """
    opened = str(utc(incident.opened_at))
    found = [("opened", opened, incident.name)]
    found += _moments(("acknowledged", utc(incident.acknowledged_at), incident.name))
    decided = {request["id"]: request for request in approvals}
    for plan in plans:
        request = decided.get(plan["request_id"] or "", {})
        found += _moments(
            ("requested", plan["created_at"], plan["id"]),
            (f"decided: {request.get('state', '')}", request.get("decided_at"), plan["id"]),
        )
        for execution in plan["executions"]:
            found += _moments(
                ("executed", execution["started_at"], plan["id"]),
                (f"validated: {execution['state']}", execution["finished_at"], plan["id"]),
            )
    found += _moments(("closed", utc(incident.closed_at), incident.name))
    found.sort(key=lambda one: one[1])  # stable: of two at the same moment the earlier in the list above comes first
    return [_milestone(one, before, opened) for one, before in zip(found, [found[0], *found], strict=False)]


def user_ids(value: Any) -> Iterator[str]:
    """Find every Slack user id in a record, however deep it stands."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from user_ids(key)
            yield from user_ids(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from user_ids(inner)
    elif isinstance(value, str):
        yield from _USER_ID.findall(value)


def seconds_between(earlier: str, later: str) -> float:
    """Return the seconds from one moment of a record to another."""
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()


def _moments(*candidates: tuple[str, str | None, str]) -> list[tuple[str, str, str]]:
    return [(what, at, about) for what, at, about in candidates if at]


def _milestone(one: tuple[str, str, str], before: tuple[str, str, str], opened: str) -> Json:
    what, at, about = one
    return {
        "what": what,
        "at": at,
        "about": about,
        "seconds_since_previous": seconds_between(before[1], at),
        "seconds_since_opened": seconds_between(opened, at),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return utc(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value
