"""Somebody asks for a rollback: the plan is written out, and those who may decide are asked."""

from bot.approvals import rules as approvals_rules
from bot.approvals import service as approvals
from bot.approvals.models import Matrix
from bot.foundation import outbox
from bot.foundation.blocks import mrkdwn
from bot.foundation.errors import Refusal
from bot.foundation.work import Work
from bot.incidents import rules as incidents_rules
from bot.incidents import service as incidents
from bot.incidents.models import Incident, IncidentState, System
from bot.people import rules as people_rules
from bot.people import service as people
from bot.rollback import rules
from bot.rollback.models import Plan
from bot.rollback.service.queries import has_execution, running

LONGEST_REASON = 2000


def request(work: Work, *, system: str, from_version: str, to_version: str, reason: str, incident: str | None) -> Plan:
    """Write a rollback out and ask for its approval. Nothing is changed until the quorum is complete.

    Args:
        work: The actor is the requester, who cannot approve it.
        system: Its name in `systems.yaml`.
        from_version: The version that is served now.
        to_version: The version that is to be served.
        reason: Why; kept in the trail and shown to approvers.
        incident: What it is about; None opens an incident about `from_version`, or joins the open one.

    Raises:
        Refusal: with the field it belongs under: `system`, `from_version`, `to_version` or `reason`.
    """
    _need_person(work)
    name, known = incidents.system_named(work, system)
    about = _open_incident(work, incident, name) if incident else None
    from_version, to_version = _versions(known, about, from_version, to_version)
    reason = _reason(reason)
    _need_none_running(work, name)
    about = about or incidents.open_or_join(
        work, system=name, version=from_version, title=reason, families=[], harm=False, reason=reason
    )
    draft = rules.draft(name, known.target, from_version, to_version)
    _need_new(work, about, draft)
    return _propose(work, about, known, draft, reason)


def _need_person(work: Work) -> None:
    why = people.why_not_active(work, work.actor.id) if work.actor.kind == "person" else people_rules.BOT
    if why:
        raise Refusal(why)


def _open_incident(work: Work, name: str, system: str) -> Incident:
    incident = incidents.get(work, name)
    if incident.state == IncidentState.CLOSED:
        raise Refusal(f"{incident.name} is closed. Ask with `/rollback` to open a new one.", field="system")
    if incident.system != system:
        raise Refusal(f"{incident.name} is about {incident.system}, not about {system}.", field="system")
    return incident


def _versions(system: System, incident: Incident | None, from_version: str, to_version: str) -> tuple[str, str]:
    """Return the two versions as `systems.yaml` writes them; only the bad one may be missing there."""
    versions = system.versions
    back, to = (incidents_rules.listed_version(versions, written) for written in (from_version, to_version))
    listed = ", ".join(versions)
    if back not in versions and (incident is None or back != incident.version):
        raise Refusal(f"I know no version “{back[:60]}” of it. There are: {listed}.", field="from_version")
    if to not in versions:
        raise Refusal(f"I know no version “{to[:60]}” of it. There are: {listed}.", field="to_version")
    if back == to:
        raise Refusal(f"That is version {to} both times. Choose the version to go to.", field="to_version")
    return back, to


def _reason(written: str) -> str:
    if not written.strip():
        raise Refusal("Please say why, in a few words: approvers read it, and it is kept.", field="reason")
    return written.strip()[:LONGEST_REASON]


def _need_none_running(work: Work, system: str) -> None:
    execution = running(work, system)
    if execution is not None:
        raise Refusal(
            f"A rollback of {system} is being carried out right now (in {execution.incident}). Wait for its result.",
            field="system",
        )


def _need_new(work: Work, incident: Incident, draft: rules.Draft) -> None:
    asked = approvals.open_request(work, incident.name)
    if asked is not None and asked.plan_digest == draft.digest:
        raise Refusal(
            f"{incidents.name_of(work, asked.requester)} has asked for exactly this in {incident.name}, and it is "
            "being decided. Nothing was asked again.",
            field="to_version",
        )


def _propose(work: Work, incident: Incident, system: System, draft: rules.Draft, reason: str) -> Plan:
    plan = Plan(
        id=work.new_id("plan"),
        incident=incident.name,
        system=draft.system,
        from_version=draft.from_version,
        to_version=draft.to_version,
        target=draft.target,
        steps=draft.steps,
        digest=draft.digest,
        requested_by=work.actor.id,
        reason=reason,
        created_at=work.now,
    )
    work.session.add(plan)
    work.session.flush()
    _record(work, plan, system)
    asked = approvals.ask(
        work,
        subject=incident.name,
        activity=rules.ACTIVITY,
        system=plan.system,
        tags=incident.impact["tags"],
        share_of_users=incident.impact["share_of_users"],
        plan_author=plan.requested_by,
        executors=_executors(work, incident),
        severity=incident.severity,
        plan_digest=plan.digest,
        summary=rules.title(plan, system.versions),
        reason=reason,
        channel=incident.channel,
        then="rollback.start",
        then_payload={"plan": plan.id},
    )
    plan.request_id = asked.id
    work.session.add(plan)
    work.session.flush()
    _show(work, incident, plan, system)
    work.session.refresh(plan)  # so that it can be read after this Work
    return plan


def _executors(work: Work, incident: Incident) -> list[str]:
    """Return who would look after it while it is carried out: of each role responsible for that, who is asked first."""
    impact = incident.impact
    situation = approvals_rules.Situation(incident.severity, impact["tags"], impact["share_of_users"])
    roles = approvals_rules.responsible(work.config[Matrix], rules.EXECUTION, situation)
    first = (people.reach(work, role, incident.system)[:1] for role in roles)
    return list(dict.fromkeys(person for found in first for person in found))


def _record(work: Work, plan: Plan, system: System) -> None:
    work.record(
        "plan.proposed",
        plan.incident,
        why=plan.reason,
        plan=plan.id,
        digest=plan.digest,
        system=plan.system,
        from_version=plan.from_version,
        to_version=plan.to_version,
        options=[version for version in system.versions if version != plan.from_version],
        target=plan.target,
        steps=plan.steps,
    )


def _show(work: Work, incident: Incident, plan: Plan, system: System) -> None:
    text = mrkdwn(
        "{who} asks: {title}. Plan `{digest}`. {why}",
        who=work.actor.name,
        title=rules.title(plan, system.versions),
        digest=rules.short(plan.digest),
        why=plan.reason,
    )
    outbox.note(work, incident.channel, incident.name, text)
    if not has_execution(work, incident.name):
        incidents.set_containment(work, incident.name, rules.proposal(plan), busy=False)
    outbox.refresh_card(work, incident.name)
