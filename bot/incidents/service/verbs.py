"""What people and time do with an open incident."""

from datetime import datetime

from sqlmodel import col, func, select

from bot.approvals import service as approvals
from bot.escalation import service as escalation
from bot.foundation import outbox
from bot.foundation.blocks import mrkdwn
from bot.foundation.errors import Refusal
from bot.foundation.work import Reading, Work
from bot.incidents import rules
from bot.incidents.models import Incident, IncidentState, Severity
from bot.incidents.service import briefing, rights
from bot.incidents.service import severity as severities
from bot.incidents.service.queries import for_change
from bot.incidents.service.severity import policy_of


def acknowledge(work: Work, name: str) -> Incident:
    """The actor takes the incident and leads it from now on.

    Raises:
        Refusal: for strangers, for a closed incident, and when somebody has it already: says who, when, and how to
            take it over.
    """
    incident = may_change(work, name)
    rights.need_unclaimed(work, incident)
    incident.state = IncidentState.ACKNOWLEDGED
    incident.acknowledged_at, incident.acknowledged_by = work.now, work.actor.id
    work.session.add(incident)
    escalation.acknowledge(work, incident.name)
    seconds = int((work.now - incident.opened_at).total_seconds())
    work.record("incident.acknowledged", incident.name, seconds_since_opened=seconds)
    text = mrkdwn("{who} acknowledged and leads.", who=work.actor.name)
    outbox.note(work, incident.channel, incident.name, text)
    briefing.refresh(work, incident)
    return incident


def change_severity(work: Work, name: str, severity: str, reason: str) -> Incident:
    """Set another severity, with a reason: anybody known may raise it; the lead, the owner and tier 1 may lower it.

    Lowered so that an approval would not be needed any more, it stays as it is until a second person confirms
    (`incident.lowering`).

    Raises:
        Refusal: with the form field it belongs under (`severity` or `reason`).
    """
    incident = may_change(work, name)
    wanted, reason = _severity(severity), _reason(reason)
    if wanted == incident.severity:
        raise Refusal(f"The severity of {incident.name} is {wanted} already.", field="severity")
    rights.need_right_to_lower(work, incident, wanted)
    severities.propose(work, incident, wanted, reason)
    return incident


def confirm_lowering(work: Work, name: str) -> Incident:
    """Confirm, as a second person who may lower it, that an incident's severity is lowered (or Refusal)."""
    incident = may_change(work, name)
    severities.confirm(work, incident)
    return incident


def decline_lowering(work: Work, name: str) -> Incident:
    """Let the severity stay as it is, although somebody proposed to lower it (or Refusal)."""
    incident = may_change(work, name)
    severities.decline(work, incident)
    return incident


def may_change(work: Work, name: str) -> Incident:
    """Return an open incident, locked, to a person who may do something about it (or Refusal)."""
    rights.need_person(work)
    incident = for_change(work, name)
    rights.need_open(work, incident)
    return incident


def may_close(work: Work, name: str) -> Incident:
    """Return an open incident to somebody who may close it now (or Refusal)."""
    incident = may_change(work, name)
    rights.need_right_to_close(work, incident)
    _need_nothing_running(incident)
    return incident


def close(work: Work, name: str, reason: str) -> Incident:
    """End an incident, with a reason. Its escalation stops; a request for approval that is still open becomes void.

    Raises:
        Refusal: for those who may not, while a rollback runs, without a reason, and for one that is closed already.
    """
    incident = may_close(work, name)
    reason = _reason(reason)
    incident.state, incident.closing_reason, incident.next_update_at = IncidentState.CLOSED, reason, None
    incident.closed_at, incident.closed_by, incident.lowering = work.now, work.actor.id, None
    work.session.add(incident)
    work.session.flush()
    approvals.void(work, incident.name, f"{incident.name} was closed.")
    escalation.end(work, incident.name, f"closed: {reason}")
    work.record("incident.closed", incident.name, why=reason, containment=incident.containment)
    outbox.note(
        work, incident.channel, incident.name, mrkdwn("Closed by {who}. {why}", who=work.actor.name, why=reason)
    )
    briefing.refresh(work, incident)
    return incident


def set_containment(work: Work, name: str, text: str, busy: bool) -> None:
    """Say what has been done against an incident so far, and whether a rollback is being carried out right now."""
    incident = for_change(work, name)
    incident.containment, incident.containing = text[:500], busy
    briefing.refresh(work, incident)


def next_update_due(reading: Reading) -> datetime | None:
    """Return when the next incident's promise of news runs out."""
    return reading.session.exec(select(func.min(col(Incident.next_update_at)))).one()


def move_updates_due(work: Work) -> int:
    """Where a promised time for news has passed, name the next one, in order; returns for how many incidents."""
    due = work.take_due(Incident, col(Incident.next_update_at), col(Incident.number))
    for incident in due:
        every = policy_of(work, incident).update_every[Severity(incident.severity)]
        incident.next_update_at = rules.next_update(incident.opened_at, every, work.now)
    briefing.refresh(work, *due)
    return len(due)


def _need_nothing_running(incident: Incident) -> None:
    if incident.containing:
        raise Refusal(
            f"{incident.name} is being rolled back right now. Wait until the result is verified, then close it."
        )


def _severity(written: str) -> Severity:
    if written not in rules.ORDER:
        raise Refusal("Choose low, medium or high.", field="severity")
    return Severity(written)


def _reason(written: str) -> str:
    if not written.strip():
        raise Refusal("Please say why, in a few words: it is kept with the decision.", field="reason")
    return written.strip()[:2000]
