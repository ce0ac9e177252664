"""Which element may stand where; the limits of each are in the table of test_blocks.py."""

import pytest

from bot.workspace import elements
from bot.workspace.checks import Problems


def test_nothing_is_typed_in_actions_and_nothing_pressed_in_inputs() -> None:
    assert not set(elements.TYPED_INPUTS) & set(elements.IN_ACTIONS)
    assert not {"button", "overflow", "image"} & set(elements.IN_INPUT)


def test_multi_selects_stand_beside_sections_and_in_inputs_only() -> None:
    assert set(elements.MULTI_SELECTS) <= set(elements.IN_SECTION) & set(elements.IN_INPUT)
    assert not set(elements.MULTI_SELECTS) & set(elements.IN_ACTIONS)


@pytest.mark.parametrize(("initial", "wrong"), [("a", False), ("b", True)])
def test_an_initial_option_is_one_of_those_in_groups_too(initial: str, wrong: bool) -> None:
    option = {"text": {"type": "plain_text", "text": "A"}, "value": "a"}
    group = {"label": {"type": "plain_text", "text": "G"}, "options": [option]}
    problems: Problems = []
    element = {"option_groups": [group], "initial_option": {**option, "value": initial}}
    elements.initial_is_offered(element, "/e", problems)
    assert bool(problems) == wrong


@pytest.mark.parametrize("odd", [7, "x", None, {}, [7], [{"options": 7}]])
def test_options_that_are_no_list_are_none(odd: object) -> None:
    problems: Problems = []
    elements.initial_is_offered({"option_groups": odd, "options": odd, "initial_option": {}}, "/e", problems)
    assert problems
