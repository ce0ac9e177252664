"""An escalation begins, climbs, is taken, changes hands and ends."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import col, func, select

from bot.comms import service as comms
from bot.escalation import rules
from bot.escalation.models import Escalation, EscalationPolicy, EscalationState, Tier
from bot.foundation import outbox
from bot.foundation.blocks import Markup, escape, join, mention, moment, mrkdwn
from bot.foundation.errors import Refusal
from bot.foundation.work import Lane, Reading, Work, pinned
from bot.people import rules as people_rules
from bot.people import service as people
from bot.people.models import Directory

BATCH = 50


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
    _bring_in(work, escalation, 1, "It has just been opened.")
    return escalation


def state_of(reading: Reading, subject: str) -> Escalation | None:
    """Return how far an incident's escalation has come; None if it was never escalated."""
    return reading.session.get(Escalation, subject)


def policy_of(reading: Reading, escalation: Escalation) -> EscalationPolicy:
    """Return the tiers and deadlines under which an escalation began."""
    return pinned(reading, EscalationPolicy, escalation.policy)


def lead_name(reading: Reading, escalation: Escalation) -> str:
    """Return what people call the lead, '' while there is none."""
    return people_rules.name_of(reading.config[Directory], escalation.lead) if escalation.lead else ""


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
        _run_clock(work, escalation)
    _keep(work, escalation)
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
    _keep(work, escalation)
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
    _keep(work, escalation)
    if escalation.next_tier_at != before:
        work.record(
            "escalation.deadline_changed", subject, severity=severity,
            before=_iso(before), after=_iso(escalation.next_tier_at),
        )  # fmt: skip


def hasten(work: Work, subject: str, why: str) -> None:
    """Bring the next tier in at once, because nothing can come of waiting; only while the climb goes on."""
    if state_of(work, subject) is None:
        return
    escalation = _for_change(work, subject)
    if escalation.state not in rules.CLIMBING:
        return
    work.record("escalation.hastened", subject, why=why, tier=escalation.tier)
    _bring_in(work, escalation, escalation.tier + 1, why)


def decision_made(work: Work, subject: str, what: str) -> None:
    """Stop the climb: a decision was made, so nobody else is brought in. The lead keeps the incident."""
    escalation = state_of(work, subject)
    if escalation is None:
        return
    escalation = _for_change(work, subject)
    if escalation.state in (EscalationState.DECIDED, EscalationState.ENDED):
        return
    escalation.state, escalation.decided_at, escalation.next_tier_at = EscalationState.DECIDED, work.now, None
    _withdraw_page(work, escalation, "a decision was made before Slack took the page")
    _keep(work, escalation)
    work.record("escalation.decided", subject, why=what, tier=escalation.tier)


def end(work: Work, subject: str, why: str) -> None:
    """End an escalation for good: its incident was closed. Ending it again changes nothing."""
    if state_of(work, subject) is None:
        return
    escalation = _for_change(work, subject)
    if escalation.state == EscalationState.ENDED:
        return
    escalation.state, escalation.ended_at, escalation.next_tier_at = EscalationState.ENDED, work.now, None
    _keep(work, escalation)
    work.record("escalation.ended", subject, why=why, tier=escalation.tier)


def next_due(reading: Reading) -> datetime | None:
    """Return when the next tier of any incident is due."""
    return reading.session.exec(select(func.min(col(Escalation.next_tier_at)))).one()


def climb(work: Work) -> int:
    """Page the next tier wherever its time has come; returns for how many incidents."""
    due = work.session.exec(
        select(Escalation.subject, Escalation.next_tier_at)
        .where(col(Escalation.next_tier_at) <= work.now)
        .order_by(col(Escalation.next_tier_at), col(Escalation.subject))
        .limit(BATCH)
    ).all()
    return sum(_climb(work, subject, at) for subject, at in due if at is not None)


def _climb(work: Work, subject: str, due: datetime) -> bool:
    """Take one overdue step, unless another process was first (compare-and-set on the deadline)."""
    mine = col(Escalation.subject) == subject, col(Escalation.next_tier_at) == due
    if not work.change(Escalation, *mine, next_tier_at=None):
        return False
    escalation = _for_change(work, subject)
    policy = policy_of(work, escalation)
    each = rules.period(rules.deadlines_of(policy, escalation.severity), escalation.state)
    step = rules.next_step(escalation.tier, due, each, len(policy.tiers), work.now)
    for number in step.skipped:
        _skip(work, escalation, number, policy.tiers[number - 1], "its time passed while Backout was not running")
    if step.tier is None:
        _exhaust(work, escalation)
    else:
        _bring_in(work, escalation, step.tier, _what_is_late(escalation))
    return True


def _bring_in(work: Work, escalation: Escalation, first: int, because: str) -> None:
    """Page a tier, or the first one above it in which somebody can be reached."""
    tiers = policy_of(work, escalation).tiers
    for number, tier in enumerate(tiers[first - 1 :], first):
        summoned = _summoned(work, escalation, tier)
        if summoned:
            _withdraw_page(work, escalation, "Slack did not take the page before its time had passed")
            escalation.tier = number
            _run_clock(work, escalation)
            _page(work, escalation, tier, summoned, because)
            _keep(work, escalation)
            return
        _skip(work, escalation, number, tier, "nobody in it can be reached now")
    _exhaust(work, escalation)


def _summoned(reading: Reading, escalation: Escalation, tier: Tier) -> list[rules.Summoned]:
    directory, reachable = reading.config[Directory], people.everybody_reachable(reading)
    return rules.summon(directory, tier.roles, escalation.system, reading.now, reachable)


def _run_clock(work: Work, escalation: Escalation) -> None:
    deadlines = rules.deadlines_of(policy_of(work, escalation), escalation.severity)
    escalation.waiting_since = work.now
    escalation.next_tier_at = work.now + rules.period(deadlines, escalation.state)


def _page(work: Work, escalation: Escalation, tier: Tier, summoned: Sequence[rules.Summoned], because: str) -> None:
    text, why_plain = _words(work, escalation, tier, summoned, because)
    work.record(
        "escalation.tier_paged", escalation.subject, why=because, policy=escalation.policy,
        tier=escalation.tier, title=tier.title, people=[one.person for one in summoned],
        stands_in_for={one.person: one.stands_in_for for one in summoned if one.stands_in_for},
        until=_iso(escalation.next_tier_at), template=tier.template, why_plain=why_plain,
    )  # fmt: skip
    payload = {
        "subject": escalation.subject,
        "channel": escalation.channel,
        "text": text,
        "due": work.now.isoformat(),
        "until": _iso(escalation.next_tier_at),
    }
    work.enqueue("escalation.page", _page_key(escalation), payload, lane=Lane.PAGE)
    comms.must_reach(
        work, _page_key(escalation), subject=escalation.subject, channel=escalation.channel,
        people=[one.person for one in summoned], text=text,
    )  # fmt: skip


def _withdraw_page(work: Work, escalation: Escalation, why: str) -> None:
    """Take back the page of the present tier if Slack has not taken it: posted late it would mislead."""
    if escalation.tier == 0 or not outbox.withdraw(work, _page_key(escalation)):
        return
    tier = policy_of(work, escalation).tiers[escalation.tier - 1]
    work.record("escalation.page_withdrawn", escalation.subject, why=why, tier=escalation.tier, title=tier.title)
    text = mrkdwn(
        "🔕 Tier {number} ({title}) could not be paged here: {why}.",
        number=escalation.tier,
        title=tier.title,
        why=why,
    )
    outbox.note(work, escalation.channel, escalation.subject, text)


def _page_key(escalation: Escalation) -> str:
    return f"page:{escalation.subject}:{escalation.tier}"


def _words(
    work: Work, escalation: Escalation, tier: Tier, summoned: Sequence[rules.Summoned], because: str
) -> tuple[Markup, str]:
    """Return a page in its approved words; in plain ones with the reason why, because people must be reached."""
    called = join(", ", [_call(one) for one in summoned])
    deadline, then = moment(escalation.next_tier_at or work.now), _next_title(work, escalation)
    facts = {"people": called, "deadline": deadline, "next_tier": then}
    try:
        text = comms.render(work, tier.template, escalation.subject, extra=facts)
    except Refusal as refusal:
        return _plain_page(escalation, tier, called, because, deadline, then), refusal.message
    missing = [one for one in summoned if mention(one.person) not in text]
    return (mrkdwn("{called}\n{text}", called=join(", ", map(_call, missing)), text=text) if missing else text), ""


def _plain_page(
    escalation: Escalation, tier: Tier, called: Markup, because: str, deadline: Markup, then: str
) -> Markup:
    asked = "Decide" if escalation.state == EscalationState.WAITING_FOR_DECISION else "Acknowledge it"
    return mrkdwn(
        "🔔 *{subject}* · tier {number}, {title}: {called}\n{because} {asked} on its card by {deadline}. "
        "If nothing happens by then, {then}.",
        subject=escalation.subject,
        number=escalation.tier,
        title=tier.title,
        called=called,
        because=because,
        asked=asked,
        deadline=deadline,
        then=f"the next to be brought in: {then}" if then else "nobody is left to bring in",
    )


def _call(summoned: rules.Summoned) -> Markup:
    if summoned.stands_in_for is None:
        return mention(summoned.person)
    return mrkdwn("{who} (for {holder})", who=mention(summoned.person), holder=summoned.stands_in_for)


def _next_title(reading: Reading, escalation: Escalation) -> str:
    """Return what the next tier is called, '' after the last one."""
    tiers = policy_of(reading, escalation).tiers
    return tiers[escalation.tier].title if escalation.tier < len(tiers) else ""


def _what_is_late(escalation: Escalation) -> str:
    if escalation.state == EscalationState.WAITING_FOR_DECISION:
        return "No decision was made in time."
    return "Nobody acknowledged it in time."


def _skip(work: Work, escalation: Escalation, number: int, tier: Tier, why: str) -> None:
    work.record("escalation.tier_skipped", escalation.subject, why=why, tier=number, title=tier.title)
    text = mrkdwn("⏭️ Tier {number} ({title}) was skipped: {why}.", number=number, title=tier.title, why=why)
    outbox.note(work, escalation.channel, escalation.subject, text)


def _exhaust(work: Work, escalation: Escalation) -> None:
    escalation.state, escalation.next_tier_at = EscalationState.EXHAUSTED, None
    _keep(work, escalation)
    work.record("escalation.exhausted", escalation.subject, tier=escalation.tier)
    text = Markup(
        "⚠️ *Every tier has been brought in, and the last one's time has passed.* Nobody else will be paged. "
        "Whoever reads this: acknowledge the incident on its card, or call somebody."
    )
    outbox.note(work, escalation.channel, escalation.subject, text)


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


def _keep(work: Work, escalation: Escalation) -> None:
    work.session.add(escalation)
    work.session.flush()
    outbox.refresh_card(work, escalation.subject)


def _iso(moment_: datetime | None) -> str | None:
    return moment_.isoformat() if moment_ else None
