"""Whether tiers were paged once, in order, in time: reckoned from the trail and `escalation.yaml` alone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from bot.escalation.models import Escalation, EscalationPolicy
from bot.foundation.config import Config
from bot.foundation.trail import Entry

EARLY = timedelta(seconds=1)
THEIR_TIME = "its time passed while Backout was not running"


@dataclass
class _Climb:
    """How far an incident should have climbed."""

    policy: EscalationPolicy
    severity: str = ""
    tier: int = 0
    acknowledged: bool = False
    due: datetime | None = None

    @property
    def each(self) -> timedelta:
        deadlines = self.policy.deadlines[self.severity]
        return deadlines.decide if self.acknowledged else deadlines.acknowledge

    @property
    def last(self) -> int:
        return len(self.policy.tiers)


def wrong(subject: str, entries: Sequence[Entry], config: Config) -> Iterator[str]:
    """Say where one incident's escalation did not go as its policy says."""
    climb, skipped = _Climb(config[EscalationPolicy]), list[int]()
    for entry in entries:
        match entry.action:
            case "escalation.started":
                climb.severity, climb.due = entry.facts["severity"], entry.at
            case "escalation.tier_skipped":
                skipped.append(entry.facts["tier"])
                if entry.why == THEIR_TIME and climb.due is not None:
                    passed = climb.due + (entry.facts["tier"] - climb.tier) * climb.each
                    if entry.at < passed - EARLY:
                        yield f"{subject}: tier {entry.facts['tier']} was skipped at {entry.at}, its time was {passed}"
            case "escalation.tier_paged":
                yield from _paged(subject, entry, climb, skipped)
                climb.tier, climb.due, skipped = entry.facts["tier"], entry.at + climb.each, []
            case "escalation.exhausted":
                if climb.due is None or entry.at < climb.due - EARLY:
                    yield f"{subject}: exhausted at {entry.at}, due at {climb.due}"
                climb.due = None
            case _:
                _other(entry, climb)


def overdue(session: Session, now: datetime) -> Iterator[str]:
    """Say which tier should have been paged by now."""
    late = select(Escalation).where(col(Escalation.next_tier_at) <= now)
    yield from (f"{one.subject}: the next tier was due at {one.next_tier_at}" for one in session.exec(late))


def _paged(subject: str, entry: Entry, climb: _Climb, skipped: Sequence[int]) -> Iterator[str]:
    tier = entry.facts["tier"]
    if tier <= climb.tier:
        yield f"{subject}: tier {tier} was paged after tier {climb.tier}"
    if [*skipped, tier] != list(range(climb.tier + 1, tier + 1)):
        yield f"{subject}: tier {tier} was paged after tier {climb.tier}, skipping only {list(skipped)}"
    if climb.due is None or entry.at < climb.due - EARLY:
        yield f"{subject}: tier {tier} was paged at {entry.at}, due at {climb.due}"
    elif climb.tier and tier < climb.last and entry.at >= climb.due + (tier - climb.tier) * climb.each:
        yield f"{subject}: tier {tier} was paged at {entry.at}, when its time had passed, too"


def _other(entry: Entry, climb: _Climb) -> None:
    match entry.action:
        case "escalation.acknowledged":
            if climb.due is not None or not climb.acknowledged:
                climb.acknowledged = True
                climb.due = entry.at + climb.each
        case "escalation.hastened":
            climb.due = entry.at  # nobody is left who could approve: the next tier is brought in at once
        case "incident.severity_changed":
            climb.severity = entry.facts["after"]
        case "escalation.deadline_changed":
            climb.due = datetime.fromisoformat(entry.facts["after"]) if entry.facts["after"] else None
        case "escalation.hastened":  # nothing can come of waiting: the next tier is due at once
            climb.due = entry.at
        case "escalation.decided" | "escalation.ended":
            climb.due = None
