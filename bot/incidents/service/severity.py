"""One way for a severity to change, whoever changes it."""

from typing import Any

from bot.approvals import service as approvals
from bot.escalation import service as escalation
from bot.foundation import outbox
from bot.foundation.blocks import mrkdwn
from bot.foundation.work import Reading, Work, pinned
from bot.incidents import rules
from bot.incidents.models import Incident, Severity, SeverityPolicy
from bot.incidents.service import briefing


def policy_of(reading: Reading, incident: Incident) -> SeverityPolicy:
    """Return the severity policy as it stood when the incident was opened."""
    return pinned(reading, SeverityPolicy, incident.policies["severity"])


def set_severity(work: Work, incident: Incident, severity: Severity, path: list[dict[str, Any]], why: str) -> None:
    """Change a severity with everything that hangs on it: deadlines, quorum, next update, what people see."""
    before = incident.severity
    incident.severity, incident.severity_path = severity, path
    every = policy_of(work, incident).update_every[severity]
    incident.next_update_at = rules.next_update(incident.opened_at, every, work.now)
    work.session.add(incident)
    work.session.flush()
    digest = incident.policies["severity"]
    work.record("incident.severity_changed", incident.name, why=why, policy=digest, before=before, after=str(severity))
    text = mrkdwn(
        "Severity: {before} → *{after}*, by {who}. {why}", before=before, after=severity, who=work.actor.name, why=why
    )
    outbox.note(work, incident.channel, incident.name, text)
    escalation.severity_changed(work, incident.name, severity)
    approvals.severity_changed(work, incident.name, severity)
    briefing.refresh(work, incident)
