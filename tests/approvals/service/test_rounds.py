"""A round is opened with one message and ended once."""

import pytest

from bot.approvals.models import Request, RoundState
from bot.approvals.service import rounds
from bot.foundation.errors import Refusal
from bot.foundation.models import Posted
from bot.foundation.work import Work
from tests.approvals.committee import Committee, slack


def ends(work: Work, /, request: Request, state: RoundState, outcome: str) -> bool:
    return rounds.finish(work, rounds.locked(work, request.id), state, outcome)


def test_one_message_asks_everybody_once(committee: Committee) -> None:
    """R063 R178."""
    request = committee.ask()
    (row,) = committee.outbox("ask:")
    text = row.payload["text"]
    assert row.payload["channel"] == "C0SHOP"
    assert text.startswith("✋ *Approval needed for INC-1:* Roll back shop from 8 to 7")
    for part in ("<@U0TOM> (Engineering)", "<@U0ANN> (Product)"):
        assert text.count(part) == 1
    assert "2 approvals are needed, from different people." in text
    assert text.endswith("it expires and nothing is rolled back.")
    assert row.key == f"ask:{request.id}:1"


def test_one_approval_is_said_to_be_one(committee: Committee) -> None:
    committee.ask(severity="low")
    (row,) = committee.outbox("ask:")
    assert "One approval is needed." in row.payload["text"]


def test_whoever_is_asked_in_place_of_somebody_is_told_for_whom(committee: Committee) -> None:
    committee.deactivate("tom")
    committee.ask()
    (row,) = committee.outbox("ask:")
    assert "<@U0PRI> (Engineering, for Tom)" in row.payload["text"]
    assert "<@U0TOM>" not in row.payload["text"]


def test_card_and_homes_of_those_concerned_are_brought_up_to_date(committee: Committee) -> None:
    """Homes are those that have ever been opened; Zoe has nothing to do with it."""

    def open_homes(work: Work) -> None:
        for key in ("tom", "leo", "may", "zoe"):
            work.session.add(Posted(key=f"home:{slack(key)}", channel="D", ts="1"))

    committee.does("backout", open_homes)
    committee.ask()
    homes = {row.payload["person"] for row in committee.outbox("home:")}
    assert homes == {slack(key) for key in ("tom", "leo", "may")}
    assert len(committee.outbox("card:INC-1")) == 1


def test_a_round_ends_once(committee: Committee) -> None:
    """T7: whoever comes second changes nothing."""
    request = committee.ask()
    assert committee.does("backout", ends, request, RoundState.REJECTED, "Tom said no") is True
    assert committee.does("backout", ends, request, RoundState.APPROVED, "Ann said yes") is False
    ended = committee.now(request)
    assert (ended.state, ended.outcome) == ("rejected", "Tom said no")
    assert ended.decided_at == committee.clock.now()
    assert ended.deputies_called_at is None, "nobody is called for what has ended"


def test_what_is_not_there_cannot_be_locked(committee: Committee) -> None:
    with pytest.raises(Refusal, match="does not exist any more"):
        committee.does("backout", rounds.locked, "req_none")


def test_something_is_said_in_the_thread_of_its_incident(committee: Committee) -> None:
    request = committee.ask()
    committee.does("backout", rounds.tell, request, "A <plain> word")
    (note,) = [row for row in committee.outbox("note:") if "word" in row.payload["text"]]
    assert (note.payload["channel"], note.payload["subject"]) == ("C0SHOP", "INC-1")
    assert note.payload["text"] == "A &lt;plain&gt; word"
