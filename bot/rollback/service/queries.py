"""What is asked about rollbacks."""

from collections.abc import Sequence

from sqlalchemy import exists
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from bot.approvals import rules as approvals_rules
from bot.approvals.models import Matrix, Request
from bot.foundation.errors import Refusal
from bot.foundation.work import Reading
from bot.incidents import rules as incidents_rules
from bot.incidents import service as incidents
from bot.incidents.models import Incident, IncidentState, SeverityPolicy, System, Systems
from bot.people import rules as people_rules
from bot.people import service as people
from bot.people.models import Directory
from bot.rollback import rules
from bot.rollback.models import RUNNING, Execution, Plan, StageResult


def running(reading: Reading, system: str) -> Execution | None:
    """Return the execution that is being carried out for a system, if there is one."""
    query = select(Execution).where(Execution.system == system, col(Execution.state).in_(rules.RUNNING))
    return reading.session.exec(query).first()


def running_now(reading: Reading) -> list[tuple[Execution, Plan]]:
    """Return every execution that is being carried out, the oldest first."""
    query = select(Execution, Plan).join(Plan, col(Plan.id) == col(Execution.plan_id))
    return list(reading.session.exec(query.where(RUNNING).order_by(col(Execution.started_at))))


def has_execution(reading: Reading, incident: str) -> bool:
    """Say whether anything was ever carried out for an incident."""
    return reading.session.exec(select(Execution).where(Execution.incident == incident)).first() is not None


def is_newest(reading: Reading, execution: Execution) -> bool:
    """Say whether nothing was carried out for its system after this execution."""
    return not superseded(reading, [execution])


def superseded(reading: Reading, executions: Sequence[Execution]) -> set[tuple[str, int]]:
    """Return the keys of those executions after which something else was carried out for their system."""
    later = aliased(Execution)
    is_later = (
        col(later.system) == Execution.system,
        col(later.started_at) >= Execution.started_at,
        col(later.plan_id) != Execution.plan_id,
    )
    wanted = col(Execution.request_id).in_([execution.request_id for execution in executions])
    query = select(Execution.request_id, Execution.round).where(wanted, exists().where(*is_later))
    return set(reading.session.exec(query))


def standing(reading: Reading, incident: str) -> rules.Standing | None:
    """Return the newest plan of an incident with all that came of it; None if nothing was asked for."""
    newest = select(Plan).where(Plan.incident == incident).order_by(col(Plan.created_at).desc(), col(Plan.id).desc())
    plan = reading.session.exec(newest).first()
    if plan is None:
        return None
    asked = reading.session.get(Request, plan.request_id) if plan.request_id else None
    execution = _execution_of(reading, plan)
    return rules.Standing(
        plan=plan,
        requester=incidents.name_of(reading, plan.requested_by),
        round_state=asked.state if asked else None,
        execution=execution,
        stages=_stages(reading, execution) if execution else [],
        is_newest=is_newest(reading, execution) if execution else True,
        is_open=incidents.get(reading, incident).state != IncidentState.CLOSED,
    )


def _execution_of(reading: Reading, plan: Plan) -> Execution | None:
    query = select(Execution).where(Execution.plan_id == plan.id).order_by(col(Execution.started_at).desc())
    return reading.session.exec(query).first()


def _stages(reading: Reading, execution: Execution) -> Sequence[StageResult]:
    query = select(StageResult).where(
        StageResult.request_id == execution.request_id, StageResult.round == execution.round
    )
    return reading.session.exec(query.order_by(col(StageResult.number))).all()


def form_for(
    reading: Reading,
    *,
    incident: str | None = None,
    system: str | None = None,
    from_version: str | None = None,
    to_version: str | None = None,
    reason: str = "",
) -> rules.Form:
    """Return what the form shows for an incident, for a system, or (with neither) for the first system.

    Raises:
        Refusal: for an incident or a system that there is not, and for a closed incident.
    """
    about = _open_incident(reading, incident) if incident else None
    systems = reading.config[Systems].systems
    name, chosen = incidents.system_named(reading, about.system if about else system or next(iter(systems)))
    found = about or _first_open(reading, name)
    back, to = rules.presets(chosen.versions, found.version if found else None)
    severity = found.severity if found else _expected_severity(reading, chosen)
    return rules.Form(
        systems=[(key, one.title) for key, one in systems.items()],
        system=name,
        versions=chosen.versions,
        from_version=from_version or back,
        to_version=to_version or to,
        target=rules.target_words(chosen.target.model_dump(mode="json")),
        incident=found.name if found else None,
        severity=severity,
        approvers=_approvers(reading, name, chosen, severity),
        reason=reason,
    )


def _open_incident(reading: Reading, name: str) -> Incident:
    incident = incidents.get(reading, name)
    if incident.state == IncidentState.CLOSED:
        raise Refusal(f"{incident.name} is closed. `/rollback` alone opens the form for a new one.")
    return incident


def _first_open(reading: Reading, system: str) -> Incident | None:
    """Return the system's open incident, of several the one that needs us most."""
    return next(iter(incidents.open_incidents(reading, system=system, at_most=1)), None)


def _expected_severity(reading: Reading, system: System) -> str:
    facts = incidents_rules.Facts(system.tags, system.downstream, system.share_of_users)
    severity, _path = incidents_rules.classify(reading.config[SeverityPolicy], facts)
    return severity


def _approvers(reading: Reading, system: str, known: System, severity: str) -> list[str]:
    """Say who has to approve, a slot each: the role, and who holds it now."""
    directory = reading.config[Directory]
    situation = approvals_rules.Situation(severity, known.tags, known.share_of_users)
    quorum = approvals_rules.quorum(reading.config[Matrix], rules.ACTIVITY, situation)
    return [
        f"{slot.title}: {_people(reading, directory, slot.roles, system)}"
        for slot in approvals_rules.slots_for(directory, quorum, system, reading.now)
    ]


def _people(reading: Reading, directory: Directory, roles: Sequence[str], system: str) -> str:
    reached = dict.fromkeys(user_id for role in roles for user_id in people.reach(reading, role, system))
    names = [people_rules.name_of(directory, user_id) for user_id in reached]
    return " or ".join(names) or "nobody can be reached"
