"""The serving process is asked which version answers: right after the change, while it is watched, and when asked."""

from collections.abc import Sequence
from datetime import datetime

from bot.foundation import outbox
from bot.foundation.blocks import mrkdwn
from bot.foundation.errors import Refusal
from bot.foundation.work import Lane, Work
from bot.people import service as people
from bot.rollback import rules
from bot.rollback.models import Execution, ExecutionState, Plan
from bot.rollback.service import progress
from bot.rollback.service.queries import is_newest

SIGNS = {
    ExecutionState.DONE: "✅ *Done*",
    ExecutionState.PARTIAL: "⚠️ *Partial*",
    ExecutionState.FAILED: "❌ *Failed*",
    ExecutionState.UNKNOWN: "❓ *Unknown*",
}


def first_check(work: Work, execution: Execution, plan: Plan, *, watch: int = 0) -> None:
    """Ask the serving process now; `watch` counts the checks after it was done, 0 is the proof of the change."""
    _ask(work, execution, plan, watch=watch, check=1, due_at=work.now)


def settle_validate(
    work: Work,
    *,
    request_id: str,
    round_number: int,
    stage_number: int,
    watch: int,
    check: int,
    answers: Sequence[str | None],
    standing: str | None,
) -> None:
    """Note what the answers prove; ask again a little later while that is not enough, then say what came of it."""
    execution = progress.execution_of(work, request_id, round_number)
    plan = progress.plan_of(work, execution)
    stage = next(stage for stage in progress.stages_of(work, execution) if stage.number == stage_number)
    if stage.finished_at is not None:
        return
    verdict = rules.confirmed(rules.judge(answers, plan.to_version), standing, plan.to_version)
    observed = {"words": verdict.words, "answers": verdict.counts, "unreadable": verdict.unreadable}
    outcome = rules.stage_outcome(verdict.outcome)
    progress.close_stage(work, stage, outcome, {**observed, "asked": len(answers), "target_selects": standing})
    if not _still_matters(work, execution, watch):
        outbox.refresh_card(work, plan.incident)
    elif rules.asks_again(verdict.outcome, check):
        _ask(work, execution, plan, watch=watch, check=check + 1, due_at=work.now + rules.CHECK_AGAIN_AFTER)
        outbox.refresh_card(work, plan.incident)
    else:
        _conclude(work, execution, plan, verdict, stage_number, watch, standing)


def check_again(work: Work, request_id: str, round_number: int) -> None:
    """A person asks to ask the serving process once more, after it did not end well.

    Raises:
        Refusal: for people without a role for the system, when it is being checked, when nothing was changed, and for a
            rollback that does not exist.
    """
    execution = progress.find_execution(work, request_id, round_number)
    if execution is None:
        raise Refusal("There is no such rollback.")
    plan = progress.plan_of(work, execution)
    if not people.roles_of(work, work.actor.id, plan.system):
        raise Refusal(f"You hold no role for {plan.system}. Ask somebody who does, for example who leads the incident.")
    if execution.state in rules.RUNNING:
        raise Refusal("It is being checked right now. The card shows the result in a moment.")
    if not rules.can_check_again(execution) or not is_newest(work, execution):
        raise Refusal(
            "There is nothing to check: this rollback changed nothing, or ended well, or is not the last one."
        )
    due = work.now + rules.PATIENCE
    words = f"{work.actor.name} asked to check again"
    progress.move(work, execution, ExecutionState.VALIDATING, words, due_at=due, finished_at=None)
    work.record("rollback.check_asked", plan.incident, **rules.trail_facts(execution, plan))
    first_check(work, execution, plan)
    progress.tell(work, execution, plan, mrkdwn("🔎 {who} asks to check again.", who=work.actor.name))


def _ask(work: Work, execution: Execution, plan: Plan, *, watch: int, check: int, due_at: datetime) -> None:
    step = plan.steps[-1]
    number = len(progress.stages_of(work, execution)) + 1
    progress.open_stage(work, execution, number, _title(step["title"], watch, check))
    payload = {
        "request": execution.request_id,
        "round": execution.round,
        "stage": number,
        "watch": watch,
        "check": check,
        "times": step["times"],
        "target": plan.target,
        "desired": plan.to_version,
    }
    key = f"validate:{execution.request_id}:{execution.round}:{number}"
    work.enqueue("rollback.validate", key, payload, lane=Lane.DECISION, due_at=due_at)


def _title(title: str, watch: int, check: int) -> str:
    when = f", {rules.minutes(rules.WATCH[watch - 1])} min later" if watch else ""
    return f"{title}{when}{f' (try {check})' if check > 1 else ''}"


def _still_matters(work: Work, execution: Execution, watch: int) -> bool:
    """Say whether an answer may still change what we say: not after giving up, nor once something else was done."""
    if watch:
        return execution.state == ExecutionState.DONE and is_newest(work, execution)
    return execution.state == ExecutionState.VALIDATING


def _conclude(
    work: Work,
    execution: Execution,
    plan: Plan,
    verdict: rules.Verdict,
    stage_number: int,
    watch: int,
    standing: str | None,
) -> None:
    work.record(
        "rollback.validated",
        plan.incident,
        why=verdict.words,
        **rules.trail_facts(execution, plan),
        outcome=str(verdict.outcome),
        answers=verdict.counts,
        unreadable=verdict.unreadable,
        target_selects=standing,
        watch=watch,
    )
    if verdict.outcome == ExecutionState.DONE:
        _end_well(work, execution, plan, verdict.words, watch)
    else:
        _end_badly(work, execution, plan, verdict, stage_number)


def _end_well(work: Work, execution: Execution, plan: Plan, words: str, watch: int) -> None:
    finished = execution.finished_at if watch and execution.finished_at else work.now
    due = rules.watch_due(finished, watch)
    ends = {"finished_at": finished, "changed": True, "watches": watch, "due_at": due}
    progress.move(work, execution, ExecutionState.DONE, words, **ends)
    facts = rules.trail_facts(execution, plan)
    work.record("rollback.watched" if watch else "rollback.done", plan.incident, why=words, **facts)
    if not watch:
        span = rules.minutes(rules.WATCH[-1])
        text = mrkdwn(SIGNS[ExecutionState.DONE] + ": {words}. I watch it for {span} minutes.", words=words, span=span)
        progress.tell(work, execution, plan, text)
    elif due is None:
        span = rules.minutes(rules.WATCH[-1])
        progress.tell(work, execution, plan, mrkdwn("✅ It stayed: {words} after {span} min.", words=words, span=span))
    else:
        outbox.refresh_card(work, plan.incident)


def _end_badly(work: Work, execution: Execution, plan: Plan, verdict: rules.Verdict, stage_number: int) -> None:
    state, words = verdict.outcome, verdict.words
    progress.move(work, execution, state, words, finished_at=work.now, changed=True, due_at=None)
    work.record(f"rollback.{state}", plan.incident, why=words, **rules.trail_facts(execution, plan))
    progress.tell(work, execution, plan, mrkdwn(SIGNS[state] + ": {words}.", words=words))
    key = f"{execution.request_id}:{execution.round}:{stage_number}"
    progress.alarm(work, plan, state=state, detail=words, changed=True, key=key)
