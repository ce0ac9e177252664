"""`backout who`: everybody, in which slot, as whose deputy, and why not."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.approvals import rules
from bot.approvals.rules import Round, Row, Situation, Standing
from bot.foundation.errors import Refusal
from tests.approvals.committee import directory, matrix, slack
from tests.support.clock import MORNING

KEYS = sorted(directory().people)


def explain(severity: str = "medium", **more: object) -> list[Row]:
    return rules.explain(matrix(), directory(), "shop", Situation(severity), "approve_rollback", MORNING, **more)  # type: ignore[arg-type]


def test_everybody_is_explained() -> None:
    """R072 R073."""
    rows = explain()
    assert {row.person for row in rows} == set(KEYS)
    assert [(row.person, row.slot) for row in rows if row.can] == [("tom", "Engineering"), ("ann", "Product")]
    (pri,) = (row for row in rows if row.person == "pri")
    assert (pri.slot, pri.as_deputy_for, pri.can) == ("Engineering", "Tom", False)
    assert "10 minutes after it was asked" in (pri.why_not or "")
    assert all((row.why_not is None) == row.can for row in rows)


def test_a_row_reads_well_and_is_json() -> None:
    rows = {row.person: row for row in explain()}
    assert str(rows["tom"]) == "yes  Tom (tom), Engineering"
    assert str(rows["pri"]).startswith("no   Pri (pri), Engineering in place of Tom: Pri may decide in place of Tom 10")
    assert rows["tom"].as_json() == {
        "person": "tom",
        "name": "Tom",
        "slot": "Engineering",
        "as_deputy_for": None,
        "can": True,
        "why_not": None,
    }


def test_accounts_that_are_not_active_are_said() -> None:
    """R072."""
    rows = {row.person: row for row in explain(active=frozenset({slack("pri"), slack("ann")}))}
    assert not rows["tom"].can
    assert "not an active member's" in (rows["tom"].why_not or "")
    assert rows["pri"].can


def test_what_the_matrix_does_not_know_is_refused() -> None:
    with pytest.raises(Refusal):
        explain("huge")


@given(
    requester=st.sampled_from(KEYS),
    away=st.sets(st.sampled_from(KEYS)),
    severity=st.sampled_from(rules.SEVERITIES),
    tags=st.sampled_from([[], ["medical"]]),
)
def test_explaining_and_deciding_agree(requester: str, away: set[str], severity: str, tags: list[str]) -> None:
    """R072: whoever is listed as able is able, and nobody else."""
    active = frozenset(slack(key) for key in KEYS if key not in away)
    rows = rules.explain(
        matrix(), directory(), "shop", Situation(severity, tags), "approve_rollback", MORNING, active, slack(requester)
    )
    quorum = rules.quorum(matrix(), "approve_rollback", Situation(severity, tags))
    slots = rules.slots_for(directory(), quorum, "shop", MORNING)
    round_ = Round("shop", slots, slack(requester), MORNING, MORNING + timedelta(minutes=10))
    for key in KEYS:
        able = rules.why_not(slack(key), round_, [], Standing(directory(), MORNING, active)) is None
        assert able == any(row.can for row in rows if row.person == key)
