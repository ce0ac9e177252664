"""Who is on duty out of turn, because somebody of the rota said so."""

from datetime import datetime, timedelta

from sqlmodel import col

from bot.foundation import outbox
from bot.foundation.errors import Refusal
from bot.foundation.work import Work
from bot.people import rules
from bot.people.models import Directory, Role, StandIn
from bot.people.service.accounts import is_active, why_not_active
from bot.people.service.directory import directory_now, forget

LONGEST = timedelta(days=14)


def take_duty(work: Work, role: str, person: str, length: timedelta) -> datetime:
    """Put somebody of a rota on duty from now on, whoever's turn it is; returns until when.

    The role itself gives nobody a right they did not have: only people of the rota can be put on duty.

    Args:
        work: Somebody of the rota.
        role: A role with a rota, by its key in `people.yaml`.
        person: Somebody of the rota, by key.
        length: For how long, at most two weeks.
    """
    entry = _may_change(work, role)
    assert entry.rota is not None  # noqa: S101 - `_may_change` refuses roles without one
    if person not in entry.rota.people:
        raise Refusal(f"{_name(work, person)} is not in the rota {entry.title}. In it are: {_names(work, entry)}.")
    if not timedelta() < length <= LONGEST:
        raise Refusal("Say for how long, at most two weeks: `4h`, `90m` or `2d`.")
    slack = work.config[Directory].people[person].slack
    if not is_active(work, slack):
        raise Refusal(f"{_name(work, person)} cannot act now: their Slack account is not active. Name somebody else.")
    before = rules.on_duty(directory_now(work).roles[role], work.now)
    _put(work, role, slack, work.now + length)
    work.record("duty.taken", role, person=slack, before=before, until=(work.now + length).isoformat())
    return work.now + length


def end_duty(work: Work, role: str) -> None:
    """Let the turns of a rota count again (Refusal if nobody stands in, or for who is not in the rota)."""
    entry = _may_change(work, role)
    ended = work.change(StandIn, col(StandIn.role) == role, col(StandIn.ends) > work.now, ends=work.now)
    if not ended:
        raise Refusal(f"Nobody stands in for the rota {entry.title}: it goes by turns.")
    _changed(work)
    work.record("duty.ended", role)


def _may_change(work: Work, role: str) -> Role:
    entry = work.config[Directory].roles.get(role)
    if entry is None or entry.rota is None:
        known = ", ".join(name for name, one in work.config[Directory].roles.items() if one.rota)
        raise Refusal(f"There is no rota “{role[:60]}”. There are: {known or 'none'}.")
    why = why_not_active(work, work.actor.id)
    if why:
        raise Refusal(why)
    found = rules.person_by_slack(work.config[Directory], work.actor.id)
    if found is None or found[0] not in entry.rota.people:
        raise Refusal(f"Only people of the rota {entry.title} change who is on duty: {_names(work, entry)}.")
    return entry


def _put(work: Work, role: str, person: str, ends: datetime) -> None:
    work.session.add(
        StandIn(
            id=work.new_id("duty"), role=role, person=person,
            begins=work.now, ends=ends, said_by=work.actor.id, said_at=work.now,
        )
    )  # fmt: skip
    _changed(work)


def _changed(work: Work) -> None:
    work.session.flush()
    forget(work)
    outbox.refresh_home(work, *(person.slack for person in work.config[Directory].people.values()))


def _name(work: Work, key: str) -> str:
    people = work.config[Directory].people
    return people[key].name if key in people else f"“{key[:60]}”"


def _names(work: Work, role: Role) -> str:
    return ", ".join(_name(work, key) for key in (role.rota.people if role.rota else []))
