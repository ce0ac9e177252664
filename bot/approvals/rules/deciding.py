"""May this person decide, is the quorum complete, and could it still be? Pure.

`why_not` is the one answer to “may they?”: a click, the list under “Waiting for you” and `backout who` all ask it.
Whichever of their accounts somebody asks or answers with, they are the one person of their main account.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from bot.approvals.models import Choice, Relation, Vote
from bot.approvals.rules.facts import Asked, Line, Round, Seat, Standing, Tally, clock_of
from bot.approvals.rules.matching import match
from bot.approvals.rules.matrix import Deputy, Slot, as_of_now
from bot.foundation.errors import Refusal
from bot.people import rules as people

SHORTEST_REASON = 3


def why_not(
    person: str, round_: Round, votes: Sequence[Vote], standing: Standing, choice: Choice = Choice.APPROVE
) -> str | None:
    """Say why somebody may not answer in an open round with this choice; None if they may."""
    why = _why_never(person, round_, standing)
    if why:
        return why
    person = standing.main(person)
    if any(vote.person == person for vote in votes):
        rest = "answered in this round already"
        return standing.say(
            person, f"{{name}} has {rest}.", f"You have {rest}. To answer differently, withdraw that answer first."
        )
    seats = seats_of(person, round_, standing)
    if not seats:
        return _why_no_seat(person, round_, standing)
    if capacity(person, round_, votes, standing, choice):
        return None
    too_early = [why_too_early(seat, person, round_, votes, standing) for seat in seats]
    return next((why for why in too_early if why), None) or _why_filled(seats, round_, votes, standing)


def capacity(
    person: str, round_: Round, votes: Sequence[Vote], standing: Standing, choice: Choice = Choice.APPROVE
) -> Seat | None:
    """Return the seat in which somebody answers: their own before a deputy's, and so that the quorum stays possible.

    None if no seat is open to them now. Ask `why_not` first: this looks at seats only.
    """
    person = standing.main(person)
    every = seats_of(person, round_, standing)
    seats = [seat for seat in every if not why_too_early(seat, person, round_, votes, standing)]
    if choice != Choice.APPROVE:
        return seats[0] if seats else None
    filled = len(_filled(round_, votes, standing))
    open_to_them = []
    for seat in seats:
        trial = [*votes, _trial(person, seat, standing)]
        if len(_filled(round_, trial, standing)) > filled:
            open_to_them.append((not completable(round_, trial, standing), seat))
    return min(open_to_them, key=lambda ranked: ranked[0])[1] if open_to_them else None


def why_not_in(seat: Seat, person: str, round_: Round, votes: Sequence[Vote], standing: Standing) -> str | None:
    """Say why somebody may not approve in this seat now; None if they may. In one of theirs exactly if `why_not`."""
    every = why_not(person, round_, votes, standing)
    if _why_never(person, round_, standing) or any(vote.person == person for vote in votes):
        return every
    early = why_too_early(seat, person, round_, votes, standing)
    if early:
        return early
    trial = [*votes, _trial(person, seat, standing)]
    if len(_filled(round_, trial, standing)) > len(_filled(round_, votes, standing)):
        return None
    return _why_filled([seat], round_, votes, standing)


def seats_of(person: str, round_: Round, standing: Standing | None) -> list[Seat]:
    """Return every way in which somebody could fill a slot, own seats first: pinned ∩ current, whatever the time.

    Without a standing (a round that has ended): as it was pinned.
    """
    now = _as_of_now(round_, standing) if standing else round_.slots
    pairs = list(enumerate(zip(round_.slots, now, strict=True)))
    own = [Seat(place) for place, (slot, current) in pairs if person in slot.people and person in current.people]
    deputy = [
        Seat(place, holder)
        for place, (slot, current) in pairs
        if Seat(place) not in own
        for holder in slot.people
        if holder in current.people
        and Deputy(person, holder) in slot.deputies
        and Deputy(person, holder) in current.deputies
    ]
    return own + deputy


def why_too_early(seat: Seat, person: str, round_: Round, votes: Sequence[Vote], standing: Standing) -> str | None:
    """Say from when on a deputy may use a seat; None if they may now, and for holders always."""
    holder = seat.on_behalf_of
    if holder is None or standing.now >= round_.deputies_from or _why_never(holder, round_, standing):
        return None
    if any(vote.person == holder and vote.choice == Choice.ABSTAIN for vote in votes):
        return None
    minutes, name = round((round_.deputies_from - round_.asked_at).total_seconds() / 60), standing.name(holder)
    rest = (
        f"may decide in place of {name} {minutes} minutes after it was asked "
        f"({clock_of(round_.deputies_from, person, standing.directory)}), or sooner if {name} cannot."
    )
    return standing.say(person, f"{{name}} {rest}", f"You {rest}")


def counts(vote: Vote, round_: Round, standing: Standing) -> bool:
    """Does an approval still count: its voter active, still holder or deputy as when they voted, and not too old?"""
    return bool(_edges(vote, round_, standing))


def tally(round_: Round, votes: Sequence[Vote], standing: Standing | None) -> Tally:
    """Return which slot is filled by whom. Without a standing (a round that has ended): as it was pinned."""
    filled = _filled(round_, votes, standing)
    lines = tuple(Line(slot, filled.get(place)) for place, slot in enumerate(round_.slots))
    rejection = next((vote for vote in votes if vote.choice == Choice.REJECT), None)
    return Tally(lines, rejection, tuple(vote for vote in votes if vote.choice == Choice.ABSTAIN))


def is_stale(vote: Vote, round_: Round, now: datetime) -> bool:
    """Was an approval given so long ago that it allows nothing any more?"""
    return round_.valid_for is not None and vote.at + round_.valid_for <= now


def asked(round_: Round, votes: Sequence[Vote], standing: Standing) -> list[Asked]:
    """Return who may approve now for the slots that are still open, each person once per slot, in their order."""
    filled = _filled(round_, votes, standing)
    return [
        Asked(person, slot, seat.on_behalf_of)
        for place, slot in enumerate(round_.slots)
        if place not in filled
        for person in _named(slot)
        if why_not(person, round_, votes, standing) is None
        for seat in seats_of(person, round_, standing)
        if seat.slot == place and not why_too_early(seat, person, round_, votes, standing)
    ]


def carried(before: Round, after: Round, votes: Sequence[Vote], standing: Standing, until: datetime) -> list[Vote]:
    """Return the approvals of a round that stay valid in the next: those in slots that both have.

    None when nothing would be left to ask (a change of severity alone never completes a quorum), when the rest could
    not be given any more, and none that would lapse before `until`, the end of the next round.
    """
    given = [vote for vote in _approvals(votes) if counts(vote, before, standing) and not is_stale(vote, after, until)]
    edges = []
    for vote in given:
        names = {before.slots[place].name for place in _edges(vote, before, standing)}
        edges.append([place for place in _edges(vote, after, standing) if after.slots[place].name in names])
    kept = [given[voter] for voter in match(edges).values()]
    return kept if len(kept) < len(after.slots) and completable(after, kept, standing) else []


def completable(round_: Round, votes: Sequence[Vote], standing: Standing) -> bool:
    """Could the quorum still be reached, with the votes that count and everybody who may answer now or later?"""
    return not unfilled(round_, votes, standing)


def unfilled(round_: Round, votes: Sequence[Vote], standing: Standing) -> list[Slot]:
    """Return the slots that would stay open if everybody who may answer, now or later, approved."""
    edges = [_edges(vote, round_, standing) for vote in _approvals(votes)]
    answered = {vote.person for vote in votes}
    edges += [
        [seat.slot for seat in seats_of(person, round_, standing)]
        for person in dict.fromkeys(person for slot in round_.slots for person in _named(slot))
        if person not in answered and not _why_never(person, round_, standing)
    ]
    matched = match(edges)
    return [slot for place, slot in enumerate(round_.slots) if place not in matched]


def why_unreachable(round_: Round, standing: Standing, votes: Sequence[Vote] = ()) -> str | None:
    """Say which approvals nobody can give, and why not those who would be needed; None if all can be given."""
    missing = unfilled(round_, votes, standing)
    if not missing:
        return None
    return " ".join(f"Nobody can approve as {slot.title}: {_why_nobody(slot, round_, standing)}." for slot in missing)


def concerned(round_: Round) -> list[str]:
    """Return whose picture a change to a round changes, by Slack id: the requester, approvers and deputies."""
    people_ = [person for slot in round_.slots for person in _named(slot)]
    return list(dict.fromkeys([*([round_.requester] if round_.requester else []), *people_]))


def need_reason(reason: str, field: str = "reason") -> str:
    """Return a reason as it is kept (Refusal under its field below three characters that can be seen)."""
    said = reason.strip()
    if len("".join(said.split())) < SHORTEST_REASON:
        raise Refusal("Please write at least a few words: they are kept with your name, and shown.", field=field)
    return said


def short(plan_digest: str) -> str:
    """Return the part of a digest that people compare: its first 12 hex digits."""
    return plan_digest.removeprefix("sha256:")[:12]


def _filled(round_: Round, votes: Sequence[Vote], standing: Standing | None) -> dict[int, Vote]:
    approvals = _approvals(votes)
    matched = match([_edges(vote, round_, standing) for vote in approvals])
    return {slot: approvals[voter] for slot, voter in matched.items()}


def _approvals(votes: Sequence[Vote]) -> list[Vote]:
    return [vote for vote in votes if vote.choice == Choice.APPROVE]


def _edges(vote: Vote, round_: Round, standing: Standing | None) -> list[int]:
    """Return the slots that a vote could fill, in the capacity in which it was given."""
    if standing is not None and (_why_never(vote.person, round_, standing) or is_stale(vote, round_, standing.now)):
        return []
    seats = seats_of(vote.person, round_, standing)
    return [seat.slot for seat in seats if seat.on_behalf_of == vote.on_behalf_of]


def _trial(person: str, seat: Seat, standing: Standing) -> Vote:
    return Vote(
        request_id="", round=0, person=person, choice=Choice.APPROVE, on_behalf_of=seat.on_behalf_of, reason="",
        at=standing.now,
    )  # fmt: skip


def _why_never(person: str, round_: Round, standing: Standing) -> str | None:
    """Say why somebody can decide nothing in this round, in whatever seat."""
    if people.person_by_slack(standing.directory, person) is None:
        return "Only people in Backout's directory can decide. Ask an admin to add this account to config/people.yaml."
    if not standing.is_active(person):
        rest = "Slack account is not an active member's"
        return standing.say(
            person,
            f"{{name}}'s {rest}, so {{name}} can decide nothing now.",
            f"Your {rest}, so you can decide nothing now.",
        )
    return _why_apart(person, round_, standing)


def _why_apart(person: str, round_: Round, standing: Standing) -> str | None:
    """Say what somebody did, with whichever account, that keeps them from deciding; None for nothing."""
    done = _acted(person, round_, standing)
    if done is None:
        return None
    what, account = done
    end = ", so somebody else has to decide."
    if account in (person, standing.reader):
        return standing.say(person, f"{{name}} {what}{end}", f"You {what}{end}")
    return standing.say(
        person, f"{{name}} {what} with their other account{end}", f"You {what} with your other account{end}"
    )


def _acted(person: str, round_: Round, standing: Standing) -> tuple[str, str] | None:
    """Return what somebody did about what is to be decided, and with which of their accounts; None for nothing."""
    requester = [("asked for this", round_.requester)] if round_.requester else []
    others = [(_EXCLUDED[relation], account) for account, relation in round_.excluded.items()]
    me = standing.main(person)
    mine = [(what, account) for what, account in [*requester, *others] if standing.main(account) == me]
    return next((one for one in mine if one[1] == person), mine[0] if mine else None)


_EXCLUDED = {
    Relation.PLAN_AUTHOR: "prepared what is to be approved",
    Relation.EXECUTOR: "would carry out what is to be approved",
}


def _why_no_seat(person: str, round_: Round, standing: Standing) -> str:
    if seats_of(person, round_, None):
        rest = "an approver when this was asked, but not any more."
        return standing.say(person, f"{{name}} was {rest}", f"You were {rest}")
    if any(person in _named(slot) for slot in _as_of_now(round_, standing)):
        return standing.say(
            person,
            "{name} became an approver only after this was asked. It has to be asked again to include {name}.",
            "You became an approver only after this was asked. It has to be asked again to include you.",
        )
    needed = "; ".join(f"{slot.title} ({_names(slot.people, standing)})" for slot in round_.slots)
    rest = f"not an approver here. Approvals are needed from: {needed}."
    return standing.say(person, f"{{name}} is {rest}", f"You are {rest}")


def _why_filled(seats: Sequence[Seat], round_: Round, votes: Sequence[Vote], standing: Standing) -> str:
    filled = _filled(round_, votes, standing)
    given = dict.fromkeys(
        f"{standing.name(vote.person)} has approved as {round_.slots[seat.slot].title}"
        for seat in seats
        if (vote := filled.get(seat.slot))
    )
    return f"{' and '.join(given)}, and that is all that is needed there."


def _why_nobody(slot: Slot, round_: Round, standing: Standing) -> str:
    named = list(_named(slot))
    if not named:
        return "nobody holds this role"
    return "; ".join(_why_not_this_one(person, round_, standing) for person in named)


def _why_not_this_one(person: str, round_: Round, standing: Standing) -> str:
    name = standing.name(person)
    if done := _acted(person, round_, standing):
        return f"{name} {done[0]}"
    if not standing.is_active(person):
        return f"{name}'s Slack account is not active"
    if not seats_of(person, round_, standing):
        return f"{name} does not hold this role now"
    return f"{name} is needed for another approval"


def _named(slot: Slot) -> Iterator[str]:
    yield from dict.fromkeys((*slot.people, *(deputy.person for deputy in slot.deputies)))


def _names(user_ids: Sequence[str], standing: Standing) -> str:
    return " or ".join(standing.name(user_id) for user_id in user_ids) or "nobody holds this role"


def _as_of_now(round_: Round, standing: Standing) -> tuple[Slot, ...]:
    return tuple(as_of_now(standing.directory, slot, round_.system, standing.now) for slot in round_.slots)
