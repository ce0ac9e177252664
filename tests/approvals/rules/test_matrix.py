"""Which quorum holds, and whom it means."""

import pytest

from bot.approvals import rules
from bot.approvals.rules import Deputy, Slot
from bot.foundation.errors import Refusal
from tests.approvals.committee import directory, matrix, slack
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
    assert rules.quorum(matrix(), "approve_rollback", severity, tags) == quorum


@pytest.mark.parametrize(
    ("activity", "severity", "says"),
    [("dance", "low", "no activity “dance”"), ("approve_rollback", "huge", "“huge” is not a severity")],
)
def test_what_the_matrix_does_not_know_is_refused(activity: str, severity: str, says: str) -> None:
    """R072."""
    with pytest.raises(Refusal, match=says):
        rules.cell(matrix(), activity, severity, [])


def test_slots_name_holders_and_their_deputies_and_survive_storage() -> None:
    """R072 R084."""
    (slot,) = rules.slots_for(directory(), ["engineering"], "shop", MORNING)
    assert slot == Slot("engineering", "Engineering", (slack("tom"),), (Deputy(slack("pri"), slack("tom")),))
    assert rules.slot_from(slot.as_json()) == slot


def test_a_role_that_is_gone_means_nobody() -> None:
    assert rules.slots_for(directory(), ["pilots"], "shop", MORNING) == (Slot("pilots", "pilots", ()),)
