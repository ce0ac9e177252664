"""What is asked about requests and their rounds."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, String, cast
from sqlmodel import and_, col, func, select

from bot.approvals import rules
from bot.approvals.models import Cell, Consultation, Matrix, Question, Request, RoundState, Vote
from bot.foundation.errors import Refusal
from bot.foundation.work import Reading, pinned
from bot.people import rules as people_rules
from bot.people import service as people
from bot.people.models import Directory

AT_ONCE = 500
"""So many keys one question may name."""
_NEWEST_FIRST = col(Request.number).desc()


def request_of(reading: Reading, request_id: str) -> Request:
    """Return a request (Refusal if there is none)."""
    request = reading.session.get(Request, request_id)
    if request is None:
        raise Refusal("This request does not exist any more. Look at the incident's card as it stands now.")
    return request


def open_request(reading: Reading, subject: str) -> Request | None:
    """Return what is being decided about an incident now; None if nothing is."""
    query = select(Request).where(Request.subject == subject, Request.state == RoundState.ASKED)
    return reading.session.exec(query.order_by(_NEWEST_FIRST)).first()


def latest(reading: Reading, subject: str) -> Request | None:
    """Return the newest request about an incident, decided or not."""
    return reading.session.exec(select(Request).where(Request.subject == subject).order_by(_NEWEST_FIRST)).first()


def votes(reading: Reading, request_id: str, round: int) -> list[Vote]:  # noqa: A002 - the field's word for it
    """Return the answers of one round, in the order in which they were given."""
    query = select(Vote).where(Vote.request_id == request_id, Vote.round == round)
    return list(reading.session.exec(query.order_by(col(Vote.at), col(Vote.person))))


def votes_in(reading: Reading, requests: Collection[Request]) -> dict[str, list[Vote]]:
    """Return the answers of the present round of each of these requests, by its id, in the order they were given."""
    query = select(Vote).join(Request, and_(col(Request.id) == col(Vote.request_id), Request.round == Vote.round))
    found: dict[str, list[Vote]] = {request.id: [] for request in requests}
    ids = list(found)
    for start in range(0, len(ids), AT_ONCE):
        mine = col(Vote.request_id).in_(ids[start : start + AT_ONCE])
        for vote in reading.session.exec(query.where(mine).order_by(col(Vote.at), col(Vote.person))):
            found[vote.request_id].append(vote)
    return found


def questions(reading: Reading, request: Request) -> list[Question]:
    """Return what approvers wanted to know in this round, oldest first."""
    query = select(Question).where(Question.request_id == request.id, Question.round == request.round)
    return list(reading.session.exec(query.order_by(col(Question.at), col(Question.id))))


def consultations(reading: Reading, request: Request) -> list[Consultation]:
    """Return who was consulted about a request and what they answered, in the order in which they were asked."""
    query = select(Consultation).where(Consultation.request_id == request.id)
    return list(reading.session.exec(query.order_by(col(Consultation.asked_at), col(Consultation.role))))


def awaited(reading: Reading, request: Request, role: str) -> Consultation | None:
    """Return what a role was asked about a request, while an answer would still be of use; else None."""
    asked = reading.session.get(Consultation, (request.id, role))
    return asked if asked and request.state == RoundState.ASKED and asked.answered_by is None else None


def tally(reading: Reading, request: Request) -> rules.Tally:
    """Return which approval was given by whom. While it is open, only answers that still count are in it."""
    standing = standing_of(reading) if request.state == RoundState.ASKED else None
    return rules.tally(rules.round_of(request), votes(reading, request.id, request.round), standing)


def still_approved(reading: Reading, request_id: str, round: int, plan_digest: str) -> str | None:  # noqa: A002
    """Say why a plan may not be carried out (a clause, to stand after a colon); None if it is approved as it is now.

    Everything is looked at again: the round, the plan, and whether those who approved it still may.
    """
    request = reading.session.get(Request, request_id)
    if request is None:
        return "there is no such request for approval"
    if request.round != round:
        return f"this was round {round}, and round {request.round} has been asked since"
    if request.state != RoundState.APPROVED:
        return f"the request is {_STATES[RoundState(request.state)]}"
    if request.plan_digest != plan_digest:
        return "the plan is not the one that was approved"
    return _why_not_complete(reading, request)


def standing_of(reading: Reading, reader: str | None = None) -> rules.Standing:
    """Return who people are at this moment, by the directory and by what Slack says about their accounts."""
    return rules.Standing(people.directory_now(reading), reading.now, people.everybody_active(reading), reader)


def waiting_for(reading: Reading, person: str) -> list[Request]:
    """Return the requests that this person may decide now, the one that expires first in front."""
    return [request for request, _seat in seats_of(reading, person)]


def seats_of(reading: Reading, person: str, among: int | None = None) -> list[tuple[Request, rules.Asked]]:
    """Return what this person may decide now and in which slot, the one that expires first in front.

    Asks as often for a thousand open requests as for one. With `among` it looks at so many at most of those that name
    them: the first to expire.
    """
    standing = standing_of(reading)
    query = select(Request).where(*_names(standing.main(person))).order_by(col(Request.expires_at), _NEWEST_FIRST)
    found = reading.session.exec(query.limit(among)).all()
    given = votes_in(reading, found)
    seats = ((one, _seat(reading, one, person, given[one.id], standing)) for one in found)
    return [(request, seat) for request, seat in seats if seat]


def count_naming(reading: Reading, person: str) -> int:
    """Return how many open requests name this person, as holder or deputy, whether or not they may decide them now."""
    named = _names(reading.config[Directory].main_account(person))
    return reading.session.exec(select(func.count()).select_from(Request).where(*named)).one()


def _names(person: str) -> tuple[ColumnElement[bool], ...]:
    is_named = cast(col(Request.slots), String).contains(f'"{person}"')
    return col(Request.state) == RoundState.ASKED, is_named


def seat_of(reading: Reading, request: Request, person: str) -> rules.Asked | None:
    """Return in which slot, and for whom, somebody may approve an open request now; None if they may not."""
    return _seat(reading, request, person, votes(reading, request.id, request.round), standing_of(reading))


def _seat(
    reading: Reading, request: Request, person: str, given: list[Vote], standing: rules.Standing
) -> rules.Asked | None:
    if request.state != RoundState.ASKED or (request.expires_at and request.expires_at <= reading.now):
        return None
    round_ = rules.round_of(request)
    if rules.why_not(person, round_, given, standing):
        return None
    seat = rules.capacity(person, round_, given, standing)
    return rules.Asked(person, round_.slots[seat.slot], seat.on_behalf_of) if seat else None


def asked_now(reading: Reading, request: Request) -> list[rules.Asked]:
    """Return who may approve now in the slots of an open request that nobody has filled."""
    given = votes(reading, request.id, request.round)
    return rules.asked(rules.round_of(request), given, standing_of(reading))


def names(reading: Reading, request: Request) -> dict[str, str]:
    """Return what everybody concerned with a request is called, by Slack id."""
    return {person: name_of(reading, person) for person in rules.concerned(rules.round_of(request))}


def cell_of(reading: Reading, request: Request) -> Cell:
    """Return what the matrix that was pinned says about a request's present round."""
    situation = rules.Situation(request.severity, request.tags, request.share_of_users)
    return rules.cell(pinned(reading, Matrix, request.policy), request.activity, situation)


def decided_lately(reading: Reading, at_most: int) -> list[Request]:
    """Return the requests that ended last, whatever came of them, the newest first."""
    query = select(Request).where(col(Request.decided_at).is_not(None))
    return list(reading.session.exec(query.order_by(col(Request.decided_at).desc()).limit(at_most)))


def who(reading: Reading, request: Request, reader: str | None = None) -> list[rules.Row]:
    """Return for everybody whether they may approve in a request's present round now, and why not."""
    given = votes(reading, request.id, request.round)
    return rules.explain_round(rules.round_of(request), given, standing_of(reading, reader))


def who_could(
    reading: Reading, activity: str, system: str, situation: rules.Situation, requester: str | None
) -> list[rules.Row]:
    """Return for everybody whether they could approve if somebody asked now, and why not (Refusal: `rules.cell`)."""
    standing = standing_of(reading)
    return rules.explain(
        reading.config[Matrix], standing.directory, system, situation, activity, reading.now, standing.active, requester
    )


def otherwise(reading: Reading, request: Request) -> str:
    """Return what is said to happen without approval, in the words of the matrix that was pinned."""
    return pinned(reading, Matrix, request.policy).activities[request.activity].otherwise


def quorum_of(reading: Reading, activity: str, situation: rules.Situation) -> list[str]:
    """Return the titles of the approvals that today's matrix asks for (Refusal for what it does not know)."""
    quorum = rules.quorum(reading.config[Matrix], activity, situation)
    return [slot.title for slot in rules.slots_for(reading.config[Directory], quorum, "", reading.now)]


def name_of(reading: Reading, user_id: str) -> str:
    """Return what people call an account; other requesters than people by their own name."""
    return people_rules.name_of(reading.config[Directory], user_id)


def _why_not_complete(reading: Reading, request: Request) -> str | None:
    round_, standing = rules.round_of(request), standing_of(reading)
    given = votes(reading, request.id, request.round)
    if rules.tally(round_, given, standing).is_complete:
        return None
    if stale := [vote for vote in given if rules.is_stale(vote, round_, standing.now)]:
        who = " and ".join(standing.name(vote.person) for vote in stale)
        return f"{who} approved it too long ago (config/raci.yaml, valid_for), so it has to be asked again"
    lost = [vote.person for vote in given if not rules.counts(vote, round_, standing)]
    who = " and ".join(standing.name(person) for person in lost)
    return f"{who or 'somebody'} approved it but may not any more, so an approval is missing"


_STATES = {
    RoundState.ASKED: "not decided yet",
    RoundState.APPROVED: "approved",
    RoundState.REJECTED: "rejected",
    RoundState.VOID: "void",
    RoundState.EXPIRED: "expired",
}
