"""What Slack refuses in Block Kit although slack_sdk's models let it through. Pure; asked before anything is sent.

One refused block loses the whole message, so the sender asks first, and sends plain text rather than nothing. The rules
are the documented ones (docs.slack.dev/reference/block-kit/blocks, /block-elements, /composition-objects, /views), for
the blocks and elements that Backout uses; any other type counts as unknown. Beyond the documents: multi-selects are
refused in `actions`, and a message is refused as a whole from 11,341 visible characters on (bolt-js#2509).
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

Surface = Literal["message", "modal", "home"]
Check = Callable[[Any, str], Iterator[str]]
VISIBLE_CHARACTERS = 11_000
BLOCKS = {"message": 50, "modal": 100, "home": 100}


def problems(surface: Surface, blocks_or_view: Any) -> list[str]:
    """Return what Slack would refuse, each with its place: `/blocks/2/elements/0/text: 80 characters, 75 allowed`.

    Args:
        surface: Where it will stand.
        blocks_or_view: A list of blocks for a message, a view for a modal or App Home, as JSON values.
    """
    if surface == "message":
        return list(_blocks(surface, blocks_or_view, "/blocks"))
    return list(_view(surface, blocks_or_view))


# --- values -----------------------------------------------------------------------------------------------------------


def _string(most: int, least: int = 1) -> Check:
    def check(value: Any, place: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield f"{place}: not a text"
        elif len(value) < least:
            yield f"{place}: empty"
        elif len(value) > most:
            yield f"{place}: {len(value)} characters, {most} allowed"

    return check


def _matching(pattern: str) -> Check:
    def check(value: Any, place: str) -> Iterator[str]:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            yield f"{place}: not of the form {pattern}"

    return check


def _one_of(*values: str) -> Check:
    def check(value: Any, place: str) -> Iterator[str]:
        if value not in values:
            yield f"{place}: none of {', '.join(values)}"

    return check


def _between(least: int, most: int) -> Check:
    def check(value: Any, place: str) -> Iterator[str]:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            yield f"{place}: no number from {least} to {most}"

    return check


def _boolean(value: Any, place: str) -> Iterator[str]:
    if not isinstance(value, bool):
        yield f"{place}: neither true nor false"


def _list(item: Check, least: int, most: int) -> Check:
    def check(value: Any, place: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield f"{place}: not a list"
            return
        if not least <= len(value) <= most:
            yield f"{place}: {len(value)} entries, {least} to {most} allowed"
        for index, one in enumerate(value):
            yield from item(one, f"{place}/{index}")

    return check


def _object(required: Mapping[str, Check], optional: Mapping[str, Check]) -> Check:
    known = {**optional, **required}

    def check(value: Any, place: str) -> Iterator[str]:
        if not isinstance(value, Mapping):
            yield f"{place}: not an object"
            return
        yield from (f"{place}/{key}: missing" for key in required if key not in value)
        for key, one in value.items():
            yield from known[key](one, f"{place}/{key}") if key in known else (f"{place}/{key}: unknown key",)

    return check


def _typed(kinds: Mapping[str, Check], what: str) -> Check:
    """Check an object by its `type`, which must be one of these."""

    def check(value: Any, place: str) -> Iterator[str]:
        kind = value.get("type") if isinstance(value, Mapping) else None
        if not isinstance(kind, str) or kind not in kinds:
            yield f"{place}: {what} of unknown type {kind!r}"
        else:
            yield from kinds[kind](value, place)

    return check


def _anything(_value: Any, _place: str) -> Iterator[str]:
    return iter(())


# --- texts, options, confirmations ------------------------------------------------------------------------------------


def _plain(most: int) -> Check:
    return _object({"type": _one_of("plain_text"), "text": _string(most)}, {"emoji": _boolean})


def _either(most: int) -> Check:
    mrkdwn = _object({"type": _anything, "text": _string(most)}, {"verbatim": _boolean})
    return _typed({"plain_text": _plain(most), "mrkdwn": mrkdwn}, "text")


def _option(text: Check, **more: Check) -> Check:
    return _object({"text": text, "value": _string(150)}, {"description": text, **more})


OPTION = _option(_plain(75))
LONG_OPTION = _option(_either(75))
CONFIRM = _object(
    {"title": _plain(100), "text": _plain(300), "confirm": _plain(30), "deny": _plain(30)},
    {"style": _one_of("primary", "danger")},
)

# --- elements ---------------------------------------------------------------------------------------------------------

ID = _string(255)
INTERACTIVE: dict[str, Check] = {"action_id": ID}
CHOOSING: dict[str, Check] = {**INTERACTIVE, "confirm": CONFIRM, "focus_on_load": _boolean, "placeholder": _plain(150)}
PICKING = {key: check for key, check in CHOOSING.items() if key != "placeholder"}
TYPING: dict[str, Check] = {
    **INTERACTIVE,
    "placeholder": _plain(150),
    "focus_on_load": _boolean,
    "dispatch_action_config": _object(
        {}, {"trigger_actions_on": _list(_one_of("on_enter_pressed", "on_character_entered"), 1, 2)}
    ),
}
GROUP = _object({"label": _plain(75), "options": _list(OPTION, 1, 100)}, {})
TYPE: dict[str, Check] = {"type": _anything}


def _static(extra: Mapping[str, Check]) -> Check:
    """Check a list to choose from: options or groups of them, and a first choice that is one of them."""
    lists: dict[str, Check] = {"options": _list(OPTION, 1, 100), "option_groups": _list(GROUP, 1, 100)}
    check_keys = _object(TYPE, {**CHOOSING, **lists, **extra})

    def check(value: Any, place: str) -> Iterator[str]:
        yield from check_keys(value, place)
        if ("options" in value) == ("option_groups" in value):
            yield f"{place}: either options or option_groups"
        yield from _initial(value, place)

    return check


def _few(most: int, option: Check, extra: Mapping[str, Check]) -> Check:
    check_keys = _object({**TYPE, "options": _list(option, 1, most)}, {**PICKING, **extra})

    def check(value: Any, place: str) -> Iterator[str]:
        yield from check_keys(value, place)
        yield from _initial(value, place)

    return check


def _initial(value: Mapping[str, Any], place: str) -> Iterator[str]:
    groups = value.get("option_groups") or []
    offered = [
        option
        for options in [value.get("options"), *(group.get("options") for group in groups if isinstance(group, Mapping))]
        if isinstance(options, list)
        for option in options
    ]
    if "initial_option" in value and value["initial_option"] not in offered:
        yield f"{place}/initial_option: none of the options"
    chosen = value.get("initial_options", [])
    for index, one in enumerate(chosen if isinstance(chosen, list) else []):
        if one not in offered:
            yield f"{place}/initial_options/{index}: none of the options"


SELECTS: dict[str, Check] = {
    "static_select": _static({"initial_option": OPTION}),
    "users_select": _object(TYPE, {**CHOOSING, "initial_user": ID}),
    "channels_select": _object(TYPE, {**CHOOSING, "initial_channel": ID, "response_url_enabled": _boolean}),
    "conversations_select": _object(TYPE, {**CHOOSING, "initial_conversation": ID, "filter": _anything}),
}
MANY: dict[str, Check] = {"max_selected_items": _between(1, 100)}
MULTI_SELECTS: dict[str, Check] = {
    "multi_static_select": _static({**MANY, "initial_options": _list(OPTION, 1, 100)}),
    "multi_users_select": _object(TYPE, {**CHOOSING, **MANY, "initial_users": _list(ID, 1, 100)}),
    "multi_channels_select": _object(TYPE, {**CHOOSING, **MANY, "initial_channels": _list(ID, 1, 100)}),
}
PICKERS: dict[str, Check] = {
    "datepicker": _object(TYPE, {**CHOOSING, "initial_date": _matching(r"\d{4}-\d\d-\d\d")}),
    "timepicker": _object(TYPE, {**CHOOSING, "initial_time": _matching(r"\d\d:\d\d"), "timezone": ID}),
    "datetimepicker": _object(TYPE, {**PICKING, "initial_date_time": _between(10**9, 10**10 - 1)}),
    "radio_buttons": _few(10, LONG_OPTION, {"initial_option": LONG_OPTION}),
    "checkboxes": _few(10, LONG_OPTION, {"initial_options": _list(LONG_OPTION, 1, 10)}),
}
BUTTON = _object(
    {**TYPE, "text": _plain(75)},
    {
        **INTERACTIVE,
        "value": _string(2000),
        "url": _string(3000),
        "style": _one_of("primary", "danger"),
        "confirm": CONFIRM,
        "accessibility_label": _string(75),
    },
)
OVERFLOW = _object(
    {**TYPE, "options": _list(_option(_plain(75), url=_string(3000)), 1, 5)}, {**INTERACTIVE, "confirm": CONFIRM}
)
IMAGE = _object({**TYPE, "image_url": _matching(r"https?://\S{1,2990}"), "alt_text": _string(2000)}, {})
INPUTS: dict[str, Check] = {
    "plain_text_input": _object(
        TYPE,
        {
            **TYPING,
            "initial_value": _string(3000),
            "multiline": _boolean,
            "min_length": _between(0, 3000),
            "max_length": _between(1, 3000),
        },
    ),
    "email_text_input": _object(TYPE, {**TYPING, "initial_value": _string(3000)}),
    "url_text_input": _object(TYPE, {**TYPING, "initial_value": _string(3000)}),
    "number_input": _object(
        {**TYPE, "is_decimal_allowed": _boolean},
        {**TYPING, **{key: _string(40) for key in ("initial_value", "min_value", "max_value")}},
    ),
}
IN_ACTIONS: dict[str, Check] = {"button": BUTTON, "overflow": OVERFLOW, **SELECTS, **PICKERS}
IN_SECTIONS: dict[str, Check] = {**IN_ACTIONS, **MULTI_SELECTS, "image": IMAGE}
IN_CONTEXT: dict[str, Check] = {"image": IMAGE, "plain_text": _plain(2000), "mrkdwn": _either(2000)}
IN_INPUTS: dict[str, Check] = {**INPUTS, **SELECTS, **MULTI_SELECTS, **PICKERS}

# --- blocks -----------------------------------------------------------------------------------------------------------

BLOCK: dict[str, Check] = {"block_id": ID}


def _block(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    return _object({**TYPE, **required}, {**BLOCK, **(optional or {})})


_section_keys = _block(
    {},
    {
        "text": _either(3000),
        "fields": _list(_either(2000), 1, 10),
        "accessory": _typed(IN_SECTIONS, "element"),
        "expand": _boolean,
    },
)


def _section(value: Any, place: str) -> Iterator[str]:
    yield from _section_keys(value, place)
    if "text" not in value and "fields" not in value:
        yield f"{place}: neither text nor fields"


KINDS: dict[str, Check] = {
    "section": _section,
    "header": _block({"text": _plain(150)}),
    "divider": _block({}),
    "context": _block({"elements": _list(_typed(IN_CONTEXT, "element"), 1, 10)}),
    "actions": _block({"elements": _list(_typed(IN_ACTIONS, "element"), 1, 25)}),
    "image": _block(
        {"image_url": _matching(r"https?://\S{1,2990}"), "alt_text": _string(2000)}, {"title": _plain(2000)}
    ),
    "input": _block(
        {"label": _plain(2000), "element": _typed(IN_INPUTS, "element")},
        {"hint": _plain(2000), "optional": _boolean, "dispatch_action": _boolean},
    ),
}


def _blocks(surface: Surface, blocks: Any, place: str) -> Iterator[str]:
    yield from _list(_typed(KINDS, "block"), 0, BLOCKS[surface])(blocks, place)
    readable = [block for block in blocks if isinstance(block, Mapping)] if isinstance(blocks, list) else []
    yield from _repeated(readable, place)
    characters = sum(map(len, _texts(readable)))
    if surface == "message" and characters > VISIBLE_CHARACTERS:
        yield f"{place}: {characters} visible characters, {VISIBLE_CHARACTERS} allowed"


def _repeated(blocks: Sequence[Mapping[str, Any]], place: str) -> Iterator[str]:
    """Find block ids used twice on the surface, action ids used twice in a block, and a second first focus."""
    for name, count in Counter(str(block["block_id"]) for block in blocks if "block_id" in block).items():
        if count > 1:
            yield f"{place}: block_id {name} stands here {count} times"
    focused = 0
    for index, block in enumerate(blocks):
        elements = list(_elements(block))
        focused += sum(element.get("focus_on_load") is True for element in elements)
        for name, count in Counter(str(one["action_id"]) for one in elements if "action_id" in one).items():
            if count > 1:
                yield f"{place}/{index}: action_id {name} stands here {count} times"
    if focused > 1:
        yield f"{place}: {focused} elements want the focus"


def _elements(block: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    many = block.get("elements")
    for one in [block.get("accessory"), block.get("element"), *(many if isinstance(many, list) else [])]:
        if isinstance(one, Mapping):
            yield one


def _texts(value: Any) -> Iterator[str]:
    """Yield every text that a reader may get to see."""
    if isinstance(value, Mapping):
        yield from (one for key, one in value.items() if key in ("text", "alt_text") and isinstance(one, str))
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _texts(one)


# --- views ------------------------------------------------------------------------------------------------------------

ANY_VIEW: dict[str, Check] = {
    "private_metadata": _string(3000, least=0),
    "callback_id": _string(255, least=0),
    "external_id": _string(255, least=0),
}
VIEWS: dict[Surface, Check] = {
    "modal": _object(
        {"type": _one_of("modal"), "title": _plain(24), "blocks": _anything},
        {
            **ANY_VIEW,
            "submit": _plain(24),
            "close": _plain(24),
            "clear_on_close": _boolean,
            "notify_on_close": _boolean,
            "submit_disabled": _boolean,
        },
    ),
    "home": _object({"type": _one_of("home"), "blocks": _anything}, ANY_VIEW),
}


def _view(surface: Surface, view: Any) -> Iterator[str]:
    yield from VIEWS[surface](view, "")
    if not isinstance(view, Mapping) or "blocks" not in view:
        return
    yield from _blocks(surface, view["blocks"], "/blocks")
    blocks = view["blocks"] if isinstance(view["blocks"], list) else []
    has_input = any(isinstance(block, Mapping) and block.get("type") == "input" for block in blocks)
    if surface == "modal" and has_input and "submit" not in view:
        yield "/submit: missing, and there are inputs"
