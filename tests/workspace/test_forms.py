from typing import Any

import pytest

from bot.workspace import forms, inputs
from bot.workspace.state import NotPossibleError, View
from bot.workspace.workspace import Workspace
from tests.workspace.surfaces import FORM, field, modal, text_field


def shown(workspace: Workspace, content: dict[str, Any]) -> View:
    return workspace.api.modals.open("U1", content)


def said(workspace: Workspace, view: View, **values: Any) -> dict[str, str]:
    forms.fill(workspace.api.store, view, values)
    return forms.complaints(view, inputs.values(workspace.api.store, view, "U1"))


@pytest.mark.parametrize(
    ("kind", "more", "typed", "complaint"),
    [
        ("plain_text_input", {}, "", "required"),
        ("plain_text_input", {}, "x", ""),
        ("plain_text_input", {"min_length": 3}, "ab", "at least 3"),
        ("plain_text_input", {"max_length": 3}, "abcd", "at most 3"),
        ("plain_text_input", {}, "x" * 3001, "at most 3000"),
        ("number_input", {"is_decimal_allowed": False}, "5", ""),
        ("number_input", {"is_decimal_allowed": False}, "5.5", "valid number"),
        ("number_input", {"is_decimal_allowed": True}, "5.5", ""),
        ("number_input", {"is_decimal_allowed": True}, "five", "valid number"),
        ("number_input", {"is_decimal_allowed": True}, "NaN", "valid number"),
        ("number_input", {"is_decimal_allowed": True, "min_value": "1"}, "0.5", "at least 1"),
        ("number_input", {"is_decimal_allowed": True, "max_value": "1"}, "1.5", "at most 1"),
        ("email_text_input", {}, "ada@example.org", ""),
        ("email_text_input", {}, "ada", "valid email"),
        ("url_text_input", {}, "https://example.org", ""),
        ("url_text_input", {}, "example.org", "valid URL"),
    ],
)
def test_slacks_own_checks(workspace: Workspace, kind: str, more: dict[str, Any], typed: str, complaint: str) -> None:
    element = {"type": kind, "action_id": "text", **more}
    sentence = said(workspace, shown(workspace, modal("X", field("a", "A", element))), a=typed).get("a", "")
    assert complaint in sentence
    assert bool(complaint) == bool(sentence)


def test_optional_fields_may_stay_empty(workspace: Workspace) -> None:
    assert said(workspace, shown(workspace, FORM), reason="drift") == {}
    assert said(workspace, shown(workspace, FORM)) == {"reason": forms.REQUIRED}


def test_fields_go_by_block_id_pair_or_label(workspace: Workspace) -> None:
    view = shown(workspace, FORM)
    forms.fill(workspace.api.store, view, {"Reason": "one", "severity": "SEV1", ("who", "people"): "ada"})
    held = inputs.values(workspace.api.store, view, "U1")
    assert held["reason"]["text"]["value"] == "one"
    assert held["severity"]["pick"]["selected_option"]["value"] == "1"
    assert held["who"]["people"]["selected_users"] == ["U1"]


def test_an_unknown_or_ambiguous_field_is_named(workspace: Workspace) -> None:
    view = shown(workspace, modal("X", text_field("a", "Same"), text_field("b", "Same")))
    with pytest.raises(NotPossibleError, match="no field is called 'c'; there are: a/text 'Same', b/text 'Same'"):
        forms.fill(workspace.api.store, view, {"c": "x"})
    with pytest.raises(NotPossibleError, match="several fields are called 'Same'"):
        forms.fill(workspace.api.store, view, {"Same": "x"})


def test_only_input_blocks_carry_errors(workspace: Workspace) -> None:
    view = shown(workspace, modal("X", {"type": "divider", "block_id": "line"}, text_field("a", "A")))
    assert list(forms.input_block_ids(view)) == ["a"]
