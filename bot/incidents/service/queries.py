"""What is asked about incidents and systems."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, case, literal_column
from sqlmodel import col, func, select

from bot.escalation import service as escalation
from bot.escalation.models import Escalation
from bot.foundation.blocks import Markup, channel_link, join, moment, mrkdwn
from bot.foundation.errors import Refusal
from bot.foundation.work import Reading, Work
from bot.incidents import rules
from bot.incidents.models import Incident, IncidentState, System, Systems
from bot.people import rules as people
from bot.people import service as people_service
from bot.people.models import Directory

STATUS_LINES = 20
CHUNK = 200
"""Cases in one question."""
_IMPACT = col(Incident.impact)
_NEED = (
    case({str(severity): -place for place, severity in enumerate(rules.ORDER)}, value=col(Incident.severity)),
    case((_IMPACT["tags"].as_string().contains(f'"{rules.REGULATED}"'), 0), else_=1),
    _IMPACT["users"].as_integer().desc(),
    func.coalesce(col(Escalation.next_tier_at), col(Incident.next_update_at)),
    col(Incident.opened_at),
    col(Incident.number),
)
"""Which incident needs us most, as the database sorts: it may have to choose ten out of ten thousand."""


def get(reading: Reading, name: str) -> Incident:
    """Return an incident by the name people say, in any case (Refusal if there is none)."""
    incident = reading.session.get(Incident, name.strip().upper())
    if incident is None:
        raise Refusal(f"There is no {name.strip().upper()[:40]}. `/rollback status` lists the open incidents.")
    return incident


def for_change(work: Work, name: str) -> Incident:
    """Return an incident as it stands now, locked against other processes until the end of this Work (or Refusal)."""
    known = get(work, name).name
    query = select(Incident).where(Incident.name == known).with_for_update()
    return work.session.exec(query.execution_options(populate_existing=True)).one()


def open_for(work: Work, system: str, version: str) -> Incident | None:
    """Return the open incident about a version of a system, locked like `for_change`."""
    query = select(Incident).where(
        Incident.system == system, Incident.version == version, Incident.state != IncidentState.CLOSED
    )
    return work.session.exec(query.with_for_update().execution_options(populate_existing=True)).first()


def open_among(work: Work, cases: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Incident]:
    """Return the open incidents about these versions of these systems, locked like `for_change`, by both."""
    found = dict[tuple[str, str], Incident]()
    for start in range(0, len(cases), CHUNK):
        some = cases[start : start + CHUNK]
        query = select(Incident).where(
            col(Incident.system).in_({system for system, _ in some}),
            col(Incident.version).in_({version for _, version in some}),
            col(Incident.state) != literal_column("'closed'"),
        )
        query = query.order_by(Incident.name).with_for_update().execution_options(populate_existing=True)
        found |= {(one.system, one.version): one for one in work.session.exec(query)}
    return {case: found[case] for case in cases if case in found}


def open_incidents(reading: Reading, *, system: str | None = None, at_most: int | None = None) -> list[Incident]:
    """Return incidents that are not closed, the one that needs us most first; of one system, or of all.

    What counts is severity, then regulatory exposure, then the people affected, then the clock that runs out next (a
    tier's, else the next promised update), then age.
    """
    climb = col(Escalation.subject) == col(Incident.name)
    query = select(Incident).outerjoin(Escalation, climb).where(_is_open()).order_by(*_NEED).limit(at_most)
    return list(reading.session.exec(query.where(Incident.system == system) if system else query))


def led_by(reading: Reading, person: str, at_most: int) -> list[Incident]:
    """Return the open incidents that somebody leads, the one that needs them most first."""
    climb = col(Escalation.subject) == col(Incident.name)
    query = select(Incident).join(Escalation, climb).where(Escalation.lead == person, _is_open())
    return list(reading.session.exec(query.order_by(*_NEED).limit(at_most)))


def count_open(reading: Reading) -> int:
    """Return how many incidents are not closed."""
    return reading.session.exec(select(func.count()).select_from(Incident).where(_is_open())).one()


def known_system(reading: Reading, name: str) -> System | None:
    """Return a system by the name that alerts and people use, in any case; None for one we do not know."""
    systems = reading.config[Systems].systems
    listed = rules.listed_system(systems, name)
    return systems[listed] if listed else None


def system_named(reading: Reading, name: str) -> tuple[str, System]:
    """Return a system's name as configured and the system.

    Raises:
        Refusal: for one that is not in `systems.yaml`; names the one that was probably meant.
    """
    systems = reading.config[Systems].systems
    listed = rules.listed_system(systems, name)
    if listed is None:
        meant = rules.nearest(name, systems)
        hint = f"Did you mean {meant}?" if meant else f"There are: {', '.join(sorted(systems))}."
        raise Refusal(f"I know no system called “{name.strip()[:60]}”. {hint}", field="system")
    return listed, systems[listed]


def lead_of(reading: Reading, name: str) -> str | None:
    """Return who leads an incident, by Slack id; None while nobody does."""
    climb = escalation.state_of(reading, name)
    return climb.lead if climb else None


def name_of(reading: Reading, user_id: str) -> str:
    """Return what people call an account."""
    return people.name_of(reading.config[Directory], user_id)


def owners_of(reading: Reading, incident: Incident) -> list[str]:
    """Return the names of who owns the incident's system now."""
    directory = people_service.directory_now(reading)
    keys = people.holders(directory, incident.impact["owner_role"], incident.system, reading.now)
    return [directory.people[key].name for key in keys]


def names_in(reading: Reading, incident: Incident) -> rules.Names:
    """Return what the people in an incident are called."""
    return names_given(reading, incident, lead_of(reading, incident.name))


def names_given(reading: Reading, incident: Incident, lead: str | None) -> rules.Names:
    """Return what the people in an incident are called, given who leads it."""
    return rules.Names(
        lead=name_of(reading, lead) if lead else None,
        closed_by=name_of(reading, incident.closed_by) if incident.closed_by else None,
        owners=", ".join(owners_of(reading, incident)),
    )


def status_text(reading: Reading) -> Markup:
    """Return the open incidents in words, a line each, for whoever asks."""
    found = open_incidents(reading, at_most=STATUS_LINES)
    if not found:
        return Markup("No incident is open.")
    climbs = escalation.states_of(reading, [incident.name for incident in found])
    rest = count_open(reading) - len(found)
    more = [mrkdwn("and {rest} more, on their cards", rest=rest)] if rest > 0 else []
    return join("\n", [*(_status_line(reading, incident, climbs.get(incident.name)) for incident in found), *more])


def _is_open() -> ColumnElement[bool]:
    return col(Incident.state).in_([IncidentState.OPEN, IncidentState.ACKNOWLEDGED])  # these an index finds


def _status_line(reading: Reading, incident: Incident, climb: Escalation | None) -> Markup:
    lead = climb.lead if climb else None
    return mrkdwn(
        "*{name}* · {system} {version} · {severity} · {state} · since {since} · {channel}{clock}\n>{title}",
        name=incident.name,
        system=incident.impact["system_title"],
        version=incident.version,
        severity=incident.severity,
        state=f"led by {name_of(reading, lead)}" if lead else "nobody leads it yet",
        since=moment(incident.opened_at),
        channel=channel_link(incident.channel),
        clock=_clock(climb),
        title=incident.title,
    )


def _clock(climb: Escalation | None) -> Markup:
    due = climb.next_tier_at if climb else None
    return mrkdwn(" · next tier {due}", due=moment(due)) if due else Markup("")
