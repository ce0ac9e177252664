"""The door for time: approved plans start, targets are changed, serving processes asked, results watched."""

from collections.abc import Callable, Mapping

from bot.foundation import redaction
from bot.foundation.outbox import Effect, Outgoing, Payload, Post, Sweep
from bot.foundation.work import Actor, Reading, Work
from bot.rollback import service, views
from bot.rollback.targets import TargetFactory

BACKOUT = Actor("system", "rollback", "Backout")
LEASE_SECONDS = 120.0  # longer than the slowest target may take: 30 s for the disk, 100 answers of 3 s, ten at a time


def build_alarm(_reading: Reading, payload: Payload) -> Post:
    """Build the alarm from what was known when it was raised."""
    return Post(payload["channel"], views.alarm(payload), frozen=True)


def start(work: Work, payload: Payload) -> None:
    """Carry out what was approved, if it still stands."""
    work.actor = BACKOUT
    service.start(work, plan_id=payload["plan"], request_id=payload["request"], round_number=payload["round"])


def effects(targets: TargetFactory) -> dict[str, Effect]:
    """Return what touches targets and serving processes, on targets that this factory makes."""

    async def apply(payload: Payload, key: str) -> Payload:
        applied = await targets(payload["target"]).apply(payload["expected"], payload["desired"], key)
        return {
            "outcome": applied.outcome.value,
            "before": _safe(applied.before, payload),
            "after": _safe(applied.after, payload),
            "words": redaction.text(applied.words),
            "evidence": redaction.value(dict(applied.evidence)),
        }

    async def validate(payload: Payload, _key: str) -> Payload:
        target = targets(payload["target"])
        answers = [_safe(answer, payload) for answer in await target.ask_serving(payload["times"])]
        return {"answers": answers, "standing": _safe(await target.read(), payload)}

    return {
        "rollback.apply": Effect(apply, _settle_apply, lease=LEASE_SECONDS),
        "rollback.validate": Effect(validate, _settle_validate, lease=LEASE_SECONDS),
    }


def _safe(version: str | None, payload: Payload) -> str | None:
    """Return what a target said: the plan's own versions as they are, else without secrets."""
    known = version is None or version in (payload.get("expected"), payload.get("desired"))
    return version if known else redaction.text(version or "")


def _settle_apply(work: Work, payload: Payload, outcome: Payload) -> None:
    work.actor = BACKOUT
    service.settle_apply(work, request_id=payload["request"], round_number=payload["round"], applied=outcome)


def _settle_validate(work: Work, payload: Payload, outcome: Payload) -> None:
    work.actor = BACKOUT
    service.settle_validate(
        work,
        request_id=payload["request"],
        round_number=payload["round"],
        stage_number=payload["stage"],
        watch=payload["watch"],
        check=payload["check"],
        answers=outcome["answers"],
        standing=outcome["standing"],
    )


def _run_due(work: Work) -> int:
    work.actor = BACKOUT
    return service.run_due(work)


MESSAGES: Mapping[str, Callable[[Reading, Payload], Outgoing | None]] = {"rollback.alarm": build_alarm}
STEPS: Mapping[str, Callable[[Work, Payload], None]] = {"rollback.start": start}
SWEEPS = (Sweep("rollback.due", service.next_due, _run_due),)
