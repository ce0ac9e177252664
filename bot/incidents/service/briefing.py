"""Keep everybody's picture of an incident current: what comms may say, the card, and App Home."""

from bot.comms import service as comms
from bot.comms.models import Briefing
from bot.escalation import service as escalation
from bot.escalation.models import Escalation
from bot.foundation import outbox
from bot.foundation.work import Work
from bot.incidents import rules
from bot.incidents.models import Incident, IncidentState
from bot.incidents.service.queries import names_given
from bot.people.models import Directory


def refresh(work: Work, *incidents: Incident) -> None:
    """Bring what shows these incidents up to date: their briefings and cards, and the Homes people have opened."""
    refresh_briefing(work, *incidents)
    for incident in incidents:
        outbox.refresh_card(work, incident.name)
    outbox.refresh_home(work, *(person.slack for person in work.config[Directory].people.values()))


def refresh_briefing(work: Work, *incidents: Incident) -> None:
    """Tell comms what may be said about these incidents now."""
    work.session.add_all(incidents)
    climbs = escalation.states_of(work, [incident.name for incident in incidents])
    comms.brief(work, [_briefing(work, incident, climbs.get(incident.name)) for incident in incidents])


def _briefing(work: Work, incident: Incident, climb: Escalation | None) -> Briefing:
    return Briefing(
        subject=incident.name,
        title=incident.title,
        incident_type=incident.impact["incident_type"],
        facts=_facts_of_system(incident)
        | _facts_of_state(incident, names_given(work, incident, climb.lead if climb else None)),
        is_open=incident.state != IncidentState.CLOSED,
        updated_at=work.now,
    )


def _facts_of_system(incident: Incident) -> dict[str, str]:
    impact = incident.impact
    return {
        "system": incident.system,
        "system_title": impact["system_title"],
        "system_does": impact["does"],
        "version": incident.version,
        "good_version": impact["good_version"] or "not known",
        "users": rules.about(impact["users"]),
        "downstream": "; ".join(impact["downstream"]) or "nothing else depends on it",
        "impact_data": impact["data_integrity"],
        "impact_compliance": impact["compliance"],
        "impact_customers": impact["customers"],
    }


def _facts_of_state(incident: Incident, names: rules.Names) -> dict[str, str]:
    due = incident.next_update_at
    return {
        "incident": incident.name,
        "severity": incident.severity,
        "state": incident.state,
        "summary": incident.title,
        "opened_at": rules.utc_words(incident.opened_at),
        "lead": names.lead or "nobody yet",
        "owner": names.owners or "nobody",
        "containment": incident.containment or "Nothing has been changed yet.",
        "next_update": rules.utc_words(due) if due else "none: the incident is closed",
    }
