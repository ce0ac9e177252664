"""What each change of an execution brings with it: stages, the thread, the card, an alarm if people must act."""

from collections.abc import Sequence
from typing import Any

from sqlmodel import col, select

from bot.escalation import service as escalation
from bot.foundation import outbox
from bot.foundation.blocks import Text
from bot.foundation.work import Lane, Work
from bot.incidents import service as incidents
from bot.rollback import rules
from bot.rollback.models import Execution, ExecutionState, Plan, StageResult


def plan_of(work: Work, execution: Execution) -> Plan:
    """Return what an execution carries out."""
    return work.session.exec(select(Plan).where(Plan.id == execution.plan_id)).one()


def plans_of(work: Work, executions: Sequence[Execution]) -> dict[str, Plan]:
    """Return what these executions carry out, by the plan's id."""
    wanted = col(Plan.id).in_([execution.plan_id for execution in executions])
    return {plan.id: plan for plan in work.session.exec(select(Plan).where(wanted))}


def execution_of(work: Work, request_id: str, round_number: int) -> Execution:
    """Return an execution as it stands now, locked until the end of this Work."""
    execution = find_execution(work, request_id, round_number)
    assert execution is not None  # noqa: S101 - executions are never deleted
    return execution


def find_execution(work: Work, request_id: str, round_number: int) -> Execution | None:
    """Return an execution as it stands now, locked until the end of this Work; None if there is no such one."""
    query = select(Execution).where(Execution.request_id == request_id, Execution.round == round_number)
    return work.session.exec(query.with_for_update().execution_options(populate_existing=True)).first()


def stages_of(work: Work, execution: Execution) -> list[StageResult]:
    """Return the stages of an execution in order."""
    query = select(StageResult).where(
        StageResult.request_id == execution.request_id, StageResult.round == execution.round
    )
    return list(work.session.exec(query.order_by(col(StageResult.number))))


def unfinished(work: Work, executions: Sequence[Execution]) -> set[tuple[str, int]]:
    """Return the keys of those executions that have a stage without an outcome."""
    wanted = col(StageResult.request_id).in_([execution.request_id for execution in executions])
    query = select(StageResult.request_id, StageResult.round).where(wanted, col(StageResult.finished_at).is_(None))
    return set(work.session.exec(query))


def open_stage(work: Work, execution: Execution, number: int, title: str) -> StageResult:
    """Begin a stage."""
    stage = StageResult(
        request_id=execution.request_id, round=execution.round, number=number, title=title, started_at=work.now
    )
    work.session.add(stage)
    work.session.flush()
    return stage


def close_stage(work: Work, stage: StageResult, outcome: str, observed: dict[str, Any]) -> None:
    """End a stage with what came of it and what was observed."""
    stage.outcome, stage.observed, stage.finished_at = outcome, observed, work.now
    work.session.add(stage)
    work.session.flush()


def move(work: Work, execution: Execution, state: ExecutionState, detail: str, **values: Any) -> None:
    """Bring a locked execution to another state."""
    for name, value in {"state": str(state), "detail": detail, **values}.items():
        setattr(execution, name, value)
    work.session.add(execution)


def tell(work: Work, execution: Execution, plan: Plan, text: Text) -> None:
    """Say in the thread what happened, and bring the card and what may be said about the incident up to date."""
    incident = incidents.get(work, execution.incident)
    outbox.note(work, incident.channel, incident.name, text)
    busy = execution.state in rules.RUNNING
    words = rules.containment(plan, execution.state, execution.detail)
    incidents.set_containment(work, incident.name, words, busy=busy)


def alarm(work: Work, plan: Plan, *, state: str, detail: str, changed: bool | None, key: str) -> None:
    """Post to the incident's channel that people must act: once, word for word, naming who leads."""
    incident = incidents.get(work, plan.incident)
    climb = escalation.state_of(work, plan.incident)
    payload = {
        "channel": incident.channel,
        "incident": incident.name,
        "system": plan.system,
        "from_version": plan.from_version,
        "to_version": plan.to_version,
        "state": state,
        "detail": detail,
        "changed": changed,
        "lead": climb.lead if climb else None,
        "requester": plan.requested_by,
    }
    work.enqueue("rollback.alarm", f"rollback.alarm:{key}", payload, lane=Lane.PAGE)
