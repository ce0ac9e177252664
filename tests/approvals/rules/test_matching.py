"""Seating people in slots."""

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from bot.approvals.rules.matching import match


@given(st.lists(st.lists(st.integers(0, 4), max_size=4, unique=True), max_size=5))
def test_the_matching_is_as_large_as_can_be(edges: list[list[int]]) -> None:
    """R071: compared with every way of seating people."""
    found = match(edges)
    assert len(set(found.values())) == len(found)
    assert all(slot in edges[person] for slot, person in found.items())
    best = max(
        sum(slot in edges[person] for person, slot in zip(range(len(edges)), order, strict=False))
        for order in permutations(range(5))
    )
    assert len(found) == best
