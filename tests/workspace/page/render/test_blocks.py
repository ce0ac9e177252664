"""Block Kit as HTML: every block and control, reachable by role and name, and never silently dropped."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.workspace.page.render.blocks import Surface, render_blocks
from bot.workspace.page.render.viewer import Viewer
from tests.workspace.page.outline import Element, Outline, active_parts, barriers


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def option(value: str, text: str = "", **more: Any) -> dict[str, Any]:
    return {"value": value, "text": plain(text or value.title()), **more}


OPTIONS = [option("a", "Alpha"), option("b", "Beta")]


def show(viewer: Viewer, *blocks: dict[str, Any], **more: Any) -> Outline:
    return Outline(render_blocks(blocks, Surface("test", viewer, **more)))


def input_block(element: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "type": "input",
        "block_id": "b",
        "label": plain("Reason"),
        "element": {"action_id": "v", **element},
        **more,
    }


def labelled(outline: Outline, label: str) -> Element:
    wanted = next(each for each in outline.all("label") if each.text.strip().startswith(label))
    return outline.by_id(wanted.attributes["for"])


# ---- blocks ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("block", "text"),
    [
        ({"type": "section", "text": {"type": "mrkdwn", "text": "*hi*"}}, "hi"),
        ({"type": "section", "fields": [plain("left"), plain("right")]}, "leftright"),
        ({"type": "header", "text": plain("Big :fire:")}, "Big 🔥"),
        (
            {
                "type": "context",
                "elements": [plain("small"), {"type": "image", "image_url": "https://x/y", "alt_text": "Trend"}],
            },
            "small Trend",
        ),
        (
            {"type": "image", "image_url": "https://x/y.png", "alt_text": "A chart", "title": plain("Title")},
            "TitleA chart",
        ),
        ({"type": "markdown", "text": "**hi**"}, "hi"),
        (
            {
                "type": "rich_text",
                "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "rich"}]}],
            },
            "rich",
        ),
        (
            {"type": "table", "rows": [[{"type": "raw_text", "text": "H"}], [{"type": "raw_text", "text": "cell"}]]},
            "Hcell",
        ),
    ],
)
def test_blocks_show_their_text(block: dict[str, Any], text: str, viewer: Viewer) -> None:
    shown = show(viewer, block).text
    assert "".join(shown.split()) == "".join(text.split())


@pytest.mark.parametrize(
    "block",
    [
        {"type": "carousel"},
        {"type": "file", "external_id": "x"},
        {},
        {"type": "actions", "elements": [{"type": "workflow_button", "text": plain("Run")}]},
        {"type": "input", "label": plain("Files"), "element": {"type": "file_input", "action_id": "f"}},
        {"type": "section", "text": plain("x"), "accessory": {"type": "hologram"}},
        {"type": "context", "elements": [{"type": "button"}]},
    ],
)
def test_what_is_unknown_is_shown_as_unsupported(block: dict[str, Any], viewer: Viewer) -> None:
    assert "Unsupported" in show(viewer, block).text


def test_pictures_from_elsewhere_are_named_and_linked_but_never_loaded(viewer: Viewer) -> None:
    outline = show(viewer, {"type": "image", "image_url": "https://tracker.example/p.gif", "alt_text": "Chart"})
    assert outline.all("img") == []
    assert outline.all("a")[0].attributes["href"] == "https://tracker.example/p.gif"


def test_a_table_has_column_headings(viewer: Viewer) -> None:
    cell = {"type": "raw_text", "text": "x"}
    outline = show(viewer, {"type": "table", "rows": [[cell, cell], [cell, cell]]})
    assert [each.attributes["scope"] for each in outline.all("th")] == ["col", "col"]
    assert len(outline.all("td")) == 2


# ---- controls --------------------------------------------------------------------------------------------------------


def button(**more: Any) -> dict[str, Any]:
    return {"type": "button", "action_id": "go", "text": plain("Acknowledge"), "value": "INC-1", **more}


def test_a_button_carries_what_a_click_needs(viewer: Viewer) -> None:
    confirm = {"title": plain("Sure?"), "text": plain("Really"), "confirm": plain("Yes"), "deny": plain("No")}
    block = {"type": "actions", "block_id": "decide", "elements": [button(style="primary", confirm=confirm)]}
    (shown,) = show(viewer, block).all("button")
    wiring = {name: shown.attributes[f"data-{name}"] for name in ("block", "action", "kind", "value")}
    assert wiring == {"block": "decide", "action": "go", "kind": "button", "value": "INC-1"}
    assert json.loads(shown.attributes["data-confirm"]) == confirm
    assert shown.text == "Acknowledge"
    assert "btn-primary" in shown.attributes["class"]


@pytest.mark.parametrize(("url", "tag"), [("https://a.b/x", "a"), ("javascript:alert(1)", "button")])
def test_a_button_with_an_address_is_a_link_if_the_address_is_safe(url: str, tag: str, viewer: Viewer) -> None:
    shown = [each for each in show(viewer, {"type": "actions", "elements": [button(url=url)]}).elements if each.text]
    assert shown[-1].tag == tag
    assert shown[-1].attributes.get("href", "https://a.b/x") == "https://a.b/x"


@pytest.mark.parametrize(
    ("element", "tag", "kind"),
    [
        ({"type": "plain_text_input"}, "input", "text"),
        ({"type": "plain_text_input", "multiline": True}, "textarea", None),
        ({"type": "number_input", "is_decimal_allowed": False}, "input", "number"),
        ({"type": "url_text_input"}, "input", "url"),
        ({"type": "email_text_input"}, "input", "email"),
        ({"type": "datepicker"}, "input", "date"),
        ({"type": "timepicker"}, "input", "time"),
        ({"type": "datetimepicker"}, "input", "datetime-local"),
        ({"type": "static_select", "options": OPTIONS}, "select", None),
        ({"type": "users_select"}, "select", None),
        ({"type": "channels_select"}, "select", None),
        ({"type": "conversations_select"}, "select", None),
    ],
)
def test_a_field_is_found_by_its_label(element: dict[str, Any], tag: str, kind: str | None, viewer: Viewer) -> None:
    outline = show(viewer, input_block(element, hint=plain("Be brief")))
    field = labelled(outline, "Reason")
    assert (field.tag, field.attributes.get("type")) == (tag, kind)
    described = [outline.by_id(one).text.strip() for one in field.attributes["aria-describedby"].split()]
    assert described == ["Be brief", ""]


@pytest.mark.parametrize(
    ("kind", "box", "labels"),
    [
        ("radio_buttons", "radio", ["Alpha", "Beta"]),
        ("checkboxes", "checkbox", ["Alpha", "Beta"]),
        ("multi_static_select", "checkbox", ["Alpha", "Beta"]),
        ("multi_users_select", "checkbox", ["Ada Byron", "Ben <Okri>"]),
        ("multi_channels_select", "checkbox", ["#ops"]),
    ],
)
def test_a_group_is_a_fieldset_of_labelled_boxes(kind: str, box: str, labels: list[str], viewer: Viewer) -> None:
    outline = show(viewer, input_block({"type": kind, "options": OPTIONS}, optional=True))
    assert outline.all("legend")[0].text.split() == ["Reason", "(optional)"]
    assert [each.text for each in outline.all("label")] == labels
    assert {each.attributes["type"] for each in outline.all("input")} == {box}


def test_option_groups_become_headings(viewer: Viewer) -> None:
    groups = [{"label": plain("Decisions"), "options": OPTIONS}]
    outline = show(viewer, input_block({"type": "static_select", "option_groups": groups}))
    assert [each.attributes["label"] for each in outline.all("optgroup")] == ["Decisions"]


def test_deactivated_people_are_not_offered(viewer: Viewer) -> None:
    outline = show(viewer, input_block({"type": "users_select"}))
    assert [each.attributes["value"] for each in outline.all("option")] == ["", "U1", "U2"]


def test_an_overflow_menu_offers_its_options(viewer: Viewer) -> None:
    accessory = {"type": "overflow", "action_id": "more", "options": OPTIONS}
    outline = show(viewer, {"type": "section", "block_id": "s", "text": plain("x"), "accessory": accessory})
    assert outline.all("summary")[0].attributes["aria-label"] == "More actions"
    assert [(each.text, each.attributes["data-value"]) for each in outline.all("button")] == [
        ("Alpha", "a"),
        ("Beta", "b"),
    ]


INITIAL: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"type": "plain_text_input", "initial_value": "first"}, {"value": "typed"}, "value"),
    ({"type": "datepicker", "initial_date": "2026-01-01"}, {"selected_date": "2026-02-02"}, "value"),
    ({"type": "timepicker", "initial_time": "09:00"}, {"selected_time": "10:00"}, "value"),
]


@pytest.mark.parametrize(("element", "typed", "attribute"), INITIAL)
def test_what_was_typed_wins_over_the_initial_value(
    element: dict[str, Any], typed: dict[str, Any], attribute: str, viewer: Viewer
) -> None:
    before = labelled(show(viewer, input_block(element)), "Reason").attributes[attribute]
    after = labelled(show(viewer, input_block(element), typed={"b": {"v": typed}}), "Reason").attributes[attribute]
    assert (before, after) == ([*element.values()][-1], [*typed.values()][-1])


def test_a_date_and_time_is_shown_in_the_viewers_zone(viewer: Viewer) -> None:
    outline = show(viewer, input_block({"type": "datetimepicker", "initial_date_time": 1795251900}))
    assert labelled(outline, "Reason").attributes["value"] == "2026-11-21T10:05"


@pytest.mark.parametrize("typed", [{}, {"b": {"v": {"type": "x", "selected_options": [OPTIONS[1]]}}}])
def test_chosen_boxes_are_ticked(typed: Mapping[str, Any], viewer: Viewer) -> None:
    element = {"type": "checkboxes", "options": OPTIONS, "initial_options": [OPTIONS[0]]}
    boxes = show(viewer, input_block(element), typed=typed).all("input")
    assert [each.attributes["value"] for each in boxes if "checked" in each.attributes] == (["b"] if typed else ["a"])


def test_an_error_stands_under_its_field(viewer: Viewer) -> None:
    outline = show(viewer, input_block({"type": "plain_text_input"}), errors={"b": "Too short."})
    field = labelled(outline, "Reason")
    assert field.attributes["aria-invalid"] == "true"
    assert outline.by_id(field.attributes["aria-describedby"]).text == "Too short."


# ---- everything at once ----------------------------------------------------------------------------------------------

EVERYTHING: list[dict[str, Any]] = [
    {"type": "section", "text": plain("Pick"), "accessory": {"type": kind, "action_id": kind, "options": OPTIONS}}
    for kind in ("static_select", "users_select", "datepicker", "radio_buttons", "checkboxes", "overflow", "button")
] + [
    {"type": "actions", "elements": [button(), button(action_id="go2", accessibility_label="Acknowledge this")]},
    {"type": "actions", "elements": [button()]},
    input_block({"type": "plain_text_input"}, block_id="b1"),
    input_block({"type": "multi_users_select"}, block_id="b2", hint=plain("h")),
]


def test_everything_together_has_labels_and_unique_ids(viewer: Viewer) -> None:
    elements = [block.get("accessory", {}) for block in EVERYTHING]
    for element in elements:
        if element.get("type") == "button":
            element["text"] = plain("Go")
    html = render_blocks(EVERYTHING, Surface("one", viewer)) + render_blocks(EVERYTHING, Surface("two", viewer))
    assert barriers(html) == []
    assert active_parts(html) == []


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.text(max_size=12)
    | st.sampled_from(["<b>", "javascript:x", '"><i>']),
    lambda inner: st.dictionaries(
        st.sampled_from(
            ["type", "text", "value", "url", "options", "label", "title", "alt_text", "image_url", "element"]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=6,
)


@given(st.text(), st.text(), st.text(), st.sampled_from(EVERYTHING))
def test_hostile_blocks_never_yield_active_html(
    viewer: Viewer, text: str, key: str, url: str, like: dict[str, Any]
) -> None:
    hostile = json.loads(json.dumps(like))
    hostile["block_id"] = key
    hostile["text"] = {"type": "mrkdwn", "text": text}
    for element in [hostile.get("accessory", {}), *hostile.get("elements", [])]:
        element |= {"action_id": key, "value": text, "url": url, "text": plain(text), "confirm": {"title": plain(text)}}
    assert active_parts(render_blocks([hostile], Surface(key, viewer))) == []


@given(st.sampled_from(["header", "section", "image", "context", "carousel"]), JSON)
def test_malformed_blocks_do_not_break_the_page(viewer: Viewer, kind: str, junk: Any) -> None:
    html = render_blocks(
        [{"type": kind, "text": junk, "title": junk, "alt_text": junk, "image_url": junk}], Surface("x", viewer)
    )
    assert active_parts(html) == []
