"""Rows become plain values; the moments that count are put in order."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from bot.approvals.models import Vote
from bot.foundation.policies import InForce
from bot.foundation.trail import Entry
from bot.incidents.models import Incident
from bot.learning.reports import rules

NINE = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def test_moments_are_utc_and_sort_as_text() -> None:
    here = NINE.astimezone(timezone(timedelta(hours=5, minutes=30)))
    moments = [here, NINE + timedelta(milliseconds=5), NINE + timedelta(seconds=1)]
    written = [str(rules.utc(moment)) for moment in moments]
    assert written[0] == "2026-11-21T09:00:00.000000Z"
    assert written == sorted(written)
    assert rules.utc(None) is None


def vote(person: str, minutes: int) -> Vote:
    at = NINE + timedelta(minutes=minutes)
    return Vote(request_id="req", round=1, person=person, choice="approve", reason="ok", at=at)


def test_rows_are_sorted_by_time_then_by_who(  # the database's order does not matter
) -> None:
    votes = [vote("U3", 1), vote("U2", 0), vote("U1", 1)]
    for shuffled in (votes, votes[::-1]):
        assert [one["person"] for one in rules.rows(shuffled, "at", "person")] == ["U2", "U1", "U3"]


def test_columns_can_be_left_out() -> None:
    assert "reason" not in rules.row(vote("U1", 0), leave_out=("reason",))


def an_entry(action: str) -> Entry:
    return Entry(
        7, NINE, "person:U0MAYA0001", "Maya", action, "INC-1", "U0JONAS002", "why", {"a": 1}, "ff", "sha256:def"
    )


def test_a_decision_belongs_to_the_configurations_recorded_before_it_and_meanwhile() -> None:
    history = [InForce(seq, NINE, "ops", "1.0", {"raci.yaml": f"sha256:{seq}"}, []) for seq in (2, 5, 9, 12)]
    for first, last, expected in ((6, 10, [5, 9]), (5, 5, [2, 5]), (1, 1, []), (20, 30, [12])):
        assert [one.seq for one in rules.in_force(history, first, last)] == expected
    assert [rules.recorded_in(history, f"sha256:{seq}") for seq in (9, 10)] == [9, None]


def test_an_entry_keeps_its_number_and_mac() -> None:
    """R104: who, for whom, what, when, why, and where it stands in the chain."""
    assert rules.entry(an_entry("incident.opened")) == {
        "seq": 7,
        "at": "2026-11-21T09:00:00.000000Z",
        "actor": "person:U0MAYA0001",
        "name": "Maya",
        "on_behalf_of": "U0JONAS002",
        "action": "incident.opened",
        "why": "why",
        "facts": {"a": 1},
        "policy": "sha256:def",
        "mac": "ff",
    }


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("escalation.tier_paged", True),
        ("incident.acknowledged", True),
        ("incident.severity_changed", True),
        ("incident.opened", False),
        ("approval.approved", False),
    ],
)
def test_what_is_about_people(action: str, expected: bool) -> None:
    assert rules.is_about_people(an_entry(action)) is expected


def incident(**changed: Any) -> Incident:
    values: dict[str, Any] = {
        "name": "INC-1", "number": 1, "system": "shop", "version": "8", "severity": "low", "severity_path": [],
        "impact": {}, "title": "t", "channel": "C0SHOPREC1", "opened_at": NINE, "opened_by": "Backout",
    }  # fmt: skip
    return Incident(**{**values, **changed})


def at(seconds: int) -> str:
    return str(rules.utc(NINE + timedelta(seconds=seconds)))


def test_milestones_in_order_with_the_time_between_them() -> None:
    """R109: opened, acknowledged, requested, decided, executed, validated, closed."""
    closed = incident(acknowledged_at=NINE + timedelta(seconds=60), closed_at=NINE + timedelta(seconds=500))
    execution = {"started_at": at(200), "finished_at": at(212), "state": "done"}
    plan = {"id": "plan_1", "request_id": "req_1", "created_at": at(90), "executions": [execution]}
    found = rules.milestones(closed, [plan], [{"id": "req_1", "state": "approved", "decided_at": at(200)}])
    assert [(one["what"], one["seconds_since_opened"], one["seconds_since_previous"]) for one in found] == [
        ("opened", 0, 0),
        ("acknowledged", 60, 60),
        ("requested", 90, 30),
        ("decided: approved", 200, 110),
        ("executed", 200, 0),
        ("validated: done", 212, 12),
        ("closed", 500, 288),
    ]


def test_what_has_not_happened_is_no_milestone() -> None:
    plan: dict[str, Any] = {"id": "plan_1", "request_id": None, "created_at": at(5), "executions": []}
    assert [one["what"] for one in rules.milestones(incident(), [plan], [])] == ["opened", "requested"]


def test_people_are_found_however_deep_they_stand() -> None:
    record = {"a": [{"U0MAYA0001": "x"}, "<@U0JONAS002>"], "b": {"c": "person:W0PRIYA003"}, "d": 5, "e": "xU0TOMAS004"}
    assert set(rules.user_ids(record)) == {"U0MAYA0001", "U0JONAS002", "W0PRIYA003", "U0TOMAS004"}
