"""Which tier is due, whom it reaches, how long it has, who may hand over."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.comms.models import Library, Template
from bot.escalation import rules
from bot.escalation.models import Deadlines, Escalation, EscalationPolicy, EscalationState, Tier
from bot.escalation.rules import Step, Summoned
from bot.foundation.config import fit, read
from bot.people.models import Directory, Role
from tests.people.office import directory, rota
from tests.support.clock import MORNING
from tests.support.stores import config_of

ALL = frozenset({"U0ANN", "U0BOB", "U0CY", "U0DEE", "U0EVE"})
QUARTER = timedelta(minutes=15)


def at(minutes: float) -> datetime:
    return MORNING + timedelta(minutes=minutes)


def escalation(**changes: Any) -> Escalation:
    """Tier 1 of a medium incident, paged in the morning."""
    values = {
        "subject": "INC-1", "system": "shop", "severity": "medium", "channel": "C0SHOP", "policy": "p",
        "started_at": MORNING, "waiting_since": MORNING, "next_tier_at": at(15),
    }  # fmt: skip
    return Escalation(**{**values, **changes})


def policy(**changes: Any) -> EscalationPolicy:
    """Two tiers; five, fifteen and thirty minutes to acknowledge, four times that to decide."""
    tiers = [tier("Owners", "owner"), tier("Leads", "lead")]
    deadlines = {"high": deadline(5), "medium": deadline(15), "low": deadline(30)}
    return EscalationPolicy(**{"tiers": tiers, "deadlines": deadlines, **changes})


def tier(title: str, *roles: str) -> Tier:
    return Tier(title=title, roles=list(roles), template="page/tier", does="something")


def deadline(minutes: int) -> Deadlines:
    return Deadlines(acknowledge=timedelta(minutes=minutes), decide=timedelta(minutes=4 * minutes))


@pytest.mark.parametrize(
    ("reached", "now", "step"),
    [
        (1, at(0), Step(2)),
        (1, at(14.9), Step(2)),
        (1, at(15), Step(3, (2,))),
        (1, at(31), Step(4, (2, 3))),
        (1, at(60 * 24), Step(4, (2, 3))),
        (2, at(0), Step(3)),
        (3, at(500), Step(4)),
        (4, at(0), Step(None)),
        (4, at(500), Step(None)),
    ],
)
def test_what_is_due(reached: int, now: datetime, step: Step) -> None:
    """R075 R081: after a downtime the current tier is paged, those in between are skipped, the last one never is."""
    assert rules.next_step(reached, MORNING, QUARTER, 4, now) == step


@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 10_000))
def test_a_step_goes_up_and_skips_exactly_what_lies_between(reached: int, last: int, late: int) -> None:
    """R081."""
    step = rules.next_step(reached, MORNING, QUARTER, last, at(late))
    if reached >= last:
        assert step == Step(None)
    else:
        assert step.tier is not None
        assert reached < step.tier <= last
        assert step.skipped == tuple(range(reached + 1, step.tier))


@pytest.mark.parametrize(
    ("before", "after", "now", "due"),
    [
        ("medium", "high", at(2), at(5)),
        ("medium", "high", at(12), at(12)),
        ("medium", "low", at(2), at(30)),
        ("low", "medium", at(20), at(20)),
        ("medium", "medium", at(2), at(15)),
    ],
)
def test_another_severity_moves_the_deadline(before: str, after: str, now: datetime, due: datetime) -> None:
    """R042 R043: counted from when the running time began, and never set into the past."""
    found = escalation(severity=before, next_tier_at=at(30 if before == "low" else 15))
    assert rules.deadline_after(found, policy(), after, now) == due


@given(
    st.sampled_from(rules.SEVERITIES),
    st.sampled_from(rules.SEVERITIES),
    st.lists(st.integers(1, 300), min_size=3, max_size=3),
    st.integers(0, 400),
)
def test_a_higher_severity_never_buys_time(before: str, after: str, minutes: list[int], passed: int) -> None:
    """R042: whatever the deadlines say, even if an admin wrote longer ones for higher severities."""
    odd = policy(deadlines={name: deadline(each) for name, each in zip(rules.SEVERITIES, minutes, strict=True)})
    each = odd.deadlines[before].acknowledge
    found = escalation(severity=before, next_tier_at=MORNING + each)
    due = rules.deadline_after(found, odd, after, at(passed))
    assert due is not None
    if rules.is_higher(after, before):
        assert due <= MORNING + each


def test_no_deadline_runs_no_deadline_moves() -> None:
    assert rules.deadline_after(escalation(next_tier_at=None), policy(), "high", at(1)) is None


def summon(
    *roles: str, without: tuple[str, ...] = (), system: str = "shop", held: Directory | None = None
) -> list[Summoned]:
    away = {f"U0{name.upper()}" for name in without}
    return rules.summon(held or directory(), roles, system, MORNING, ALL - away)


@pytest.mark.parametrize(
    ("roles", "without", "system", "expected"),
    [
        (["owner"], [], "shop", [Summoned("U0ANN", "Owner")]),
        (["owner"], [], "credit", [Summoned("U0CY", "Owner"), Summoned("U0DEE", "Owner")]),
        (["owner", "lead"], [], "shop", [Summoned("U0ANN", "Owner"), Summoned("U0CY", "Lead")]),
        (["owner", "lead"], [], "other", [Summoned("U0CY", "Owner")]),
        (["owner"], ["ann"], "shop", [Summoned("U0BOB", "Owner", "Ann")]),
        (["owner"], ["ann", "bob"], "shop", []),
        (["owner"], ["dee"], "credit", [Summoned("U0CY", "Owner")]),
        (["owner"], ["cy"], "credit", [Summoned("U0ANN", "Owner", "Cy"), Summoned("U0DEE", "Owner")]),
        (["pilots"], [], "shop", []),
    ],
)
def test_whom_a_tier_reaches(roles: list[str], without: list[str], system: str, expected: list[Summoned]) -> None:
    """R076 R084: each person once; the deputy where the holder cannot be reached, said as such."""
    assert summon(*roles, without=tuple(without), system=system) == expected


def test_of_a_rota_the_first_in_turn_who_can_be_reached_is_paged() -> None:
    """R048: one person is woken, not all."""
    held = directory(on_call=Role(title="On call", rota=rota("dee", "eve", "bob")))
    (on_duty,) = summon("on_call", held=held)
    order = ["U0DEE", "U0EVE", "U0BOB"]
    (other,) = summon("on_call", without=(on_duty.person.removeprefix("U0").lower(),), held=held)
    assert other.person == order[(order.index(on_duty.person) + 1) % 3]


@pytest.mark.parametrize(
    ("changes", "actor", "active", "of_a_tier", "says"),
    [
        ({"lead": "U0ANN", "acknowledged_at": MORNING}, "U0ANN", True, False, None),
        ({"lead": "U0ANN", "acknowledged_at": MORNING}, "U0CY", True, True, "Ann leads INC-1, and only Ann can"),
        ({"lead": "U0ANN", "acknowledged_at": MORNING}, "U0CY", False, True, None),
        ({"lead": "U0ANN"}, "U0CY", True, True, None),
        ({}, "U0CY", False, True, None),
        ({}, "U0EVE", False, False, "Nobody leads INC-1 yet."),
        ({"lead": "U0ANN", "state": EscalationState.ENDED}, "U0ANN", True, True, "INC-1 is closed"),
    ],
)
def test_who_may_hand_over(
    changes: dict[str, Any], actor: str, active: bool, of_a_tier: bool, says: str | None
) -> None:
    """R079 R087."""
    why = rules.why_not_hand_over(
        escalation(**changes), actor, lead_is_active=active, of_a_tier=of_a_tier, lead_name="Ann"
    )
    assert why == says if says is None else (why or "").startswith(says)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, None),
        ({"lead": "U0ANN"}, None),
        ({"lead": "U0CY"}, None),
        ({"lead": "U0CY", "acknowledged_at": MORNING}, "You lead INC-1 already."),
        ({"lead": "U0ANN", "acknowledged_at": MORNING}, "Ann leads INC-1. To take it over, ask Ann to hand over"),
        ({"state": EscalationState.ENDED}, "INC-1 is closed"),
        ({"state": EscalationState.EXHAUSTED}, None),
        ({"state": EscalationState.DECIDED}, None),
    ],
)
def test_who_may_acknowledge(changes: dict[str, Any], says: str | None) -> None:
    """R079."""
    why = rules.why_not_acknowledge(escalation(**changes), "U0CY", "Ann")
    assert why == says if says is None else (why or "").startswith(says)


@pytest.mark.parametrize(("written", "kept"), [("", None), (" a b ", None), (" abc ", "abc"), ("a b c", "a b c")])
def test_a_reason_says_something(written: str, kept: str | None) -> None:
    """R079."""
    assert rules.reason_given(written) == kept


def problems(**changes: Any) -> list[str]:
    template = Template(
        name="page/tier", audience="responders", stage="page", title="Page", body="", file=Path("p"), digest="d"
    )
    library = Library(templates={"page/tier": template}, approvals={})
    return [problem.what for problem in rules.checks(config_of(directory(), library, policy(**changes)))]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, []),
        ({"tiers": [tier("Pilots", "pilots")]}, ["“pilots” in the tier “Pilots” is not a role of people.yaml"]),
        (
            {"tiers": [Tier(title="T", roles=["owner"], template="page/none", does="x")]},
            ["tier 1 is paged with the template “page/none”, which is not there"],
        ),
        (
            {"deadlines": {"high": deadline(5), "medium": deadline(15)}},
            ["deadlines say nothing about incidents of severity low"],
        ),
        (
            {"deadlines": {"high": deadline(5), "medium": deadline(15), "low": deadline(30), "huge": deadline(1)}},
            ["“huge” is not a severity"],
        ),
        (
            {"deadlines": {"high": deadline(0), "medium": deadline(15), "low": deadline(30)}},
            ["acknowledge leaves no time", "decide leaves no time"],
        ),
    ],
)
def test_mistakes_in_the_configuration_are_named(changes: dict[str, Any], says: list[str]) -> None:
    """R085."""
    assert problems(**changes) == says


def test_the_tiers_as_shipped() -> None:
    """R075 R076 R077 R078 R081."""
    shipped = fit(read(Path("config/escalation.yaml")), EscalationPolicy)
    assert [tier.roles for tier in shipped.tiers] == [
        ["model_owner", "data_engineering_lead"],
        ["safety", "compliance", "product_lead"],
        ["executive_sponsor", "regulator_liaison", "external_auditor"],
    ]
    minutes = {name: (each.acknowledge, each.decide) for name, each in shipped.deadlines.items()}
    assert minutes == {
        "low": (timedelta(minutes=30), timedelta(hours=4)),
        "medium": (timedelta(minutes=15), timedelta(hours=1)),
        "high": (timedelta(minutes=5), timedelta(minutes=20)),
    }
