"""One way for a severity to change, whoever changes it; two people where an approval would be dropped."""

from typing import Any

from bot.approvals import rules as approvals_rules
from bot.approvals import service as approvals
from bot.escalation import service as escalation
from bot.foundation import outbox
from bot.foundation.blocks import join, mention, mrkdwn
from bot.foundation.errors import Refusal
from bot.foundation.work import Reading, Work, pinned
from bot.incidents import rules
from bot.incidents.models import Incident, Severity, SeverityPolicy
from bot.incidents.service import briefing, rights
from bot.incidents.service.queries import name_of
from bot.people import service as people

ROLLBACK = "approve_rollback"


def policy_of(reading: Reading, incident: Incident) -> SeverityPolicy:
    """Return the severity policy as it stood when the incident was opened."""
    return pinned(reading, SeverityPolicy, incident.policies["severity"])


def propose(work: Work, incident: Incident, severity: Severity, why: str) -> None:
    """Change a severity on a person's word, or, where that would drop an approval, ask a second person first."""
    drops = _drops(work, incident, severity)
    if not drops:
        _change(work, incident, severity, work.actor.name, why)
        return
    incident.lowering = {
        "to": str(severity), "by": work.actor.id, "reason": why, "drops": drops, "at": work.now.isoformat()
    }  # fmt: skip
    work.session.add(incident)
    work.record("incident.lowering_proposed", incident.name, why=why, to=str(severity), drops=drops)
    text = mrkdwn(
        "{who} proposes to lower the severity to *{to}*. Then nobody from {drops} would be asked to approve a "
        "rollback, so a second person has to confirm it on the card. It stays {now} until then. {why}",
        who=work.actor.name, to=severity, drops=", ".join(drops), now=incident.severity, why=why,
    )  # fmt: skip
    outbox.note(work, incident.channel, incident.name, text)
    briefing.refresh(work, incident)


def confirm(work: Work, incident: Incident) -> None:
    """Let the severity be lowered as somebody else proposed (Refusal for those who may not)."""
    lowering = _proposed(incident)
    severity = Severity(lowering["to"])
    rights.need_right_to_confirm(work, incident, severity, lowering["by"])
    who = f"{name_of(work, lowering['by'])}, confirmed by {work.actor.name}"
    _change(work, incident, severity, who, lowering["reason"])


def decline(work: Work, incident: Incident) -> None:
    """Let the severity stay as it is; whoever may change it may say so, and whoever proposed it may take it back."""
    lowering = _proposed(incident)
    incident.lowering = None
    work.session.add(incident)
    work.record("incident.lowering_declined", incident.name, to=lowering["to"], proposed_by=lowering["by"])
    text = mrkdwn("{who} lets the severity stay {now}.", who=work.actor.name, now=incident.severity)
    outbox.note(work, incident.channel, incident.name, text)
    briefing.refresh(work, incident)


def set_severity(work: Work, incident: Incident, severity: Severity, path: list[dict[str, Any]], why: str) -> None:
    """Change a severity with everything that hangs on it: deadlines, quorum, next update, what people see."""
    before = incident.severity
    incident.severity, incident.severity_path, incident.lowering = severity, path, None
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
    bring_to_committee(work, incident)
    briefing.refresh(work, incident)


def bring_to_committee(work: Work, incident: Incident) -> None:
    """Tell the governance committee, once, if one of the listed criteria is met; never for anything else."""
    policy = policy_of(work, incident)
    met = rules.criterion_met(policy, rules.facts_of(incident), incident.severity)
    if incident.committee or met is None or policy.committee is None:
        return
    reached = [one for role in policy.committee.roles for one in people.reach(work, role, incident.system)]
    told = list(dict.fromkeys(reached))
    incident.committee = {"question": met.question, "people": told, "at": work.now.isoformat()}
    work.session.add(incident)
    digest = incident.policies["severity"]
    work.record("incident.committee_told", incident.name, why=met.question, policy=digest, people=told)
    text = mrkdwn(
        "🏛️ {title}: {people}. It is brought to you because of this criterion: {question} Yes. The tiers go on as they "
        "are; what you decide, say it here or on the card.",
        title=policy.committee.title, people=join(", ", map(mention, told)) or "nobody can be reached now",
        question=met.question,
    )  # fmt: skip
    outbox.note(work, incident.channel, incident.name, text)


def _change(work: Work, incident: Incident, severity: Severity, who: str, why: str) -> None:
    step = rules.changed_step(who, why, incident.severity, severity)
    set_severity(work, incident, severity, [*incident.severity_path, step], why)


def _drops(work: Work, incident: Incident, severity: Severity) -> list[str]:
    """Return the titles of the approvals of a rollback that would not be needed any more at a lower severity."""
    if rules.is_worse(severity, incident.severity):
        return []
    return rules.dropped(_approvals(work, incident, incident.severity), _approvals(work, incident, severity))


def _approvals(work: Work, incident: Incident, severity: str) -> list[str]:
    impact = incident.impact
    situation = approvals_rules.Situation(severity, impact["tags"], impact["share_of_users"])
    return approvals.quorum_of(work, ROLLBACK, situation)


def _proposed(incident: Incident) -> dict[str, Any]:
    if incident.lowering is None:
        raise Refusal(f"Nobody proposes to lower the severity of {incident.name} any more. It is {incident.severity}.")
    return incident.lowering
