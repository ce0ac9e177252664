"""What time brings: what is done is looked at again, and what has no outcome is not waited for for ever."""

from datetime import datetime

from sqlmodel import col, func, select

from bot.foundation import outbox
from bot.foundation.blocks import mrkdwn
from bot.foundation.work import Reading, Work
from bot.rollback import rules
from bot.rollback.models import Execution, ExecutionState, Plan
from bot.rollback.service import progress
from bot.rollback.service.checking import SIGNS, first_check
from bot.rollback.service.queries import superseded


def next_due(reading: Reading) -> datetime | None:
    """Return when the next execution has to be looked at."""
    return reading.session.exec(select(func.min(col(Execution.due_at)))).one()


def run_due(work: Work) -> int:
    """Check again what is being watched, and give up waiting where no outcome came, in order; returns for how many."""
    due = work.take_due(Execution, col(Execution.due_at), col(Execution.request_id))
    plans, asking, replaced = progress.plans_of(work, due), progress.unfinished(work, due), superseded(work, due)
    for execution in due:
        plan, key = plans[execution.plan_id], (execution.request_id, execution.round)
        if execution.state in rules.RUNNING or key in asking:
            _give_up(work, execution, plan)
        elif key in replaced:
            _stop_watching(work, execution, plan)
        else:
            progress.move(work, execution, ExecutionState.DONE, execution.detail, due_at=work.now + rules.PATIENCE)
            first_check(work, execution, plan, watch=execution.watches + 1)
    return len(due)


def _give_up(work: Work, execution: Execution, plan: Plan) -> None:
    """Say that we do not know. The stage stays open: should its outcome still come, it counts."""
    words = f"no outcome came within {rules.minutes(rules.PATIENCE)} minutes"
    changed = None if execution.state == ExecutionState.RUNNING else execution.changed
    ends = {"changed": changed, "due_at": None, "finished_at": work.now}
    progress.move(work, execution, ExecutionState.UNKNOWN, words, **ends)
    work.record("rollback.unknown", plan.incident, why=words, **rules.trail_facts(execution, plan))
    progress.tell(work, execution, plan, mrkdwn(SIGNS[ExecutionState.UNKNOWN] + ": {words}.", words=words))
    key = f"{execution.request_id}:{execution.round}:late:{len(progress.stages_of(work, execution))}"
    progress.alarm(work, plan, state=ExecutionState.UNKNOWN, detail=words, changed=changed, key=key)


def _stop_watching(work: Work, execution: Execution, plan: Plan) -> None:
    progress.move(work, execution, ExecutionState.DONE, execution.detail, due_at=None)
    why = "something else was carried out for this system since"
    work.record("rollback.watch_ended", plan.incident, why=why, **rules.trail_facts(execution, plan))
    outbox.refresh_card(work, plan.incident)
