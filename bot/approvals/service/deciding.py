"""An approver answers. Who may is decided here, on the state of this moment, never by who can see a button."""

from bot.approvals import rules
from bot.approvals.models import Choice, Question, Request, RoundState, Vote
from bot.approvals.service import queries, rounds
from bot.approvals.service.deadlines import end_incomplete, is_overdue
from bot.approvals.service.reach import say_if_unreachable
from bot.escalation import service as escalation
from bot.foundation.blocks import Markup, mention, moment, mrkdwn, quote
from bot.foundation.errors import Refusal
from bot.foundation.work import Lane, Work
from bot.people import rules as people_rules
from bot.people import service as people


def approve(work: Work, request_id: str, round: int, reason: str) -> str | None:  # noqa: A002 - the field's word for it
    """Say yes in one slot of a round. The last missing yes approves it, and what was asked for begins.

    Args:
        work: The actor votes; once per round.
        request_id: Which request.
        round: The round that the button belonged to.
        reason: At least three visible characters; kept and shown.

    Returns:
        None when the vote counts. When the round has ended meanwhile: what to tell the voter; the vote was recorded as
        late and has no effect.

    Raises:
        Refusal: for whoever may not, for a round that was asked anew, and without a reason (field `reason`).
    """
    return _answer(work, request_id, round, Choice.APPROVE, reason)


def reject(work: Work, request_id: str, round: int, reason: str) -> str | None:  # noqa: A002
    """Say no, which closes the round. Arguments, answer and refusals like `approve`."""
    return _answer(work, request_id, round, Choice.REJECT, reason)


def abstain(work: Work, request_id: str, round: int, reason: str) -> str | None:  # noqa: A002
    """Say neither yes nor no: others may decide in one's place, at once. Arguments, answer, refusals like `approve`."""
    return _answer(work, request_id, round, Choice.ABSTAIN, reason)


def withdraw(work: Work, request_id: str, round: int, reason: str) -> None:  # noqa: A002
    """Take an approval or an abstention back while the round is open; the slot waits again, for the same person, too.

    Raises:
        Refusal: for whoever has not answered, once it is decided, and without a reason (field `reason`).
    """
    request, vote = may_withdraw(work, request_id, round)
    said = rules.need_reason(reason)
    work.record(
        "approval.withdrawn", request.subject, why=said, on_behalf_of=vote.on_behalf_of, choice=vote.choice,
        **request.trail_facts,
    )  # fmt: skip
    work.session.delete(vote)
    work.session.flush()
    text = mrkdwn(
        "↩️ {who} takes the {what} back:\n{why}\n{called}: it waits for an answer again.",
        who=work.actor.name, what="approval" if vote.choice == Choice.APPROVE else "abstention", why=quote(said),
        called=rounds.call(work, queries.asked_now(work, request)) or "Nobody can answer now",
    )  # fmt: skip
    rounds.tell(work, request, text)
    rounds.refresh(work, request)


def may_withdraw(work: Work, request_id: str, round: int) -> tuple[Request, Vote]:  # noqa: A002
    """Return an open request and the actor's answer in its present round (Refusal: decided, or no answer there)."""
    request = _for_answer(work, request_id, round)
    if closed := why_closed(work, request):
        raise Refusal(f"{closed} Nothing can be taken back any more.")
    vote = work.session.get(Vote, (request.id, request.round, queries.standing_of(work).main(work.actor.id)))
    if vote is None:
        raise Refusal("You have not answered in this round, so there is nothing to take back.")
    return request, vote


def ask_information(work: Work, request_id: str, round: int, text: str) -> Question:  # noqa: A002
    """Ask the requester something before deciding. The round stays open, and its deadline stays as it is.

    Raises:
        Refusal: for whoever is no approver here, for a round that has ended, and without a question (field `text`).
    """
    request = _for_answer(work, request_id, round)
    closed = why_closed(work, request)
    if closed:
        raise Refusal(closed)
    _need_seat(work, request)
    said = rules.need_reason(text, "text")
    question = Question(
        id=work.new_id("ask"), request_id=request.id, round=round, person=work.actor.id, text=said, at=work.now
    )
    work.session.add(question)
    work.session.flush()
    work.record("approval.information_asked", request.subject, why=said, **request.trail_facts)
    rounds.tell(work, request, _question(work, request, said))
    rounds.refresh(work, request)
    return question


def may_answer(work: Work, request_id: str, round: int, choice: Choice | None) -> Request:  # noqa: A002
    """Return an open request to somebody who may answer it now (Refusal otherwise); None as choice: may ask."""
    request = _for_answer(work, request_id, round)
    closed = why_closed(work, request)
    if closed:
        raise Refusal(closed)
    if choice is None:
        _need_seat(work, request)
    else:
        _need_right(work, request, choice)
    return request


def _answer(work: Work, request_id: str, round_number: int, choice: Choice, reason: str) -> str | None:
    request = _for_answer(work, request_id, round_number)
    if request.state == RoundState.ASKED and is_overdue(work, request):
        end_incomplete(work, [request])
    closed = why_closed(work, request)
    _need_right(work, request, Choice.REJECT if closed else choice)
    said = rules.need_reason(reason)
    if closed:
        return _late(work, request, choice, said, closed)
    vote = _vote(work, request, choice, said)
    _AFTER[choice](work, request, vote)
    return None


def _for_answer(work: Work, request_id: str, round_number: int) -> Request:
    """Return the request, locked, to an active person who looks at its present round."""
    why = people.why_not_active(work, work.actor.id) if work.actor.kind == "person" else people_rules.BOT
    if why:
        raise Refusal(why)
    request = rounds.locked(work, request_id)
    if request.round != round_number:
        raise Refusal(
            f"This belongs to round {round_number}. It was asked anew since (round {request.round}), so nothing was "
            f"changed. Please answer on the card of {request.subject} as it stands now."
        )
    return request


def why_closed(work: Work, request: Request) -> str | None:
    """Say how a round ended; None while it is open."""
    when = rules.clock(request.decided_at or work.now, work.actor.zone)
    match RoundState(request.state):
        case RoundState.APPROVED:
            return f"This was approved already, at {when}: {request.outcome}."
        case RoundState.REJECTED:
            return f"This was rejected at {when}: {request.outcome}."
        case RoundState.VOID:
            return f"This is void since {when}. {request.outcome}"
        case RoundState.EXPIRED:
            return f"This expired at {when} without the approvals it needs. If it is still needed, ask for it again."
        case RoundState.ASKED:
            return (
                "This has just expired. If it is still needed, ask for it again." if is_overdue(work, request) else None
            )


def _need_right(work: Work, request: Request, choice: Choice) -> None:
    given, standing = queries.votes(work, request.id, request.round), queries.standing_of(work, work.actor.id)
    why = rules.why_not(work.actor.id, rules.round_of(request), given, standing, choice)
    if why:
        raise Refusal(why)


def _need_seat(work: Work, request: Request) -> None:
    """Refuse questions from those who are no approvers here; deputies may ask before they may decide."""
    round_, standing = rules.round_of(request), queries.standing_of(work, work.actor.id)
    why = rules.why_not(work.actor.id, round_, [], standing, Choice.REJECT)
    me = standing.main(work.actor.id)
    if why and (me == standing.main(request.requester) or not rules.seats_of(me, round_, standing)):
        raise Refusal(why)


def _vote(work: Work, request: Request, choice: Choice, reason: str) -> Vote:
    round_, standing = rules.round_of(request), queries.standing_of(work)
    given = queries.votes(work, request.id, request.round)
    me = standing.main(work.actor.id)  # the key of a vote: whatever account it came from, one human has one
    seat = rules.capacity(me, round_, given, standing, choice)
    vote = Vote(
        request_id=request.id, round=request.round, person=me, choice=choice,
        on_behalf_of=seat.on_behalf_of if seat else None, reason=reason, at=work.now,
    )  # fmt: skip
    if seat is None or not work.add_once(vote):
        raise Refusal("Your answer in this round is there already. Everybody answers once.")
    work.record(
        _RECORDED[choice],
        request.subject, why=reason, on_behalf_of=vote.on_behalf_of, policy=request.policy,
        **request.trail_facts, slot=round_.slots[seat.slot].name, person=me,
    )  # fmt: skip
    return vote


def _count(work: Work, request: Request, vote: Vote) -> None:
    tally = queries.tally(work, request)
    text = _voted(work, vote, tally)
    if not tally.is_complete:
        rounds.tell(
            work, request, mrkdwn("{text}\n{n} of {m} approvals.", text=text, n=tally.given, m=len(tally.lines))
        )
        rounds.refresh(work, request)
        return
    names = [queries.name_of(work, line.vote.person) for line in tally.lines if line.vote]
    _end(work, request, RoundState.APPROVED, f"by {' and '.join(names)}")
    payload = {**request.then_payload, "request": request.id, "round": request.round}
    work.enqueue(request.then, f"{request.then}:{request.id}:{request.round}", payload, lane=Lane.DECISION)
    done = mrkdwn("{text}\n*Approved*, by everybody who is needed. {who}", text=text, who=mention(request.requester))
    rounds.tell(work, request, done)


def _close_rejected(work: Work, request: Request, vote: Vote) -> None:
    _end(work, request, RoundState.REJECTED, f"by {work.actor.name}")
    text = mrkdwn(
        "{text}\n*Rejected*: {otherwise}. {who}",
        text=_voted(work, vote, queries.tally(work, request)),
        otherwise=queries.otherwise(work, request),
        who=mention(request.requester),
    )
    rounds.tell(work, request, text)


def _pass_on(work: Work, request: Request, vote: Vote) -> None:
    """Tell those who may decide in place of somebody who abstained; if nobody can, say that instead."""
    tally = queries.tally(work, request)
    called = rounds.call(work, queries.asked_now(work, request))
    text = mrkdwn("{text}\n{called}", text=_voted(work, vote, tally), called=mrkdwn("Asked now: {c}.", c=called))
    rounds.tell(work, request, text if called else _voted(work, vote, tally))
    rounds.refresh(work, request)
    say_if_unreachable(work, request)


def _end(work: Work, request: Request, state: RoundState, outcome: str) -> None:
    if not rounds.finish(work, request, state, outcome):
        raise Refusal("Somebody else was first, and your answer was not needed. Look at the card as it stands now.")
    work.record(f"approval.round_{state}", request.subject, why=outcome, **request.trail_facts)
    escalation.decision_made(work, request.subject, f"{request.summary}: {state} {outcome}")


def _late(work: Work, request: Request, choice: Choice, reason: str, closed: str) -> str:
    work.record(
        "approval.answered_late", request.subject, why=reason, choice=str(choice), state=request.state,
        **request.trail_facts,
    )  # fmt: skip
    return f"{closed} Your answer was recorded as late and changes nothing."


def _voted(work: Work, vote: Vote, tally: rules.Tally) -> Markup:
    slot = next((line.slot for line in tally.lines if line.vote and line.vote.person == vote.person), None)
    holder = mrkdwn(" for {holder}", holder=queries.name_of(work, vote.on_behalf_of)) if vote.on_behalf_of else ""
    return mrkdwn(
        "{sign} {who}{holder} {verb}{title}:\n{why}",
        sign=_SIGNS[Choice(vote.choice)],
        who=work.actor.name,
        holder=holder,
        verb=_VERBS[Choice(vote.choice)],
        title=f" as {slot.title}" if slot else "",
        why=quote(vote.reason),
    )


def _question(work: Work, request: Request, said: str) -> Markup:
    return mrkdwn(
        "❓ {who} asks {requester} before deciding:\n{said}\n"
        "Please answer here. The request stays open until {expires}.",
        who=work.actor.name,
        requester=mention(request.requester),
        said=quote(said),
        expires=moment(request.expires_at or work.now),
    )


_AFTER = {Choice.APPROVE: _count, Choice.REJECT: _close_rejected, Choice.ABSTAIN: _pass_on}
_RECORDED = {
    Choice.APPROVE: "approval.approved",
    Choice.REJECT: "approval.rejected",
    Choice.ABSTAIN: "approval.abstained",
}
_SIGNS = {Choice.APPROVE: "✅", Choice.REJECT: "⛔", Choice.ABSTAIN: "➖"}
_VERBS = {Choice.APPROVE: "approved", Choice.REJECT: "rejected", Choice.ABSTAIN: "abstains"}
