"""An escalation begins, climbs, is taken, changes hands and ends."""

from datetime import timedelta

import pytest

from bot.escalation import service
from bot.escalation.models import EscalationPolicy
from bot.foundation.models import OutboxRow
from bot.foundation.work import Lane, pinned
from bot.people.models import Directory
from tests.escalation.ladder import Ladder

TIER_1 = ("maya", "priya")
TIER_2 = ("nina", "grace", "aisha")
TIER_3 = ("elena", "ben", "ruth")


def mentions(ladder: Ladder, row: OutboxRow) -> list[str]:
    """Who is mentioned in a page, as often as they are."""
    ids = {person.slack: key for key, person in ladder.store.config[Directory].people.items()}
    found = [part.split(">")[0] for part in row.payload["text"].split("<@")[1:]]
    return [ids[one] for one in found]


def test_the_first_tier_is_paged_at_once(ladder: Ladder) -> None:
    """R075 R076 R085: one message in the approved words that mentions each person once."""
    ladder.start()
    (row,) = ladder.outbox("page:")
    assert (row.key, row.kind, row.lane) == ("page:INC-1:1", "escalation.page", Lane.PAGE)
    assert row.payload["channel"] == "C0SHOPREC1"
    assert mentions(ladder, row) == ["maya", "priya"]
    text = row.payload["text"]
    assert "INC-1: Shop recommender 8, severity medium" in text
    assert "2026-11-21 09:15 UTC" in text
    assert "Safety, compliance and product" in text
    (started, paged) = ladder.trail()
    assert started.facts == {"severity": "medium"}
    assert paged.facts["people"] == [ladder.id("maya"), ladder.id("priya")]
    assert (paged.facts["template"], paged.facts["why_plain"]) == ("page/tier-1", "")
    assert ladder.reads(pinned, EscalationPolicy, ladder.now().policy) == ladder.store.config[EscalationPolicy]


@pytest.mark.parametrize(("severity", "minutes"), [("low", 30), ("medium", 15), ("high", 5)])
def test_the_severity_decides_how_long_a_tier_has(ladder: Ladder, severity: str, minutes: int) -> None:
    """R042 R081."""
    ladder.start(severity)
    assert ladder.waits_until(minutes)
    assert ladder.reads(service.next_due) == ladder.now().next_tier_at


def test_nobody_acknowledges_so_it_climbs_to_the_end_and_says_so(ladder: Ladder) -> None:
    """R075 R076 R077 R078 R081."""
    ladder.start()
    assert ladder.climb(minutes=14.9) == 0
    assert ladder.climb(minutes=0.1) == 1
    assert (ladder.now().tier, ladder.waits_until(30)) == (2, True)
    assert ladder.climb(minutes=15) == 1
    assert (ladder.now().tier, ladder.waits_until(45)) == (3, True)
    assert ladder.pages() == ["page:INC-1:1", "page:INC-1:2", "page:INC-1:3"]
    assert [mentions(ladder, row) for row in ladder.outbox("page:")] == [list(TIER_1), list(TIER_2), list(TIER_3)]
    assert "nobody is left to bring in" in ladder.outbox("page:")[2].payload["text"]
    assert ladder.climb(minutes=15) == 1
    assert (ladder.now().state, ladder.now().next_tier_at) == ("exhausted", None)
    assert "Every tier has been brought in" in ladder.notes()[-1]
    assert ladder.trail("escalation.exhausted")
    assert ladder.climb(days=9) == 0
    assert ladder.reads(service.next_due) is None


def test_whoever_acknowledges_leads_and_has_time_to_decide(ladder: Ladder) -> None:
    """R079 R081."""
    ladder.start()
    ladder.clock.pass_time(minutes=10)
    ladder.does("tomas", service.acknowledge, "INC-1")
    found = ladder.now()
    assert (found.state, found.lead, found.tier) == ("waiting_for_decision", ladder.id("tomas"), 1)
    assert ladder.waits_until(70)
    assert ladder.climb(minutes=59) == 0
    assert ladder.climb(minutes=1) == 1
    assert ladder.waits_until(130)
    assert mentions(ladder, ladder.outbox("page:")[1]) == list(TIER_2)
    assert ladder.trail("escalation.tier_paged")[1].why == "No decision was made in time."
    assert ladder.trail("escalation.acknowledged")[0].actor == f"person:{ladder.id('tomas')}"


def test_somebody_acknowledges_after_all(ladder: Ladder) -> None:
    """R081: and when nobody decides then, that is said again."""
    ladder.start()
    for _ in range(3):
        ladder.climb(minutes=15)
    ladder.does("maya", service.acknowledge, "INC-1")
    assert (ladder.now().state, ladder.waits_until(105)) == ("waiting_for_decision", True)
    assert ladder.climb(minutes=60) == 1
    assert ladder.now().state == "exhausted"
    assert len(ladder.pages()) == 3


@pytest.mark.parametrize(
    ("who", "says"),
    [
        ("maya", "You lead INC-1 already."),
        ("priya", "Maya Lindqvist leads INC-1. To take it over, ask Maya Lindqvist to hand over the lead to you."),
        ("backout", "Bots decide nothing here."),
    ],
)
def test_who_cannot_acknowledge(ladder: Ladder, who: str, says: str) -> None:
    """R079 R087."""
    ladder.start()
    ladder.does("maya", service.acknowledge, "INC-1")
    assert ladder.refusal(who, service.acknowledge, "INC-1").message.startswith(says)


def test_what_is_not_escalated_cannot_be_acknowledged(ladder: Ladder) -> None:
    assert ladder.refusal("maya", service.acknowledge, "INC-9").message == "INC-9 is not being escalated."


def test_a_deputy_is_paged_for_whoever_cannot_be_reached(ladder: Ladder) -> None:
    """R084."""
    ladder.deactivate("maya")
    ladder.start()
    (row,) = ladder.outbox("page:")
    assert mentions(ladder, row) == ["jonas", "priya"]
    assert f"<@{ladder.id('jonas')}> (for Maya Lindqvist)" in row.payload["text"]
    assert ladder.trail("escalation.tier_paged")[0].facts["stands_in_for"] == {ladder.id("jonas"): "Maya Lindqvist"}


def test_an_empty_tier_is_skipped_at_once_and_said(ladder: Ladder) -> None:
    """R084 R085."""
    ladder.deactivate("maya", "priya", "jonas")
    ladder.start()
    assert ladder.pages() == ["page:INC-1:2"]
    assert (ladder.now().tier, ladder.waits_until(15)) == (2, True)
    assert ladder.outbox("page:")[0].payload["text"].endswith("was skipped: nobody in it can be reached now.")
    assert ladder.notes() == []
    assert ladder.trail("escalation.tier_skipped")[0].facts["tier"] == 1


def test_when_nobody_at_all_can_be_reached_that_is_said_at_once(ladder: Ladder) -> None:
    """R085."""
    ladder.deactivate(*ladder.store.config[Directory].people)
    ladder.start()
    assert (ladder.pages(), ladder.now().state, ladder.now().next_tier_at) == ([], "exhausted", None)
    (note,) = ladder.notes()
    assert note.count("was skipped: nobody in it can be reached now") == 3


@pytest.mark.parametrize(
    ("down", "paged", "skipped"),
    [
        ({"minutes": 29}, "page:INC-1:2", []),
        ({"minutes": 30}, "page:INC-1:3", [2]),
        ({"days": 3}, "page:INC-1:3", [2]),
    ],
)
def test_after_a_downtime_only_the_current_tier_is_paged(
    ladder: Ladder, down: dict[str, float], paged: str, skipped: list[int]
) -> None:
    """R081: once, with its whole time from now on; the tiers in between are recorded."""
    ladder.start()
    assert ladder.climb(**down) == 1
    assert ladder.pages() == ["page:INC-1:1", paged]
    assert [entry.facts["tier"] for entry in ladder.trail("escalation.tier_skipped")] == skipped
    assert ladder.now().next_tier_at == ladder.clock.now() + timedelta(minutes=15)


def test_several_incidents_climb_in_one_sweep_in_the_order_they_are_due(ladder: Ladder) -> None:
    """R081."""
    ladder.start("medium", "INC-1")
    ladder.start("high", "INC-2")
    assert ladder.climb(minutes=15) == 2
    assert ladder.pages()[2:] == ["page:INC-2:3", "page:INC-1:2"]


def test_people_are_paged_in_plain_words_when_the_template_may_not_be_used(unapproved: Ladder) -> None:
    """R085: people must be reached; why it was not the approved text is recorded."""
    unapproved.start()
    (row,) = unapproved.outbox("page:")
    assert mentions(unapproved, row) == ["maya", "priya"]
    text = row.payload["text"]
    assert "*INC-1* · tier 1, Owners" in text
    assert "Acknowledge it on its card by <!date^" in text
    assert "the next to be brought in: Safety, compliance and product" in text
    why = unapproved.trail("escalation.tier_paged")[0].facts["why_plain"]
    assert "approv" in why
    unapproved.does("maya", service.acknowledge, "INC-1")
    unapproved.climb(hours=1)
    assert "No decision was made in time. Decide on its card by" in unapproved.outbox("page:")[1].payload["text"]
    unapproved.climb(hours=1)
    assert "nobody is left to bring in" in unapproved.outbox("page:")[2].payload["text"]


@pytest.mark.parametrize(
    ("start", "passed", "severity", "due"),
    [("medium", 2, "high", 5), ("medium", 10, "high", 10), ("medium", 10, "low", 30), ("high", 4, "medium", 15)],
)
def test_another_severity_moves_the_deadline(
    ladder: Ladder, start: str, passed: float, severity: str, due: float
) -> None:
    """R042 R043."""
    ladder.start(start)
    ladder.clock.pass_time(minutes=passed)
    ladder.does("maya", service.severity_changed, "INC-1", severity)
    assert ladder.waits_until(due)
    assert ladder.now().severity == severity
    assert len(ladder.trail("escalation.deadline_changed")) == 1


def test_a_raised_severity_takes_one_step_not_many(ladder: Ladder) -> None:
    """R043: time that had not run out before is no downtime."""
    ladder.start("low")
    ladder.clock.pass_time(minutes=29)
    ladder.does("maya", service.severity_changed, "INC-1", "high")
    assert ladder.climb() == 1
    assert (ladder.now().tier, ladder.trail("escalation.tier_skipped")) == (2, [])


def test_a_decision_stops_the_climb_and_the_lead_stays(ladder: Ladder) -> None:
    """R081."""
    ladder.start()
    ladder.does("maya", service.acknowledge, "INC-1")
    ladder.does("backout", service.decision_made, "INC-1", "approved")
    ladder.does("backout", service.decision_made, "INC-1", "approved again")
    assert ladder.climb(days=1) == 0
    assert (ladder.now().state, ladder.now().lead) == ("decided", ladder.id("maya"))
    assert [entry.why for entry in ladder.trail("escalation.decided")] == ["approved"]


def test_what_was_decided_before_anybody_acknowledged_can_still_be_taken(ladder: Ladder) -> None:
    ladder.start()
    ladder.does("backout", service.decision_made, "INC-1", "rejected")
    ladder.does("maya", service.acknowledge, "INC-1")
    assert (ladder.now().state, ladder.now().lead, ladder.now().next_tier_at) == ("decided", ladder.id("maya"), None)


def test_closing_ends_it_for_good(ladder: Ladder) -> None:
    """R105."""
    ladder.start()
    ladder.does("maya", service.end, "INC-1", "closed: it was nothing")
    ladder.does("maya", service.end, "INC-1", "closed twice")
    ladder.does("maya", service.decision_made, "INC-1", "too late")
    ladder.does("maya", service.severity_changed, "INC-1", "high")
    assert ladder.climb(days=1) == 0
    assert (ladder.now().state, ladder.now().next_tier_at) == ("ended", None)
    assert [entry.why for entry in ladder.trail("escalation.ended")] == ["closed: it was nothing"]
    assert "closed" in ladder.refusal("maya", service.acknowledge, "INC-1").message


def test_what_was_never_escalated_is_left_alone(ladder: Ladder) -> None:
    for verb in (service.decision_made, service.end, service.severity_changed):
        ladder.does("maya", verb, "INC-9", "high")
    assert ladder.outbox() == []


def hand_over(ladder: Ladder, to: str, reason: str = "My shift ends.") -> dict[str, str]:
    return {"to": ladder.id(to) if to in ladder.store.config[Directory].people else to, "reason": reason}


def test_somebody_of_a_tier_names_a_lead_who_still_has_to_acknowledge(ladder: Ladder) -> None:
    """R084: naming somebody never stops the clock."""
    ladder.start()
    ladder.does("priya", service.hand_over, "INC-1", **hand_over(ladder, "jonas"))
    assert (ladder.now().state, ladder.now().lead) == ("waiting_for_acknowledgement", ladder.id("jonas"))
    assert "Please acknowledge it" in ladder.notes()[-1]
    assert ladder.climb(minutes=15) == 1
    ladder.does("jonas", service.acknowledge, "INC-1")
    assert ladder.now().state == "waiting_for_decision"


def test_somebody_else_may_acknowledge_while_the_named_lead_has_not(ladder: Ladder) -> None:
    ladder.start()
    ladder.does("priya", service.hand_over, "INC-1", **hand_over(ladder, "jonas"))
    ladder.does("tomas", service.acknowledge, "INC-1")
    assert ladder.now().lead == ladder.id("tomas")
    assert ladder.trail("escalation.acknowledged")[0].facts["named_before"] == ladder.id("jonas")


@pytest.mark.parametrize(
    ("who", "to", "reason", "says", "field"),
    [
        ("maya", "maya", "My shift ends.", "That is you.", "to"),
        ("maya", "jonas", " - ", "Please say why", "reason"),
        ("maya", "U0NOBODY99", "My shift ends.", "This person is not in Backout's directory", "to"),
        ("maya", "leo", "My shift ends.", "Leo Martins's Slack account cannot act for us now.", "to"),
        ("priya", "jonas", "I want to.", "Maya Lindqvist leads INC-1, and only Maya Lindqvist can", None),
        ("backout", "jonas", "I want to.", "Bots decide nothing here.", None),
    ],
)
def test_who_cannot_hand_over_and_to_whom(
    ladder: Ladder, who: str, to: str, reason: str, says: str, field: str | None
) -> None:
    """R079 R087."""
    ladder.deactivate("leo")
    ladder.start()
    ladder.does("maya", service.acknowledge, "INC-1")
    refusal = ladder.refusal(who, service.hand_over, "INC-1", **hand_over(ladder, to, reason))
    assert refusal.message.startswith(says)
    assert refusal.field == field
    assert ladder.now().lead == ladder.id("maya")


def test_nobody_outside_the_tiers_names_a_lead(ladder: Ladder) -> None:
    """R087."""
    ladder.start()
    refusal = ladder.refusal("carla", service.hand_over, "INC-1", **hand_over(ladder, "jonas"))
    assert refusal.message.startswith("Nobody leads INC-1 yet.")
    ladder.does("priya", service.hand_over, "INC-1", **hand_over(ladder, "jonas"))
    again = ladder.refusal("priya", service.hand_over, "INC-1", **hand_over(ladder, "jonas"))
    assert again.message == "Jonas Weber leads INC-1 already."
