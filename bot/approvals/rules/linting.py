"""What is wrong with `config/raci.yaml`, and what is unwise about it. Pure."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

from bot.approvals.models import Activity, Cell, Matrix, NamedSlot
from bot.approvals.rules.deciding import unfilled
from bot.approvals.rules.facts import Round, Standing
from bot.approvals.rules.matrix import SEVERITIES, Slot, cases, cells_of, needs, slots_for
from bot.foundation.config import Config, Document, Location
from bot.foundation.errors import Problem
from bot.people import rules as people
from bot.people.models import Directory, PersonKey, Role, RoleKey

MANY_CONSULTED = 4
ANY_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
"""Who holds a role is the same at every moment: a rota says only who of them is asked first."""

Placed = tuple[Location, Cell]


def checks(config: Config) -> Iterator[Problem]:
    """Find what the model cannot: roles that lead nowhere, quorums that nobody could complete."""
    directory, document = people.assumed(config[Directory]), config.document(Matrix)
    for name, activity in config[Matrix].activities.items():
        yield from _case_problems(document, name, activity)
        yield from _gap_problems(document, name, activity)
        for at, cell in _cells(name, activity):
            unknown = list(_role_problems(directory, document, at, cell))
            yield from unknown or _quorum_problems(directory, document, at, cell)


def warnings(config: Config, today: date) -> Iterator[Problem]:
    """Find what works but is unwise: a review that is due, many who are consulted, people without a deputy."""
    matrix, directory, document = config[Matrix], people.assumed(config[Directory]), config.document(Matrix)
    if matrix.review_by < today:
        what = f"the matrix was to be reviewed by {matrix.review_by}"
        yield document.problem(("review_by",), what, "review it with those concerned, then set the next day")
    for name, activity in matrix.activities.items():
        for at, cell in _cells(name, activity):
            yield from _unwise(document, at, cell)
            yield from _unwritten(document, at, cell)
            yield from _blocked_by_requester(directory, document, at, cell)
    yield from _alone(config)
    yield from _unused(config)


def _cells(name: str, activity: Activity) -> Iterator[Placed]:
    for severity, cell in cells_of(activity).items():
        yield ("activities", name, severity), cell
    for place, _, cells in cases(activity):
        for severity, cell in cells.items():
            yield ("activities", name, *place, severity), cell


def _case_problems(document: Document, name: str, activity: Activity) -> Iterator[Problem]:
    for place, case, cells in cases(activity):
        at = ("activities", name, *place)
        if not case.any_tag and case.share_of_users_at_least is None:
            yield document.problem(
                at, "this case asks for nothing, so it would always hold", "name any_tag or share_of_users_at_least"
            )
        if not cells:
            yield document.problem(at, "this case has no cell", f"add one under {', '.join(SEVERITIES)}")
        for severity in cells:
            if severity not in SEVERITIES:
                what = f"“{severity}” is not a severity"
                yield document.problem((*at, severity), what, f"use {', '.join(SEVERITIES)}")


def _gap_problems(document: Document, name: str, activity: Activity) -> Iterator[Problem]:
    """An activity that is approved at one severity is approved at each, or it could never happen there."""
    cells = list(_cells(name, activity))
    if any(cell.quorum for _, cell in cells):
        for at, cell in cells:
            if not cell.quorum:
                what = f"{name} needs approval at other severities, but here nobody could give it"
                yield document.problem(at, what, "name at least one role under quorum")


def _role_problems(directory: Directory, document: Document, at: Location, cell: Cell) -> Iterator[Problem]:
    if cell.accountable not in directory.roles:
        yield _unknown(document, (*at, "accountable"), cell.accountable)
    for part in ("responsible", "consulted", "informed"):
        for place, role in enumerate(getattr(cell, part)):
            if role not in directory.roles:
                yield _unknown(document, (*at, part, place), role)
    for place, slot in enumerate(cell.quorum):
        for role in [slot] if isinstance(slot, str) else slot.roles:
            if role not in directory.roles:
                yield _unknown(document, (*at, "quorum", place), role)


def _unknown(document: Document, at: Location, role: RoleKey) -> Problem:
    what = f"“{role}” is not a role of people.yaml"
    return document.problem(at, what, "add it under roles there, or name one that is there")


def _quorum_problems(directory: Directory, document: Document, at: Location, cell: Cell) -> Iterator[Problem]:
    if cell.expires_after <= cell.deputies_after and cell.quorum:
        what = "requests expire before deputies may decide"
        yield document.problem((*at, "expires_after"), what, "let expires_after be longer than deputies_after")
    if cell.valid_for is not None and cell.valid_for < cell.expires_after:
        what = "the first approval would lapse before the last one has to be given"
        yield document.problem((*at, "valid_for"), what, "let valid_for be at least as long as expires_after")
    for system in _systems(directory, cell.quorum):
        slots = slots_for(directory, cell.quorum, system, ANY_MOMENT)
        why = _why_impossible(directory, slots, system)
        if why:
            where = f" for {system}" if system else ""
            yield document.problem((*at, "quorum"), f"this quorum can never be complete{where}: {why}", _MEND)
            return


_MEND = "name other roles here, or give the roles to more people (or deputies) in people.yaml"


def _why_impossible(directory: Directory, slots: Sequence[Slot], system: str) -> str | None:
    empty = [role for slot in slots if not slot.people for role in slot.roles]
    if empty:
        return f"nobody holds {' or '.join(empty)}"
    missing = unfilled(_round(slots, system, None), [], Standing(directory, ANY_MOMENT))
    if missing:
        names = ", ".join(" or ".join(slot.roles) for slot in missing)
        return f"one person would have to approve twice, and nobody else could fill {names}"
    return None


def _unwise(document: Document, at: Location, cell: Cell) -> Iterator[Problem]:
    if len(cell.consulted) > MANY_CONSULTED:
        what = f"{len(cell.consulted)} roles are consulted, which is slow under pressure"
        yield document.problem((*at, "consulted"), what, "inform some of them instead")
    if cell.accountable in cell.informed:
        what = f"{cell.accountable} is accountable and also only informed"
        yield document.problem((*at, "informed"), what, "take the role out of informed")
    short = [slot for slot in cell.quorum if isinstance(slot, str)]
    doubled = sorted({role for role in short if short.count(role) > 1})
    if doubled:
        what = f"{', '.join(doubled)} stands in this quorum more than once"
        yield document.problem((*at, "quorum"), what, "keep it once, or say so: {name: …, count: 2, roles: […]}")


def _unwritten(document: Document, at: Location, cell: Cell) -> Iterator[Problem]:
    """A time that holds only because nobody wrote another is a time that nobody thought about."""
    if cell.quorum and "expires_after" not in cell.model_fields_set:
        what = "nothing says when a request ends that is not complete, so it ends after 4 hours"
        yield document.problem(at, what, "write expires_after: PT4H, or the time that is meant")


def _alone(config: Config) -> Iterator[Problem]:
    """Whom has nobody to stand in for, although something waits for them?"""
    directory, document, matrix = config[Directory], config.document(Directory), config[Matrix]
    cells = [cell for name, activity in matrix.activities.items() for _, cell in _cells(name, activity)]
    for name, role in directory.roles.items():
        if any(name in _answers(cell) for cell in cells):
            for at, keys in _held(name, role):
                known = [directory.people[key] for key in keys if key in directory.people]
                if len(known) == 1 and known[0].deputy not in directory.people:
                    what = f"{known[0].name} alone is {role.title}{_for(at)}, has no deputy, and is waited for"
                    yield document.problem(at, what, "name a deputy under people, or a second holder here")


def _unused(config: Config) -> Iterator[Problem]:
    document = config.document(Directory)
    named = {word for other in config.documents() if other is not document for word in _words(other.values)}
    for role in config[Directory].roles:
        if role not in named:
            what = f"the role {role} stands in no other file, so its holders are never asked and never told"
            yield document.problem(("roles", role), what, "name it where it belongs (raci.yaml, say), or remove it")


def _words(values: Any) -> Iterator[str]:
    """Return every text in the values of a file."""
    if isinstance(values, str):
        yield values
    elif isinstance(values, dict):
        yield from (word for value in values.values() for word in _words(value))
    elif isinstance(values, list):
        yield from (word for value in values for word in _words(value))


def _answers(cell: Cell) -> set[RoleKey]:
    """Return the roles without which something cannot go on."""
    return {cell.accountable, *cell.responsible, *(role for need in needs(cell.quorum) for role in need.roles)}


def _held(name: RoleKey, role: Role) -> Iterator[tuple[Location, list[PersonKey]]]:
    if role.people or role.rota:
        yield ("roles", name), role.rota.people if role.rota else role.people
    for system, keys in role.by_system.items():
        yield ("roles", name, "by_system", system), keys


def _for(at: Location) -> str:
    return f" for {at[-1]}" if "by_system" in at else ""


def _blocked_by_requester(directory: Directory, document: Document, at: Location, cell: Cell) -> Iterator[Problem]:
    """Whoever asks cannot approve: for whom would that leave a slot that nobody can fill?"""
    standing = Standing(directory, ANY_MOMENT)
    if not all(role in directory.roles for need in needs(cell.quorum) for role in need.roles):
        return
    for system in _systems(directory, cell.quorum):
        slots = slots_for(directory, cell.quorum, system, standing.now)
        for person in dict.fromkeys(person for slot in slots for person in slot.people):
            missing = unfilled(_round(slots, system, person), [], standing)
            if missing:
                roles = ", ".join(" or ".join(slot.roles) for slot in missing)
                what = f"when {standing.name(person)} asks, nobody can approve as {roles}"
                yield document.problem((*at, "quorum"), what, "name a deputy in people.yaml who is not in it already")


def _systems(directory: Directory, quorum: Sequence[RoleKey | NamedSlot]) -> list[str]:
    """Return the systems for which this quorum means different people; '' stands for any other system."""
    roles = [directory.roles[role] for need in needs(quorum) for role in need.roles]
    named = sorted({system for role in roles for system in role.by_system})
    everywhere = all(role.people or role.rota or not role.by_system for role in roles)
    return [*named, ""] if everywhere else named


def _round(slots: Sequence[Slot], system: str, requester: str | None) -> Round:
    return Round(system, tuple(slots), requester, ANY_MOMENT, ANY_MOMENT)
