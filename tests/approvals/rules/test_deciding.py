"""Who may answer, when a quorum is complete, and whether it still can be."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.approvals import rules
from bot.approvals.models import Choice, Relation, Vote
from bot.approvals.rules import Round, Seat, Standing
from bot.foundation.errors import Refusal
from bot.people.models import Directory
from tests.approvals.committee import directory, slack
from tests.support.clock import MORNING

EVERYBODY = frozenset(person.slack for person in directory().people.values())


def round_of(*roles: str, requester: str = "may", excluded: Iterable[str] = (), held: Directory | None = None) -> Round:
    """A round asked in the morning, in which deputies may decide after ten minutes."""
    slots = rules.slots_for(held or directory(), roles or ("engineering", "product"), "shop", MORNING)
    apart = {slack(key): Relation.PLAN_AUTHOR for key in excluded}
    return Round("shop", slots, slack(requester), MORNING, MORNING + timedelta(minutes=10), apart)


def standing(minutes: float = 0, *, without: Iterable[str] = (), held: Directory | None = None) -> Standing:
    """Who people are some minutes later; `without` names those whose accounts are not active."""
    active = EVERYBODY - {slack(key) for key in without}
    return Standing(held or directory(), MORNING + timedelta(minutes=minutes), active)


def vote(key: str, holder: str | None = None, choice: Choice = Choice.APPROVE) -> Vote:
    """A vote by somebody, perhaps for a holder."""
    on_behalf_of = slack(holder) if holder else None
    return Vote(
        request_id="r", round=1, person=slack(key), choice=choice, on_behalf_of=on_behalf_of, reason="Yes.", at=MORNING
    )


@pytest.mark.parametrize(
    ("who", "round_", "votes", "now", "says"),
    [
        ("tom", round_of(), [], standing(), None),
        ("ann", round_of(), [vote("tom")], standing(), None),
        ("zoe", round_of(), [], standing(), "Zoe is not an approver here. Approvals are needed from: Engine"),
        ("gra", round_of(), [], standing(), "Gra is not an approver here."),
        ("tom", round_of(requester="tom"), [], standing(), "Tom asked for this, so somebody else has to decide."),
        ("tom", round_of(excluded=["tom"]), [], standing(), "Tom prepared what is to be approved"),
        ("tom", round_of(), [], standing(without=["tom"]), "Tom's Slack account is not an active member's"),
        ("tom2", round_of(), [], standing(), None),
        ("tom2", round_of(), [vote("tom")], standing(), "Tom has answered in this round already."),
        ("tom2", round_of(), [], standing(without=["tom"]), "Tom's Slack account is not an active member's"),
        ("tom2", round_of(requester="tom"), [], standing(), "Tom asked for this with their other account, so somebody"),
        ("tom", round_of(requester="tom2"), [], standing(), "Tom asked for this with their other account, so somebody"),
        ("tom2", round_of(requester="tom2"), [], standing(), "Tom asked for this, so somebody else has to decide."),
        ("tom", round_of(excluded=["tom2"]), [], standing(), "Tom prepared what is to be approved with their other"),
        ("pri2", round_of(), [], standing(9.99), "Pri may decide in place of Tom 10 minutes after"),
        ("pri2", round_of(), [], standing(10), None),
        ("pri2", round_of(requester="tom2"), [], standing(), None),
        ("stranger", round_of(), [], standing(), "Only people in Backout's directory can decide."),
        ("tom", round_of(), [vote("tom")], standing(), "Tom has answered in this round already."),
        ("tom", round_of(), [vote("tom", choice=Choice.REJECT)], standing(), "Tom has answered in this round already."),
        ("pri", round_of(), [], standing(), "Pri may decide in place of Tom 10 minutes after it was asked (09:10 WET)"),
        ("pri", round_of(), [], standing(9.99), "Pri may decide in place of Tom 10 minutes after"),
        ("pri", round_of(), [], standing(10), None),
        ("pri", round_of(), [], standing(without=["tom"]), None),
        ("pri", round_of(requester="tom"), [], standing(), None),
        ("pri", round_of(excluded=["tom"]), [], standing(), None),
        ("pri", round_of(requester="pri"), [], standing(20), "Pri asked for this"),
        ("pri", round_of(), [vote("tom")], standing(20), "Tom has approved as Engineering, and that is all"),
        ("tom", round_of(), [vote("pri", "tom")], standing(20), "Pri has approved as Engineering, and that is all"),
        ("tom", round_of(), [vote("pri", "tom")], standing(20, without=["pri"]), None),
    ],
)  # fmt: skip
def test_why_not(who: str, round_: Round, votes: list[Vote], now: Standing, says: str | None) -> None:
    """R063 R072 R084: threats T4, T5, T6."""
    why = rules.why_not(slack(who), round_, votes, now)
    assert why == says if says is None else (why or "").startswith(says)


def test_an_approver_is_pinned_and_current() -> None:
    """R072: threat T7. A change of the directory neither adds nor keeps an approver in an open round."""
    changed = directory(engineering=["zoe"])
    assert "was an approver when this was asked" in (
        rules.why_not(slack("tom"), round_of(), [], standing(held=changed)) or ""
    )
    assert "only after this was asked" in (rules.why_not(slack("zoe"), round_of(), [], standing(held=changed)) or "")
    gone = rules.why_not(slack("pri"), round_of(), [], standing(20, held=changed))
    assert "was an approver when this was asked" in (gone or "")


def test_a_vote_stops_counting_with_its_voters_right() -> None:
    """R072: a deactivated approver's slot is open again."""
    votes = [vote("tom"), vote("ann")]
    assert rules.tally(round_of(), votes, standing()).is_complete
    assert not rules.tally(round_of(), votes, standing(without=["tom"])).is_complete
    assert not rules.tally(round_of(), votes, standing(held=directory(product=["zoe"]))).is_complete
    assert rules.tally(round_of(), votes, None).is_complete


def test_a_deputys_vote_counts_in_the_holders_slot_only() -> None:
    """R084: threat T6."""
    held = directory(product=["pri"])
    round_ = round_of("engineering", "product", held=held)
    tally = rules.tally(round_, [vote("pri", "tom")], standing(20, held=held))
    assert [line.vote is not None for line in tally.lines] == [True, False]


def test_one_person_fills_one_slot() -> None:
    """R071: holding two roles does not make two people."""
    held = directory(engineering=["tom"], product=["tom", "ann"])
    round_ = round_of("engineering", "product", held=held)
    assert rules.tally(round_, [vote("tom")], standing(held=held)).given == 1
    assert rules.tally(round_, [vote("tom"), vote("ann")], standing(held=held)).is_complete


def test_an_early_vote_moves_to_the_slot_that_lets_all_be_filled() -> None:
    """R071: who answers first never makes the quorum impossible."""
    held = directory(engineering=["tom", "zoe"], product=["tom"])
    round_ = round_of("engineering", "product", held=held)
    assert rules.tally(round_, [vote("tom"), vote("zoe")], standing(held=held)).is_complete


def test_a_capacity_is_chosen_so_that_the_quorum_stays_possible() -> None:
    """R084: Tom could answer as engineer, but only he can stand in for May, who holds product."""
    held = directory(engineering=["tom", "zoe"], product=["may"])
    round_ = round_of("engineering", "product", requester="ann", held=held)
    seat = rules.capacity(slack("tom"), round_, [], standing(20, without=["may"], held=held))
    assert seat == Seat(1, slack("may"))


def test_everybody_with_a_seat_may_reject_even_where_it_is_filled() -> None:
    """R074: threat T10."""
    held = directory(engineering=["tom", "zoe"])
    round_ = round_of("engineering", held=held)
    assert rules.why_not(slack("zoe"), round_, [vote("tom")], standing(held=held)) is not None
    assert rules.why_not(slack("zoe"), round_, [vote("tom")], standing(held=held), Choice.REJECT) is None
    assert rules.why_not(slack("pri"), round_, [], standing(held=held), Choice.REJECT) is not None


@pytest.mark.parametrize(
    ("round_", "now", "says"),
    [
        (round_of(), standing(), None),
        (round_of("product", requester="ann"), standing(), None),
        (
            round_of("product", requester="ann"),
            standing(without=["leo"]),
            "Nobody can approve as Product: Ann asked for this; Leo's Slack account is not active.",
        ),
        (
            round_of("medical", requester="ines"),
            standing(),
            "Nobody can approve as Medical: Ines asked for this.",
        ),
        (round_of("pilots"), standing(), "Nobody can approve as pilots: nobody holds this role."),
        (
            round_of("medical", excluded=["ines"]),
            standing(),
            "Nobody can approve as Medical: Ines prepared what is to be approved.",
        ),
        (
            round_of("engineering", "medical", held=directory(engineering=["ines"])),
            standing(held=directory(engineering=["ines"])),
            "Nobody can approve as Medical: Ines is needed for another approval.",
        ),
    ],
)
def test_a_quorum_that_nobody_can_complete_is_named(round_: Round, now: Standing, says: str | None) -> None:
    """R072: the role, and why not those who hold it."""
    assert rules.why_unreachable(round_, now) == says


def test_whom_to_ask_now_are_those_who_may_answer() -> None:
    """R072 R084."""

    def people(found: list[rules.Asked]) -> list[tuple[str, str | None]]:
        return [(one.person, one.on_behalf_of) for one in found]

    assert people(rules.asked(round_of(), [], standing())) == [(slack("tom"), None), (slack("ann"), None)]
    assert people(rules.asked(round_of(), [vote("tom")], standing())) == [(slack("ann"), None)]
    away = rules.asked(round_of(), [], standing(without=["tom"]))
    assert people(away) == [(slack("pri"), slack("tom")), (slack("ann"), None)]


@pytest.mark.parametrize("words", ["", "  ", "no", "\n a \n", "\u200b"])
def test_a_reason_says_something(words: str) -> None:
    """R079."""
    with pytest.raises(Refusal) as refused:
        rules.need_reason(words, "text")
    assert refused.value.field == "text"


def test_a_reason_is_kept_without_its_edges() -> None:
    """R079."""
    assert rules.need_reason("  n o t \n") == "n o t"


def test_a_digest_is_shown_short() -> None:
    assert rules.short("sha256:" + "ab12" * 16) == "ab12ab12ab12"


@given(
    st.lists(
        st.tuples(st.sampled_from(["tom", "pri", "ann", "leo", "gra", "sam", "zoe"]), st.booleans()),
        max_size=8,
        unique_by=lambda ballot: ballot[0],
    ),
    st.sampled_from([0, 10]),
    st.sets(st.sampled_from(["tom", "ann", "gra"])),
)
def test_votes_that_are_let_in_fill_slots_one_by_one(ballots: list[Any], minutes: int, away: set[str]) -> None:
    """R071 R074: each vote let in fills one more slot, and the quorum stays reachable all the way."""
    round_, now = round_of("engineering", "product", "compliance"), standing(minutes, without=away)
    votes: list[Vote] = []
    for key, _ in ballots:
        before = rules.tally(round_, votes, now).given
        if rules.why_not(slack(key), round_, votes, now) is None:
            seat = rules.capacity(slack(key), round_, votes, now)
            assert seat is not None
            votes.append(replace_holder(vote(key), seat))
            assert rules.tally(round_, votes, now).given == before + 1
            assert rules.completable(round_, votes, now)
    assert rules.tally(round_, votes, now).is_complete == (len(votes) == 3)


def replace_holder(ballot: Vote, seat: Seat) -> Vote:
    """The vote, given in this seat."""
    ballot.on_behalf_of = seat.on_behalf_of
    return ballot


def test_the_requesters_own_deputy_may_act_but_never_the_requester() -> None:
    """R084: threat T5."""
    asked = replace(round_of(), requester=slack("tom"))
    assert rules.why_not(slack("pri"), asked, [], standing()) is None
    assert rules.why_not(slack("tom"), asked, [], standing(60)) is not None


def test_an_approval_lapses() -> None:
    """R063: a yes that is too old allows nothing any more."""
    round_ = replace(round_of("engineering"), valid_for=timedelta(minutes=30))
    assert rules.tally(round_, [vote("tom")], standing(29)).is_complete
    assert not rules.tally(round_, [vote("tom")], standing(30)).is_complete
    assert rules.is_stale(vote("tom"), round_, standing(30).now)


def test_whoever_would_carry_it_out_is_told_so() -> None:
    """R063: separation of duties."""
    round_ = replace(round_of(), excluded={slack("tom"): Relation.EXECUTOR})
    why = rules.why_not(slack("tom"), round_, [], standing())
    assert why == "Tom would carry out what is to be approved, so somebody else has to decide."


@pytest.mark.parametrize(
    ("before", "after", "votes", "kept"),
    [
        (round_of(), round_of("engineering", "product", "compliance"), [vote("tom")], ["tom"]),
        (round_of(), round_of("engineering", "product", "compliance"), [vote("pri", "tom")], ["pri"]),
        (round_of(), round_of("medical", "engineering", "compliance"), [vote("ann"), vote("tom")], ["tom"]),
        (round_of(), round_of("medical", "compliance"), [vote("ann"), vote("tom")], []),
        (round_of(), round_of("engineering", "product"), [vote("tom", choice=Choice.ABSTAIN)], []),
        (round_of(), round_of("engineering"), [vote("tom")], []),  # nothing would be left to ask
        (round_of(), round_of("engineering", "product", excluded=["tom"]), [vote("tom")], []),
        (round_of(), replace(round_of("engineering", "medical"), valid_for=timedelta(minutes=30)), [vote("tom")], []),
        (round_of(), replace(round_of("engineering", "medical"), valid_for=timedelta(hours=2)), [vote("tom")], ["tom"]),
    ],
)
def test_what_stays_valid_in_the_next_round(before: Round, after: Round, votes: list[Vote], kept: list[str]) -> None:
    """R063: approvals in slots that both rounds have."""
    found = rules.carried(before, after, votes, standing(), MORNING + timedelta(hours=1))
    assert [one.person for one in found] == [slack(key) for key in kept]


def test_what_is_kept_may_move_to_the_slot_that_lets_all_be_filled() -> None:
    """R071: Tom's yes as engineer fills product, too, which only he holds then; for a stranger's it is not kept."""
    held = directory(engineering=["tom", "zoe"], product=["tom"])
    before, after = round_of("engineering", held=held), round_of("engineering", "product", held=held)
    assert rules.carried(before, after, [vote("tom")], standing(held=held, without=["pri"]), MORNING) != []
    assert rules.carried(before, after, [vote("zoe")], standing(held=held, without=["tom", "pri"]), MORNING) == []


def test_a_deputy_may_decide_at_once_for_whoever_abstains() -> None:
    """R084: an abstention fills no slot, and does not stand in the way."""
    votes = [vote("tom", choice=Choice.ABSTAIN)]
    assert rules.why_not(slack("pri"), round_of(), votes, standing()) is None
    assert rules.why_not(slack("leo"), round_of(), votes, standing()) is not None
    found = rules.tally(round_of(), votes, standing())
    assert (found.given, found.abstained, found.rejection) == (0, tuple(votes), None)
    assert rules.unfilled(round_of(), votes, standing(without=["pri"]))[0].name == "engineering"


def test_whoever_reads_it_is_told_of_their_other_account() -> None:
    """R071 R063: linked accounts are one person."""
    reader = replace(standing(), reader=slack("tom2"))
    why = rules.why_not(slack("tom2"), round_of(requester="tom"), [], reader)
    assert why == "You asked for this with your other account, so somebody else has to decide."


def test_two_accounts_of_one_person_never_fill_two_slots() -> None:
    """R071: not even when a vote was given before the accounts were linked."""
    held = directory(engineering=["tom"], product=["tom", "ann"])
    round_ = round_of("engineering", "product", held=held)
    assert rules.tally(round_, [vote("tom"), vote("tom2")], standing(held=held)).given == 1
    assert rules.capacity(slack("tom2"), round_, [], standing(held=held)) == Seat(0)
    assert not rules.completable(round_, [], standing(held=held, without=["ann", "pri", "leo"]))
