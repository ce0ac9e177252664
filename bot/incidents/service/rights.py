"""Who may change what about an incident. A normal no is a Refusal that says who may, and what to do instead."""

from bot.approvals import service as approvals
from bot.escalation.models import EscalationPolicy
from bot.foundation.errors import Refusal
from bot.foundation.work import Reading, Work
from bot.incidents import rules
from bot.incidents.models import Incident, IncidentState, Severity
from bot.incidents.service.queries import lead_of, name_of, owners_of
from bot.people import rules as people_rules
from bot.people import service as people
from bot.people.models import RoleKey


def need_person(work: Work) -> None:
    """Refuse everybody who is not an active person of the directory."""
    why = people.why_not_active(work, work.actor.id) if work.actor.kind == "person" else people_rules.BOT
    if why:
        raise Refusal(why)


def need_open(work: Work, incident: Incident) -> None:
    """Refuse to touch what is closed."""
    if incident.state == IncidentState.CLOSED and incident.closed_at and incident.closed_by:
        when = rules.clock_words(incident.closed_at, work.actor.zone)
        raise Refusal(f"{incident.name} is closed: {name_of(work, incident.closed_by)} closed it at {when}.")


def need_unclaimed(work: Work, incident: Incident) -> None:
    """Refuse to acknowledge what somebody has acknowledged."""
    if incident.acknowledged_at is None or incident.acknowledged_by is None:
        return
    when = rules.clock_words(incident.acknowledged_at, work.actor.zone)
    if incident.acknowledged_by == work.actor.id:
        raise Refusal(f"You have acknowledged {incident.name} already, at {when}.")
    who, lead = name_of(work, incident.acknowledged_by), lead_of(work, incident.name)
    if lead == work.actor.id:
        raise Refusal(f"You lead {incident.name} already; {who} acknowledged it at {when}.")
    holder = name_of(work, lead) if lead else who
    raise Refusal(
        f"{who} acknowledged {incident.name} at {when}. To take it over, ask {holder} to hand over the lead to you."
    )


def need_right_to_lower(work: Work, incident: Incident, severity: Severity) -> None:
    """Refuse a lower severity from people who may only raise it, and from whoever would drop their own approval."""
    if rules.is_worse(severity, incident.severity):
        return
    if work.actor.id != lead_of(work, incident.name) and not people.has_role(
        work, work.actor.id, _roles_that_lower(work, incident), incident.system
    ):
        raise Refusal(
            f"You may raise the severity of {incident.name}, but not lower it. Ask {_who(work, incident)}, "
            "or somebody of the first tier.",
            field="severity",
        )
    request = approvals.open_request(work, incident.name)
    if request is not None and people.is_same_person(work, request.requester, work.actor.id):
        raise Refusal(
            f"You have asked for the rollback that is being decided, and a lower severity may need fewer approvals. "
            f"Ask somebody else to lower the severity of {incident.name}.",
            field="severity",
        )


def need_right_to_confirm(work: Work, incident: Incident, severity: Severity, proposer: str) -> None:
    """Refuse everybody who may not lower it, and whoever proposed it: that takes two people."""
    if people.is_same_person(work, work.actor.id, proposer):
        raise Refusal(
            f"You proposed it, so somebody else confirms it. Ask {_who(work, incident)}, or somebody of the first tier."
        )
    need_right_to_lower(work, incident, severity)


def need_right_to_close(work: Work, incident: Incident) -> None:
    """Refuse everybody but the lead, the owner of the system and the product owner."""
    if work.actor.id == lead_of(work, incident.name):
        return
    roles = [incident.impact["owner_role"], "product_owner"]
    if not people.has_role(work, work.actor.id, roles, incident.system):
        raise Refusal(f"You cannot close {incident.name}. Ask {_who(work, incident)}, or the product owner.")


def _roles_that_lower(reading: Reading, incident: Incident) -> list[RoleKey]:
    return [incident.impact["owner_role"], *reading.config[EscalationPolicy].tiers[0].roles]


def _who(reading: Reading, incident: Incident) -> str:
    owners = " or ".join(owners_of(reading, incident)) or "its owner"
    lead = lead_of(reading, incident.name)
    return (
        f"{name_of(reading, lead)}, who leads it, or {owners}, who owns the system"
        if lead
        else f"{owners}, who owns the system"
    )
