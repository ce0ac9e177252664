"""Whoever is informed is told once, when it is decided."""

import pytest

from bot.approvals import service
from tests.approvals.committee import Committee, slack


@pytest.mark.parametrize("end", ["approved", "rejected"])
def test_one_summary_when_it_is_decided(committee: Committee, end: str) -> None:
    """R063: not a stream, and not to those who took part."""
    request = committee.ask(activity="advised", severity="low")
    assert committee.outbox("inform:") == []
    if end == "approved":
        committee.approve("ann", request)
    else:
        committee.reject("ann", request)
    told = [row.payload["person"] for row in committee.outbox("inform:")]
    assert told == [slack("ines")]
    assert committee.trail("approval.informed")[0].facts["people"] == told


def test_a_request_that_expires_informs_nobody(committee: Committee) -> None:
    """Nothing was decided: all is as it was, and after a downtime many would be told so at once."""
    committee.ask(activity="advised", severity="low")
    committee.clock.pass_time(hours=1)
    committee.does("backout", service.expire)
    assert committee.outbox("inform:") == []


def test_a_request_that_is_replaced_informs_nobody(committee: Committee) -> None:
    committee.ask(activity="advised", severity="low")
    committee.ask(activity="advised", severity="low")
    assert committee.outbox("inform:") == []


def test_nobody_is_informed_where_the_matrix_names_nobody(committee: Committee) -> None:
    committee.reject("ann", committee.ask())
    assert committee.trail("approval.informed") == []
