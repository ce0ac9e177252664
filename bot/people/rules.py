"""Who holds which role now, who stands in for whom, whose account is to be trusted. Pure."""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.foundation.config import Config, Document, Location
from bot.foundation.errors import Problem
from bot.people.models import (
    Directory,
    GroupId,
    Hours,
    Person,
    PersonKey,
    Role,
    RoleKey,
    Rota,
    Shift,
    SlackAccount,
    StandIn,
    holiday_calendar,
)

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WEEK = timedelta(days=7)
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_SLACKBOT = "USLACKBOT"  # Slack says of it that it is no bot (docs.slack.dev/reference/objects/user-object)

UNCHECKED = "I have not been able to check your Slack account yet. Try again in a minute."
STRANGER = "You are not in Backout's directory: you can do nothing here. Ask an admin to add you to config/people.yaml."
BOT = "Bots decide nothing here. Act from your own Slack account."
DEACTIVATED = "Your Slack account is deactivated, so nothing was changed. Ask a workspace admin to activate it again."
GUEST = "Guests decide nothing here, so nothing was changed. Ask a workspace admin to make you a full member."


@dataclass(frozen=True)
class Holding:
    """One role as one person holds it: for one system, or (None) wherever no system names somebody else."""

    role: RoleKey
    title: str
    system: str | None


def person_by_slack(directory: Directory, user_id: str) -> tuple[PersonKey, Person] | None:
    """Return the key and entry of the person with this Slack id, None for a stranger."""
    key = directory.key_of(user_id)
    return None if key is None else (key, directory.people[key])


def slack_id(directory: Directory, key: PersonKey) -> str:
    """Return a person's Slack id (KeyError if there is no such person: `checks` saw to it that there is)."""
    return directory.people[key].slack


def name_of(directory: Directory, user_id: str) -> str:
    """Return what people call this account, or its id when it is nobody's in the directory."""
    found = person_by_slack(directory, user_id)
    return found[1].name if found else user_id


def holders(directory: Directory, role: RoleKey, system: str | None, now: datetime) -> list[PersonKey]:
    """Return who holds a role for a system at a moment, the one to ask first in front; nobody for an unknown role.

    What stands under `by_system` for the system replaces everything else; of a rota the person on duty comes first.
    Whoever is away or does not work now comes after the others, and is still asked.
    Without a system: whoever holds the role for any. Of a user group: nobody, unless `as_of_now` filled it in.
    """
    entry = directory.roles.get(role)
    if entry is None:
        return []
    if system is not None and system in entry.by_system:
        return _at_work_first(directory, entry.by_system[system], now)
    special = [key for keys in entry.by_system.values() for key in keys] if system is None else []
    if entry.rota:
        on, *others = dict.fromkeys(_in_turn(entry, now))
        return list(dict.fromkeys((on, *_at_work_first(directory, [*others, *special], now))))
    return _at_work_first(directory, [*entry.people, *special], now)


def is_at_work(directory: Directory, key: PersonKey, now: datetime) -> bool:
    """Say whether somebody is neither away nor outside their hours; people without hours always work."""
    person = directory.people.get(key)
    if key in directory.away:
        return False
    return person is None or person.hours is None or _within(person.hours, now.astimezone(ZoneInfo(person.zone)))


def on_duty(role: Role, now: datetime) -> PersonKey | None:
    """Return who is on duty at a moment: who stands in, else whose turn it is; None for a role without turns."""
    shift = shift_now(role, now)
    if shift:
        return shift.person
    return role.rota.people[_turn(role.rota, now) % len(role.rota.people)] if role.rota else None


def shift_now(role: Role, now: datetime) -> Shift | None:
    """Return the exception from the rota that counts at a moment: of several the one that was said last."""
    return next((shift for shift in reversed(role.shifts) if shift.begins <= now < shift.ends), None)


def duty_ends(role: Role, now: datetime) -> datetime | None:
    """Return when who is on duty now is relieved (UTC, aware); None for a role without turns."""
    shift = shift_now(role, now)
    if shift:
        return shift.ends.astimezone(ZoneInfo("UTC"))
    if role.rota is None:
        return None
    ends = _handover(role.rota, _turn(role.rota, now) + 1)
    return min([ends, *(one.begins.astimezone(ZoneInfo("UTC")) for one in role.shifts if now < one.begins < ends)])


def as_of_now(
    directory: Directory,
    groups: Mapping[GroupId, Collection[str]],
    stand_ins: Sequence[StandIn],
    away: Collection[str] = (),
) -> Directory:
    """Return the directory with what only the moment knows: who is in which user group, who stands in for a turn.

    Args:
        directory: As configured.
        groups: Slack ids of the members of each group; a group that is missing could not be read, and has none.
        stand_ins: In the order in which they were said.
        away: Slack ids of those whose status says that they are away.
    """
    said: dict[RoleKey, list[Shift]] = {}
    for one in stand_ins:
        if key := directory.key_of(one.person):
            said.setdefault(one.role, []).append(Shift(person=key, begins=one.begins, ends=one.ends))
    changed = {
        name: role.model_copy(
            update={
                "people": _keys_of(directory, groups.get(role.group, ())) if role.group else role.people,
                "shifts": [*role.shifts, *said.get(name, ())],
            }
        )
        for name, role in directory.roles.items()
        if role.group or name in said
    }
    absent = _keys_of(directory, away)
    if not changed and not absent:
        return directory
    return directory.model_copy(
        update={"roles": {**directory.roles, **changed}, "away": [*directory.away, *absent]},
    )


def assumed(directory: Directory) -> Directory:
    """Return the directory as checks see it before Slack was asked: anybody may be in a user group."""
    groups = {role.group for role in directory.roles.values() if role.group}
    everybody = [person.slack for person in directory.people.values()]
    return as_of_now(directory, dict.fromkeys(groups, everybody), [])


def length_of(written: str) -> timedelta | None:
    """Return a length of time as people type it (`90m`, `4h`, `2d`); None for anything else."""
    found = re.fullmatch(r"(\d{1,4})([mhd])", written.strip().lower())
    return timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else None


def person_named(directory: Directory, written: str, speaker: str) -> PersonKey | None:
    """Return whom somebody typed: a key, a name, an @handle, a mention, or `me`; None if nobody is called so."""
    wanted = written.strip().removeprefix("@").casefold()
    if wanted == "me":
        found = person_by_slack(directory, speaker)
        return found[0] if found else None
    mentioned = re.fullmatch(r"<@([uw][a-z0-9]+)(\|[^>]*)?>", wanted)
    for key, person in directory.people.items():
        accounts = [one.casefold() for one in (person.slack, *person.accounts)]
        if wanted in (key.casefold(), person.name.casefold(), *accounts) or (mentioned and mentioned[1] in accounts):
            return key
    return None


def holdings(directory: Directory, key: PersonKey) -> list[Holding]:
    """Return every role a person holds, on duty or not, in the order of the directory."""
    return [
        Holding(name, role.title, system)
        for name, role in directory.roles.items()
        for system, keys in _parts(role)
        if key in keys
    ]


def stood_in_for(directory: Directory, key: PersonKey) -> list[PersonKey]:
    """Return the people whose deputy this person is."""
    return [other for other, person in directory.people.items() if person.deputy == key]


def why_not_identified(
    directory: Directory, user_id: str, account: SlackAccount | None, team_id: str | None
) -> str | None:
    """Say why somebody who clicked in a workspace may do nothing here; None if they may go on as who they are."""
    if team_id == directory.team.slack and person_by_slack(directory, user_id) is None:
        return STRANGER
    return why_not_trusted(directory, account, team_id)


def why_not_trusted(directory: Directory, account: SlackAccount | None, team_id: str | None) -> str | None:
    """Say why an account counts for nothing in decisions, None if it is a plain member's. No account: not trusted."""
    if team_id != directory.team.slack:
        return f"Backout serves the Slack workspace {directory.team.name} only. Act from there."
    if account is None:
        return UNCHECKED
    if account.is_bot:
        return BOT
    if account.is_deleted:
        return DEACTIVATED
    if account.is_foreign:
        return f"Your Slack account belongs to another organisation. Act from an account of {directory.team.name}."
    if account.is_guest:
        return GUEST
    return None if person_by_slack(directory, account.user_id) else STRANGER


def account_facts(user: Mapping[str, Any], team_id: str) -> dict[str, Any]:
    """Return what a user object of Slack (users.info, `user_change`) says that matters to whether we trust it."""
    teams = (user.get("enterprise_user") or {}).get("teams") or [user.get("team_id")]
    return {
        "team_id": str(user.get("team_id") or ""),
        "name": str((user.get("profile") or {}).get("real_name") or user.get("real_name") or user.get("name") or ""),
        "zone": str(user.get("tz") or "UTC"),
        "is_deleted": bool(user.get("deleted")),
        "is_bot": bool(user.get("is_bot")) or user.get("id") == _SLACKBOT,
        "is_guest": bool(user.get("is_restricted") or user.get("is_ultra_restricted")),
        "is_foreign": bool(user.get("is_stranger")) or team_id not in teams,
        "status": str((user.get("profile") or {}).get("status_emoji") or ""),
        "status_until": int((user.get("profile") or {}).get("status_expiration") or 0),
        "changed_at": int(user.get("updated") or 0),
    }


def checks(config: Config) -> Iterator[Problem]:
    """Find what the model of `config/people.yaml` cannot: names that lead nowhere, roles that nobody holds."""
    directory, document = config[Directory], config.document(Directory)
    yield from _people_problems(directory, document)
    for name, role in directory.roles.items():
        yield from _role_problems(directory, document, name, role)


def _keys_of(directory: Directory, accounts: Collection[str]) -> list[PersonKey]:
    """Return whose Slack ids these are, each person once; strangers are left out."""
    return list(dict.fromkeys(key for one in accounts if (key := directory.key_of(one))))


def _at_work_first(directory: Directory, keys: Sequence[PersonKey], now: datetime) -> list[PersonKey]:
    return sorted(dict.fromkeys(keys), key=lambda key: not is_at_work(directory, key, now))


def _within(hours: Hours, local: datetime) -> bool:
    """Say whether a moment by somebody's own clock is in their hours; hours over midnight belong to their first day."""
    over_midnight = hours.ends <= hours.begins
    late = over_midnight and local.time() < hours.ends
    day = local.date() - timedelta(days=1) if late else local.date()
    if _DAYS[day.weekday()] not in hours.days or (hours.holidays and day in holiday_calendar(hours.holidays)):
        return False
    return late or (hours.begins <= local.time() and (over_midnight or local.time() < hours.ends))


def _parts(role: Role) -> list[tuple[str | None, list[PersonKey]]]:
    general = role.rota.people if role.rota else role.people
    return [(None, general), *role.by_system.items()]


def _in_turn(role: Role, now: datetime) -> list[PersonKey]:
    assert role.rota is not None  # noqa: S101 - asked of roles with a rota only
    people, shift = role.rota.people, shift_now(role, now)
    first = _turn(role.rota, now) % len(people)
    return [*([shift.person] if shift else []), *people[first:], *people[:first]]


def _turn(rota: Rota, now: datetime) -> int:
    """Count handovers up to a moment; before the first one the first person is on duty already."""
    passed = (now.astimezone(ZoneInfo(rota.zone)).date() - _first_day(rota)) // _WEEK
    turn = int(passed) if _handover(rota, int(passed)) <= now else int(passed) - 1
    return max(turn, 0)


def _handover(rota: Rota, turn: int) -> datetime:
    """Return the moment of a handover. At a clock change: the first of two such times, or the hour after a gap."""
    return datetime.combine(_first_day(rota) + turn * _WEEK, rota.at, ZoneInfo(rota.zone)).astimezone(ZoneInfo("UTC"))


def _first_day(rota: Rota) -> date:
    return rota.start + timedelta(days=(_DAYS.index(rota.handover) - rota.start.weekday()) % 7)


def _people_problems(directory: Directory, document: Document) -> Iterator[Problem]:
    taken: dict[str, PersonKey] = {}
    for key, person in directory.people.items():
        yield from _account_problems(document, key, person, taken)
        if person.hours and person.hours.begins == person.hours.ends:
            what = f"the hours of {key} begin when they end"
            yield document.problem(("people", key, "hours"), what, "leave the hours out for somebody who always works")
        where = ("people", key, "deputy")
        if person.deputy == key:
            yield document.problem(where, f"{key} is their own deputy", "name somebody else, or nobody")
        elif person.deputy is not None and person.deputy not in directory.people:
            what = f"{key}'s deputy “{person.deputy}” is not one of the people"
            yield document.problem(where, what, "add them under people, or name somebody who is there")


def _account_problems(
    document: Document, key: PersonKey, person: Person, taken: dict[str, PersonKey]
) -> Iterator[Problem]:
    """Find Slack ids that stand twice, as anybody's only or other account: then they would not say who somebody is."""
    others: list[tuple[Location, str]] = [(("accounts", place), one) for place, one in enumerate(person.accounts)]
    for where, account in [(("slack",), person.slack), *others]:
        if account in taken:
            what = f"{key} has the same Slack id as {taken[account]} ({account})"
            fix = "give each person their own account" if taken[account] != key else "name each account once"
            yield document.problem(("people", key, *where), what, fix)
        taken.setdefault(account, key)


def _role_problems(directory: Directory, document: Document, name: str, role: Role) -> Iterator[Problem]:
    at: Location = ("roles", name)
    if role.rota and role.people:
        what = f"{name} has people and a rota, and the rota alone would count"
        yield document.problem((*at, "people"), what, "keep one of the two")
    if role.rota and role.rota.at.tzinfo is not None:
        what = f"the handover of {name} has a time zone of its own"
        yield document.problem((*at, "rota", "at"), what, "write the time alone; the zone stands beside it")
    if role.group and (role.people or role.rota):
        what = f"{name} has a user group and also people or a rota, and the group alone would count"
        yield document.problem((*at, "group"), what, "keep one of them")
    if role.shifts and not role.rota:
        what = f"{name} has shifts but no rota, so nobody is on duty in turn"
        yield document.problem((*at, "shifts"), what, "add a rota, or take the shifts out")
    for place, shift in enumerate(role.shifts):
        if role.rota and shift.person not in role.rota.people:
            what = f"“{shift.person}” has a shift as {name}, but is not in its rota"
            yield document.problem((*at, "shifts", place, "person"), what, "add them to the rota's people")
        if shift.ends <= shift.begins:
            yield document.problem((*at, "shifts", place), "this shift ends before it begins", "correct the two times")
    if not role.people and not role.group and not role.rota and not role.by_system:
        yield document.problem(at, f"nobody holds the role {name}", "name people, a group, a rota, or people by system")
    for where, keys in _lists(at, role):
        yield from _list_problems(directory, document, name, where, keys)


def _lists(at: Location, role: Role) -> Iterator[tuple[Location, list[PersonKey]]]:
    if role.people:
        yield (*at, "people"), role.people
    if role.rota:
        yield (*at, "rota", "people"), role.rota.people
    for system, keys in role.by_system.items():
        yield (*at, "by_system", system), keys


def _list_problems(
    directory: Directory, document: Document, name: str, at: Location, keys: list[PersonKey]
) -> Iterator[Problem]:
    counted = Counter(keys)
    if not counted:
        yield document.problem(at, f"nobody holds the role {name} for {at[-1]}", "name somebody, or remove the line")
    for key in counted:
        if key not in directory.people:
            what = f"“{key}” holds the role {name}, but is not one of the people"
            yield document.problem((*at, keys.index(key)), what, "add them under people, or name somebody who is there")
        elif counted[key] > 1:
            yield document.problem(at, f"{key} stands there {counted[key]} times for {name}", "name each person once")
