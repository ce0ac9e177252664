"""Who is in a Slack user group, asked again before the answer is too old to decide on."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlmodel import col, select

from bot.foundation import outbox
from bot.foundation.models import OutboxRow, OutboxState
from bot.foundation.work import Lane, Reading, Work
from bot.people.models import Directory, SlackGroup
from bot.people.service.directory import forget

log = logging.getLogger(__name__)
READ = "people.read_groups"


def groups_due(reading: Reading) -> datetime | None:
    """Return when Slack is to be asked for the members of user groups again; None while no role has one."""
    wanted = _wanted(reading)
    if not wanted:
        return None
    busy = col(OutboxRow.state).in_([OutboxState.WAITING, OutboxState.SENDING])
    if reading.session.exec(select(OutboxRow.id).where(OutboxRow.kind == READ, busy)).first():
        return None
    known = _known(reading, wanted)
    if len(known) < len(wanted):
        return reading.now
    return min(group.checked_at for group in known.values()) + _every(reading)


def ask_for_groups(work: Work) -> int:
    """Ask Slack for the members of every user group that roles name, if that is due; returns of how many."""
    due, wanted = groups_due(work), _wanted(work)
    if due is None or due > work.now:
        return 0
    work.enqueue(READ, READ, {"groups": wanted}, lane=Lane.PAGE)
    return len(wanted)


def settle_groups(work: Work, members: Mapping[str, Sequence[str]], failed: str = "") -> None:
    """Note who is in which group. Who left is looked for in open requests: what nobody can approve now is said."""
    for group_id, present in members.items():
        _settle(work, group_id, sorted(present))
    if failed:
        log.warning("Slack does not say who is in a user group, so it is asked until it does: %s", failed)
        work.enqueue(READ, READ, {"groups": _wanted(work)}, lane=Lane.PAGE, due_at=work.now + _every(work))
        _say_stale(work)
    forget(work)


def _settle(work: Work, group_id: str, present: Sequence[str]) -> None:
    before = work.session.get(SlackGroup, group_id)
    gone = sorted(set(before.members) - set(present)) if before else []
    if before is None or before.members != list(present):
        work.record("group.changed", group_id, members=list(present), gone=gone)
        outbox.refresh_home(work, *{*present, *gone})
    work.session.merge(SlackGroup(group_id=group_id, members=list(present), checked_at=work.now))
    work.session.flush()
    _look_at(work, gone)


def _say_stale(work: Work) -> None:
    """Once for each group that was not read for too long: it counts as empty, so open requests are looked at."""
    for group in _known(work, _wanted(work)).values():
        if not group.said_stale and group.checked_at + work.config[Directory].groups_fresh_for < work.now:
            group.said_stale = True
            work.session.add(group)
            work.record("group.stale", group.group_id, read_last=group.checked_at.isoformat())
            _look_at(work, group.members)


def _look_at(work: Work, people: Sequence[str]) -> None:
    for person in people:
        work.enqueue("approvals.check_reach", f"approvals.check_reach:{person}", {"person": person})


def _wanted(reading: Reading) -> list[str]:
    return sorted({role.group for role in reading.config[Directory].roles.values() if role.group})


def _known(reading: Reading, wanted: Sequence[str]) -> dict[str, SlackGroup]:
    found = reading.session.exec(select(SlackGroup).where(col(SlackGroup.group_id).in_(wanted)))
    return {group.group_id: group for group in found}


def _every(reading: Reading) -> timedelta:
    return reading.config[Directory].groups_fresh_for / 3
