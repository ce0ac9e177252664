"""Votes in any order, by anybody, while accounts and roles change: what must never happen never does.

A few short stories in every run; `make soak` tells many long ones.
"""

import shutil
import tempfile
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bot.approvals import rules, service
from bot.approvals.models import Choice, Matrix, Request, Vote
from bot.foundation.errors import Refusal
from bot.foundation.work import Reading
from tests.approvals.committee import PLAN, Committee, committee, config, slack
from tests.support.soak import SOAKING

STORIES, STEPS = (100, 20) if SOAKING else (6, 8)
pytestmark = pytest.mark.timeout(1_200 if SOAKING else 120)
VERBS = {Choice.APPROVE: service.approve, Choice.REJECT: service.reject, Choice.ABSTAIN: service.abstain}
KEYS = ("tom", "pri", "ann", "leo", "gra", "sam", "ines", "may", "zoe")
CHANGES: tuple[dict[str, list[str]], ...] = (
    {},
    {"engineering": ["tom", "zoe"]},
    {"product": ["tom"]},
    {"engineering": ["pri"]},
)
people = st.sampled_from(KEYS)
VOTERS = ("requester", "tom", "ann", "pri", "leo", "gra", "sam", "zoe")
voters = st.sampled_from(VOTERS)
askers = st.sampled_from(("may", "tom", "ann", "gra"))


class Rounds(RuleBasedStateMachine):
    """One request after another about one incident."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp())
        self.committee: Committee = committee(self.directory)
        self.request: Request | None = None
        self.away: set[str] = set()

    def teardown(self) -> None:
        self.committee.store.close()
        shutil.rmtree(self.directory)

    @initialize(by=askers, severity=st.sampled_from(rules.SEVERITIES), changes=st.sampled_from(CHANGES))
    def ask(self, by: str, severity: str, changes: dict[str, list[str]]) -> None:
        self.committee.store.config = config(**changes)
        self._ask(by, severity)

    @rule(by=askers, severity=st.sampled_from(rules.SEVERITIES))
    def ask_again(self, by: str, severity: str) -> None:
        self._ask(by, severity)

    @rule(who=voters, choice=st.sampled_from([*3 * [Choice.APPROVE], Choice.REJECT, Choice.ABSTAIN]))
    def answer(self, who: str, choice: Choice) -> None:
        """The answer counts exactly when `why_not` says so beforehand."""
        if self.request is None:
            return
        before = self.committee.now(self.request)
        who = before.requester.removeprefix("U0").lower() if who == "requester" else who
        votes = self.committee.votes(self.request)
        standing = self.committee.reads(service.standing_of)
        may = rules.why_not(slack(who), rules.round_of(before), votes, standing, choice) is None
        is_open = before.state == "asked" and before.expires_at is not None and before.expires_at > standing.now
        verb = VERBS[choice]
        try:
            late = self.committee.does(who, verb, before.id, before.round, "It has to be.")
        except Refusal:
            counted = False
        else:
            counted = late is None
        assert counted == (may and is_open)
        assert len(self.committee.votes(self.request)) == len(votes) + counted

    @rule(who=voters)
    def take_back(self, who: str) -> None:
        """An answer can be taken back exactly while its round is open."""
        if self.request is None:
            return
        before, votes = self.committee.now(self.request), self.committee.votes(self.request)
        now = self.committee.reads(lambda reading: reading.now)
        answered = slack(who) in {vote.person for vote in votes} and who not in self.away
        is_open = before.state == "asked" and before.expires_at is not None and before.expires_at > now
        try:
            self.committee.does(who, service.withdraw, before.id, before.round, "It was a mistake.")
        except Refusal:
            assert not (answered and is_open)
        else:
            assert answered
            assert is_open
            assert len(self.committee.votes(self.request)) == len(votes) - 1

    @rule(order=st.permutations(VOTERS))
    def everybody_approves(self, order: list[str]) -> None:
        """After each single answer nothing may have begun too early."""
        for who in order:
            self.answer(who, Choice.APPROVE)
            self.nothing_begins_without_distinct_people_in_every_slot()

    @rule(minutes=st.sampled_from([1, 9, 10, 45]))
    def time_passes(self, minutes: int) -> None:
        self.committee.clock.pass_time(minutes=minutes)
        self.committee.does("backout", service.expire)
        self.committee.does("backout", service.call_deputies)

    @rule(who=people)
    def account_changes(self, who: str) -> None:
        self.committee.deactivate(who, deleted=who not in self.away)
        self.away ^= {who}

    @rule(changes=st.sampled_from(CHANGES))
    def roles_change(self, changes: dict[str, list[str]]) -> None:
        self.committee.store.config = config(**changes)

    @rule(severity=st.sampled_from(rules.SEVERITIES))
    def severity_changes(self, severity: str) -> None:
        self.committee.does("backout", service.severity_changed, "INC-1", severity)

    @invariant()
    def nothing_begins_without_distinct_people_in_every_slot(self) -> None:
        if self.request is None:
            return
        request = self.committee.now(self.request)
        steps = self.committee.outbox(f"rollback.start:{request.id}:")
        assert len(steps) == (request.state == "approved")
        votes = self.committee.votes(request)
        assert len({vote.person for vote in votes}) == len(votes)
        assert request.requester not in {vote.person for vote in votes}
        if request.state == "approved":
            given = [vote for vote in votes if vote.choice == Choice.APPROVE]
            assert all(vote.choice != Choice.REJECT for vote in votes)
            assert any(
                all(_fits(slot, vote) for slot, vote in zip(request.slots, order, strict=True))
                for order in permutations(given, len(request.slots))
            )
        else:
            why = self.committee.reads(service.still_approved, request.id, request.round, PLAN)
            assert why is not None

    @invariant()
    def whoever_is_listed_as_waited_for_may_answer(self) -> None:
        if self.request is None:
            return
        listed = self.committee.reads(_who_is_waited_for)
        request, votes = self.committee.now(self.request), self.committee.votes(self.request)
        standing = self.committee.reads(service.standing_of)
        may = [slack(key) for key in KEYS if not rules.why_not(slack(key), rules.round_of(request), votes, standing)]
        is_open = request.state == "asked" and request.expires_at is not None and request.expires_at > standing.now
        assert listed == (may if is_open else [])

    def _ask(self, by: str, severity: str) -> None:
        try:
            self.request = self.committee.ask(by, severity=severity)
        except Refusal:
            standing = self.committee.reads(service.standing_of)
            if standing.is_active(slack(by)):
                assert self._unreachable(by, severity, standing)

    def _unreachable(self, by: str, severity: str, standing: rules.Standing) -> bool:
        """Is there really nobody for a slot, whatever the order and however long one waits?"""
        quorum = rules.quorum(self.committee.store.config[Matrix], "approve_rollback", rules.Situation(severity))
        slots = rules.slots_for(standing.directory, quorum, "shop", standing.now)
        able = [slack(key) for key in KEYS if key != by and standing.is_active(slack(key))]
        return not any(
            all(
                person in (*slot.people, *(one.person for one in slot.deputies))
                for slot, person in zip(slots, seated, strict=True)
            )
            for seated in permutations(able, len(slots))
        )


def _fits(slot: dict[str, object], vote: Vote) -> bool:
    """Could this vote be the one for this slot, by the list that was pinned?"""
    if vote.on_behalf_of is None:
        return vote.person in slot["people"]  # type: ignore[operator]
    return {"id": vote.person, "for": vote.on_behalf_of} in slot["deputies"]  # type: ignore[operator]


def _who_is_waited_for(reading: Reading) -> list[str]:
    return [slack(key) for key in KEYS if service.waiting_for(reading, slack(key))]


TestRounds = Rounds.TestCase
TestRounds.settings = settings(max_examples=STORIES, stateful_step_count=STEPS, deadline=None)
TestRounds.__doc__ = "R063 R071 R072 R074 R084: threats T4 to T10."
