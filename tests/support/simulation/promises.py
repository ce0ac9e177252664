"""What must never happen. Everything is reckoned anew from the trail, the database and Slack."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlmodel import Session, col, func, select

from bot.alerts.models import InboxItem, InboxState, Signal
from bot.approvals.models import Request, RoundState, Vote
from bot.foundation import trail
from bot.foundation.models import OutboxRow, OutboxState, Posted
from bot.foundation.models import TrailEntry as Row
from bot.foundation.models import TrailPayload as Words
from bot.foundation.trail import Entry
from bot.foundation.trail.reading import _entry
from bot.incidents.models import Incident
from bot.rollback.models import Execution, ExecutionState
from tests.support.simulation import quorums, tiers
from tests.support.stores import TRAIL_KEY

if TYPE_CHECKING:
    from tests.support.simulation.day import Stage

A_SECOND = timedelta(seconds=1)
NO_DEFECT = frozenset(
    {
        "ratelimited", "internal_error", "is_archived", "is_inactive", "token_revoked", "user_not_in_channel",
        "expired_trigger_id", "trigger_exchanged", "user_not_found", "not_found", "user_is_deactivated",
    }
)  # fmt: skip
"""What Slack may answer on a bad day. Anything else says that a message was malformed."""


@dataclass(frozen=True)
class Evidence:
    """What is judged."""

    session: Session
    stage: "Stage"
    entries: Sequence[Entry]

    def of(self, *actions: str) -> list[Entry]:
        return [entry for entry in self.entries if entry.action in actions]


def broken(session: Session, stage: "Stage") -> list[str]:
    """Return each promise that was broken, in words."""
    evidence = Evidence(session, stage, entries_of(session))
    checks = (
        _trail, _alerts, _one_open_incident, _votes, _executions, _tiers, _posted_once, _pace, _well_formed,
        _answered, _nothing_left,
    )  # fmt: skip
    return [words for check in checks for words in check(evidence)]


def entries_of(session: Session) -> list[Entry]:
    """Return the whole trail, read back."""
    rows = session.exec(select(Row, Words).join(Words, col(Words.seq) == col(Row.seq)).order_by(col(Row.seq)))
    return [_entry(row, words) for row, words in rows]


def _trail(evidence: Evidence) -> Iterator[str]:
    count, damage = trail.verify(evidence.session, TRAIL_KEY)
    if damage or count != len(evidence.entries):
        yield f"the trail does not verify: {damage}"


def _alerts(evidence: Evidence) -> Iterator[str]:
    """Every alert that was answered with 202 is a signal, or kept as evidence."""
    accepted = evidence.stage.monitor.accepted
    kept = evidence.session.exec(select(func.count()).select_from(InboxItem)).one()
    if kept < len(accepted):
        yield f"{len(accepted)} alerts were accepted, {kept} are kept"
    known = set(evidence.session.exec(select(Signal.dedup_key)))
    for body in accepted:
        for alert in json.loads(body).get("alerts", []):
            if not any(alert["fingerprint"] in key for key in known):
                yield f"accepted, but no signal: {alert['labels']}"


def _one_open_incident(evidence: Evidence) -> Iterator[str]:
    """At most one incident is open about a version of a system, at any time."""
    open_now: dict[tuple[str, str], str] = {}
    for entry in evidence.of("incident.opened", "incident.closed"):
        if entry.action == "incident.closed":
            open_now = {about: name for about, name in open_now.items() if name != entry.subject}
            continue
        about = entry.facts["system"], entry.facts["version"]
        if about in open_now:
            yield f"{entry.subject} was opened about {about} while {open_now[about]} was open"
        open_now[about] = entry.subject


def _votes(evidence: Evidence) -> Iterator[str]:
    """Each person answers once in a round, and what the trail says is what was counted."""
    said = Counter(
        (entry.facts["request"], entry.facts["round"], entry.actor.removeprefix("person:"))
        for entry in evidence.of("approval.approved", "approval.rejected")
    )
    yield from (f"{who} answered {count} times" for who, count in said.items() if count > 1)
    counted = {(vote.request_id, vote.round, vote.person) for vote in evidence.session.exec(select(Vote))}
    if counted != set(said):
        yield f"the trail and the votes differ: {counted ^ set(said)}"


def _executions(evidence: Evidence) -> Iterator[str]:
    """One execution for an approved round, after distinct people in every slot; the target is changed once."""
    started = evidence.of("rollback.started")
    rounds = Counter((entry.facts["request"], entry.facts["round"]) for entry in started)
    yield from (f"{which} was carried out {count} times" for which, count in rounds.items() if count > 1)
    for entry in started:
        yield from quorums.missing(entry, evidence.entries, evidence.session, evidence.stage.config)
    executions = set(evidence.session.exec(select(Execution.request_id, Execution.round)).all())
    if {tuple(one) for one in executions} != set(rounds):
        yield f"the trail and the executions differ: {executions}, {set(rounds)}"
    changes = Counter(key for key, _content in evidence.stage.servers.written)
    yield from (f"the target was changed {count} times under {key}" for key, count in changes.items() if count > 1)
    if len(changes) > len(rounds):
        yield f"{len(changes)} changes of targets, but {len(rounds)} executions"


def _tiers(evidence: Evidence) -> Iterator[str]:
    by_subject: Mapping[str, list[Entry]] = defaultdict(list)
    for entry in evidence.entries:
        by_subject[entry.subject].append(entry)
    for subject, entries in by_subject.items():
        yield from tiers.wrong(subject, entries, evidence.stage.config)


def _posted_once(evidence: Evidence) -> Iterator[str]:
    """One card for an incident, and no message twice; but anew elsewhere while its channel was archived."""
    seen: dict[str, list[str]] = defaultdict(list)
    for one in evidence.stage.workspace.happenings:
        if one.kind == "post" and one.message is not None and getattr(one.message, "metadata", None):
            seen[one.message.metadata["event_payload"]["outbox_id"]].append(str(one.channel))  # type: ignore[union-attr,index]
    keys = dict(evidence.session.exec(select(OutboxRow.id, OutboxRow.key)).all())
    for row, channels in seen.items():
        again = [channel for channel in channels if channel not in evidence.stage.was_archived]
        if len(channels) > 1 and len(channels) - len(again) < len(channels) - 1:
            yield f"{keys.get(row, row)} was posted {len(channels)} times"
    for name in evidence.session.exec(select(Incident.name)):
        if evidence.session.get(Posted, f"card:{name}") is None:
            yield f"{name} has no card"


def _pace(evidence: Evidence) -> Iterator[str]:
    """Never more than one post a second into a channel, over any ten seconds, for each node."""
    times: dict[str, list[Any]] = defaultdict(list)
    for call in evidence.stage.workspace.calls:
        if call.method == "chat.postMessage" and call.result.get("ok") and not call.args["channel"].startswith("D"):
            times[call.args["channel"]].append(call.at)
    most = 10 * len(evidence.stage.nodes) + 1
    for channel, moments in times.items():
        for first, later in zip(moments, moments[most:], strict=False):
            if later - first < 10 * A_SECOND:
                yield f"more than {most} posts within ten seconds in {channel}, from {first}"


def _well_formed(evidence: Evidence) -> Iterator[str]:
    for call in evidence.stage.workspace.calls:
        code = call.result.get("error")
        if code and code not in NO_DEFECT:
            yield f"Slack refused {call.method}: {call.result}"
    yield from (f"it went out without its blocks: {entry.subject}" for entry in evidence.of("message.defective"))


def _answered(evidence: Evidence) -> Iterator[str]:
    for delivery in evidence.stage.workspace.deliveries:
        if delivery.status == 500 or "Something broke" in str(delivery.answer):
            yield f"a gesture broke: {delivery.kind} {delivery.answer}"


def _nothing_left(evidence: Evidence) -> Iterator[str]:
    """After a quiet hour nothing is overdue, and nothing has been given up."""
    now, session = evidence.stage.clock.now() - A_SECOND, evidence.session
    for row in session.exec(select(OutboxRow).where(OutboxRow.state != OutboxState.DONE)):
        if row.state == OutboxState.PARKED:
            yield f"{row.key} was given up: {row.error}"
        elif row.due_at <= now:
            yield f"{row.key} still waits: {row.state} since {row.due_at}, {row.error}"
    unread = session.exec(select(func.count()).where(InboxItem.state == InboxState.NEW)).one()
    if unread:
        yield f"{unread} alerts were never read"
    overdue = select(Request).where(Request.state == RoundState.ASKED, col(Request.expires_at) <= now)
    yield from (f"{one.id} should have expired at {one.expires_at}" for one in session.exec(overdue))
    running = (ExecutionState.RUNNING, ExecutionState.VALIDATING)
    for one in session.exec(select(Execution)):
        if (one.state in running and one.due_at is None) or (one.due_at is not None and one.due_at <= now):
            yield f"{one.request_id}: {one.state}, due at {one.due_at}"
    yield from tiers.overdue(session, now)
