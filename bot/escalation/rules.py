"""Which tier is due, whom it reaches, how long it has, who may hand over. Pure."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.comms.models import Library
from bot.escalation.models import Deadlines, Escalation, EscalationPolicy, EscalationState, Tier
from bot.foundation.config import Config, Document, Location
from bot.foundation.errors import Problem
from bot.people import rules as people
from bot.people.models import Directory, PersonKey, RoleKey

SEVERITIES = ("low", "medium", "high")
"""Mildest first."""

CLIMBING = (EscalationState.WAITING_FOR_ACKNOWLEDGEMENT, EscalationState.WAITING_FOR_DECISION)
SHORTEST_REASON = 3


@dataclass(frozen=True)
class Summoned:
    """Somebody whom a tier reaches.

    Attributes:
        person: Slack id.
        title: The role they are asked in ("Model owner").
        stands_in_for: Name of the holder who cannot be reached, when this is the deputy.
    """

    person: str
    title: str
    stands_in_for: str | None = None


@dataclass(frozen=True)
class Step:
    """What a sweep does with an escalation whose time has passed.

    Attributes:
        tier: The tier to page now; None: the last one's time has passed.
        skipped: Tiers whose whole time passed unseen (a downtime): recorded, not paged.
    """

    tier: int | None
    skipped: tuple[int, ...] = ()


def period(deadlines: Deadlines, state: str) -> timedelta:
    """Return how long a tier has in this state."""
    return deadlines.decide if state == EscalationState.WAITING_FOR_DECISION else deadlines.acknowledge


def deadlines_of(policy: EscalationPolicy, severity: str) -> Deadlines:
    """Return the deadlines of a severity (KeyError if there is none: `checks` saw to it that there is)."""
    return policy.deadlines[severity]


def next_step(tier: int, due: datetime, each: timedelta, last: int, now: datetime) -> Step:
    """Say what to do about an escalation at `tier` whose next tier was due at `due`.

    Every tier that is passed over has had its whole time; the last tier is never passed over.
    """
    if tier >= last:
        return Step(None)
    missed = int((now - due) / each) if each > timedelta() else 0
    reached = min(tier + 1 + missed, last)
    return Step(reached, tuple(range(tier + 1, reached)))


def deadline_after(escalation: Escalation, policy: EscalationPolicy, severity: str, now: datetime) -> datetime | None:
    """Return when the next tier is due once the severity is `severity`; None while no time runs.

    Counted from when the running time began, but not into the past; never later than before for a higher severity.
    """
    before = escalation.next_tier_at
    if before is None:
        return None
    each = period(deadlines_of(policy, severity), escalation.state)
    due = max(escalation.waiting_since + each, now)
    return min(due, before) if is_higher(severity, escalation.severity) else due


def is_higher(severity: str, than: str) -> bool:
    """Compare two severities."""
    return SEVERITIES.index(severity) > SEVERITIES.index(than)


def summon(
    directory: Directory, roles: Sequence[RoleKey], system: str, now: datetime, reachable: Container[str]
) -> list[Summoned]:
    """Return whom these roles reach now, each person once, in the order of roles.

    For each holder who cannot be reached the deputy is asked; of a rota the first in turn who can be reached.
    """
    found: dict[str, Summoned] = {}
    for role in roles:
        for summoned in _reached(directory, role, system, now, reachable):
            found.setdefault(summoned.person, summoned)
    return list(found.values())


def why_not_hand_over(
    escalation: Escalation, actor: str, *, lead_is_active: bool, of_a_tier: bool, lead_name: str
) -> str | None:
    """Say why somebody may not hand over the lead of this escalation; None if they may.

    The lead may. So may whoever is of a tier, while nobody leads: nobody was named, whoever was named has not
    acknowledged, or the account of the lead is not active any more.
    """
    if escalation.state == EscalationState.ENDED:
        return f"{escalation.subject} is closed, so there is nothing to hand over."
    if escalation.lead == actor:
        return None
    if escalation.lead and escalation.acknowledged_at and lead_is_active:
        return f"{lead_name} leads {escalation.subject}, and only {lead_name} can hand it over. Ask there."
    if of_a_tier:
        return None
    return (
        f"Nobody leads {escalation.subject} yet. Acknowledge it to lead it yourself; naming somebody else is up to "
        "the people of the escalation tiers."
    )


def why_not_take_over(escalation: Escalation, actor: str, *, may: bool) -> str | None:
    """Say why somebody may not take over the lead unasked; None if they may: people of the tiers, the lead's deputy."""
    if escalation.state == EscalationState.ENDED:
        return f"{escalation.subject} is closed, so there is nothing to take over."
    if escalation.lead == actor and escalation.acknowledged_at:
        return f"You lead {escalation.subject} already."
    if escalation.acknowledged_at is None:
        return f"Nobody leads {escalation.subject} yet. Acknowledge it to lead it."
    if may:
        return None
    return "Taking over unasked is up to the people of the escalation tiers and the lead's deputy. Ask the lead."


def why_not_acknowledge(escalation: Escalation, actor: str, lead_name: str) -> str | None:
    """Say why somebody cannot acknowledge; None if they can. A lead who was named by others acknowledges, too."""
    if escalation.state == EscalationState.ENDED:
        return f"{escalation.subject} is closed, so there is nothing to acknowledge."
    if escalation.acknowledged_at is None:
        return None
    if escalation.lead == actor:
        return f"You lead {escalation.subject} already."
    return f"{lead_name} leads {escalation.subject}. To take it over, ask {lead_name} to hand over the lead to you."


def reason_given(reason: str) -> str | None:
    """Return a reason as it is kept; None if it says nothing (fewer than three characters that can be seen)."""
    said = reason.strip()
    return said if len("".join(said.split())) >= SHORTEST_REASON else None


def iso(moment: datetime | None) -> str | None:
    """Write a moment, if there is one, as the trail keeps it."""
    return moment.isoformat() if moment else None


def checks(config: Config) -> Iterator[Problem]:
    """Find what the model of `config/escalation.yaml` cannot: roles, templates and deadlines that lead nowhere."""
    policy, document = config[EscalationPolicy], config.document(EscalationPolicy)
    for place, tier in enumerate(policy.tiers):
        yield from _role_problems(config[Directory], document, ("tiers", place), tier)
        if tier.template not in config[Library].templates:
            what = f"tier {place + 1} is paged with the template “{tier.template}”, which is not there"
            yield document.problem(
                ("tiers", place, "template"), what, f"add messages/{tier.template}.md or name another"
            )
    yield from _deadline_problems(policy, document)


def _reached(
    directory: Directory, role: RoleKey, system: str, now: datetime, reachable: Container[str]
) -> Iterator[Summoned]:
    entry = directory.roles.get(role)
    for key in people.holders(directory, role, system, now):
        summoned = _holder_or_deputy(directory, entry.title if entry else role, key, reachable)
        if summoned:
            yield summoned
            if entry and entry.rota and system not in entry.by_system:
                return


def _holder_or_deputy(directory: Directory, title: str, key: PersonKey, reachable: Container[str]) -> Summoned | None:
    holder = directory.people[key]
    if holder.slack in reachable:
        return Summoned(holder.slack, title)
    deputy = directory.people[holder.deputy] if holder.deputy else None
    return Summoned(deputy.slack, title, holder.name) if deputy and deputy.slack in reachable else None


def _role_problems(directory: Directory, document: Document, at: Location, tier: Tier) -> Iterator[Problem]:
    for place, role in enumerate(tier.roles):
        if role not in directory.roles:
            what = f"“{role}” in the tier “{tier.title}” is not a role of people.yaml"
            yield document.problem((*at, "roles", place), what, "add it under roles there, or name one that is there")


def _deadline_problems(policy: EscalationPolicy, document: Document) -> Iterator[Problem]:
    for severity in SEVERITIES:
        if severity not in policy.deadlines:
            what = f"deadlines say nothing about incidents of severity {severity}"
            yield document.problem(("deadlines",), what, f"add {severity}: with acknowledge and decide")
    for severity, deadlines in policy.deadlines.items():
        at: Location = ("deadlines", severity)
        if severity not in SEVERITIES:
            yield document.problem(at, f"“{severity}” is not a severity", f"use {', '.join(SEVERITIES)}")
        for name, time in (("acknowledge", deadlines.acknowledge), ("decide", deadlines.decide)):
            if time <= timedelta():
                yield document.problem((*at, name), f"{name} leaves no time", "give a duration such as PT15M")
