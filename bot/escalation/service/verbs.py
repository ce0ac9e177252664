"""What people and other capabilities do with an escalation: it begins, is taken, changes hands and ends."""

from sqlmodel import col, select

from bot.escalation import rules
from bot.escalation.models import Escalation, EscalationPolicy, EscalationState
from bot.escalation.service.climbing import bring_in, keep, lot_of, remind_later, run_clock, withdraw_page
from bot.escalation.service.queries import lead_name, policy_of, state_of
from bot.foundation.errors import Refusal
from bot.foundation.work import Work
from bot.people import rules as people_rules
from bot.people import service as people


def start(work: Work, subject: str, *, system: str, severity: str, channel: str) -> Escalation:
    """Begin to escalate an incident under today's policy, and page the first tier at once.

    Args:
        work: Whoever opened the incident.
        subject: The incident's name; it is escalated once.
        system: Decides who holds the roles of a tier.
        severity: `low`, `medium` or `high`: decides the deadlines.
        channel: Where pages are posted.
    """
    escalation = Escalation(
        subject=subject,
        system=system,
        severity=severity,
        channel=channel,
        policy=work.pin(EscalationPolicy),
        started_at=work.now,
        waiting_since=work.now,
    )
    work.session.add(escalation)
    work.session.flush()
    work.record("escalation.started", subject, policy=escalation.policy, severity=severity)
    bring_in(work, lot_of(work, [escalation]), escalation, 1, "It has just been opened.")
    return escalation


def acknowledge(work: Work, subject: str) -> Escalation:
    """The actor takes the incident, leads it from now on, and has the time of its severity for a decision.

    Raises:
        Refusal: for people who may not act, for a closed incident, and when somebody leads already.
    """
    need_person(work)
    escalation = for_change(work, subject)
    why = rules.why_not_acknowledge(escalation, work.actor.id, lead_name(work, escalation))
    if why:
        raise Refusal(why)
    named = escalation.lead if escalation.lead != work.actor.id else None
    escalation.lead, escalation.acknowledged_at = work.actor.id, work.now
    if escalation.state != EscalationState.DECIDED:
        escalation.state = EscalationState.WAITING_FOR_DECISION
        run_clock(work, escalation)
    remind_later(work, escalation)
    keep(work, escalation)
    work.record("escalation.acknowledged", subject, tier=escalation.tier, named_before=named)
    return escalation


def severity_changed(work: Work, subject: str, severity: str) -> None:
    """Reckon the running deadline anew for another severity; raised, it never becomes later than it was."""
    if state_of(work, subject) is None:
        return
    escalation = for_change(work, subject)
    before = escalation.next_tier_at
    escalation.next_tier_at = rules.deadline_after(escalation, policy_of(work, escalation), severity, work.now)
    escalation.severity, escalation.remind_at = severity, None
    keep(work, escalation)
    if escalation.next_tier_at != before:
        work.record(
            "escalation.deadline_changed", subject, severity=severity,
            before=rules.iso(before), after=rules.iso(escalation.next_tier_at),
        )  # fmt: skip


def acted(work: Work, subject: str) -> None:
    """Note that something was done about an incident: its lead need not be reminded any more."""
    if state_of(work, subject) is not None:
        work.change(Escalation, col(Escalation.subject) == subject, remind_at=None)


def hasten(work: Work, subject: str, why: str) -> None:
    """Bring the next tier in at once, because nothing can come of waiting; only while the climb goes on."""
    if state_of(work, subject) is None:
        return
    escalation = for_change(work, subject)
    if escalation.state not in rules.CLIMBING:
        return
    work.record("escalation.hastened", subject, why=why, tier=escalation.tier)
    bring_in(work, lot_of(work, [escalation]), escalation, escalation.tier + 1, why)


def decision_made(work: Work, subject: str, what: str) -> None:
    """Stop the climb: a decision was made, so nobody else is brought in. The lead keeps the incident."""
    escalation = state_of(work, subject)
    if escalation is None:
        return
    escalation = for_change(work, subject)
    if escalation.state in (EscalationState.DECIDED, EscalationState.ENDED):
        return
    escalation.state, escalation.decided_at, escalation.next_tier_at = EscalationState.DECIDED, work.now, None
    escalation.remind_at = None
    withdraw_page(work, escalation, "a decision was made before Slack took the page")
    keep(work, escalation)
    work.record("escalation.decided", subject, why=what, tier=escalation.tier)


def end(work: Work, subject: str, why: str) -> None:
    """End an escalation for good: its incident was closed. Ending it again changes nothing."""
    if state_of(work, subject) is None:
        return
    escalation = for_change(work, subject)
    if escalation.state == EscalationState.ENDED:
        return
    escalation.state, escalation.ended_at, escalation.next_tier_at = EscalationState.ENDED, work.now, None
    escalation.offer, escalation.offer_until, escalation.remind_at = None, None, None
    keep(work, escalation)
    work.record("escalation.ended", subject, why=why, tier=escalation.tier)


def need_person(work: Work) -> None:
    """Refuse everybody who is not an active person of the directory."""
    why = people.why_not_active(work, work.actor.id) if work.actor.kind == "person" else people_rules.BOT
    if why:
        raise Refusal(why)


def for_change(work: Work, subject: str) -> Escalation:
    """Return an escalation as it stands now, locked until the end of this Work (Refusal if there is none)."""
    query = select(Escalation).where(Escalation.subject == subject).with_for_update()
    escalation = work.session.exec(query.execution_options(populate_existing=True)).first()
    if escalation is None:
        raise Refusal(f"{subject} is not being escalated.")
    return escalation
