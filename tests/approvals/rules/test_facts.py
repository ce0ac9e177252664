"""Who people are at a moment, and how times are said to them."""

from datetime import timedelta

import pytest

from bot.approvals import rules
from bot.approvals.models import Relation, Request
from bot.approvals.rules import Standing
from bot.approvals.rules.facts import clock_of
from tests.approvals.committee import directory, slack
from tests.support.clock import MORNING


def test_a_time_of_day_is_said_in_the_readers_zone() -> None:
    assert rules.clock(MORNING, "Asia/Kolkata") == "14:30 IST"
    assert clock_of(MORNING, slack("tom"), directory()) == "09:00 WET"
    assert clock_of(MORNING, "U0STRANGER", directory()) == "09:00 UTC"


def test_whoever_reads_is_called_you() -> None:
    standing = Standing(directory(), MORNING, reader=slack("tom"))
    assert standing.say(slack("tom"), "{name} asked.", "You asked.") == "You asked."
    assert standing.say(slack("ann"), "{name} asked.", "You asked.") == "Ann asked."


@pytest.mark.parametrize(
    ("person", "active", "is_active"),
    [("tom", None, True), ("tom", [slack("tom")], True), ("tom", [], False), ("nobody", None, False)],
)
def test_who_may_act(person: str, active: list[str] | None, is_active: bool) -> None:
    """R072: somebody of the directory whose account may act."""
    assert Standing(directory(), MORNING, active).is_active(slack(person)) == is_active


def test_a_round_is_read_as_it_was_stored() -> None:
    """R063."""
    slots = rules.slots_for(directory(), ["engineering"], "shop", MORNING)
    request = Request(
        id="r", subject="INC-1", number=1, activity="a", system="shop", severity="low", policy="p", plan_digest="d",
        summary="s", requester=slack("may"), reason="r", channel="C", then="t", asked_at=MORNING, deputies_from=MORNING,
        slots=[slot.as_json() for slot in slots], excluded={slack("ann"): "executor"}, valid_for_seconds=90,
    )  # fmt: skip
    round_ = rules.round_of(request)
    assert (round_.slots, round_.requester, round_.system) == (slots, slack("may"), "shop")
    assert round_.excluded == {slack("ann"): Relation.EXECUTOR}
    assert round_.valid_for == timedelta(seconds=90)
