"""Keep everybody's picture of an incident current: what comms may say, the card, and App Home."""

from bot.comms import service as comms
from bot.foundation import outbox
from bot.foundation.work import Reading, Work
from bot.incidents import rules
from bot.incidents.models import Incident, IncidentState
from bot.incidents.service.queries import names_in
from bot.people.models import Directory


def refresh(work: Work, incident: Incident) -> None:
    """Bring what shows this incident up to date: its briefing, its card, and the Homes people have opened."""
    refresh_briefing(work, incident)
    outbox.refresh_card(work, incident.name)
    outbox.refresh_home(work, *(person.slack for person in work.config[Directory].people.values()))


def refresh_briefing(work: Work, incident: Incident) -> None:
    """Tell comms what may be said about this incident now."""
    work.session.add(incident)
    work.session.flush()
    comms.brief(
        work,
        incident.name,
        title=incident.title,
        incident_type=incident.impact["incident_type"],
        facts=facts(work, incident),
        is_open=incident.state != IncidentState.CLOSED,
    )


def facts(reading: Reading, incident: Incident) -> dict[str, str]:
    """Return an incident's facts as words, by the names that templates use."""
    return {**_facts_of_system(incident), **_facts_of_state(reading, incident)}


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


def _facts_of_state(reading: Reading, incident: Incident) -> dict[str, str]:
    names = names_in(reading, incident)
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
