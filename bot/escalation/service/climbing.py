"""An escalation climbs: the tier that is due is paged, the ones passed over are recorded, the last one ends it."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, func, select

from bot.comms import service as comms
from bot.comms.models import Briefing
from bot.escalation import rules
from bot.escalation.models import Escalation, EscalationState, Tier
from bot.escalation.service.queries import policy_of
from bot.foundation import outbox
from bot.foundation.blocks import Markup, channel_link, join, mention, moment, mrkdwn
from bot.foundation.errors import Refusal
from bot.foundation.work import Lane, Reading, Work
from bot.people import service as people


def next_due(reading: Reading) -> datetime | None:
    """Return when the next tier of any incident is due."""
    return reading.session.exec(select(func.min(col(Escalation.next_tier_at)))).one()


def climb(work: Work) -> int:
    """Page the next tier wherever its time has come, in the order of deadlines; returns for how many incidents."""
    due = work.take_due(Escalation, col(Escalation.next_tier_at), col(Escalation.subject))
    lot = lot_of(work, due)
    for escalation in due:
        _climb(work, lot, escalation)
    return len(due)


@dataclass(frozen=True)
class Lot:
    """What is asked once for all escalations of a lot.

    Attributes:
        reachable: Slack ids of those who can be paged.
        unsent: Keys of the pages of present tiers that Slack has not taken.
        briefings: What may be said about each incident, by its name.
    """

    reachable: Container[str]
    unsent: Container[str]
    briefings: Mapping[str, Briefing]


def lot_of(work: Work, escalations: Sequence[Escalation]) -> Lot:
    """Ask what all of these escalations need to know."""
    unsent = outbox.undone(work, [_page_key(one) for one in escalations])
    briefings = comms.briefings_of(work, [one.subject for one in escalations])
    return Lot(people.everybody_reachable(work), unsent, briefings)


def _climb(work: Work, lot: Lot, escalation: Escalation) -> None:
    """Take one overdue step: the tier that is due by now is paged, whose time passed unseen is recorded."""
    policy, due = policy_of(work, escalation), escalation.next_tier_at or work.now
    each = rules.period(rules.deadlines_of(policy, escalation.severity), escalation.state)
    step = rules.next_step(escalation.tier, due, each, len(policy.tiers), work.now)
    skipped = [
        _skip(work, escalation, number, policy.tiers[number - 1], "its time passed while Backout was not running")
        for number in step.skipped
    ]
    if step.tier is None:
        _exhaust(work, escalation, skipped)
    else:
        bring_in(work, lot, escalation, step.tier, _what_is_late(escalation), skipped)


def bring_in(
    work: Work,
    lot: Lot,
    escalation: Escalation,
    first: int,
    because: str,
    skipped: Sequence[Markup] = (),
) -> None:
    """Page a tier, or the first one above it in which somebody can be reached; one message says all of it."""
    directory, tiers, told = people.directory_now(work), policy_of(work, escalation).tiers, [*skipped]
    for number, tier in enumerate(tiers[first - 1 :], first):
        summoned = rules.summon(directory, tier.roles, escalation.system, work.now, lot.reachable)
        if summoned:
            if _page_key(escalation) in lot.unsent:
                withdraw_page(work, escalation, "Slack did not take the page before its time had passed")
            escalation.tier, escalation.remind_at = number, None
            run_clock(work, escalation)
            _page(work, lot, escalation, tier, summoned, because, told)
            keep(work, escalation)
            return
        told.append(_skip(work, escalation, number, tier, "nobody in it can be reached now"))
    _exhaust(work, escalation, told)


def run_clock(work: Work, escalation: Escalation) -> None:
    """Let the time of the present state begin now."""
    deadlines = rules.deadlines_of(policy_of(work, escalation), escalation.severity)
    escalation.waiting_since = work.now
    escalation.next_tier_at = work.now + rules.period(deadlines, escalation.state)


def remind_later(work: Work, escalation: Escalation) -> None:
    """Let the lead be reminded half-way to the deadline, unless something is done about the incident by then."""
    due = escalation.next_tier_at
    waits = escalation.state == EscalationState.WAITING_FOR_DECISION and due is not None and due > work.now
    escalation.remind_at = work.now + (due - work.now) / 2 if waits and due else None


def reminders_due(reading: Reading) -> datetime | None:
    """Return when the next lead who did nothing since they acknowledged is reminded."""
    return reading.session.exec(select(func.min(col(Escalation.remind_at)))).one()


def remind(work: Work) -> int:
    """Call the leads again who acknowledged and did nothing since, in order; returns for how many that was due.

    After a downtime the next tier may be due as well: its page says all there is to say.
    """
    due = work.take_due(Escalation, col(Escalation.remind_at), col(Escalation.subject))
    for escalation in due:
        escalation.remind_at = None
        work.session.add(escalation)
        waits = escalation.state == EscalationState.WAITING_FOR_DECISION
        is_late = escalation.next_tier_at is not None and escalation.next_tier_at <= work.now
        if waits and escalation.lead and not is_late:
            _call_again(work, escalation, escalation.lead)
    return len(due)


def _call_again(work: Work, escalation: Escalation, lead: str) -> None:
    then = _next_title(work, escalation)
    work.record("escalation.lead_reminded", escalation.subject, people=[lead], until=rules.iso(escalation.next_tier_at))
    text = mrkdwn(
        "🔁 {lead}: you lead *{subject}*, and nothing was asked or changed since. Ask for a rollback, say why none is "
        "needed, or hand over, on its card. Without a decision by {until}, {then}.",
        lead=mention(lead),
        subject=escalation.subject,
        until=moment(escalation.next_tier_at or work.now),
        then=f"the next to be brought in: {then}" if then else "nobody is left to bring in",
    )
    outbox.note(work, escalation.channel, escalation.subject, text)
    key = f"escalation.reminder:{escalation.subject}:{lead}:{work.new_id('dm')}"
    payload = {
        "subject": escalation.subject,
        "person": lead,
        "text": join(" ", [text, channel_link(escalation.channel)]),
    }
    work.enqueue("escalation.reminder", key, payload, lane=Lane.PAGE)


def _page(
    work: Work,
    lot: Lot,
    escalation: Escalation,
    tier: Tier,
    summoned: Sequence[rules.Summoned],
    because: str,
    skipped: Sequence[Markup],
) -> None:
    text, why_plain = _words(work, lot, escalation, tier, summoned, because)
    work.record(
        "escalation.tier_paged", escalation.subject, why=because, policy=escalation.policy,
        tier=escalation.tier, title=tier.title, people=[one.person for one in summoned],
        stands_in_for={one.person: one.stands_in_for for one in summoned if one.stands_in_for},
        until=rules.iso(escalation.next_tier_at), template=tier.template, why_plain=why_plain,
    )  # fmt: skip
    payload = {
        "subject": escalation.subject,
        "channel": escalation.channel,
        "text": join("\n", [text, *skipped]),
        "due": work.now.isoformat(),
        "until": rules.iso(escalation.next_tier_at),
    }
    work.enqueue("escalation.page", _page_key(escalation), payload, lane=Lane.PAGE)
    comms.must_reach(
        work, _page_key(escalation), subject=escalation.subject, channel=escalation.channel,
        people=[one.person for one in summoned], text=text,
    )  # fmt: skip


def withdraw_page(work: Work, escalation: Escalation, why: str) -> None:
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
    work: Work, lot: Lot, escalation: Escalation, tier: Tier, summoned: Sequence[rules.Summoned], because: str
) -> tuple[Markup, str]:
    """Return a page in its approved words; in plain ones with the reason why, because people must be reached."""
    called = join(", ", [_call(one) for one in summoned])
    deadline, then = moment(escalation.next_tier_at or work.now), _next_title(work, escalation)
    facts = {"people": called, "deadline": deadline, "next_tier": then}
    try:
        known = lot.briefings.get(escalation.subject)
        text = comms.fill(work, tier.template, escalation.subject, known, facts)
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


def _skip(work: Work, escalation: Escalation, number: int, tier: Tier, why: str) -> Markup:
    """Record that a tier was passed over; returns the line that says so in the message about the tier after it."""
    work.record("escalation.tier_skipped", escalation.subject, why=why, tier=number, title=tier.title)
    return mrkdwn("⏭️ Tier {number} ({title}) was skipped: {why}.", number=number, title=tier.title, why=why)


def _exhaust(work: Work, escalation: Escalation, skipped: Sequence[Markup]) -> None:
    escalation.state, escalation.next_tier_at, escalation.remind_at = EscalationState.EXHAUSTED, None, None
    keep(work, escalation)
    work.record("escalation.exhausted", escalation.subject, tier=escalation.tier)
    text = Markup(
        "⚠️ *Every tier has been brought in, and the last one's time has passed.* Nobody else will be paged. "
        "Whoever reads this: acknowledge the incident on its card, or call somebody."
    )
    outbox.note(work, escalation.channel, escalation.subject, join("\n", [*skipped, text]))


def keep(work: Work, escalation: Escalation) -> None:
    """Store an escalation as it is now, and bring the card up to date."""
    work.session.add(escalation)
    outbox.refresh_card(work, escalation.subject)
