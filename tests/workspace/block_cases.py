"""What Slack refuses in Block Kit, one payload and the place of the problem a row; and what it accepts."""

from typing import Any

Json = dict[str, Any]


def plain(text: str = "x") -> Json:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str = "x") -> Json:
    return {"type": "mrkdwn", "text": text}


def button(**more: Any) -> Json:
    return {"type": "button", "action_id": "go", "text": plain(), **more}


def option(value: str = "a", **more: Any) -> Json:
    return {"text": plain(value), "value": value, **more}


def actions(*elements: Json, **more: Any) -> Json:
    return {"type": "actions", "elements": list(elements), **more}


def section(**more: Any) -> Json:
    return {"type": "section", "text": mrkdwn(), **more}


def select(kind: str = "static_select", **more: Any) -> Json:
    return {"type": kind, "action_id": "pick", "placeholder": plain(), **more}


def field(element: Json | None = None, **more: Any) -> Json:
    typed = {"type": "plain_text_input", "action_id": "text"}
    return {"type": "input", "label": plain(), "element": element or typed, **more}


def modal(*content: Json, **more: Any) -> Json:
    return {"type": "modal", "title": plain(), "blocks": list(content), **more}


def options(count: int) -> list[Json]:
    return [option(str(number)) for number in range(count)]


CONFIRM = {"title": plain(), "text": plain(), "confirm": plain("Yes"), "deny": plain("No")}
INVALID_BLOCKS: dict[str, tuple[Any, str]] = {
    "not a list": ({"type": "divider"}, "/blocks"),
    "not an object": (["divider"], "/blocks/0"),
    "no type": ([{"text": mrkdwn()}], "/blocks/0"),
    "unknown block type": ([{"type": "banner"}], "/blocks/0/type"),
    "alert in a message": ([{"type": "alert", "text": plain()}], "/blocks/0/type"),
    "51 blocks": ([{"type": "divider"}] * 51, "/blocks"),
    "duplicate block_id": ([section(block_id="b"), section(block_id="b")], "/blocks"),
    "block_id of 256": ([section(block_id="b" * 256)], "/blocks/0/block_id"),
    "empty block_id": ([section(block_id="")], "/blocks/0/block_id"),
    "unknown key in a block": ([section(color="red")], "/blocks/0"),
    "header mrkdwn": ([{"type": "header", "text": mrkdwn()}], "/blocks/0/text/type"),
    "header of 151": ([{"type": "header", "text": plain("x" * 151)}], "/blocks/0/text/text"),
    "header without text": ([{"type": "header"}], "/blocks/0"),
    "section without text or fields": ([{"type": "section"}], "/blocks/0"),
    "section text of 3001": ([{"type": "section", "text": mrkdwn("x" * 3001)}], "/blocks/0/text/text"),
    "empty section text": ([{"type": "section", "text": mrkdwn("")}], "/blocks/0/text/text"),
    "section text as a string": ([{"type": "section", "text": "x"}], "/blocks/0/text"),
    "text object of unknown type": (
        [{"type": "section", "text": {"type": "html", "text": "x"}}],
        "/blocks/0/text/type",
    ),
    "text not a string": ([{"type": "section", "text": {"type": "mrkdwn", "text": 5}}], "/blocks/0/text/text"),
    "emoji on mrkdwn": ([{"type": "section", "text": {**mrkdwn(), "emoji": True}}], "/blocks/0/text"),
    "verbatim on plain_text": ([{"type": "section", "text": {**plain(), "verbatim": True}}], "/blocks/0/text"),
    "11 fields": ([{"type": "section", "fields": [mrkdwn()] * 11}], "/blocks/0/fields"),
    "no fields": ([{"type": "section", "fields": []}], "/blocks/0/fields"),
    "field of 2001": ([{"type": "section", "fields": [mrkdwn("x" * 2001)]}], "/blocks/0/fields/0/text"),
    "text input beside a section": ([section(accessory={"type": "plain_text_input"})], "/blocks/0/accessory/type"),
    "empty context": ([{"type": "context", "elements": []}], "/blocks/0/elements"),
    "11 in context": ([{"type": "context", "elements": [mrkdwn()] * 11}], "/blocks/0/elements"),
    "button in context": ([{"type": "context", "elements": [button()]}], "/blocks/0/elements/0/type"),
    "empty actions": ([actions()], "/blocks/0/elements"),
    "actions without elements": ([{"type": "actions"}], "/blocks/0"),
    "26 actions": ([actions(*(button(action_id=str(n)) for n in range(26)))], "/blocks/0/elements"),
    "unknown element": ([actions({"type": "slider", "action_id": "s"})], "/blocks/0/elements/0/type"),
    "multi-select in actions": (
        [actions(select("multi_static_select", options=options(1)))],
        "/blocks/0/elements/0/type",
    ),
    "text input in actions": ([actions({"type": "plain_text_input", "action_id": "t"})], "/blocks/0/elements/0/type"),
    "duplicate action_id in a block": ([actions(button(), button())], "/blocks/0"),
    "action_id of 256": ([actions(button(action_id="a" * 256))], "/blocks/0/elements/0/action_id"),
    "button text mrkdwn": ([actions(button(text=mrkdwn()))], "/blocks/0/elements/0/text/type"),
    "button text of 76": ([actions(button(text=plain("x" * 76)))], "/blocks/0/elements/0/text/text"),
    "button value of 2001": ([actions(button(value="x" * 2001))], "/blocks/0/elements/0/value"),
    "button value not a string": ([actions(button(value=42))], "/blocks/0/elements/0/value"),
    "button style": ([actions(button(style="warning"))], "/blocks/0/elements/0/style"),
    "button url of 3001": ([actions(button(url="https://x.org/" + "x" * 3000))], "/blocks/0/elements/0/url"),
    "button url of javascript": ([actions(button(url="javascript:alert(1)"))], "/blocks/0/elements/0/url"),
    "button url that cannot be split": ([actions(button(url="http://[x"))], "/blocks/0/elements/0/url"),
    "button without text": ([actions({"type": "button", "action_id": "a"})], "/blocks/0/elements/0"),
    "confirm title of 101": (
        [actions(button(confirm={**CONFIRM, "title": plain("x" * 101)}))],
        "/blocks/0/elements/0/confirm/title/text",
    ),
    "confirm text of 301": (
        [actions(button(confirm={**CONFIRM, "text": plain("x" * 301)}))],
        "/blocks/0/elements/0/confirm/text/text",
    ),
    "confirm button of 31": (
        [actions(button(confirm={**CONFIRM, "confirm": plain("x" * 31)}))],
        "/blocks/0/elements/0/confirm/confirm/text",
    ),
    "select without options": ([actions(select(options=[]))], "/blocks/0/elements/0/options"),
    "select with neither options nor groups": ([actions(select())], "/blocks/0/elements/0"),
    "select with both": (
        [actions(select(options=options(1), option_groups=[{"label": plain(), "options": options(1)}]))],
        "/blocks/0/elements/0",
    ),
    "101 options": ([actions(select(options=options(101)))], "/blocks/0/elements/0/options"),
    "empty option group": (
        [actions(select(option_groups=[{"label": plain(), "options": []}]))],
        "/blocks/0/elements/0/option_groups/0/options",
    ),
    "option text of 76": (
        [actions(select(options=[{"text": plain("x" * 76), "value": "a"}]))],
        "/blocks/0/elements/0/options/0/text/text",
    ),
    "option value of 151": (
        [actions(select(options=[{"text": plain(), "value": "x" * 151}]))],
        "/blocks/0/elements/0/options/0/value",
    ),
    "option text mrkdwn in a select": (
        [actions(select(options=[{"text": mrkdwn(), "value": "a"}]))],
        "/blocks/0/elements/0/options/0/text/type",
    ),
    "option description of 76": (
        [actions(select(options=[option(description=plain("x" * 76))]))],
        "/blocks/0/elements/0/options/0/description/text",
    ),
    "option url outside an overflow": (
        [actions(select(options=[option(url="https://x.org")]))],
        "/blocks/0/elements/0/options/0",
    ),
    "initial option not offered": (
        [actions(select(options=options(2), initial_option=option("other")))],
        "/blocks/0/elements/0/initial_option",
    ),
    "placeholder of 151": (
        [actions(select(options=options(1), placeholder=plain("x" * 151)))],
        "/blocks/0/elements/0/placeholder/text",
    ),
    "overflow of 6": (
        [actions({"type": "overflow", "action_id": "o", "options": options(6)})],
        "/blocks/0/elements/0/options",
    ),
    "radio of 11": (
        [actions({"type": "radio_buttons", "action_id": "r", "options": options(11)})],
        "/blocks/0/elements/0/options",
    ),
    "checkboxes of 11": (
        [actions({"type": "checkboxes", "action_id": "c", "options": options(11)})],
        "/blocks/0/elements/0/options",
    ),
    "checkboxes with nothing initial": (
        [actions({"type": "checkboxes", "action_id": "c", "options": options(2), "initial_options": []})],
        "/blocks/0/elements/0/initial_options",
    ),
    "date of another form": (
        [actions({"type": "datepicker", "action_id": "d", "initial_date": "21.11.2026"})],
        "/blocks/0/elements/0/initial_date",
    ),
    "date that does not exist": (
        [actions({"type": "datepicker", "action_id": "d", "initial_date": "2026-02-30"})],
        "/blocks/0/elements/0/initial_date",
    ),
    "time past midnight": (
        [actions({"type": "timepicker", "action_id": "t", "initial_time": "24:00"})],
        "/blocks/0/elements/0/initial_time",
    ),
    "moment as a string": (
        [actions({"type": "datetimepicker", "action_id": "d", "initial_date_time": "1700000000"})],
        "/blocks/0/elements/0/initial_date_time",
    ),
    "two elements in focus": (
        [
            actions(select(options=options(1), focus_on_load=True)),
            actions(select(options=options(1), focus_on_load=True)),
        ],
        "/blocks",
    ),
    "image without alt_text": ([{"type": "image", "image_url": "https://x.org/a.png"}], "/blocks/0"),
    "image without source": ([{"type": "image", "alt_text": "x"}], "/blocks/0"),
    "image from a file": ([{"type": "image", "alt_text": "x", "image_url": "file:///etc"}], "/blocks/0/image_url"),
    "input without label": ([{"type": "input", "element": {"type": "plain_text_input"}}], "/blocks/0"),
    "input with a button": ([field(button())], "/blocks/0/element/type"),
    "input label mrkdwn": ([field(label=mrkdwn())], "/blocks/0/label/type"),
    "optional as a word": ([field(optional="yes")], "/blocks/0/optional"),
    "min_length of 3001": ([field({"type": "plain_text_input", "min_length": 3001})], "/blocks/0/element/min_length"),
    "max_length of 0": ([field({"type": "plain_text_input", "max_length": 0})], "/blocks/0/element/max_length"),
    "number without is_decimal_allowed": ([field({"type": "number_input"})], "/blocks/0/element"),
    "rich text of unknown kind": (
        [{"type": "rich_text", "elements": [{"type": "rich_text_box", "elements": []}]}],
        "/blocks/0/elements/0/type",
    ),
    "rich text with an unknown leaf": (
        [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [{"type": "blink"}]}]}],
        "/blocks/0/elements/0/elements/0/type",
    ),
    "markdown of 12,001": ([{"type": "markdown", "text": "x" * 12_001}], "/blocks/0/text"),
    "table of 101 rows": (
        [{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]] * 101}],
        "/blocks/0/rows",
    ),
    "table of 21 columns": (
        [{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}] * 21]}],
        "/blocks/0/rows/0",
    ),
}
INVALID_VIEWS: dict[str, tuple[Any, str]] = {
    "not an object": ([], "/view"),
    "no type": ({"blocks": []}, "/view"),
    "unknown type": ({"type": "drawer", "blocks": []}, "/view/type"),
    "modal without title": ({"type": "modal", "blocks": []}, "/view"),
    "modal title of 25": (modal(title=plain("x" * 25)), "/view/title/text"),
    "modal title mrkdwn": (modal(title=mrkdwn()), "/view/title/type"),
    "modal submit of 25": (modal(submit=plain("x" * 25)), "/view/submit/text"),
    "modal close of 25": (modal(close=plain("x" * 25)), "/view/close/text"),
    "modal without blocks": ({"type": "modal", "title": plain()}, "/view"),
    "input without submit": (modal(field()), "/view"),
    "101 blocks": (modal(*[{"type": "divider"}] * 101), "/view/blocks"),
    "private_metadata of 3001": (modal(private_metadata="x" * 3001), "/view/private_metadata"),
    "private_metadata as an object": (modal(private_metadata={"a": 1}), "/view/private_metadata"),
    "callback_id of 256": (modal(callback_id="x" * 256), "/view/callback_id"),
    "external_id of 256": (modal(external_id="x" * 256), "/view/external_id"),
    "unknown key": (modal(color="red"), "/view"),
    "table in a modal": (
        modal({"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}),
        "/view/blocks/0/type",
    ),
    "home with title": ({"type": "home", "title": plain(), "blocks": []}, "/view"),
    "home with submit": ({"type": "home", "submit": plain(), "blocks": []}, "/view"),
    "home of 101 blocks": ({"type": "home", "blocks": [{"type": "divider"}] * 101}, "/view/blocks"),
    "wrong block inside": (modal({"type": "header", "text": mrkdwn()}), "/view/blocks/0/text/type"),
}
RICH = {
    "type": "rich_text",
    "elements": [
        {
            "type": "rich_text_section",
            "elements": [
                {"type": "text", "text": "bold", "style": {"bold": True}},
                {"type": "user", "user_id": "U1"},
                {"type": "link", "url": "https://example.org", "text": "a link"},
                {"type": "emoji", "name": "wave"},
            ],
        },
        {
            "type": "rich_text_list",
            "style": "bullet",
            "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "one"}]}],
        },
        {"type": "rich_text_quote", "elements": [{"type": "text", "text": "said"}]},
        {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "code"}]},
    ],
}
VALID_BLOCKS: dict[str, list[Json]] = {
    "nothing": [],
    "50 dividers": [{"type": "divider"}] * 50,
    "limits reached exactly": [
        {"type": "header", "text": plain("x" * 150)},
        section(text=mrkdwn("x" * 3000), block_id="b" * 255),
        {"type": "section", "fields": [mrkdwn("x" * 2000)] * 10},
        {"type": "context", "elements": [mrkdwn()] * 10},
        actions(*(button(action_id=str(n), text=plain("x" * 75), value="x" * 2000) for n in range(25))),
        actions(select(options=options(100))),
        actions({"type": "radio_buttons", "action_id": "r", "options": options(10)}),
        actions({"type": "overflow", "action_id": "o", "options": options(5)}),
    ],
    "the same action_id in two blocks": [actions(button()), actions(button()), section(accessory=button())],
    "button with everything": [
        actions(button(url="https://x.org", style="danger", confirm=CONFIRM, accessibility_label="x"))
    ],
    "button without action_id": [actions({"type": "button", "text": plain()})],
    "select with groups": [
        actions(select(option_groups=[{"label": plain(), "options": options(2)}], initial_option=option("1")))
    ],
    "initial option with Slack's own additions": [
        actions(select(options=options(1), initial_option={"text": {**plain("0"), "emoji": True}, "value": "0"}))
    ],
    "every picker": [
        actions(
            select("users_select", initial_user="U1"),
            {**select("channels_select"), "action_id": "2"},
            {**select("conversations_select", filter={"include": ["im"]}), "action_id": "3"},
            {"type": "datepicker", "action_id": "4", "initial_date": "2026-02-28"},
            {"type": "timepicker", "action_id": "5", "initial_time": "23:59", "timezone": "Europe/Berlin"},
            {"type": "datetimepicker", "action_id": "6", "initial_date_time": 1_700_000_000},
            {"type": "checkboxes", "action_id": "7", "options": [{"text": mrkdwn("*a*"), "value": "a"}]},
        )
    ],
    "multi-select beside a section": [section(accessory=select("multi_users_select", max_selected_items=2))],
    "image, rich text, markdown, table": [
        {"type": "image", "image_url": "https://x.org/a.png", "alt_text": "x", "title": plain()},
        RICH,
        {"type": "markdown", "text": "**x**"},
        {"type": "table", "rows": [[{"type": "raw_text", "text": "x"}, RICH]], "column_settings": [{"align": "right"}]},
    ],
    "input in a message": [field()],
}
VALID_VIEWS: dict[str, Json] = {
    "smallest modal": modal(),
    "modal with every input": modal(
        field(block_id="1", hint=plain(), optional=True, dispatch_action=True),
        field({"type": "plain_text_input", "multiline": True, "min_length": 0, "max_length": 3000}),
        field({"type": "email_text_input", "placeholder": plain()}),
        field({"type": "url_text_input", "initial_value": "https://x.org"}),
        field({"type": "number_input", "is_decimal_allowed": True, "min_value": "-1.5"}),
        field({"type": "file_input", "filetypes": ["png"], "max_files": 1}),
        field(select("multi_static_select", options=options(2), initial_options=[option("0")])),
        field(select("multi_external_select", min_query_length=0)),
        field(select("multi_conversations_select", default_to_current_conversation=True)),
        submit=plain("x" * 24),
        close=plain(),
        clear_on_close=True,
        notify_on_close=True,
        private_metadata="x" * 3000,
        callback_id="x" * 255,
        external_id="x",
        submit_disabled=False,
    ),
    "modal of 100": modal(*[{"type": "divider"}] * 100),
    "home": {"type": "home", "blocks": [section(), field()], "private_metadata": "", "callback_id": "home"},
}
