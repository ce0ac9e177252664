"""What Slack refuses, as a table; and that whatever our own builders make is never refused."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.foundation import blocks
from bot.foundation.block_rules import Surface, problems
from bot.workspace import blocks as workspace_rules

Json = dict[str, Any]


def plain(text: str = "x") -> Json:
    return {"type": "plain_text", "text": text}


def markdown(text: str = "x") -> Json:
    return {"type": "mrkdwn", "text": text}


def option(text: str = "x", value: str = "v") -> Json:
    return {"text": plain(text), "value": value}


def button(**more: Any) -> Json:
    return {"type": "button", "text": plain("Go"), "action_id": "go", **more}


def select(**more: Any) -> Json:
    return {"type": "static_select", "action_id": "pick", "options": [option()], **more}


def few(kind: str, count: int, **more: Any) -> Json:
    return {"type": kind, "action_id": "pick", "options": [option(value=str(n)) for n in range(count)], **more}


def text_input(**more: Any) -> Json:
    return {"type": "plain_text_input", "action_id": "reason", **more}


def section(**more: Any) -> Json:
    return {"type": "section", "text": markdown(), **more}


def actions(*elements: Json, **more: Any) -> Json:
    return {"type": "actions", "elements": list(elements), **more}


def context(*elements: Json) -> Json:
    return {"type": "context", "elements": list(elements)}


def field(element: Json, **more: Any) -> Json:
    return {"type": "input", "label": plain("Why"), "element": element, **more}


def confirm(**more: Any) -> Json:
    return {"title": plain(), "text": plain(), "confirm": plain(), "deny": plain(), **more}


def modal(*parts: Json, **more: Any) -> Json:
    return {"type": "modal", "title": plain("Title"), "blocks": list(parts), **more}


def home(*parts: Json, **more: Any) -> Json:
    return {"type": "home", "blocks": list(parts), **more}


FINE_BLOCKS: list[Json] = [
    section(),
    section(text=plain("x" * 3000)),
    section(fields=[markdown("x" * 1000)] * 10),
    {"type": "section", "fields": [plain()]},
    section(accessory=button(style="danger", value="v" * 2000, confirm=confirm(style="danger"))),
    section(accessory={"type": "image", "image_url": "https://a/b.png", "alt_text": "a flag"}),
    section(accessory=few("overflow", 5)),
    section(accessory={**select(type="multi_static_select", max_selected_items=2), "initial_options": [option()]}),
    section(expand=True, block_id="b" * 255),
    {"type": "header", "text": plain("x" * 150)},
    {"type": "divider"},
    context(markdown(), plain(), {"type": "image", "image_url": "https://a", "alt_text": "a"}),
    actions(*(button(action_id=f"a{n}") for n in range(25))),
    actions(select(initial_option=option(), placeholder=plain("x" * 150))),
    actions({"type": "static_select", "action_id": "a", "option_groups": [{"label": plain(), "options": [option()]}]}),
    actions(few("radio_buttons", 10, initial_option=option(value="3"))),
    actions(few("checkboxes", 10, initial_options=[option(value="3")])),
    actions({"type": "users_select", "action_id": "a", "initial_user": "U1"}),
    actions({"type": "datepicker", "action_id": "a", "initial_date": "2026-11-21"}),
    actions({"type": "timepicker", "action_id": "a", "initial_time": "09:00"}),
    actions({"type": "datetimepicker", "action_id": "a", "initial_date_time": 1_795_000_000}),
    {"type": "image", "image_url": "https://a", "alt_text": "a", "title": plain()},
    field(text_input(multiline=True, max_length=3000, initial_value="x", placeholder=plain())),
    field(select(), hint=plain(), optional=True, dispatch_action=True),
    field({"type": "number_input", "is_decimal_allowed": False, "action_id": "n", "initial_value": "-7.5"}),
    actions(button(url="https://runbooks.example.com/42")),
    actions({"type": "overflow", "action_id": "a", "options": [{**option(), "url": "mailto:a@example.com"}]}),
    actions({"type": "conversations_select", "action_id": "a", "filter": {"include": ["public"]}}),
    actions({"type": "channels_select", "action_id": "a", "initial_channel": "C1"}),
    field({"type": "multi_users_select", "action_id": "a", "initial_users": ["U1"]}),
    field({"type": "multi_channels_select", "action_id": "a", "initial_channels": ["C1"]}),
    field({"type": "timepicker", "action_id": "a", "timezone": "Europe/Stockholm"}),
    field({"type": "email_text_input", "action_id": "a", "initial_value": "a@example.com"}),
    field({"type": "url_text_input", "action_id": "a"}),
]
BAD_BLOCKS: list[tuple[Json, str]] = [
    ({"type": "header", "text": markdown()}, "/blocks/0/text/type"),
    ({"type": "header", "text": plain("x" * 151)}, "/blocks/0/text/text: 151 characters"),
    ({"type": "header", "text": plain("")}, "/blocks/0/text/text: empty"),
    ({"type": "header"}, "/blocks/0/text: missing"),
    (actions(button(text=markdown())), "/blocks/0/elements/0/text/type"),
    (actions(button(text=plain("x" * 76))), "/blocks/0/elements/0/text/text: 76"),
    (actions(button(value="x" * 2001)), "/blocks/0/elements/0/value: 2001"),
    (actions(button(url="https://" + "x" * 3001)), "/blocks/0/elements/0/url: no address"),
    (actions(button(url="javascript:alert(1)")), "/blocks/0/elements/0/url: no address"),
    (actions(button(url="https://a b")), "/blocks/0/elements/0/url: no address"),
    (actions(button(url="https://[")), "/blocks/0/elements/0/url: no address"),
    (actions(few("overflow", 1, options=[{**option(), "url": "file:///etc/passwd"}])), "/url: no address"),
    (actions({"type": "conversations_select", "action_id": "a", "filter": {"include": []}}), "/filter/include"),
    (section(accessory={"type": "datetimepicker", "action_id": "a"}), "element of unknown type 'datetimepicker'"),
    (field({"type": "number_input", "is_decimal_allowed": True, "min_value": "few"}), "/element/min_value"),
    (actions({"type": "datepicker", "action_id": "a", "initial_date": "2026-02-30"}), "/initial_date"),
    (actions({"type": "timepicker", "action_id": "a", "initial_time": "24:00"}), "/initial_time"),
    (actions(button(style="default")), "/blocks/0/elements/0/style"),
    (actions(button(action_id="x" * 256)), "/blocks/0/elements/0/action_id: 256"),
    (actions(button(colour="red")), "/blocks/0/elements/0/colour: unknown key"),
    (actions(button(confirm=confirm(title=plain("x" * 101)))), "/confirm/title/text: 101"),
    (actions(button(confirm=confirm(text=markdown()))), "/confirm/text/type"),
    (actions(button(confirm=confirm(confirm=plain("x" * 31)))), "/confirm/confirm/text: 31"),
    (actions(button(confirm={"title": plain()})), "/confirm/text: missing"),
    (actions(button(), button()), "action_id go stands here 2 times"),
    (actions(), "/blocks/0/elements: 0 entries"),
    (actions(*(button(action_id=f"a{n}") for n in range(26))), "/blocks/0/elements: 26 entries"),
    (actions({"type": "slider"}), "/blocks/0/elements/0: element of unknown type 'slider'"),
    (actions(select(type="multi_static_select")), "element of unknown type 'multi_static_select'"),
    (actions(text_input()), "element of unknown type 'plain_text_input'"),
    (actions(select(options=[])), "/blocks/0/elements/0/options: 0 entries"),
    (actions(select(options=[option()] * 101)), "/options: 101 entries"),
    (actions(select(options=[option("x" * 76)])), "/options/0/text/text: 76"),
    (actions(select(options=[option(value="x" * 151)])), "/options/0/value: 151"),
    (actions(select(options=[{"text": markdown(), "value": "v"}])), "/options/0/text/type"),
    (actions(select(options=[{"text": plain()}])), "/options/0/value: missing"),
    (actions(select(initial_option=option("other"))), "/initial_option: none of the options"),
    (actions(select(option_groups=[{"label": plain(), "options": [option()]}])), "either options or option_groups"),
    (actions({"type": "static_select", "action_id": "a"}), "either options or option_groups"),
    (actions(few("radio_buttons", 11)), "/options: 11 entries"),
    (actions(few("checkboxes", 0)), "/options: 0 entries"),
    (actions(few("checkboxes", 2, initial_options=[option(value="9")])), "/initial_options/0: none of the options"),
    (actions(few("overflow", 6)), "/options: 6 entries"),
    (actions({"type": "datepicker", "action_id": "a", "initial_date": "21.11.2026"}), "/initial_date"),
    (actions({"type": "datetimepicker", "action_id": "a", "initial_date_time": "now"}), "/initial_date_time"),
    (context(button()), "/blocks/0/elements/0: element of unknown type 'button'"),
    (context(), "/blocks/0/elements: 0 entries"),
    (context(*([plain()] * 11)), "/blocks/0/elements: 11 entries"),
    ({"type": "section"}, "neither text nor fields"),
    (section(text=markdown("x" * 3001)), "/blocks/0/text/text: 3001"),
    (section(text={"type": "html", "text": "x"}), "text of unknown type 'html'"),
    (section(text="x"), "text of unknown type None"),
    (section(text={**markdown(), "emoji": True}), "/blocks/0/text/emoji: unknown key"),
    (section(fields=[markdown()] * 11), "/blocks/0/fields: 11 entries"),
    (section(fields=[markdown("x" * 2001)]), "/blocks/0/fields/0/text: 2001"),
    (section(accessory=text_input()), "element of unknown type 'plain_text_input'"),
    (section(block_id="x" * 256), "/blocks/0/block_id: 256"),
    (section(expand="yes"), "/blocks/0/expand"),
    ({"type": "image", "image_url": "https://a"}, "/blocks/0/alt_text: missing"),
    ({"type": "marquee"}, "/blocks/0: block of unknown type 'marquee'"),
    ({"type": "markdown", "text": "x"}, "/blocks/0: block of unknown type 'markdown'"),
    (field(text_input(), label=markdown()), "/blocks/0/label/type"),
    (field(text_input(max_length=3001)), "/blocks/0/element/max_length"),
    (field(text_input(max_length=True)), "/blocks/0/element/max_length"),
    (field(button()), "element of unknown type 'button'"),
    ({"type": "input", "label": plain()}, "/blocks/0/element: missing"),
    ("text", "/blocks/0: block of unknown type None"),  # type: ignore[list-item]
]
BAD_WHOLES: list[tuple[Surface, Any, str]] = [
    ("message", [section(block_id="a"), section(block_id="a")], "block_id a stands here 2 times"),
    ("message", [section()] * 51, "/blocks: 51 entries"),
    ("message", {"type": "section"}, "/blocks: not a list"),
    ("message", [section(text=markdown("x" * 3000))] * 4, "12000 visible characters"),
    ("modal", modal(*[section()] * 101), "/blocks: 101 entries"),
    ("modal", {"type": "modal", "blocks": []}, "/title: missing"),
    ("modal", {**modal(section()), "title": plain("x" * 25)}, "/title/text: 25"),
    ("modal", {**modal(section()), "title": markdown()}, "/title/type"),
    ("modal", modal(field(text_input())), "/submit: missing"),
    ("modal", modal(section(), submit=plain("x" * 25)), "/submit/text: 25"),
    ("modal", modal(section(), close=markdown()), "/close/type"),
    ("modal", modal(section(), private_metadata="x" * 3001), "/private_metadata: 3001"),
    ("modal", modal(section(), colour="red"), "/colour: unknown key"),
    ("modal", modal(section(block_id="a"), section(block_id="a")), "block_id a stands here 2 times"),
    (
        "modal",
        modal(*(field(text_input(focus_on_load=True)) for _ in range(2)), submit=plain()),
        "2 elements want the focus",
    ),
    ("modal", home(section()), "/type"),
    ("modal", [section()], "not an object"),
    ("home", home(section(), title=plain()), "/title: unknown key"),
    ("home", home(section(), submit=plain()), "/submit: unknown key"),
    ("home", home(*[section()] * 101), "/blocks: 101 entries"),
    ("home", {"type": "home"}, "/blocks: missing"),
]


@pytest.mark.parametrize("block", FINE_BLOCKS)
def test_what_is_documented_is_fine_everywhere(block: Json) -> None:
    assert problems("message", [block]) == []
    assert problems("home", home(block)) == []
    assert problems("modal", modal(block, submit=plain("Send"))) == []


@pytest.mark.parametrize(("block", "found"), BAD_BLOCKS)
def test_what_slack_refuses_is_found_with_its_place(block: Json, found: str) -> None:
    said = problems("message", [block])
    assert any(found in one for one in said), said
    assert problems("home", home(block))


@pytest.mark.parametrize(("surface", "whole", "found"), BAD_WHOLES)
def test_what_slack_refuses_of_a_whole_is_found(surface: Surface, whole: Any, found: str) -> None:
    said = problems(surface, whole)
    assert any(found in one for one in said), said


def test_the_same_action_in_two_blocks_is_fine() -> None:
    assert problems("message", [actions(button()), actions(button())]) == []


def test_looking_changes_nothing() -> None:
    message = [copy.deepcopy(block) for block in FINE_BLOCKS]
    problems("message", message)
    assert message == FINE_BLOCKS


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["section", "actions", "button"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["type", "text", "elements", "options", "blocks", "title"]), inner, max_size=4
        )
    ),
    max_leaves=25,
)


@settings(max_examples=300, deadline=None)
@given(JSON, st.sampled_from(["message", "modal", "home"]))
def test_anything_at_all_gets_an_answer(value: Any, surface: Surface) -> None:
    assert all(isinstance(one, str) for one in problems(surface, value))


TEXT = st.text(max_size=40) | st.sampled_from(["&" * 4000, "<!channel>" * 500, "\u202e\x00", "🙂" * 3100, "", " "])


@settings(max_examples=100, deadline=None)
@given(TEXT, TEXT, st.integers(0, 60))
def test_whatever_our_builders_make_of_any_text_is_fine(text: str, other: str, count: int) -> None:
    """T15: budgets hold after escaping, whatever comes in."""
    parts = [
        blocks.header(text),
        blocks.section(
            text, accessory=blocks.button(other or "x", "go", confirm=blocks.confirm("t", other or "x", "y"))
        ),
        blocks.fields([(text[:50] or "x", other)] * min(count + 1, 20)),
        blocks.context(*[text or "x"] * (count + 1)),
        blocks.divider(),
        blocks.actions(*(blocks.button("Go", f"a{n}") for n in range(count + 1))),
        blocks.text_input("why", "Why", initial=text, hint=other, placeholder=text),
        blocks.select("who", "Who", [blocks.option(text, f"{n}") for n in range(count + 1)], initial="0"),
        blocks.person_select("lead", "Lead"),
    ]
    as_json = blocks.as_dicts(parts)
    found = [one for one in problems("message", as_json) if "visible characters" not in one]
    assert found == []
    view = blocks.modal("form", text or "x", parts, submit="Send", metadata={"a": 1})
    assert problems("modal", view.to_dict()) == []


# --- two readers of the same rules, written without knowing of each other ---------------------------------------------


@pytest.mark.parametrize("block", FINE_BLOCKS)
def test_the_workspace_takes_what_we_take(block: Json) -> None:
    assert workspace_rules.check_message([block]) == []


STRICTER_HERE = ("'type': 'markdown'", "'text': {'type': 'mrkdwn', 'text': 'x'}, 'confirm'")
"""We send no markdown blocks (threat T15), and put no markup into confirmations, as documented."""


@pytest.mark.parametrize(
    ("block", "found"), [case for case in BAD_BLOCKS if not any(one in str(case[0]) for one in STRICTER_HERE)]
)
def test_the_workspace_refuses_what_we_refuse(block: Json, found: str) -> None:
    assert workspace_rules.check_message([block]), found


@pytest.mark.parametrize(
    ("surface", "whole", "found"), [case for case in BAD_WHOLES if "visible" not in case[2] and case[2] != "/type"]
)
def test_the_workspace_refuses_the_wholes_that_we_refuse(surface: Surface, whole: Any, found: str) -> None:
    check = workspace_rules.check_message if surface == "message" else workspace_rules.check_view
    assert check(whole), found


def _paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(path for key, one in inside for path in _paths(one, (*at, key)))]


REPLACEMENTS: list[Any] = [
    None, "", "y", 7, -1, 3001, True, 1.5, [], {}, "x" * 3001, "x" * 200, plain(), markdown(), option(), [option()],
    "https://", "https://[", "https://a b", "javascript:alert(1)", "ftp://a", "mailto:", "2026-02-30", "2026-1-1",
    "20261121", "24:00", "9:00", "00:60", "1e3", "1.", "٣", "danger", "datetimepicker", "multi_static_select", "button",
    "plain_text_input", "section", "mrkdwn", "plain_text", "image", "checkboxes", "on_enter_pressed", ["public"] * 5,
]  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn) -> Json:
    """A block in order, with one thing in it replaced, taken out, doubled or added."""
    block = copy.deepcopy(draw(st.sampled_from(FINE_BLOCKS)))
    path = draw(st.sampled_from([path for path in _paths(block) if path]))
    holder: Any = block
    for key in path[:-1]:
        holder = holder[key]
    match draw(st.sampled_from(["replace", "remove", "double", "add"])):
        case "replace":
            holder[path[-1]] = draw(st.sampled_from(REPLACEMENTS))
        case "remove":
            del holder[path[-1]]
        case "double" if isinstance(holder, list):
            holder.append(copy.deepcopy(holder[path[-1]]))
        case _:
            if isinstance(holder, dict):
                holder[draw(st.sampled_from(["emoji", "style", "colour", "confirm"]))] = draw(
                    st.sampled_from([True, "danger", "x", confirm()])
                )
    return block


@settings(max_examples=300, deadline=None)
@given(damaged())
def test_the_workspace_takes_whatever_we_let_through(block: Json) -> None:
    if problems("message", [block]) == []:
        assert workspace_rules.check_message([block]) == []
