"""What people and other capabilities do with an escalation: it begins, is taken, changes hands and ends."""

from sqlmodel import select

from bot.escalation import rules
from bot.escalation.models import Escalation, EscalationPolicy, EscalationState
from bot.escalation.service.climbing import bring_in, keep, lot_of, run_clock, withdraw_page
from bot.escalation.service.queries import lead_name, policy_of, state_of
from bot.foundation import outbox
from bot.foundation.blocks import escape, mention, mrkdwn
from bot.foundation.errors import Refusal
from bot.foundation.work import Work
from bot.people import rules as people_rules
from bot.people import service as people
from bot.people.models import Directory


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
    _need_person(work)
    escalation = _for_change(work, subject)
    why = rules.why_not_acknowledge(escalation, work.actor.id, lead_name(work, escalation))
    if why:
        raise Refusal(why)
    named = escalation.lead if escalation.lead != work.actor.id else None
    escalation.lead, escalation.acknowledged_at = work.actor.id, work.now
    if escalation.state != EscalationState.DECIDED:
        escalation.state = EscalationState.WAITING_FOR_DECISION
        run_clock(work, escalation)
    keep(work, escalation)
    work.record("escalation.acknowledged", subject, tier=escalation.tier, named_before=named)
    return escalation


def may_hand_over(work: Work, subject: str) -> Escalation:
    """Return an escalation, locked, to somebody who may hand over its lead now (or Refusal)."""
    _need_person(work)
    escalation = _for_change(work, subject)
    roles = [role for tier in policy_of(work, escalation).tiers for role in tier.roles]
    why = rules.why_not_hand_over(
        escalation,
        work.actor.id,
        lead_is_active=bool(escalation.lead) and people.is_active(work, escalation.lead or ""),
        of_a_tier=people.has_role(work, work.actor.id, roles, escalation.system),
        lead_name=lead_name(work, escalation),
    )
    if why:
        raise Refusal(why)
    return escalation


def hand_over(work: Work, subject: str, *, to: str, reason: str) -> Escalation:
    """Give the lead of an incident to somebody else, with a reason. The deadline stays as it is.

    Whoever is named while nobody has acknowledged still has to acknowledge; until then the escalation climbs on.

    Args:
        work: The lead, or somebody of a tier while nobody leads.
        subject: The incident.
        to: Slack id of an active person of the directory.
        reason: At least three visible characters; kept and shown.

    Raises:
        Refusal: with the field it belongs under (`to` or `reason`).
    """
    escalation = may_hand_over(work, subject)
    _need_receiver(work, escalation, to)
    why = rules.reason_given(reason)
    if why is None:
        raise Refusal("Please say why, in a few words: it is kept, and the new lead reads it.", field="reason")
    before, escalation.lead = escalation.lead, to
    keep(work, escalation)
    work.record("escalation.handed_over", subject, why=why, handed_from=before, handed_to=to)
    _tell_hand_over(work, escalation, why)
    work.enqueue("incidents.refresh_briefing", f"incidents.refresh_briefing:{subject}", {"incident": subject})
    return escalation


def severity_changed(work: Work, subject: str, severity: str) -> None:
    """Reckon the running deadline anew for another severity; raised, it never becomes later than it was."""
    if state_of(work, subject) is None:
        return
    escalation = _for_change(work, subject)
    before = escalation.next_tier_at
    escalation.next_tier_at = rules.deadline_after(escalation, policy_of(work, escalation), severity, work.now)
    escalation.severity = severity
    keep(work, escalation)
    if escalation.next_tier_at != before:
        work.record(
            "escalation.deadline_changed", subject, severity=severity,
            before=rules.iso(before), after=rules.iso(escalation.next_tier_at),
        )  # fmt: skip


def hasten(work: Work, subject: str, why: str) -> None:
    """Bring the next tier in at once, because nothing can come of waiting; only while the climb goes on."""
    if state_of(work, subject) is None:
        return
    escalation = _for_change(work, subject)
    if escalation.state not in rules.CLIMBING:
        return
    work.record("escalation.hastened", subject, why=why, tier=escalation.tier)
    bring_in(work, lot_of(work, [escalation]), escalation, escalation.tier + 1, why)


def decision_made(work: Work, subject: str, what: str) -> None:
    """Stop the climb: a decision was made, so nobody else is brought in. The lead keeps the incident."""
    escalation = state_of(work, subject)
    if escalation is None:
        return
    escalation = _for_change(work, subject)
    if escalation.state in (EscalationState.DECIDED, EscalationState.ENDED):
        return
    escalation.state, escalation.decided_at, escalation.next_tier_at = EscalationState.DECIDED, work.now, None
    withdraw_page(work, escalation, "a decision was made before Slack took the page")
    keep(work, escalation)
    work.record("escalation.decided", subject, why=what, tier=escalation.tier)


def end(work: Work, subject: str, why: str) -> None:
    """End an escalation for good: its incident was closed. Ending it again changes nothing."""
    if state_of(work, subject) is None:
        return
    escalation = _for_change(work, subject)
    if escalation.state == EscalationState.ENDED:
        return
    escalation.state, escalation.ended_at, escalation.next_tier_at = EscalationState.ENDED, work.now, None
    keep(work, escalation)
    work.record("escalation.ended", subject, why=why, tier=escalation.tier)


def _tell_hand_over(work: Work, escalation: Escalation, why: str) -> None:
    asked = "" if escalation.acknowledged_at else " Please acknowledge it on its card: until then others are paged."
    text = mrkdwn(
        "🤝 {who} hands the lead of {subject} to {to}.{asked}\n>{why}",
        who=work.actor.name,
        subject=escalation.subject,
        to=mention(escalation.lead or ""),
        asked=asked,
        why=" ".join(escape(why).split()),
    )
    outbox.note(work, escalation.channel, escalation.subject, text)


def _need_person(work: Work) -> None:
    why = people.why_not_active(work, work.actor.id) if work.actor.kind == "person" else people_rules.BOT
    if why:
        raise Refusal(why)


def _need_receiver(work: Work, escalation: Escalation, to: str) -> None:
    name = people_rules.name_of(work.config[Directory], to)
    if to == work.actor.id:
        raise Refusal("That is you. Choose the person who takes over.", field="to")
    if to == escalation.lead:
        raise Refusal(f"{name} leads {escalation.subject} already.", field="to")
    if people_rules.person_by_slack(work.config[Directory], to) is None:
        raise Refusal("This person is not in Backout's directory and could decide nothing.", field="to")
    if not people.is_active(work, to):
        raise Refusal(f"{name}'s Slack account cannot act for us now. Choose somebody else.", field="to")


def _for_change(work: Work, subject: str) -> Escalation:
    query = select(Escalation).where(Escalation.subject == subject).with_for_update()
    escalation = work.session.exec(query.execution_options(populate_existing=True)).first()
    if escalation is None:
        raise Refusal(f"{subject} is not being escalated.")
    return escalation
