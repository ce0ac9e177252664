"""What a rollback looks like: the form that asks for it, its part of the card and of App Home, the alarm. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from slack_sdk.models.blocks import ActionsBlock, Block
from slack_sdk.models.views import View

from bot.foundation.blocks import (
    Markup,
    Message,
    Section,
    actions,
    button,
    confirm,
    context,
    header,
    join,
    mention,
    modal,
    moment,
    mrkdwn,
    option,
    quote,
    section,
    select,
    text_input,
)
from bot.rollback import rules
from bot.rollback.models import Execution, ExecutionState, Plan, StageOutcome, StageResult

CALLBACK = "rollback.request"
SYSTEM = "rollback.system"
OPEN, REINSTATE, CHECK = "rollback.open", "rollback.reinstate", "rollback.check_again"
STATES = {
    ExecutionState.RUNNING: "⏳ *Being carried out*: the target is changed now",
    ExecutionState.VALIDATING: "🔎 *Being checked*: the target was switched, the serving process is asked",
    ExecutionState.DONE: "✅ *Done and proved*",
    ExecutionState.PARTIAL: "⚠️ *Partial*: only some answers come from the wanted version",
    ExecutionState.FAILED: "❌ *Failed*",
    ExecutionState.UNKNOWN: "❓ *Unknown*: nobody can say yet which version serves",
}
ROUNDS = {
    "asked": "🗳️ *Waits for approval*: nothing has been changed",
    "approved": "🚫 *Approved, but not carried out*: the thread says why. Nothing has been changed",
    "rejected": "🚫 *Rejected*: nothing has been changed",
    "void": "⚪ *Void*: nothing has been changed. Ask again if it is still wanted",
    "expired": "⌛ *Expired*: the quorum was not complete in time, nothing has been changed. Ask again if it is wanted",
}
STAGES = {
    "": "⏳",
    StageOutcome.DONE: "✅",
    StageOutcome.ALREADY_THERE: "☑️",
    StageOutcome.FAILED: "❌",
    StageOutcome.PARTIAL: "⚠️",
    StageOutcome.UNKNOWN: "❓",
    StageOutcome.NOT_RUN: "▫️",
}
HINTED = 5
"""How many incidents and systems a hint names."""


def form(shown: rules.Form) -> View:
    """The form that asks for a rollback. Block ids of versions name their system, so that another one starts afresh."""
    systems = [option(f"{title} ({name})" if title != name else name, name) for name, title in shown.systems]
    froms = [*shown.versions, *([shown.from_version] if shown.from_version not in shown.versions else [])]
    newest = shown.versions[-1]
    parts: list[Block] = [
        select(SYSTEM, "System", systems, initial=shown.system, dispatch=True),
        section(_about(shown)),
        select(
            version_field("from_version", shown.system),
            "Version that is served now",
            [option(f"{version} (newest)" if version == newest else version, version) for version in reversed(froms)],
            initial=shown.from_version,
        ),
        select(
            version_field("to_version", shown.system),
            "Go to version",
            [option(_choice(shown, version), version) for version in reversed(shown.versions)],
            initial=shown.to_version,
            hint="Any version that is listed for this system.",
        ),
        text_input(
            "reason",
            "Why?",
            initial=shown.reason,
            hint="Approvers read it, and it is kept in the trail with your name.",
        ),
    ]
    about = {"incident": shown.incident}
    return modal(CALLBACK, "Ask for a rollback", parts, submit="Ask for approval", metadata=about)


def version_field(name: str, system: str) -> str:
    """Return the block id of a version's list for a system."""
    return f"{name}:{system}"


def field_of(refused: str | None, system: str) -> str | None:
    """Return the block id under which a refusal of the service belongs."""
    if refused in ("from_version", "to_version"):
        return version_field(refused, system)
    return SYSTEM if refused == "system" else refused


def asked(plan: Plan, approvers: Sequence[str]) -> Markup:
    """Say to who asked that it is asked, and what happens next."""
    return mrkdwn(
        "Asked, for {incident}. Nothing is changed until these have approved:\n{approvers}\n"
        "It then starts by itself; the card of {incident} shows how it goes.",
        incident=plan.incident,
        approvers=_bullets(approvers),
    )


def help_message(offered: Sequence[tuple[str, str]], systems: Sequence[str], incidents: Sequence[str]) -> Message:
    """What can be typed: every subcommand with what it does, and the systems and incidents that could be typed now."""
    example = f"/rollback {systems[0] if systems else 'shop-recommender'} wrong answers since noon"
    lines = [
        ("/rollback", "opens the form: which system, which versions, why"),
        (example, "opens it filled in: a system, then why"),
        ("/rollback INC-42", "shows where an incident and its rollback stand"),
        *((f"/rollback {typed}", does) for typed, does in offered),
        ("/rollback help", "shows this"),
    ]
    told = [mrkdwn("`{typed}` {does}", typed=typed, does=does) for typed, does in lines]
    text = join("\n", [Markup("*Roll back an AI system, with the approvals it needs*"), *told])
    now = mrkdwn("Systems: {systems}\nOpen now: {open}", systems=_few(systems), open=_few(incidents) or "nothing")
    return Message(text, [section(text), context(now)])


def not_known(typed: str, meant: Sequence[str], words: Sequence[str]) -> Markup:
    """Say that what was typed is not known: what was probably meant, else what there is."""
    said = mrkdwn("I do not know “{typed}”, so nothing was changed.", typed=typed[:60])
    if meant:
        choices = join(" or ", [mrkdwn("`/rollback {word}`", word=word) for word in meant])
        return mrkdwn("{said} Did you mean {choices}?", said=said, choices=choices)
    return mrkdwn(
        "{said} After `/rollback` comes a system (`/rollback help` lists them), an incident such as `INC-42`, or one "
        "of: {words}.",
        said=said,
        words=join(", ", [mrkdwn("`{word}`", word=word) for word in words]),
    )


def _few(names: Sequence[str]) -> Markup:
    shown = join(", ", [mrkdwn("`{name}`", name=name) for name in names[:HINTED]])
    rest = len(names) - HINTED
    return mrkdwn("{shown} and {rest} more", shown=shown, rest=rest) if rest > 0 else shown


def incident_message(incident: str, status: Markup, standing: rules.Standing | None, *, is_open: bool) -> Message:
    """Where an incident and its rollback stand, for one person; with the button that asks for one."""
    rest = _summary(standing) if standing else Markup("No rollback was asked for.")
    text = join("\n", [status, rest])
    buttons = [actions(button("Roll back", OPEN, {"incident": incident}))] if is_open else []
    return Message(text, [section(text), *buttons])


def card(standing: rules.Standing | None) -> Section:
    """Our part of the incident's card: how it goes, what was observed, what can be done.

    What is asked, and who has approved, is said by the request. While it is open, the plan is detail, word for word;
    once it is carried out, the steps that were taken stand in its place.
    """
    if standing is None:
        return Section()
    plan, execution = standing.plan, standing.execution
    if execution is None:
        refused = [section(_state(standing))] if standing.round_state == "approved" else []
        waits = standing.round_state in (None, "asked")
        return Section(refused, _plan_blocks(plan) if waits else [])
    shown = [section(_summary(standing)), *_buttons(standing)]
    return Section(shown, [*_stage_blocks(standing), context(join(" · ", [*_times(execution), _named(plan)]))])


def home(running: Sequence[tuple[Execution, Plan]]) -> Section:
    """Our part of App Home: what is being carried out right now; nothing if nothing is."""
    if not running:
        return Section()
    lines = [
        mrkdwn(
            "{state}\n{incident} · {system} from version {back} to version {to}, since {since}",
            state=Markup(STATES[ExecutionState(execution.state)]),
            incident=plan.incident,
            system=plan.system,
            back=plan.from_version,
            to=plan.to_version,
            since=moment(execution.started_at),
        )
        for execution, plan in running
    ]
    return Section([header("Being rolled back"), *(section(line) for line in lines[:5])])


def alarm(said: Mapping[str, Any]) -> Message:
    """Tell a channel that people must act: what is known, what is not, what to do, what happens otherwise."""
    words = _alarm_words(said)
    title = mrkdwn(
        "{sign} *{incident}: {title}*",
        sign=words["sign"],
        incident=said["incident"],
        title=f"rollback of {said['system']} to version {said['to_version']} {words['state']}",
    )
    whom = mention(said["lead"] or said["requester"])
    lines = [
        title,
        mrkdwn("{whom}, you {role}: please look now.", whom=whom, role="lead" if said["lead"] else "asked for it"),
        mrkdwn("*Known:* {known}", known=words["known"]),
        mrkdwn("*Not known:* {unknown}", unknown=words["unknown"]),
        mrkdwn("*To do:* {act}", act=words["act"]),
        mrkdwn("*If nobody acts:* {otherwise}", otherwise=words["otherwise"]),
    ]
    return Message(join(" ", lines[:2]), [section(join("\n", lines))])


def named_incident(text: str) -> str | None:
    """Return the incident that somebody typed (`INC-42`, `inc 42`), None if the text does not begin with one."""
    found = re.match(r"inc[-\s]?(\d{1,9})(?=\s|$)", text, re.IGNORECASE)
    return f"INC-{int(found.group(1))}" if found else None


def _about(shown: rules.Form) -> Markup:
    where = (
        mrkdwn("It belongs to *{incident}*, which is *{severity}*.", incident=shown.incident, severity=shown.severity)
        if shown.incident
        else mrkdwn("It opens an incident, probably of severity *{severity}*.", severity=shown.severity)
    )
    changed = mrkdwn("What is changed: {target}.", target=shown.target)
    people = mrkdwn("Who has to approve:\n{approvers}", approvers=_bullets(shown.approvers))
    return join("\n", [where, changed, people])


def _choice(shown: rules.Form, version: str) -> str:
    _back, before = rules.presets(shown.versions, shown.from_version)
    if version == before:
        return f"{version} (the one before)"
    return f"{version} (newest)" if version == shown.versions[-1] else version


def _bullets(lines: Sequence[str]) -> Markup:
    return join("\n", [mrkdwn("• {line}", line=line) for line in lines] or [Markup("• nobody")])


def _summary(standing: rules.Standing) -> Markup:
    return join("\n", [_state(standing), *_observed(standing)])


def _state(standing: rules.Standing) -> Markup:
    execution = standing.execution
    if execution is None:
        return Markup(ROUNDS.get(standing.round_state or "asked", ROUNDS["asked"]))
    words = Markup(STATES[ExecutionState(execution.state)])
    if execution.state == ExecutionState.FAILED:
        rest = "the target was switched, but it is not served" if execution.changed else "nothing was changed"
        return mrkdwn("{words}: {rest}", words=words, rest=rest)
    return words


def _observed(standing: rules.Standing) -> list[Markup]:
    execution = standing.execution
    if execution is None:
        return []
    return [quote(execution.detail), *_watch(standing)] if execution.detail else _watch(standing)


def _watch(standing: rules.Standing) -> list[Markup]:
    execution = standing.execution
    if execution is None or execution.state != ExecutionState.DONE or execution.finished_at is None:
        return []
    if execution.due_at is None:
        stayed = execution.watches == len(rules.WATCH)
        span = rules.minutes(rules.WATCH[-1])
        return [mrkdwn("Watched for {span} minutes: it stayed.", span=span)] if stayed else []
    until = moment(execution.finished_at + rules.WATCH[-1], "{time}")
    return [
        mrkdwn(
            "👁️ Watched until {until}: {checks} of {all} checks so far.",
            until=until,
            checks=execution.watches,
            all=len(rules.WATCH),
        )
    ]


def _times(execution: Execution) -> list[Markup]:
    started = mrkdwn("Started {when}", when=moment(execution.started_at))
    if execution.finished_at is None:
        return [started]
    took = rules.span_words(execution.finished_at - execution.started_at)
    return [started, mrkdwn("ended {when}, after {took}", when=moment(execution.finished_at), took=took)]


def _named(plan: Plan) -> Markup:
    """Name the plan as the trail and the export name it."""
    return mrkdwn("plan `{digest}`", digest=rules.short(plan.digest))


def _buttons(standing: rules.Standing) -> list[ActionsBlock]:
    execution, plan = standing.execution, standing.plan
    if execution is None:
        return []
    shown = []
    if rules.can_check_again(execution) and standing.is_newest:
        about = {"request": execution.request_id, "round": execution.round}
        shown.append(button("Check again", CHECK, about, style="primary"))
    if rules.can_reinstate(standing):
        back, to = rules.inverse_of(plan)
        about = {"incident": plan.incident, "from_version": back, "to_version": to}
        shown.append(button(f"Reinstate version {to}", REINSTATE, about, confirm=_sure(plan, to)))
    return [actions(*shown, block_id=f"rollback.actions:{plan.incident}")] if shown else []


def _sure(plan: Plan, to: str) -> Any:
    text = f"Version {to} of {plan.system} was taken out of service. Bringing it back needs its own approval."
    return confirm(f"Reinstate version {to}?", text, "Open the form")


def _stage_blocks(standing: rules.Standing) -> list[Block]:
    return [context(_stage_line(stage)) for stage in standing.stages]


def _stage_line(stage: StageResult) -> Markup:
    words = stage.observed.get("words") or _version_words(stage)
    took = rules.span_words(stage.finished_at - stage.started_at) if stage.finished_at else "now"
    return mrkdwn(
        "{sign} {number}. {title}{words} · {took}",
        sign=STAGES.get(stage.outcome, "▫️"),
        number=stage.number,
        title=stage.title,
        words=f": {words}" if words else "",
        took=took if stage.outcome != StageOutcome.NOT_RUN else "not run",
    )


def _version_words(stage: StageResult) -> str:
    version = stage.observed.get("version")
    return f"version {version}" if version else ""


def _plan_blocks(plan: Plan) -> list[Block]:
    steps = [mrkdwn("{number}. {words}", number=step["number"], words=step["words"]) for step in plan.steps]
    undo = [mrkdwn("_To take it back:_ {words}", words=step["undo"]["words"]) for step in plan.steps if "undo" in step]
    return [section(join("\n", [Markup("*The plan, word for word*"), *steps, *undo])), _kind(plan)]


def _kind(plan: Plan) -> Block:
    can = rules.CAPABILITIES[plan.target["kind"]]
    words = [
        "Some users first" if can.staged else "All users at once",
        "can be taken back" if can.reversible else "cannot be taken back",
        "changed in one step" if can.atomic else "changed in several steps, so it may stop half way",
        "read back afterwards" if can.reads_back else "cannot be read back",
    ]
    return context(join(" · ", [*words, _named(plan)]))


def _alarm_words(said: Mapping[str, Any]) -> dict[str, str]:
    to, back, detail = said["to_version"], said["from_version"], said["detail"]
    switched = f"The target selects version {to}. "
    known = {True: switched, False: "Nothing was changed. ", None: ""}[said["changed"]]
    users = f"users may keep getting version {back}."
    table = {
        "refused": {
            "sign": "🚫",
            "state": "was approved, but not carried out",
            "unknown": "whether it is still wanted as it is now.",
            "act": "read why, then ask again with `/rollback`: the new plan needs a new approval.",
            "otherwise": f"nothing is rolled back, and {users}",
        },
        "partial": {
            "sign": "⚠️",
            "state": "is only partial",
            "unknown": "whether the rest will follow by itself.",
            "act": f"find what still serves version {back} and restart it, then press *Check again* on the card.",
            "otherwise": f"some {users}",
        },
        "failed": {
            "sign": "❌",
            "state": "failed",
            "unknown": "why the serving process does not follow." if said["changed"] else "who or what is in the way.",
            "act": "look at the serving process, then press *Check again* on the card."
            if said["changed"]
            else "put right what is named above, then ask again with `/rollback`.",
            "otherwise": users,
        },
        "unknown": {
            "sign": "❓",
            "state": "has an unknown outcome",
            "unknown": f"whether users get version {back} or version {to}.",
            "act": "look at the target and at the serving process, then press *Check again* on the card.",
            "otherwise": f"it stays unknown; I do not try again by myself, and {users}",
        },
    }
    return {**table[said["state"]], "known": f"{known}{detail[:1].upper()}{detail[1:]}."}
