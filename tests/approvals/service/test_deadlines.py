"""What time does to a round."""

from datetime import timedelta
from pathlib import Path

from bot.approvals import service
from bot.approvals.rules import SEVERITIES
from bot.comms.models import FallbackPolicy, Library
from bot.escalation import service as escalation
from bot.escalation.models import EscalationPolicy
from tests.approvals.committee import Committee, directory, matrix, slack
from tests.approvals.committee import committee as new_committee
from tests.support.clock import MORNING
from tests.support.stores import config_of


def test_what_is_not_complete_in_time_expires_without_effect(committee: Committee) -> None:
    """R081 R112: fails closed, and says so."""
    request = committee.ask()
    committee.approve("tom", request)
    assert committee.reads(service.next_expiry) == MORNING + timedelta(hours=1)
    committee.clock.pass_time(minutes=59)
    assert committee.does("backout", service.expire) == 0
    committee.clock.pass_time(minutes=1)
    assert committee.does("backout", service.expire) == 1
    assert committee.does("backout", service.expire) == 0
    assert (committee.now(request).state, committee.now(request).outcome) == ("expired", "Missing: Product.")
    assert committee.reads(service.next_expiry) is None
    assert committee.outbox("rollback.start") == []
    assert "this was missing: Product. So nothing is rolled back." in committee.notes()[-1]
    assert f"<@{slack('may')}>" in committee.notes()[-1]
    assert committee.trail("approval.round_expired")[0].facts["request"] == request.id


def test_deputies_are_told_in_the_thread_once_they_may_decide(committee: Committee) -> None:
    """R084."""
    request = committee.ask()
    committee.approve("tom", request)
    assert committee.reads(service.next_deputies) == MORNING + timedelta(minutes=10)
    committee.clock.pass_time(minutes=10)
    assert committee.does("backout", service.call_deputies) == 1
    assert committee.does("backout", service.call_deputies) == 0
    note = committee.notes()[-1]
    assert f"<@{slack('leo')}> (Product, for Ann)" in note
    assert slack("pri") not in note
    assert committee.trail("approval.deputies_called")[0].facts["people"] == [slack("leo")]
    assert committee.reads(service.next_deputies) is None


def test_nobody_is_called_for_what_is_decided(committee: Committee) -> None:
    """R048."""
    committee.reject("tom", committee.ask())
    assert committee.reads(service.next_deputies) is None
    committee.clock.pass_time(hours=2)
    before = committee.notes()
    assert committee.does("backout", service.call_deputies) == 0
    assert committee.does("backout", service.expire) == 0
    assert committee.notes() == before


def test_a_round_without_deputies_calls_nobody(committee: Committee) -> None:
    committee.deactivate("leo")
    committee.ask(severity="low")
    committee.clock.pass_time(minutes=10)
    before = committee.notes()
    assert committee.does("backout", service.call_deputies) == 1
    assert committee.notes() == before


def test_after_a_downtime_what_is_overdue_expires_once_and_calls_nobody(committee: Committee) -> None:
    """R081."""
    requests = [committee.ask(subject=f"INC-{number}") for number in (1, 2)]
    committee.clock.pass_time(days=2)
    assert committee.does("backout", service.expire) == 2
    assert committee.does("backout", service.call_deputies) == 0
    assert [committee.now(request).state for request in requests] == ["expired", "expired"]
    assert len([note for note in committee.notes() if "Expired" in note]) == 2


def test_deputies_are_not_called_for_an_overdue_round_even_if_that_sweep_comes_first(committee: Committee) -> None:
    committee.ask()
    committee.clock.pass_time(hours=2)
    before = committee.notes()
    assert committee.does("backout", service.call_deputies) == 1
    assert committee.notes() == before


def test_at_the_end_those_who_are_missing_are_named_where_the_matrix_says_so(committee: Committee) -> None:
    """R081: `at_end: remind`; it ends without effect all the same."""
    request = committee.ask(activity="reminding")
    committee.clock.pass_time(hours=1)
    committee.does("backout", service.expire)
    assert committee.now(request).state == "expired"
    assert (
        f"this was missing: Product (<@{slack('ann')}> (Product), <@{slack('leo')}> (Product, for Ann))"
        in (committee.notes()[-1])
    )


def test_at_the_end_the_next_tier_is_brought_in_where_the_matrix_says_so(tmp_path: Path) -> None:
    """R081: `at_end: climb`."""
    found = new_committee(tmp_path)
    found.store.config = config_of(
        directory(), matrix(), FallbackPolicy(), Library(templates={}, approvals={}), two_tiers()
    )
    found.does("backout", escalation.start, "INC-1", system="shop", severity="medium", channel="C0SHOP")
    request = found.ask(activity="climbing")
    found.clock.pass_time(hours=1)
    found.does("backout", service.expire)
    assert found.now(request).state == "expired"
    (hastened,) = found.trail("escalation.hastened")
    assert hastened.why == "An approval was not complete in time. Missing: Product."
    state = found.reads(escalation.state_of, "INC-1")
    assert state is not None
    assert state.tier == 2
    found.store.close()


def two_tiers() -> EscalationPolicy:
    """Engineering, then compliance, with hours between them."""
    hours = {"acknowledge": "PT4H", "decide": "PT4H"}
    tiers = [
        {"title": role, "roles": [role], "template": "page", "does": "look"} for role in ("engineering", "compliance")
    ]
    return EscalationPolicy.model_validate({"tiers": tiers, "deadlines": dict.fromkeys(SEVERITIES, hours)})
