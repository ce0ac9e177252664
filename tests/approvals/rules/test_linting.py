"""What `backout check` says about raci.yaml."""

from datetime import date
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.app import load_config
from bot.approvals import rules
from bot.approvals.models import Activity, Case, Cell, Matrix, NamedSlot
from bot.approvals.rules import Situation
from bot.foundation.config import fit, read
from bot.foundation.errors import ConfigError
from bot.people.models import Directory
from tests.approvals.committee import DEPUTIES, cell, directory, matrix
from tests.support.soak import SOAKING
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
        (
            {"low": Cell(accountable="product", responsible=["engineering"], quorum=["product"])},
            "nothing says when a request ends that is not complete, so it ends after 4 hours",
        ),
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
    config = load_config(Path("config"), Path("messages"))
    shipped = config[Matrix]
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


def test_who_has_nobody_to_stand_in_is_said() -> None:
    """R084: of roles that something waits for; not of those that are only asked or told."""
    alone = "Zoe alone is Pilots, has no deputy, and is waited for"
    held = directory(pilots=["zoe"])
    assert alone in warned(activity(low=cell("product", responsible=["pilots"])), held)
    assert alone not in warned(activity(low=cell("product", informed=["pilots"])), held)
    assert alone not in warned(activity(low=cell("product", responsible=["pilots"])), directory(pilots=["zoe", "may"]))
    role = held.roles["product"].model_copy(update={"by_system": {"credit": ["zoe"]}})
    special = held.model_copy(update={"roles": {**held.roles, "product": role}})
    assert "Zoe alone is Product for credit, has no deputy, and is waited for" in warned(activity(), special)


def test_a_role_that_no_file_names_is_said() -> None:
    """R065."""
    unused = "the role pilots stands in no other file, so its holders are never asked and never told"
    assert unused in warned(activity(), directory(pilots=["tom"]))
    assert unused not in warned(activity(low=cell("product", informed=["pilots"])), directory(pilots=["tom"]))


@pytest.mark.parametrize("accountable", ["[a, b]", "{a: b}", "", "7"])
def test_exactly_one_role_is_accountable(tmp_path: Path, accountable: str) -> None:
    """R080: said with its line."""
    path = tmp_path / "raci.yaml"
    cells = "\n".join(f"    {name}: {{accountable: {accountable}, responsible: [a]}}" for name in rules.SEVERITIES)
    path.write_text(f"version: '1'\nreview_by: 2027-01-01\nactivities:\n  one:\n    title: One\n{cells}\n")
    with pytest.raises(ConfigError, match=r"raci.yaml:6: .*exactly one role is accountable"):
        fit(read(path), Matrix)


KEYS = sorted(directory().people)
HELD = st.lists(st.sampled_from(KEYS), min_size=1, max_size=3, unique=True)
QUORUMS = st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=2, unique=True), min_size=1, max_size=3)


@settings(max_examples=1_000 if SOAKING else 30)
@given(st.fixed_dictionaries({"a": HELD, "b": HELD, "c": HELD}), QUORUMS)
def test_what_is_said_about_a_quorum_is_what_trying_every_seating_finds(
    held: dict[str, list[str]], quorum: list[list[str]]
) -> None:
    """R066 R071: reachable with different people, and without whoever asks."""
    people = directory(**held)
    row = activity(low=cell(*(NamedSlot(name="X", roles=roles) for roles in quorum)))
    named = [[holder for role in roles for holder in held[role]] for roles in quorum]
    may = [{*holders, *(DEPUTIES.get(holder) for holder in holders)} for holders in named]

    def reachable(without: str | None) -> bool:
        able = [key for key in KEYS if key != without]
        return any(
            all(key in here for key, here in zip(seated, may, strict=True))
            for seated in permutations(able, len(quorum))
        )

    assert any("can never be complete" in what for what in said(row, people)) != reachable(None)
    blocked = {key for holders in named for key in holders if not reachable(key)}
    found = {what.split()[1].lower() for what in warned(row, people) if what.startswith("when ")}
    assert blocked <= found <= blocked | {"ines"}  # of the committee's own quorums, medicine alone hangs on one person
