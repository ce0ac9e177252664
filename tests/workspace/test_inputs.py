from typing import Any

import pytest

from bot.workspace import inputs
from bot.workspace.inputs import Found
from bot.workspace.state import NotPossibleError
from bot.workspace.workspace import Workspace
from tests.workspace.surfaces import FORM, option

OPTIONS = [option("1", "SEV1"), option("2", "SEV2")]


@pytest.mark.parametrize(
    ("element", "value", "held"),
    [
        ({"type": "static_select", "options": OPTIONS}, "2", {"selected_option": OPTIONS[1]}),
        ({"type": "static_select", "options": OPTIONS}, "SEV1", {"selected_option": OPTIONS[0]}),
        ({"type": "static_select", "options": OPTIONS}, None, {"selected_option": None}),
        (
            {"type": "static_select", "option_groups": [{"label": {}, "options": OPTIONS}]},
            "1",
            {"selected_option": OPTIONS[0]},
        ),
        ({"type": "checkboxes", "options": OPTIONS}, ["1", "2"], {"selected_options": OPTIONS}),
        ({"type": "checkboxes", "options": OPTIONS}, None, {"selected_options": []}),
        ({"type": "multi_users_select"}, ["ada", "U2"], {"selected_users": ["U1", "U2"]}),
        ({"type": "users_select"}, "ben", {"selected_user": "U2"}),
        ({"type": "channels_select"}, "#ops", {"selected_channel": "C1"}),
        ({"type": "conversations_select"}, "C2", {"selected_conversation": "C2"}),
        ({"type": "datepicker"}, "2026-11-21", {"selected_date": "2026-11-21"}),
        ({"type": "timepicker"}, "09:30", {"selected_time": "09:30"}),
        ({"type": "datetimepicker"}, 1_700_000_000, {"selected_date_time": 1_700_000_000}),
        ({"type": "plain_text_input"}, "typed", {"value": "typed"}),
        ({"type": "number_input"}, 5, {"value": "5"}),
        ({"type": "plain_text_input"}, "", {"value": None}),
    ],
)
def test_what_is_picked_is_held_as_slack_sends_it(
    workspace: Workspace, element: dict[str, Any], value: Any, held: dict[str, Any]
) -> None:
    assert inputs.picked(workspace.api.store, element, value) == {"type": element["type"], **held}


@pytest.mark.parametrize(
    ("element", "value", "why"),
    [
        ({"type": "static_select", "options": OPTIONS}, "3", "not offered; there are: 1, 2"),
        ({"type": "users_select"}, "gone", "nobody who can be chosen"),
        ({"type": "channels_select"}, "nowhere", "no channel"),
        ({"type": "datepicker"}, "20261121", "not a date"),
        ({"type": "multi_users_select", "max_selected_items": 1}, ["ada", "ben"], "at most 1"),
        ({"type": "button"}, "x", "nothing can be picked"),
    ],
)
def test_what_is_not_offered_cannot_be_picked(
    workspace: Workspace, element: dict[str, Any], value: Any, why: str
) -> None:
    with pytest.raises(NotPossibleError, match=why):
        inputs.picked(workspace.api.store, element, value)


def test_a_state_of_another_type_is_forgotten(workspace: Workspace) -> None:
    """A view update may put another element under the same ids."""
    store = workspace.api.store
    view = workspace.api.modals.open("U1", FORM)
    found = inputs.find(view, "text")
    inputs.remember(store, view, "U1", found, {"type": "datepicker", "selected_date": "2026-11-21"})
    assert inputs.values(store, view, "U1")["reason"]["text"] == {"type": "plain_text_input", "value": None}


def test_an_action_names_what_it_was_before() -> None:
    element = {"type": "users_select", "action_id": "lead", "initial_user": "U2", "placeholder": {"text": "Who"}}
    described = inputs.action(Found({"block_id": "b"}, element), {"type": "users_select", "selected_user": "U1"}, "1.1")
    assert described == {
        "type": "users_select",
        "action_id": "lead",
        "block_id": "b",
        "action_ts": "1.1",
        "initial_user": "U2",
        "placeholder": {"text": "Who"},
        "selected_user": "U1",
    }
