"""Something needs a yes; or what was asked no longer is what is needed."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlmodel import select

from bot.approvals import rules
from bot.approvals.models import Cell, Matrix, Relation, Request, RoundState, Vote
from bot.approvals.service import queries, rounds
from bot.approvals.service.consulting import consult
from bot.escalation import service as escalation
from bot.foundation.blocks import Markup, join, mention, mrkdwn
from bot.foundation.errors import Refusal
from bot.foundation.work import Work
from bot.people import service as people


def ask(
    work: Work,
    *,
    subject: str,
    activity: str,
    system: str,
    tags: Sequence[str],
    severity: str,
    plan_digest: str,
    summary: str,
    reason: str,
    channel: str,
    then: str,
    then_payload: Mapping[str, Any],
    share_of_users: float = 0.0,
    plan_author: str | None = None,
    executors: Sequence[str] = (),
) -> Request:
    """Open a round of approval under today's matrix. An open one for the same subject and activity becomes void.

    Args:
        work: The actor is the requester, who cannot approve.
        subject: The incident.
        activity: A row of the matrix.
        system: Decides who holds the roles of the quorum.
        tags: The system's tags; they may ask for another quorum.
        severity: `low`, `medium` or `high`.
        plan_digest: `sha256:…` of exactly what is to be approved.
        summary: That in one line, for people.
        reason: Why it is asked for.
        channel: Where the incident's card stands.
        then: The step that is enqueued once the quorum is complete, with `request` and `round` added to its payload.
        then_payload: JSON values.
        share_of_users: Which share of all users the system reaches (0 to 1); it may ask for another quorum, too.
        plan_author: Slack id of who wrote what is to be approved.
        executors: Slack ids of who would carry it out.

    Raises:
        Refusal: when the matrix knows no such activity, asks for nobody's approval, or when its quorum cannot be
            reached without the requester: says which role, and why not those who hold it.
    """
    _need_active(work)
    cell = rules.cell(work.config[Matrix], activity, rules.Situation(severity, tags, share_of_users))
    request = Request(
        id=work.new_id("req"),
        subject=subject,
        number=0,
        activity=activity,
        system=system,
        severity=severity,
        tags=list(tags),
        share_of_users=share_of_users,
        related={Relation.PLAN_AUTHOR: [plan_author] if plan_author else [], Relation.EXECUTOR: list(executors)},
        plan_digest=plan_digest,
        summary=summary,
        requester=work.actor.id,
        reason=reason,
        channel=channel,
        then=then,
        then_payload=dict(then_payload),
        **_terms(work, cell, system),
    )
    request.excluded = _excluded(request, cell)
    why = _why_impossible(work, request)
    if why:
        raise Refusal(why)
    request.number = work.next_number(f"approval:{subject}")  # from here on nobody else asks about this subject
    _replace(work, subject, activity)
    work.session.add(request)
    work.session.flush()
    rounds.open_round(work, request)
    consult(work, request)
    escalation.acted(work, subject)
    return request


def void(work: Work, subject: str, why: str) -> None:
    """End whatever is being decided about a subject without a decision: nothing can come of it any more."""
    for request in _open(work, subject):
        _void(work, request, why)


def severity_changed(work: Work, subject: str, severity: str) -> None:
    """Ask under the quorum of another severity whatever is being decided about a subject.

    The requester stays who asked first. When the severity is raised, approvals stay valid in slots that are needed
    again, and only the others are asked for; when it is lowered, everybody is asked anew, so that a change of severity
    alone never decides. If the new quorum cannot be reached the request becomes void, and the thread says who is
    missing.
    """
    for request in _open(work, subject):
        if request.severity != severity:
            _ask_anew(work, request, severity)


def _ask_anew(work: Work, request: Request, severity: str) -> None:
    before, round_before = request.severity, rules.round_of(request)
    given = queries.votes(work, request.id, request.round)
    why = f"the severity is {severity} now (it was {before})"
    work.record("approval.round_voided", request.subject, why=why, **request.trail_facts)
    situation = rules.Situation(severity, request.tags, request.share_of_users)
    cell = rules.cell(work.config[Matrix], request.activity, situation)
    request.round, request.severity = request.round + 1, severity
    for name, value in _terms(work, cell, request.system).items():
        setattr(request, name, value)
    request.excluded = _excluded(request, cell)
    work.session.add(request)
    work.session.flush()
    impossible = _why_impossible(work, request)
    if impossible:
        _void(work, request, f"{why}. {impossible}")
        return
    if rules.SEVERITIES.index(severity) > rules.SEVERITIES.index(before):
        _carry(work, request, round_before, given)
    rounds.tell(work, request, _asked_anew(work, request))
    rounds.open_round(work, request)
    consult(work, request)


def _carry(work: Work, request: Request, before: rules.Round, given: Sequence[Vote]) -> None:
    """Take over the approvals that stay valid into the round that has just begun."""
    after, until = rules.round_of(request), request.expires_at or work.now
    for vote in rules.carried(before, after, given, queries.standing_of(work), until):
        kept = Vote(**{**vote.model_dump(), "round": request.round})
        work.session.add(kept)
        work.record(
            "approval.carried", request.subject, why=vote.reason, on_behalf_of=vote.on_behalf_of, policy=request.policy,
            **request.trail_facts, person=vote.person, given_at=vote.at.isoformat(),
        )  # fmt: skip
    work.session.flush()


def _asked_anew(work: Work, request: Request) -> Markup:
    lines = queries.tally(work, request).lines
    kept = [f"{line.slot.title} ({queries.name_of(work, line.vote.person)})" for line in lines if line.vote]
    return mrkdwn(
        "🔁 The severity is *{severity}* now, so the approval is asked anew (round {round}). {kept} Needed: {needed}.",
        severity=request.severity,
        round=request.round,
        kept=f"These stay valid: {', '.join(kept)}." if kept else "Answers given so far do not count.",
        needed=join(", ", [line.slot.title for line in lines if line.vote is None]),
    )


def _terms(work: Work, cell: Cell, system: str) -> dict[str, Any]:
    """Return what a round is pinned to when it opens: the policy, whom its quorum means now, and the times."""
    slots = rules.slots_for(people.directory_now(work), cell.quorum, system, work.now)
    deputies_from = work.now + cell.deputies_after
    return {
        "policy": work.pin(Matrix),
        "slots": [slot.as_json() for slot in slots],
        "asked_at": work.now,
        "deputies_from": deputies_from,
        "deputies_called_at": deputies_from,
        "expires_at": work.now + cell.expires_after,
        "valid_for_seconds": int(cell.valid_for.total_seconds()) if cell.valid_for else None,
    }


def _excluded(request: Request, cell: Cell) -> dict[str, str]:
    return {person: relation for relation in cell.excludes for person in request.related[relation]}


def _why_impossible(work: Work, request: Request) -> str | None:
    if not request.slots:
        return f"raci.yaml names nobody who could approve {request.activity} at severity {request.severity}."
    why = rules.why_unreachable(rules.round_of(request), queries.standing_of(work))
    if why is None:
        return None
    return f"{why} Let somebody else ask, or ask an admin to name a deputy in config/people.yaml."


def _replace(work: Work, subject: str, activity: str) -> None:
    for request in _open(work, subject):
        if request.activity == activity:
            _void(work, request, "It was replaced by a new request.")


def _void(work: Work, request: Request, why: str) -> None:
    if not rounds.finish(work, request, RoundState.VOID, why):
        return
    work.record("approval.voided", request.subject, why=why, **request.trail_facts)
    rounds.tell(work, request, _void_text(request, why))


def _void_text(request: Request, why: str) -> Markup:
    return mrkdwn(
        "🚫 *Void:* {summary} (plan `{digest}`, asked by {requester}). {why}",
        summary=request.summary,
        digest=rules.short(request.plan_digest),
        requester=mention(request.requester),
        why=why[:1].upper() + why[1:],
    )


def _open(work: Work, subject: str) -> list[Request]:
    query = select(Request).where(Request.subject == subject, Request.state == RoundState.ASKED).with_for_update()
    return list(work.session.exec(query.execution_options(populate_existing=True)))


def _need_active(work: Work) -> None:
    why = people.why_not_active(work, work.actor.id) if work.actor.kind == "person" else None
    if why:
        raise Refusal(why)
