"""Answers played without a database come to the same end as those of people."""

import pytest

from bot.approvals.models import Cell, Choice
from bot.approvals.rules import Ballot, play
from tests.approvals.committee import cell, directory, slack
from tests.support.clock import MORNING

TWO = cell("engineering", "product")


@pytest.mark.parametrize(
    ("here", "by", "ballots", "state", "says"),
    [
        (TWO, "may", [("tom", "approve", 0), ("ann", "approve", 5)], "approved", "Approved after 5 minutes"),
        (TWO, "may", [("ann", "approve", 5), ("tom", "approve", 0)], "approved", "Approved after 5 minutes"),
        (TWO, "may", [("tom", "approve", 0), ("ann", "reject", 1)], "rejected", "Rejected after 1 minutes, so nothing"),
        (TWO, "may", [("tom", "approve", 0), ("leo", "approve", 9)], "expired", "Expired: after 60 minutes Product is"),
        (TWO, "may", [("tom", "approve", 0), ("leo", "approve", 10)], "approved", "Approved after 10 minutes"),
        (
            TWO,
            "may",
            [("tom", "approve", 0), ("ann", "approve", 60)],
            "expired",
            "Expired: after 60 minutes Product is",
        ),
        (TWO, "tom", [("tom", "approve", 0), ("pri", "approve", 0), ("ann", "approve", 0)], "approved", "Approved"),
        (TWO, None, [("tom", "abstain", 0), ("pri", "approve", 1), ("ann", "approve", 1)], "approved", "Approved"),
        (cell("medical"), "ines", [], "impossible", "It cannot be asked like that. Nobody can approve as Medical"),
        (cell(), "may", [], "impossible", "Nobody's approval is needed here"),
        (cell("product", excludes=["plan_author"]), "may", [("ann", "approve", 0)], "approved", "Approved"),
    ],
)
def test_play(here: Cell, by: str | None, ballots: list[tuple[str, str, int]], state: str, says: str) -> None:
    """R063 R071 R072 R084."""
    given = [Ballot(slack(who), Choice(choice), minutes) for who, choice, minutes in ballots]
    found = play(here, directory(), "shop", slack(by) if by else None, given, MORNING)
    assert (found.state, found.says[: len(says)]) == (state, says)
    assert len(found.played) == len(ballots)


def test_what_comes_after_the_end_is_late() -> None:
    """R105."""
    given = [Ballot(slack("tom"), Choice.REJECT), Ballot(slack("ann"), minutes=3)]
    found = play(TWO, directory(), "shop", None, given, MORNING)
    assert str(found.played[1]) == "    3 min  no   Ann comes too late: it is rejected already."
