"""An approved plan is carried out: checked once more, then the target is changed, then the serving process is asked."""

from collections.abc import Mapping
from typing import Any

from bot.approvals import service as approvals
from bot.foundation import outbox
from bot.foundation.blocks import mrkdwn
from bot.foundation.work import Lane, Work
from bot.incidents import service as incidents
from bot.rollback import rules
from bot.rollback.models import Execution, ExecutionState, Plan, StageOutcome
from bot.rollback.service import progress
from bot.rollback.service.checking import first_check
from bot.rollback.service.queries import is_newest, running

REFUSED = "refused"


def start(work: Work, *, plan_id: str, request_id: str, round_number: int) -> Execution | None:
    """Carry out what was approved, unless the approval or the plan does not stand any more.

    Returns the execution; None if it was refused (recorded, and said in the channel) or exists already.
    """
    plan = work.session.get_one(Plan, plan_id)
    if work.session.get(Execution, (request_id, round_number)) is not None:
        return None
    why = _why_not(work, plan, request_id, round_number)
    execution = None if why else _insert(work, plan, request_id, round_number)
    if execution is None:
        _refuse(work, plan, request_id, round_number, why or _why_busy(plan))
        return None
    _begin(work, execution, plan)
    work.session.refresh(execution)  # so that it can be read after this Work
    return execution


def settle_apply(work: Work, *, request_id: str, round_number: int, applied: Mapping[str, Any]) -> None:
    """Note what came of changing the target, and ask the serving process if it stands as wanted.

    `applied` holds the fields of `targets.Applied`. An outcome that comes after we gave up waiting still counts.
    """
    execution = progress.execution_of(work, request_id, round_number)
    plan = progress.plan_of(work, execution)
    if all(stage.finished_at for stage in progress.stages_of(work, execution)[:3]):
        return
    _close_stages(work, execution, applied)
    _record_target(work, execution, plan, applied)
    if execution.state not in (ExecutionState.RUNNING, ExecutionState.UNKNOWN) or not is_newest(work, execution):
        outbox.refresh_card(work, plan.incident)
    elif applied["outcome"] in ("changed", "already"):
        _validate(work, execution, plan, applied["words"])
    else:
        _stop(work, execution, plan, applied)


def _why_not(work: Work, plan: Plan, request_id: str, round_number: int) -> str | None:
    system = incidents.known_system(work, plan.system)
    return (
        approvals.still_approved(work, request_id, round_number, rules.plan_digest(plan))
        or rules.why_plan_changed(plan, system.target if system else None)
        or (_why_busy(plan) if running(work, plan.system) else None)
    )


def _why_busy(plan: Plan) -> str:
    return f"another rollback of {plan.system} is being carried out"


def _insert(work: Work, plan: Plan, request_id: str, round_number: int) -> Execution | None:
    """Make the execution; None if one of this system began at the same moment: the schema lets only one through."""
    execution = Execution(
        request_id=request_id,
        round=round_number,
        plan_id=plan.id,
        incident=plan.incident,
        system=plan.system,
        started_at=work.now,
        due_at=work.now + rules.PATIENCE,
    )
    if not work.add_once(execution):
        return None
    return progress.execution_of(work, request_id, round_number)


def _refuse(work: Work, plan: Plan, request_id: str, round_number: int, why: str) -> None:
    why = why.rstrip(".")
    work.record(
        "rollback.refused", plan.incident, why=why, plan=plan.id, digest=plan.digest, request=request_id,
        round=round_number, computed_digest=rules.plan_digest(plan),
    )  # fmt: skip
    text = mrkdwn("🚫 Approved, but *not carried out*: {why}. Nothing was changed.", why=why)
    incident = incidents.get(work, plan.incident)
    outbox.note(work, incident.channel, incident.name, text)
    outbox.refresh_card(work, incident.name)
    key = f"{request_id}:{round_number}:{REFUSED}"
    progress.alarm(work, plan, state=REFUSED, detail=why, changed=False, key=key)


def _begin(work: Work, execution: Execution, plan: Plan) -> None:
    for step in plan.steps[:3]:
        progress.open_stage(work, execution, step["number"], step["title"])
    payload = {
        "request": execution.request_id,
        "round": execution.round,
        "plan": plan.id,
        "target": plan.target,
        "expected": plan.from_version,
        "desired": plan.to_version,
    }
    key = f"apply:{execution.request_id}:{execution.round}"
    work.enqueue("rollback.apply", key, payload, lane=Lane.DECISION)
    work.record("rollback.started", plan.incident, **rules.trail_facts(execution, plan))
    text = mrkdwn("▶️ Started: switching {system} to version {to}.", system=plan.system, to=plan.to_version)
    progress.tell(work, execution, plan, text)


def _close_stages(work: Work, execution: Execution, applied: Mapping[str, Any]) -> None:
    noted, changed, read_back = progress.stages_of(work, execution)[:3]
    seen = applied["before"] is not None
    progress.close_stage(
        work, noted, StageOutcome.DONE if seen else StageOutcome.FAILED, {"version": applied["before"]}
    )
    outcomes = {"changed": StageOutcome.DONE, "already": StageOutcome.ALREADY_THERE, "unknown": StageOutcome.UNKNOWN}
    outcome = outcomes.get(applied["outcome"], StageOutcome.FAILED)
    progress.close_stage(work, changed, outcome, {"words": applied["words"], **applied["evidence"]})
    untouched = outcome == StageOutcome.FAILED
    after = StageOutcome.NOT_RUN if untouched else StageOutcome.DONE
    if outcome == StageOutcome.UNKNOWN:
        after = StageOutcome.UNKNOWN
    progress.close_stage(work, read_back, after, {} if untouched else {"version": applied["after"]})


def _record_target(work: Work, execution: Execution, plan: Plan, applied: Mapping[str, Any]) -> None:
    action = "rollback.target_changed" if applied["outcome"] == "changed" else "rollback.target_not_changed"
    if applied["outcome"] == "unknown":
        action = "rollback.target_unclear"
    work.record(
        action, plan.incident, why=applied["words"], **rules.trail_facts(execution, plan), observed=dict(applied)
    )


def _validate(work: Work, execution: Execution, plan: Plan, words: str) -> None:
    due = work.now + rules.PATIENCE
    progress.move(work, execution, ExecutionState.VALIDATING, words, changed=True, due_at=due, finished_at=None)
    first_check(work, execution, plan)
    progress.tell(work, execution, plan, mrkdwn("🔎 {words}. Asking which version serves.", words=_upper(words)))


def _stop(work: Work, execution: Execution, plan: Plan, applied: Mapping[str, Any]) -> None:
    unclear = applied["outcome"] == "unknown"
    state = ExecutionState.UNKNOWN if unclear else ExecutionState.FAILED
    changed = None if unclear else False
    ends = {"changed": changed, "due_at": None, "finished_at": work.now}
    progress.move(work, execution, state, applied["words"], **ends)
    work.record(f"rollback.{state}", plan.incident, why=applied["words"], **rules.trail_facts(execution, plan))
    sign = "❓ *Unknown*" if unclear else "❌ *Failed*"
    progress.tell(work, execution, plan, mrkdwn(sign + ": {words}.", words=applied["words"]))
    key = f"{execution.request_id}:{execution.round}:apply"
    progress.alarm(work, plan, state=state, detail=applied["words"], changed=changed, key=key)


def _upper(words: str) -> str:
    return words[:1].upper() + words[1:]
