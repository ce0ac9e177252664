"""A hand-over is an act: offered, accepted or declined; when nobody answers, the next tier is brought in."""

from datetime import timedelta
from typing import Any

import pytest

from bot.escalation import service
from tests.escalation.ladder import Ladder


def offered(ladder: Ladder, to: str = "jonas", **more: Any) -> None:
    ladder.start()
    ladder.does("maya", service.acknowledge, "INC-1")
    ladder.clock.pass_time(minutes=10)
    ladder.does("maya", service.hand_over, "INC-1", to=ladder.id(to), reason="My shift ends.", **more)


def test_whoever_leads_goes_on_leading_until_the_offer_is_accepted(ladder: Ladder) -> None:
    """R079 R084: from, to, why and what is open; and a hand-over never buys time."""
    offered(ladder, still_open="Version 7 is not verified.")
    before = ladder.now().next_tier_at
    assert ladder.now().lead == ladder.id("maya")
    assert ladder.now().offer_until == ladder.clock.now() + timedelta(minutes=15)
    told = ladder.notes()[-1]
    assert f"<@{ladder.id('jonas')}>: Maya Lindqvist asks you to take over" in told
    assert "Until you accept, Maya Lindqvist leads." in told
    assert ">My shift ends.\n>Still open: Version 7 is not verified." in told
    ladder.does("jonas", service.accept, "INC-1")
    assert (ladder.now().lead, ladder.now().next_tier_at) == (ladder.id("jonas"), before)
    assert (ladder.now().offer, ladder.now().offer_until) == (None, None)
    (entry,) = ladder.trail("escalation.handed_over")
    assert entry.why == "My shift ends."
    assert entry.facts == {
        "handed_from": ladder.id("maya"), "handed_to": ladder.id("jonas"), "offered_by": ladder.id("maya"),
        "still_open": "Version 7 is not verified.",
    }  # fmt: skip
    assert ladder.outbox("incidents.refresh_briefing")


def test_who_is_asked_gets_a_direct_message_that_leads_to_the_card(ladder: Ladder) -> None:
    offered(ladder)
    (row,) = ladder.outbox("escalation.reminder")
    assert row.payload["person"] == ladder.id("jonas")
    assert "<#C0SHOPREC1>" in row.payload["text"]


def test_an_offer_that_nobody_accepts_brings_in_the_next_tier(ladder: Ladder) -> None:
    """R079 R081: the receiver accepts, or it climbs."""
    offered(ladder)
    assert ladder.reads(service.offers_due) == ladder.clock.now() + timedelta(minutes=15)
    ladder.clock.pass_time(minutes=15)
    assert [ladder.does("backout", service.lapse_offers) for _ in range(2)] == [1, 0]
    assert (ladder.now().lead, ladder.now().tier) == (ladder.id("maya"), 2)
    assert "Jonas Weber was asked to take over the lead and has not answered." in "".join(ladder.notes())
    assert ladder.trail("escalation.tier_paged")[-1].why.startswith("Jonas Weber was asked")
    assert "not offered to you now" in ladder.refusal("jonas", service.accept, "INC-1").message


def test_an_offer_can_be_declined_and_made_to_somebody_else(ladder: Ladder) -> None:
    offered(ladder)
    assert "not offered to you" in ladder.refusal("priya", service.decline, "INC-1").message
    ladder.does("jonas", service.decline, "INC-1")
    assert (ladder.now().lead, ladder.now().tier, ladder.now().offer) == (ladder.id("maya"), 1, None)
    ladder.does("maya", service.hand_over, "INC-1", to=ladder.id("priya"), reason="My shift ends.")
    ladder.does("priya", service.accept, "INC-1")
    assert ladder.now().lead == ladder.id("priya")


def test_a_newer_offer_takes_the_place_of_an_older_one(ladder: Ladder) -> None:
    offered(ladder)
    ladder.does("maya", service.hand_over, "INC-1", to=ladder.id("priya"), reason="Jonas is away.")
    ladder.refusal("jonas", service.accept, "INC-1")
    ladder.does("priya", service.accept, "INC-1")


@pytest.mark.parametrize("ending", ["decided", "closed"])
def test_after_a_decision_nobody_else_is_paged_when_an_offer_lapses(ladder: Ladder, ending: str) -> None:
    """R048."""
    offered(ladder)
    end = service.decision_made if ending == "decided" else service.end
    ladder.does("maya", end, "INC-1", "over")
    ladder.clock.pass_time(minutes=15)
    assert ladder.does("backout", service.lapse_offers) == (1 if ending == "decided" else 0)
    assert ladder.now().tier == 1


def test_a_lead_who_left_the_company_is_replaced_by_acceptance_or_by_their_deputy(ladder: Ladder) -> None:
    """R084."""
    ladder.start()
    ladder.does("maya", service.acknowledge, "INC-1")
    ladder.deactivate("maya")
    ladder.does("priya", service.hand_over, "INC-1", to=ladder.id("tomas"), reason="Maya has left.")
    assert "nobody who can act leads it" in ladder.notes()[-1]
    ladder.does("jonas", service.take_over, "INC-1", reason="I am her deputy.")
    assert (ladder.now().lead, ladder.now().offer) == (ladder.id("jonas"), None)


@pytest.mark.parametrize(
    ("who", "says"),
    [
        ("maya", "You lead INC-1 already."),
        ("carla", "Taking over unasked is up to the people of the escalation tiers and the lead's deputy."),
        ("backout", "Bots decide nothing here."),
    ],
)
def test_who_may_not_take_over(ladder: Ladder, who: str, says: str) -> None:
    """R087."""
    ladder.start()
    assert "Acknowledge it" in ladder.refusal("priya", service.may_take_over, "INC-1").message
    ladder.does("maya", service.acknowledge, "INC-1")
    assert ladder.refusal(who, service.may_take_over, "INC-1").message.startswith(says)


def test_taking_over_needs_a_reason_that_is_kept_and_shown(ladder: Ladder) -> None:
    """R079."""
    ladder.start()
    ladder.does("maya", service.acknowledge, "INC-1")
    before = ladder.now().next_tier_at
    assert ladder.refusal("priya", service.take_over, "INC-1", reason=" ").field == "reason"
    ladder.does("priya", service.take_over, "INC-1", reason="Maya is on a plane.")
    assert (ladder.now().lead, ladder.now().next_tier_at) == (ladder.id("priya"), before)
    (entry,) = ladder.trail("escalation.taken_over")
    assert (entry.why, entry.facts["handed_from"]) == ("Maya is on a plane.", ladder.id("maya"))
    assert "Priya Raman takes over the lead of INC-1" in ladder.notes()[-1]


def test_a_lead_who_acknowledged_and_did_nothing_is_called_again_once(ladder: Ladder) -> None:
    """R081: half-way to the deadline."""
    ladder.start()
    ladder.does("maya", service.acknowledge, "INC-1")
    assert ladder.reads(service.reminders_due) == ladder.clock.now() + timedelta(minutes=30)
    ladder.clock.pass_time(minutes=30)
    assert [ladder.does("backout", service.remind) for _ in range(2)] == [1, 0]
    assert "nothing was asked or changed since" in ladder.notes()[-1]
    assert ladder.outbox("escalation.reminder")[-1].payload["person"] == ladder.id("maya")


@pytest.mark.parametrize("did", [service.acted, service.decision_made, service.severity_changed])
def test_a_lead_who_did_something_is_not_called_again(ladder: Ladder, did: Any) -> None:
    """R048."""
    ladder.start()
    ladder.does("maya", service.acknowledge, "INC-1")
    ladder.does("maya", did, "INC-1", *(["high"] if did is service.severity_changed else []),
                *(["approved"] if did is service.decision_made else []))  # fmt: skip
    assert ladder.reads(service.reminders_due) is None


def test_after_a_downtime_the_next_tier_is_paged_and_the_lead_not_reminded_as_well(ladder: Ladder) -> None:
    """P22: at most one message for an incident, whichever of the two sweeps comes first."""
    ladder.start()
    ladder.does("maya", service.acknowledge, "INC-1")
    ladder.clock.pass_time(days=1)
    assert ladder.does("backout", service.remind) == 1
    assert ladder.outbox("escalation.reminder") == []
    assert ladder.does("backout", service.climb) == 1
