"""What `backout check` says about raci.yaml."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bot.approvals import rules
from bot.approvals.models import Activity, Case, Matrix, NamedSlot
from bot.approvals.rules import Situation
from bot.foundation.config import fit, read
from bot.people.models import Directory
from tests.approvals.committee import cell, directory, matrix
from tests.support.stores import config_of

TODAY = date(2026, 11, 21)


def activity(**changes: Any) -> Activity:
    """An activity that needs product's approval, with other cells."""
    return Activity(
        **{"title": "Something", "low": cell("product"), "medium": cell("product"), "high": cell("product"), **changes}
    )


def said(found: Activity, held: Directory | None = None) -> list[str]:
    return [problem.what for problem in rules.checks(config_of(held or directory(), matrix(something=found)))]


def warned(found: Activity, held: Directory | None = None, today: date = TODAY) -> list[str]:
    config = config_of(held or directory(), matrix(something=found))
    return [problem.what for problem in rules.warnings(config, today)]


def test_the_matrix_in_order_has_no_problem() -> None:
    assert said(activity()) == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"low": cell("pilots")}, "“pilots” is not a role of people.yaml"),
        ({"low": cell("product", accountable="pilots")}, "“pilots” is not a role of people.yaml"),
        ({"low": cell("product", informed=["pilots"])}, "“pilots” is not a role of people.yaml"),
        ({"with_tag": {"medical": {"high": cell("pilots")}}}, "“pilots” is not a role of people.yaml"),
        ({"with_tag": {"medical": {"huge": cell("product")}}}, "“huge” is not a severity"),
        ({"low": cell()}, "something needs approval at other severities, but here nobody could give it"),
        ({"low": cell("empty")}, "this quorum can never be complete: nobody holds empty"),
        (
            {"low": cell("medical", "medical")},
            "this quorum can never be complete: one person would have to approve twice, "
            "and nobody else could fill medical",
        ),
        ({"low": cell("product", expires_after="PT10M")}, "requests expire before deputies may decide"),
        (
            {"low": cell("product", valid_for="PT59M")},
            "the first approval would lapse before the last one has to be given",
        ),
        ({"low": cell(NamedSlot(name="X", roles=["product", "pilots"]))}, "“pilots” is not a role of people.yaml"),
        (
            {"low": cell(NamedSlot(name="X", count=2, roles=["medical"]))},
            "this quorum can never be complete: one person would have to approve twice, "
            "and nobody else could fill medical",
        ),
        ({"when": [Case(low=cell("product"))]}, "this case asks for nothing, so it would always hold"),
        ({"when": [Case(any_tag=["medical"])]}, "this case has no cell"),
        ({"when": [Case(any_tag=["medical"], low=cell("pilots"))]}, "“pilots” is not a role of people.yaml"),
    ],
)
def test_a_mistake_is_named(changes: dict[str, Any], says: str) -> None:
    """R066 R080: unknown roles, quorums without people, quorums that one person would fill twice."""
    assert said(activity(**changes), directory(empty=[])) == [says]


def test_a_quorum_is_checked_for_each_system_that_has_people_of_its_own() -> None:
    """R066."""
    held = directory()
    role = held.roles["product"].model_copy(update={"by_system": {"credit": ["ines"], "shop": ["ann"]}})
    held = held.model_copy(update={"roles": {**held.roles, "product": role}})
    both = cell("product", "medical")
    problems = said(activity(low=both), held)
    assert len(problems) == 1
    assert "for credit: one person would have to approve twice" in problems[0]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"low": cell("product", consulted=["engineering"] * 5)},
            "5 roles are consulted, which is slow under pressure",
        ),
        ({"low": cell("product", informed=["product"])}, "product is accountable and also only informed"),
        ({"low": cell("medical")}, "when Ines asks, nobody can approve as medical"),
        ({"low": cell("product", "product")}, "product stands in this quorum more than once"),
    ],
)
def test_what_is_unwise_is_a_warning(changes: dict[str, Any], says: str) -> None:
    """R065 R066."""
    assert says in warned(activity(**changes))


def test_a_review_that_is_due_is_only_a_warning() -> None:
    """R082."""
    assert "the matrix was to be reviewed by 2027-05-01" in warned(activity(), today=date(2027, 5, 2))
    assert not [what for what in warned(activity(), today=date(2027, 5, 1)) if "reviewed" in what]
    assert said(activity()) == []


def test_the_matrix_as_shipped_names_every_activity_and_is_in_order() -> None:
    """R063 R068 R069 R070 R071 R080 R082."""
    shipped = fit(read(Path("config/raci.yaml")), Matrix)
    held = fit(read(Path("config/people.yaml")), Directory)
    config = config_of(shipped, held)
    assert list(rules.checks(config)) == []
    assert list(rules.warnings(config, TODAY)) == []
    assert len(shipped.activities) == 12
    assert rules.quorum(shipped, "approve_rollback", Situation("low")) == ["product_owner"]
    assert rules.quorum(shipped, "approve_rollback", Situation("medium")) == ["engineering_lead", "product_lead"]
    high = ["engineering_lead", "product_lead", "compliance", "leadership"]
    assert rules.quorum(shipped, "approve_rollback", Situation("high", ["lending"])) == high
    medical = ["engineering_lead", "medical", "compliance", "leadership"]
    assert rules.quorum(shipped, "approve_rollback", Situation("high", ["regulated", "medical"])) == medical


def test_a_mistake_in_people_yaml_is_not_a_crash_here() -> None:
    """R065: whoever is no person there is named by the check of that file; here the role is empty."""
    held = directory(product=["nobody"])
    assert said(activity(), held)[0] == "this quorum can never be complete: nobody holds product"
