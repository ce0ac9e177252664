from typing import Any

import pytest

from bot.workspace import checks
from bot.workspace.checks import Check, Problem, Problems


def found(check: Check, value: Any) -> list[str]:
    problems: Problems = []
    check(value, "/x", problems)
    return [str(problem) for problem in problems]


@pytest.mark.parametrize(
    ("check", "value", "what"),
    [
        (checks.string(2), "abc", "must be less than 3 characters"),
        (checks.string(2), "", "must be more than 0 characters"),
        (checks.string(2), None, "must be a string"),
        (checks.string(2, 0, "a*"), "b", "value did not match the expected format"),
        (checks.boolean, 1, "must be a boolean"),
        (checks.integer(1, 3), 4, "must be between 1 and 3"),
        (checks.integer(1, 3), True, "must be an integer"),
        (checks.choice("a", "b"), "c", "must be one of a, b"),
        (checks.choice("a", "b"), ["a"], "must be one of a, b"),
        (checks.address(20), "ftp://x", "must be a valid url"),
        (checks.address(20), "https://a b", "must be a valid url"),
        (checks.day, "2026-13-01", "must be a valid date"),
        (checks.listed(checks.boolean, 1, 2), [], "must be more than 0 items"),
        (checks.listed(checks.boolean, 1, 2), [True] * 3, "no more than 2 items allowed"),
        (checks.listed(checks.boolean, 1, 2), "ab", "must be an array"),
        (checks.thing({"a": checks.boolean}, {}), {}, "missing required field: a"),
        (checks.thing({}, {}), {"b": 1}, "invalid additional property: b"),
        (checks.thing({}, {}), [], "must be an object"),
        (checks.typed({}), {}, "missing required field: type"),
        (checks.typed({}), 1, "must be an object"),
        (
            checks.thing({}, {"a": checks.anything}, checks.exactly_one_of("a", "b")),
            {},
            "must have exactly one of a, b",
        ),
        (checks.thing({}, {}, checks.at_least_one_of("a", "b")), {}, "must have at least one of a, b"),
    ],
)
def test_says_what_is_wrong(check: Check, value: Any, what: str) -> None:
    assert found(check, value) == [f"{what} [json-pointer:/x]"]


def test_points_into_lists_and_objects() -> None:
    check = checks.listed(checks.thing({"ok": checks.boolean}, {}), 0, 9)
    assert found(check, [{"ok": True}, {"ok": 1}, {}]) == [
        "must be a boolean [json-pointer:/x/1/ok]",
        "missing required field: ok [json-pointer:/x/2]",
    ]


def test_the_type_selects_the_check() -> None:
    check = checks.typed({"a": checks.thing({}, {"type": checks.anything})}, "type of thing")
    assert found(check, {"type": "a"}) == []
    assert found(check, {"type": "b"}) == [str(Problem("unsupported type of thing: b", "/x/type"))]
