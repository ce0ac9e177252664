"""Decisions about rollbacks: what a plan says, whether it may change the target, and what came of it. Pure."""

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from bot.foundation.addresses import why_not_askable
from bot.foundation.config import Config, digest
from bot.foundation.errors import Problem
from bot.incidents.models import Systems, Target
from bot.rollback.models import Execution, ExecutionState, Plan, StageOutcome, StageResult

ACTIVITY = "approve_rollback"
EXECUTION = "execute_rollback"
CHECKS = 3
CHECK_AGAIN_AFTER = timedelta(seconds=5)
WATCH = (timedelta(minutes=5), timedelta(minutes=15), timedelta(minutes=30))
PATIENCE = timedelta(minutes=10)
RUNNING = frozenset({ExecutionState.RUNNING, ExecutionState.VALIDATING})
TROUBLE = frozenset({ExecutionState.PARTIAL, ExecutionState.FAILED, ExecutionState.UNKNOWN})

Step = dict[str, Any]


@dataclass(frozen=True)
class Capabilities:
    """What a kind of target can do; shown to approvers.

    Attributes:
        staged: Can change it for some users first.
        reversible: The inverse step brings back what stood there.
        atomic: A reader sees the old state or the new one, never something between.
        reads_back: Can be asked what stands there now.
        compares_and_sets: Refuses a change by itself when somebody else was first.
    """

    staged: bool
    reversible: bool
    atomic: bool
    reads_back: bool
    compares_and_sets: bool


CAPABILITIES: Mapping[str, Capabilities] = {
    "flag_file": Capabilities(staged=False, reversible=True, atomic=True, reads_back=True, compares_and_sets=False)
}


@dataclass(frozen=True)
class Draft:
    """What a rollback would do, before anybody was asked."""

    system: str
    from_version: str
    to_version: str
    target: dict[str, Any]
    steps: list[Step]

    @property
    def digest(self) -> str:
        """The digest that approvals bind to."""
        return _digest(self.system, self.from_version, self.to_version, self.target, self.steps)


@dataclass(frozen=True)
class Verdict:
    """What the answers of the serving process prove, with the numbers behind it.

    Attributes:
        counts: Answers by version, the most frequent first.
        unreadable: How many answers could not be read, or did not come.
    """

    outcome: ExecutionState
    words: str
    counts: dict[str, int] = field(default_factory=dict)
    unreadable: int = 0


@dataclass(frozen=True)
class Standing:
    """Everything the card shows about the newest plan of an incident.

    Attributes:
        round_state: State of the approval round that the plan was asked in; None while there is none.
        stages: Of its execution, in order.
        is_newest: No later plan of this system has been carried out.
        is_open: The incident is not closed.
    """

    plan: Plan
    requester: str
    round_state: str | None
    execution: Execution | None
    stages: Sequence[StageResult]
    is_newest: bool
    is_open: bool


@dataclass(frozen=True)
class Form:
    """Everything the form shows before it is filled in.

    Attributes:
        systems: All systems as (name, title).
        system: The chosen one's name; its `versions` are in order, the oldest first.
        incident: The open incident that the rollback would belong to; None: it would open one.
        severity: Of that incident, or what a new one would probably have.
        approvers: Who has to approve at that severity, a slot each, in words.
    """

    systems: Sequence[tuple[str, str]]
    system: str
    versions: Sequence[str]
    from_version: str
    to_version: str | None
    target: str
    incident: str | None
    severity: str
    approvers: Sequence[str]
    reason: str


def meant(typed: str, words: Iterable[str], systems: Iterable[str]) -> list[str]:
    """Return what somebody probably meant, the likeliest first, at most three: what begins so, else what looks so."""
    wanted, known = typed.casefold(), [*words, *systems]
    begins = [one for one in known if len(wanted) > 1 and one.casefold().startswith(wanted)]
    return (begins or difflib.get_close_matches(wanted, known, n=3))[:3]


def presets(versions: Sequence[str], bad: str | None) -> tuple[str, str | None]:
    """Return the versions to suggest: from the bad one (else the newest) to the one before it, None if none is."""
    back = bad or versions[-1]
    if back not in versions:
        return back, versions[-1]
    place = versions.index(back)
    return back, versions[place - 1] if place else None


def draft(system: str, target: Target, from_version: str, to_version: str) -> Draft:
    """Write a rollback out, step by step: words for people, values for the machine."""
    where = target_words(target.model_dump(mode="json"))
    each = {"expected": from_version, "desired": to_version}
    steps: list[Step] = [
        {
            "number": 1,
            "kind": "note_state",
            "title": "Note what stands there",
            "words": f"Note what {where} selects now, as evidence. Go on only if it is version {from_version}; "
            f"if it is version {to_version} already, skip step 2. Anything else: stop and ask people.",
            **each,
        },
        {
            "number": 2,
            "kind": "set_flag",
            "title": f"Select version {to_version}",
            "words": f"Select version {to_version} there instead of version {from_version}, for all users at once. "
            "Nothing else in the file changes, and no version is deleted.",
            **each,
            "undo": {
                "words": f"Select version {from_version} there again instead of version {to_version}.",
                "expected": to_version,
                "desired": from_version,
            },
        },
        {
            "number": 3,
            "kind": "read_back",
            "title": "Read it back",
            "words": f"Read it back: it must select version {to_version} and be otherwise as it was.",
            **each,
        },
        {
            "number": 4,
            "kind": "ask_serving",
            "title": "Ask the serving process",
            "words": f"Ask {target.serving_url} {target.answers} times which version answers, up to {CHECKS} times "
            f"{CHECK_AGAIN_AFTER.seconds} seconds apart: every answer must be version {to_version}. Ask again after "
            f"{', '.join(str(minutes(after)) for after in WATCH[:-1])} and {minutes(WATCH[-1])} minutes.",
            "times": target.answers,
            **each,
        },
    ]
    return Draft(system, from_version, to_version, target.model_dump(mode="json"), steps)


def target_words(target: Mapping[str, Any]) -> str:
    """Say what a rollback changes."""
    return f"the flag “{target['flag']}” in {target['file']}"


def inverse_of(plan: Plan) -> tuple[str, str]:
    """Return the versions (from, to) of the plan that takes this one back."""
    change = next(step for step in plan.steps if "undo" in step)
    return change["undo"]["expected"], change["undo"]["desired"]


def plan_digest(plan: Plan) -> str:
    """Compute the digest of a plan from what is stored of it, whatever `plan.digest` says."""
    return _digest(plan.system, plan.from_version, plan.to_version, plan.target, plan.steps)


def why_plan_changed(plan: Plan, current: Target | None) -> str | None:
    """Say why a stored plan is no longer what was approved; None if it still is, word for word."""
    if plan_digest(plan) != plan.digest:
        return "the stored plan is not the one that was approved (its digest does not fit)"
    if current is None:
        return f"{plan.system} is not in systems.yaml any more"
    if draft(plan.system, current, plan.from_version, plan.to_version).digest != plan.digest:
        return f"the rollback target of {plan.system} in systems.yaml is not the one that was approved"
    return None


def converge(observed: str, expected: str, desired: str) -> Literal["already", "change", "drift"]:
    """Decide what to do with a target: nothing, the change, or nothing because somebody else changed it."""
    if observed == desired:
        return "already"
    return "change" if observed == expected else "drift"


def judge(answers: Sequence[str | None], wanted: str) -> Verdict:
    """Say what answers of the serving process prove; None stands for an answer that could not be read.

    Only answers that are all from the wanted version are `done`; without any that could be read, nobody knows.
    """
    counts = dict(Counter(answer for answer in answers if answer is not None).most_common())
    right, unreadable = counts.get(wanted, 0), len(answers) - sum(counts.values())
    if not counts:
        outcome = ExecutionState.UNKNOWN
    elif right == len(answers):
        outcome = ExecutionState.DONE
    else:
        outcome = ExecutionState.PARTIAL if right else ExecutionState.FAILED
    return Verdict(outcome, _answer_words(len(answers), right, wanted, counts, unreadable), counts, unreadable)


def confirmed(verdict: Verdict, standing: str | None, wanted: str) -> Verdict:
    """Weigh what the target says into a verdict: good answers prove nothing if the next reload changes them."""
    if verdict.outcome != ExecutionState.DONE or standing == wanted:
        return verdict
    says = f"selects version {standing}" if standing else "cannot be read"
    words = f"{verdict.words}, but the target {says}"
    return Verdict(ExecutionState.UNKNOWN, words, verdict.counts, verdict.unreadable)


def asks_again(outcome: str, check: int) -> bool:
    """Say whether to ask once more before this outcome is final (`check` counts from 1)."""
    return outcome != ExecutionState.DONE and check < CHECKS


def watch_due(finished_at: datetime, watches: int) -> datetime | None:
    """Return when a rollback that is done is looked at next, None once it has been watched long enough."""
    return finished_at + WATCH[watches] if watches < len(WATCH) else None


def can_check_again(execution: Execution) -> bool:
    """Say whether asking again may tell more: it did not end well, and the target may have been changed."""
    return execution.state in TROUBLE and execution.changed is not False


def can_reinstate(standing: Standing) -> bool:
    """Say whether the plan can be taken back from the card: it is done, and nothing was carried out after it."""
    execution = standing.execution
    return bool(execution and execution.state == ExecutionState.DONE and standing.is_newest and standing.is_open)


def trail_facts(execution: Execution, plan: Plan) -> dict[str, Any]:
    """Return what every trail entry about an execution says."""
    return {
        "plan": plan.id,
        "digest": plan.digest,
        "request": execution.request_id,
        "round": execution.round,
        "system": plan.system,
        "from_version": plan.from_version,
        "to_version": plan.to_version,
    }


def containment(plan: Plan, state: str, detail: str) -> str:
    """Say in one sentence or two what has been done against an incident, for cards and prepared messages."""
    to, back = plan.to_version, plan.from_version
    match ExecutionState(state):
        case ExecutionState.RUNNING:
            return f"{plan.system} is being rolled back from version {back} to version {to}."
        case ExecutionState.VALIDATING:
            return f"{plan.system} was switched from version {back} to version {to}; whether it serves it is checked."
        case ExecutionState.DONE:
            return f"{plan.system} serves version {to} again instead of version {back}: {detail}."
        case ExecutionState.PARTIAL:
            return f"{plan.system} serves version {to} only in part: {detail}."
        case ExecutionState.UNKNOWN:
            return f"Nobody can say yet which version {plan.system} serves: {detail}."
        case ExecutionState.FAILED:
            return f"The rollback of {plan.system} to version {to} failed: {detail}."


def proposal(plan: Plan) -> str:
    """Say what was done so far when a rollback was only asked for. Stays true whatever is decided."""
    return f"A rollback to version {plan.to_version} was asked for; nothing has been changed by it yet."


def stage_outcome(state: str) -> StageOutcome:
    """Return how a check counts as a stage."""
    return StageOutcome(ExecutionState(state).value)


def title(plan: Plan | Draft, versions: Sequence[str]) -> str:
    """Say in few words what a plan is: going back, or bringing a newer version in again."""
    known = plan.from_version in versions and plan.to_version in versions
    if known and versions.index(plan.to_version) > versions.index(plan.from_version):
        return f"Reinstate version {plan.to_version} of {plan.system} (now {plan.from_version})"
    return f"Roll back {plan.system} from version {plan.from_version} to version {plan.to_version}"


def short(digest_of_plan: str) -> str:
    """Return the part of a digest that people compare: its first twelve hexadecimal digits."""
    return digest_of_plan.removeprefix("sha256:")[:12]


def minutes(span: timedelta) -> int:
    """Return a span in whole minutes."""
    return int(span.total_seconds() // 60)


def span_words(span: timedelta) -> str:
    """Say how long something took: “4 s”, “2 min 5 s”, “3 h 4 min”."""
    seconds = max(0, round(span.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"


def checks(config: Config) -> Iterator[Problem]:
    """Say what about the rollback targets in `systems.yaml` cannot work."""
    document, seen = config.document(Systems), dict[tuple[str, str], str]()
    for name, system in config[Systems].systems.items():
        at = ("systems", name, "target")
        if why := why_not_askable(system.target.serving_url):
            mend = "write an address like http://models.internal/shop-recommender"
            yield document.problem((*at, "serving_url"), f"the serving_url of {name} cannot be asked: {why}", mend)
        flag = (system.target.file, system.target.flag)
        if flag in seen:
            what = f"{name} and {seen[flag]} are rolled back by the same flag “{flag[1]}” in {flag[0]}"
            yield document.problem((*at, "flag"), what, "give each system a flag of its own")
        seen.setdefault(flag, name)


def _digest(system: str, from_version: str, to_version: str, target: Mapping[str, Any], steps: Sequence[Step]) -> str:
    return digest(
        {"system": system, "from": from_version, "to": to_version, "target": dict(target), "steps": list(steps)}
    )


def _answer_words(asked: int, right: int, wanted: str, counts: Mapping[str, int], unreadable: int) -> str:
    others = [f"{count} from version {version}" for version, count in counts.items() if version != wanted]
    silent = [f"{unreadable} could not be read"] if unreadable else []
    return ", ".join([f"{right} of {asked} answers from version {wanted}", *others, *silent])
