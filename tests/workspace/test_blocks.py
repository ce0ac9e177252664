"""What Slack refuses in Block Kit, and what it accepts: the table is in block_cases.py."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.workspace import blocks
from bot.workspace.checks import Problem
from tests.workspace.block_cases import (
    INVALID_BLOCKS,
    INVALID_VIEWS,
    VALID_BLOCKS,
    VALID_VIEWS,
    Json,
    actions,
    button,
    mrkdwn,
    plain,
    section,
)


def test_the_table_is_long_enough() -> None:
    """49 wrong payloads were the measure for the builders that miss them."""
    assert len(INVALID_BLOCKS) + len(INVALID_VIEWS) >= 100


@pytest.mark.parametrize(("payload", "where"), INVALID_BLOCKS.values(), ids=INVALID_BLOCKS.keys())
def test_refuses_wrong_blocks_and_says_where(payload: Any, where: str) -> None:
    assert where in [problem.where for problem in blocks.check_message(payload)]


@pytest.mark.parametrize(("payload", "where"), INVALID_VIEWS.values(), ids=INVALID_VIEWS.keys())
def test_refuses_wrong_views_and_says_where(payload: Any, where: str) -> None:
    assert where in [problem.where for problem in blocks.check_view(payload)]


@pytest.mark.parametrize("payload", VALID_BLOCKS.values(), ids=VALID_BLOCKS.keys())
def test_accepts_right_blocks(payload: list[Json]) -> None:
    assert blocks.check_message(payload) == []


@pytest.mark.parametrize("payload", VALID_VIEWS.values(), ids=VALID_VIEWS.keys())
def test_accepts_right_views(payload: Json) -> None:
    assert blocks.check_view(payload) == []


def test_only_the_wrong_part_is_reported() -> None:
    wrong = {"type": "header", "text": plain("x" * 151)}
    assert blocks.check_message([section(), wrong]) == [
        Problem("must be less than 151 characters", "/blocks/1/text/text")
    ]


def test_counts_visible_characters_with_labels_of_buttons() -> None:
    assert blocks.visible_characters([section(text=mrkdwn("*bold*")), actions(button(text=plain("Go")))]) == 6


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
EVERYTHING = [
    *(deepcopy(payload) for payload in VALID_BLOCKS.values()),
    *(view["blocks"] for view in VALID_VIEWS.values()),
]


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place inside a JSON value."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, child in list(children)[:12] for found in paths(child, (*path, key)))]


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


PLACES = [(payload, path) for payload in EVERYTHING for path in paths(payload)]


@given(st.sampled_from(PLACES), ANY_JSON)
def test_whatever_stands_anywhere_is_judged_without_a_crash(place: tuple[Any, tuple[Any, ...]], value: Any) -> None:
    broken = replaced(*place, value)
    for problem in blocks.check_message(broken):
        assert problem.where.startswith("/blocks")
    blocks.check_view(broken)
    blocks.check_view({"type": "modal", "title": value, "blocks": broken})
