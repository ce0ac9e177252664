"""The lead changes hands: offered and accepted, or taken over; an offer that nobody accepts brings in the next tier."""

from datetime import datetime

from sqlmodel import col, func, select

from bot.comms import service as comms
from bot.escalation import rules
from bot.escalation.models import Escalation
from bot.escalation.service.climbing import keep, remind_later
from bot.escalation.service.queries import lead_name, policy_of
from bot.escalation.service.verbs import for_change, hasten, need_person
from bot.foundation import outbox
from bot.foundation.blocks import Markup, channel_link, mention, moment, mrkdwn, quote
from bot.foundation.errors import Refusal
from bot.foundation.work import Lane, Reading, Work
from bot.people import rules as people_rules
from bot.people import service as people
from bot.people.models import Directory


def may_hand_over(work: Work, subject: str) -> Escalation:
    """Return an escalation, locked, to somebody who may hand over its lead now (or Refusal)."""
    need_person(work)
    escalation = for_change(work, subject)
    why = rules.why_not_hand_over(
        escalation,
        work.actor.id,
        lead_is_active=_lead_is_active(work, escalation),
        of_a_tier=_is_of_a_tier(work, escalation),
        lead_name=lead_name(work, escalation),
    )
    if why:
        raise Refusal(why)
    return escalation


def hand_over(work: Work, subject: str, *, to: str, reason: str, still_open: str = "") -> Escalation:
    """Offer the lead of an incident to somebody else, with a reason. The deadline stays as it is.

    Until they accept, whoever leads goes on leading; when they do not accept in time, the next tier is brought in.
    Named while nobody has acknowledged, they lead at once, still have to acknowledge, and the escalation climbs on.

    Args:
        work: The lead, or somebody of a tier while nobody leads.
        subject: The incident.
        to: Slack id of an active person of the directory.
        reason: At least three visible characters; kept and shown.
        still_open: What is still to be done, in words; kept and shown.

    Raises:
        Refusal: with the field it belongs under (`to` or `reason`).
    """
    escalation = may_hand_over(work, subject)
    _need_receiver(work, escalation, to)
    why = _reason(reason)
    if escalation.acknowledged_at is None:
        _name(work, escalation, to, why, still_open)
    else:
        _offer(work, escalation, to, why, still_open)
    return escalation


def accept(work: Work, subject: str) -> Escalation:
    """Take over the lead that was offered to the actor (Refusal if none is)."""
    escalation = _offered_to_me(work, subject)
    offer = escalation.offer or {}
    _lead_now(work, escalation)
    work.record("escalation.handed_over", subject, why=offer["reason"], handed_from=offer["from"],
                handed_to=work.actor.id, offered_by=offer["by"], still_open=offer["open"])  # fmt: skip
    _say(work, escalation, mrkdwn("🤝 {who} accepts, and leads {subject} now.", who=work.actor.name, subject=subject))
    return escalation


def decline(work: Work, subject: str) -> Escalation:
    """Say no to the lead that was offered to the actor; whoever leads goes on leading."""
    escalation = _offered_to_me(work, subject)
    offer = escalation.offer or {}
    escalation.offer, escalation.offer_until = None, None
    keep(work, escalation)
    work.record("escalation.offer_declined", subject, offered_by=offer["by"])
    _say(work, escalation, mrkdwn(
        "{who} does not take over the lead of {subject}. {by}: {lead}. Please ask somebody else.",
        who=work.actor.name, subject=subject, by=mention(offer["by"]), lead=_still_leads(work, escalation),
    ))  # fmt: skip
    return escalation


def may_take_over(work: Work, subject: str) -> Escalation:
    """Return an escalation, locked, to somebody who may take over its lead unasked (or Refusal)."""
    need_person(work)
    escalation = for_change(work, subject)
    lead = people_rules.person_by_slack(work.config[Directory], escalation.lead or "")
    deputy = work.config[Directory].people.get(lead[1].deputy or "") if lead else None
    why = rules.why_not_take_over(
        escalation,
        work.actor.id,
        may=_is_of_a_tier(work, escalation) or (deputy is not None and deputy.slack == work.actor.id),
    )
    if why:
        raise Refusal(why)
    return escalation


def take_over(work: Work, subject: str, *, reason: str) -> Escalation:
    """Take the lead without being asked, with a reason: for people of the tiers and the lead's deputy.

    Raises:
        Refusal: for everybody else, and without a reason (field `reason`).
    """
    escalation = may_take_over(work, subject)
    why, before = _reason(reason), escalation.lead
    _lead_now(work, escalation)
    work.record("escalation.taken_over", subject, why=why, handed_from=before, handed_to=work.actor.id)
    _say(work, escalation, mrkdwn(
        "✋ {who} takes over the lead of {subject} from {before}.\n{why}",
        who=work.actor.name, subject=subject, before=mention(before or ""), why=quote(why),
    ))  # fmt: skip
    return escalation


def offers_due(reading: Reading) -> datetime | None:
    """Return when the next offer of a lead lapses."""
    return reading.session.exec(select(func.min(col(Escalation.offer_until)))).one()


def lapse_offers(work: Work) -> int:
    """End the offers that nobody accepted in time, and bring in the next tier; returns how many."""
    due = work.take_due(Escalation, col(Escalation.offer_until), col(Escalation.subject))
    for escalation in due:
        _lapse(work, escalation)
    return len(due)


def _lapse(work: Work, escalation: Escalation) -> None:
    offer = escalation.offer or {}
    escalation.offer, escalation.offer_until = None, None
    name = people_rules.name_of(work.config[Directory], offer["to"])
    because = f"{name} was asked to take over the lead and has not answered."
    work.record("escalation.offer_lapsed", escalation.subject, why=because, offered_to=offer["to"])
    still = _still_leads(work, escalation)
    text = mrkdwn("⌛ {because} {by}: {lead}.", because=because, by=mention(offer["by"]), lead=still)
    _say(work, escalation, text)
    keep(work, escalation)
    hasten(work, escalation.subject, because)


def _name(work: Work, escalation: Escalation, to: str, why: str, still_open: str) -> None:
    before, escalation.lead = escalation.lead, to
    keep(work, escalation)
    work.record("escalation.handed_over", escalation.subject, why=why, handed_from=before, handed_to=to,
                still_open=still_open)  # fmt: skip
    _say(work, escalation, mrkdwn(
        "🤝 {who} hands the lead of {subject} to {to}. Please acknowledge it on its card: until then others are paged."
        "\n{why}", who=work.actor.name, subject=escalation.subject, to=mention(to), why=_words(why, still_open),
    ))  # fmt: skip


def _offer(work: Work, escalation: Escalation, to: str, why: str, still_open: str) -> None:
    deadlines = rules.deadlines_of(policy_of(work, escalation), escalation.severity)
    escalation.offer = {
        "to": to, "by": work.actor.id, "from": escalation.lead, "reason": why, "open": still_open,
        "at": work.now.isoformat(),
    }  # fmt: skip
    escalation.offer_until = work.now + deadlines.accept
    keep(work, escalation)
    work.record("escalation.offered", escalation.subject, why=why, offered_to=to, still_open=still_open,
                until=rules.iso(escalation.offer_until))  # fmt: skip
    text = mrkdwn(
        "🤝 {to}: {who} asks you to take over the lead of {subject}. Accept or decline on its card by {until}. Until "
        "you accept, {lead}. If you do not answer, the next tier is brought in.\n{why}",
        to=mention(to), who=work.actor.name, subject=escalation.subject, until=moment(escalation.offer_until),
        lead=_still_leads(work, escalation), why=_words(why, still_open),
    )  # fmt: skip
    key = outbox.note(work, escalation.channel, escalation.subject, text)
    comms.must_reach(work, key, subject=escalation.subject, channel=escalation.channel, people=[to], text=text)
    _remind(work, escalation, to, mrkdwn(
        "{who} asks you to take over the lead of *{subject}*. Accept or decline on its card in {channel} by {until}.",
        who=work.actor.name, subject=escalation.subject, channel=channel_link(escalation.channel),
        until=moment(escalation.offer_until),
    ))  # fmt: skip


def _remind(work: Work, escalation: Escalation, person: str, text: Markup) -> None:
    """Send somebody a direct message that leads to the card."""
    payload = {"subject": escalation.subject, "person": person, "text": text}
    key = f"escalation.reminder:{escalation.subject}:{person}:{work.new_id('dm')}"
    work.enqueue("escalation.reminder", key, payload, lane=Lane.PAGE)


def _lead_now(work: Work, escalation: Escalation) -> None:
    escalation.lead, escalation.acknowledged_at = work.actor.id, work.now
    escalation.offer, escalation.offer_until = None, None
    remind_later(work, escalation)
    keep(work, escalation)


def _say(work: Work, escalation: Escalation, text: Markup) -> None:
    outbox.note(work, escalation.channel, escalation.subject, text)
    subject = escalation.subject
    work.enqueue("incidents.refresh_briefing", f"incidents.refresh_briefing:{subject}", {"incident": subject})


def _still_leads(work: Work, escalation: Escalation) -> str:
    if _lead_is_active(work, escalation):
        return f"{lead_name(work, escalation)} leads"
    return "nobody who can act leads it"


def _offered_to_me(work: Work, subject: str) -> Escalation:
    need_person(work)
    escalation = for_change(work, subject)
    if escalation.offer is None or escalation.offer["to"] != work.actor.id:
        raise Refusal(f"The lead of {subject} is not offered to you now. Look at its card as it stands.")
    return escalation


def _is_of_a_tier(work: Work, escalation: Escalation) -> bool:
    roles = [role for tier in policy_of(work, escalation).tiers for role in tier.roles]
    return people.has_role(work, work.actor.id, roles, escalation.system)


def _lead_is_active(work: Work, escalation: Escalation) -> bool:
    return bool(escalation.lead) and people.is_active(work, escalation.lead or "")


def _reason(reason: str) -> str:
    why = rules.reason_given(reason)
    if why is None:
        raise Refusal("Please say why, in a few words: it is kept, and the others read it.", field="reason")
    return why


def _words(why: str, still_open: str) -> Markup:
    return quote(
        " ".join(why.split()) + (f"\nStill open: {' '.join(still_open.split())}" if still_open.strip() else "")
    )


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
