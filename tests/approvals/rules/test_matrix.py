"""Which quorum holds, and whom it means."""

import pytest

from bot.approvals import rules
from bot.approvals.models import Activity, Case, NamedSlot
from bot.approvals.rules import Deputy, Situation, Slot
from bot.foundation.errors import Refusal
from tests.approvals.committee import cell, directory, matrix, slack
from tests.support.clock import MORNING


@pytest.mark.parametrize(
    ("severity", "tags", "quorum"),
    [
        ("low", [], ["product"]),
        ("medium", [], ["engineering", "product"]),
        ("high", [], ["engineering", "product", "compliance"]),
        ("high", ["medical"], ["engineering", "medical", "compliance"]),
        ("high", ["lending", "medical"], ["engineering", "medical", "compliance"]),
        ("high", ["lending"], ["engineering", "product", "compliance"]),
        ("medium", ["medical"], ["engineering", "product"]),
    ],
)
def test_the_quorum_follows_severity_and_tags(severity: str, tags: list[str], quorum: list[str]) -> None:
    """R063 R064 R069 R070 R071."""
    assert rules.quorum(matrix(), "approve_rollback", Situation(severity, tags)) == quorum


@pytest.mark.parametrize(
    ("activity", "severity", "says"),
    [("dance", "low", "no activity “dance”"), ("approve_rollback", "huge", "“huge” is not a severity")],
)
def test_what_the_matrix_does_not_know_is_refused(activity: str, severity: str, says: str) -> None:
    """R072."""
    with pytest.raises(Refusal, match=says):
        rules.cell(matrix(), activity, Situation(severity))


def test_slots_name_holders_and_their_deputies_and_survive_storage() -> None:
    """R072 R084."""
    (slot,) = rules.slots_for(directory(), ["engineering"], "shop", MORNING)
    assert slot == Slot(
        "engineering", ("engineering",), "Engineering", (slack("tom"),), (Deputy(slack("pri"), slack("tom")),)
    )
    assert rules.slot_from(slot.as_json()) == slot


def test_a_role_that_is_gone_means_nobody() -> None:
    assert rules.slots_for(directory(), ["pilots"], "shop", MORNING) == (Slot("pilots", ("pilots",), "pilots", ()),)


def test_a_slot_may_need_several_people_of_several_roles() -> None:
    """R063 R069: one slot for each approval, each with a name of its own, whatever the roles."""
    quorum: list[str | NamedSlot] = [
        NamedSlot(name="Engineering", count=2, roles=["engineering", "compliance"]),
        "product",
        "product",
    ]
    slots = rules.slots_for(directory(), quorum, "shop", MORNING)
    assert [(slot.name, slot.title, slot.people) for slot in slots] == [
        ("Engineering", "Engineering", (slack("tom"), slack("gra"))),
        ("Engineering#2", "Engineering (2)", (slack("tom"), slack("gra"))),
        ("product", "Product", (slack("ann"),)),
        ("product#2", "Product (2)", (slack("ann"),)),
    ]
    assert slots[0].deputies == (Deputy(slack("pri"), slack("tom")), Deputy(slack("sam"), slack("gra")))
    assert rules.slots_for(directory(), [NamedSlot(name="Care", roles=["medical"])], "shop", MORNING)[0].name == "Care"


SPECIAL = Activity(
    title="Something",
    low=cell("product"),
    medium=cell("product"),
    high=cell("product"),
    when=[
        Case(any_tag=["regulated", "lending"], share_of_users_at_least=0.5, low=cell("compliance")),
        Case(any_tag=["regulated"], low=cell("medical"), high=cell("medical")),
        Case(share_of_users_at_least=0.2, low=cell("engineering"), medium=cell("engineering")),
    ],
)


@pytest.mark.parametrize(
    ("situation", "quorum"),
    [
        (Situation("low"), ["product"]),
        (Situation("low", ["lending"]), ["product"]),
        (Situation("low", ["lending"], 0.5), ["compliance"]),
        (Situation("low", ["regulated"], 0.49), ["medical"]),
        (Situation("low", [], 0.2), ["engineering"]),
        (Situation("low", [], 0.19), ["product"]),
        (Situation("medium", ["regulated"], 0.2), ["engineering"]),
        (Situation("medium", ["regulated"]), ["product"]),
        (Situation("high", ["regulated"], 0.9), ["medical"]),
        (Situation("high", [], 0.9), ["product"]),
    ],
)
def test_the_first_case_that_fits_and_has_a_cell_counts(situation: Situation, quorum: list[str]) -> None:
    """R063: by regulatory exposure, and by the share of users."""
    assert rules.quorum(matrix(special=SPECIAL), "special", situation) == quorum


def test_who_is_responsible_for_what_the_matrix_does_not_have() -> None:
    assert rules.responsible(matrix(), "dance", Situation("low")) == []
    assert rules.responsible(matrix(), "close", Situation("low")) == ["engineering"]
