"""Texts, options, confirmations and the elements that people press, choose from and type into."""

from collections.abc import Iterator, Mapping
from typing import Any

from bot.foundation.block_rules.values import (
    Check,
    address,
    anything,
    between,
    boolean,
    day,
    listed,
    matching,
    one_of,
    string,
    thing,
    typed,
)


def plain(most: int) -> Check:
    """Check for a plain_text object."""
    return thing({"type": one_of("plain_text"), "text": string(most)}, {"emoji": boolean})


def either(most: int) -> Check:
    """Check for a plain_text or mrkdwn object."""
    mrkdwn = thing({"type": anything, "text": string(most)}, {"verbatim": boolean})
    return typed({"plain_text": plain(most), "mrkdwn": mrkdwn}, "text")


def _option(text: Check, **more: Check) -> Check:
    return thing({"text": text, "value": string(150)}, {"description": text, **more})


OPTION = _option(plain(75))
LONG_OPTION = _option(either(75))
CONFIRM = thing(
    {"title": plain(100), "text": plain(300), "confirm": plain(30), "deny": plain(30)},
    {"style": one_of("primary", "danger")},
)

ID = string(255)
LINK = address("http", "https", "mailto", "slack", "tel")
PICTURE = address("http", "https")
CLOCK_TIME = matching(r"(?:[01]\d|2[0-3]):[0-5]\d")
NUMBER = matching(r"-?\d{1,50}(?:\.\d{1,40})?")
INTERACTIVE: dict[str, Check] = {"action_id": ID}
CHOOSING: dict[str, Check] = {**INTERACTIVE, "confirm": CONFIRM, "focus_on_load": boolean, "placeholder": plain(150)}
PICKING = {key: check for key, check in CHOOSING.items() if key != "placeholder"}
TYPING: dict[str, Check] = {
    **INTERACTIVE,
    "placeholder": plain(150),
    "focus_on_load": boolean,
    "dispatch_action_config": thing(
        {}, {"trigger_actions_on": listed(one_of("on_enter_pressed", "on_character_entered"), 1, 2)}
    ),
}
FILTER = thing(
    {},
    {
        "include": listed(one_of("im", "mpim", "private", "public"), 1, 4),
        "exclude_external_shared_channels": boolean,
        "exclude_bot_users": boolean,
    },
)
GROUP = thing({"label": plain(75), "options": listed(OPTION, 1, 100)}, {})
TYPE: dict[str, Check] = {"type": anything}


def _static(extra: Mapping[str, Check]) -> Check:
    """Check a list to choose from: options or groups of them, and a first choice that is one of them."""
    lists: dict[str, Check] = {"options": listed(OPTION, 1, 100), "option_groups": listed(GROUP, 1, 100)}
    check_keys = thing(TYPE, {**CHOOSING, **lists, **extra})

    def check(value: Any, place: str) -> Iterator[str]:
        yield from check_keys(value, place)
        if ("options" in value) == ("option_groups" in value):
            yield f"{place}: either options or option_groups"
        yield from _initial(value, place)

    return check


def _few(most: int, option: Check, extra: Mapping[str, Check]) -> Check:
    check_keys = thing({**TYPE, "options": listed(option, 1, most)}, {**PICKING, **extra})

    def check(value: Any, place: str) -> Iterator[str]:
        yield from check_keys(value, place)
        yield from _initial(value, place)

    return check


def _initial(value: Mapping[str, Any], place: str) -> Iterator[str]:
    listed = value.get("option_groups")
    groups = listed if isinstance(listed, list) else []
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
    "users_select": thing(TYPE, {**CHOOSING, "initial_user": ID}),
    "channels_select": thing(TYPE, {**CHOOSING, "initial_channel": ID, "response_url_enabled": boolean}),
    "conversations_select": thing(TYPE, {**CHOOSING, "initial_conversation": ID, "filter": FILTER}),
}
MANY: dict[str, Check] = {"max_selected_items": between(1, 100)}
MULTI_SELECTS: dict[str, Check] = {
    "multi_static_select": _static({**MANY, "initial_options": listed(OPTION, 1, 100)}),
    "multi_users_select": thing(TYPE, {**CHOOSING, **MANY, "initial_users": listed(ID, 1, 100)}),
    "multi_channels_select": thing(TYPE, {**CHOOSING, **MANY, "initial_channels": listed(ID, 1, 100)}),
}
PICKERS: dict[str, Check] = {
    "datepicker": thing(TYPE, {**CHOOSING, "initial_date": day}),
    "timepicker": thing(TYPE, {**CHOOSING, "initial_time": CLOCK_TIME, "timezone": string(100)}),
    "datetimepicker": thing(TYPE, {**PICKING, "initial_date_time": between(10**9, 10**10 - 1)}),
    "radio_buttons": _few(10, LONG_OPTION, {"initial_option": LONG_OPTION}),
    "checkboxes": _few(10, LONG_OPTION, {"initial_options": listed(LONG_OPTION, 1, 10)}),
}
BUTTON = thing(
    {**TYPE, "text": plain(75)},
    {
        **INTERACTIVE,
        "value": string(2000),
        "url": LINK,
        "style": one_of("primary", "danger"),
        "confirm": CONFIRM,
        "accessibility_label": string(75),
    },
)
OVERFLOW = thing({**TYPE, "options": listed(_option(plain(75), url=LINK), 1, 5)}, {**INTERACTIVE, "confirm": CONFIRM})
IMAGE = thing({**TYPE, "image_url": PICTURE, "alt_text": string(2000)}, {})
INPUTS: dict[str, Check] = {
    "plain_text_input": thing(
        TYPE,
        {
            **TYPING,
            "initial_value": string(3000),
            "multiline": boolean,
            "min_length": between(0, 3000),
            "max_length": between(1, 3000),
        },
    ),
    "email_text_input": thing(TYPE, {**TYPING, "initial_value": string(3000)}),
    "url_text_input": thing(TYPE, {**TYPING, "initial_value": string(3000)}),
    "number_input": thing(
        {**TYPE, "is_decimal_allowed": boolean},
        {**TYPING, **dict.fromkeys(("initial_value", "min_value", "max_value"), NUMBER)},
    ),
}
IN_ACTIONS: dict[str, Check] = {"button": BUTTON, "overflow": OVERFLOW, **SELECTS, **PICKERS}
IN_SECTIONS: dict[str, Check] = {
    **{kind: check for kind, check in IN_ACTIONS.items() if kind != "datetimepicker"},
    **MULTI_SELECTS,
    "image": IMAGE,
}
IN_CONTEXT: dict[str, Check] = {"image": IMAGE, "plain_text": plain(2000), "mrkdwn": either(2000)}
IN_INPUTS: dict[str, Check] = {**INPUTS, **SELECTS, **MULTI_SELECTS, **PICKERS}
