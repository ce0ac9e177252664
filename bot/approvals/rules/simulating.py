"""Votes played against the policy, without a database: for `backout simulate`. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.approvals.models import Cell, Choice, Relation, Vote
from bot.approvals.rules.deciding import capacity, tally, why_not, why_unreachable
from bot.approvals.rules.facts import Round, Standing
from bot.approvals.rules.matrix import slots_for
from bot.people.models import Directory


@dataclass(frozen=True)
class Ballot:
    """What somebody (Slack id) answers, and how many minutes after it was asked."""

    person: str
    choice: Choice = Choice.APPROVE
    minutes: int = 0


@dataclass(frozen=True)
class Played:
    """One answer and what became of it. `counts`: it had an effect."""

    minutes: int
    counts: bool
    says: str

    def __str__(self) -> str:
        return f"{self.minutes:>5} min  {'yes' if self.counts else 'no ':3}  {self.says}"


@dataclass(frozen=True)
class Outcome:
    """How a round ended: `approved`, `rejected`, `expired` or `impossible`, in words, after these answers."""

    state: str
    says: str
    played: list[Played] = field(default_factory=list)


def play(
    cell: Cell,
    directory: Directory,
    system: str,
    requester: str | None,
    ballots: Sequence[Ballot],
    now: datetime,
    otherwise: str = "nothing is done",
) -> Outcome:
    """Play answers in the order of their time; whoever does not answer in time has not answered.

    Args:
        cell: Whose approvals are needed, and by when.
        directory: Who holds the roles.
        system: For which system.
        requester: Slack id of who asks; None: somebody who decides nothing here.
        ballots: The answers.
        now: When it is asked.
        otherwise: What is said to happen without approval.
    """
    slots = slots_for(directory, cell.quorum, system, now)
    excluded = {requester: Relation.PLAN_AUTHOR} if requester and Relation.PLAN_AUTHOR in cell.excludes else {}
    round_ = Round(system, slots, requester, now, now + cell.deputies_after, excluded, cell.valid_for)
    if not slots:
        return Outcome("impossible", "Nobody's approval is needed here, so nobody can be asked for one.")
    why = why_unreachable(round_, Standing(directory, now))
    if why:
        return Outcome("impossible", f"It cannot be asked like that. {why}")
    return _Game(round_, directory, cell.expires_after, otherwise).play(ballots)


@dataclass
class _Game:
    round_: Round
    directory: Directory
    expires_after: timedelta
    otherwise: str
    votes: list[Vote] = field(default_factory=list)
    played: list[Played] = field(default_factory=list)
    ended: Outcome | None = None

    def play(self, ballots: Sequence[Ballot]) -> Outcome:
        for ballot in sorted(ballots, key=lambda one: one.minutes):
            self.played.append(self._answer(ballot))
        ended = self.ended or Outcome("expired", f"Expired: {self._missing()} missing, so {self.otherwise}.")
        return Outcome(ended.state, ended.says, self.played)

    def _answer(self, ballot: Ballot) -> Played:
        standing = self._standing(ballot.minutes)
        name = standing.name(ballot.person)
        if self.ended or timedelta(minutes=ballot.minutes) >= self.expires_after:
            state = self.ended.state if self.ended else "expired"
            return Played(ballot.minutes, counts=False, says=f"{name} comes too late: it is {state} already.")
        why = why_not(ballot.person, self.round_, self.votes, standing, ballot.choice)
        if why:
            return Played(ballot.minutes, counts=False, says=why)
        return Played(ballot.minutes, counts=True, says=self._count(ballot, standing))

    def _count(self, ballot: Ballot, standing: Standing) -> str:
        seat = capacity(ballot.person, self.round_, self.votes, standing, ballot.choice)
        holder = seat.on_behalf_of if seat else None
        self.votes.append(
            Vote(
                request_id="", round=1, person=standing.main(ballot.person), choice=ballot.choice,
                on_behalf_of=holder, reason="", at=standing.now,
            )
        )  # fmt: skip
        found = tally(self.round_, self.votes, standing)
        slot = f" as {self.round_.slots[seat.slot].title}" if seat else ""
        deputy = f", as deputy for {standing.name(holder)}" if holder else ""
        who = standing.name(ballot.person)
        said = f"{who} {_VERBS[ballot.choice]}{slot}{deputy}: {found.given} of {len(found.lines)}."
        if found.rejection:
            self.ended = Outcome("rejected", f"Rejected after {ballot.minutes} minutes, so {self.otherwise}.")
        elif found.is_complete:
            self.ended = Outcome("approved", f"Approved after {ballot.minutes} minutes, and what was asked begins.")
        return said

    def _missing(self) -> str:
        minutes = int(self.expires_after.total_seconds()) // 60
        lines = tally(self.round_, self.votes, self._standing(minutes)).lines
        names = " and ".join(line.slot.title for line in lines if line.vote is None)
        return f"after {minutes} minutes {names or 'nothing'} is"

    def _standing(self, minutes: int) -> Standing:
        return Standing(self.directory, self.round_.asked_at + timedelta(minutes=minutes))


_VERBS = {Choice.APPROVE: "approves", Choice.REJECT: "rejects", Choice.ABSTAIN: "abstains"}
