"""The schema of Block Kit's composition objects and interactive elements.

Limits as documented at https://docs.slack.dev/reference/block-kit/ (composition objects, block elements).
"""

from typing import Any

from bot.workspace.checks import (
    Check,
    Json,
    Problem,
    Problems,
    address,
    anything,
    boolean,
    choice,
    day,
    exactly_one_of,
    integer,
    listed,
    string,
    thing,
    typed,
)

LINKS = ("http", "https", "mailto", "slack", "tel")


def _plain(most: int) -> Check:
    return thing({"type": anything, "text": string(most)}, {"emoji": boolean})


def _mrkdwn(most: int) -> Check:
    return thing({"type": anything, "text": string(most)}, {"verbatim": boolean})


def plain_text(most: int) -> Check:
    """A plain_text object."""
    return typed({"plain_text": _plain(most)}, "type of text here")


def any_text(most: int) -> Check:
    """A plain_text or mrkdwn object."""
    return typed({"plain_text": _plain(most), "mrkdwn": _mrkdwn(most)}, "type of text")


CONFIRM = thing(
    {"title": plain_text(100), "text": any_text(300)},
    {"confirm": plain_text(30), "deny": plain_text(30), "style": choice("primary", "danger")},
)


def option(text: Check = plain_text(75), description: Check = plain_text(75), *, with_url: bool = False) -> Check:  # noqa: B008
    """One option of a menu or group."""
    extra = {"url": address(3000, LINKS)} if with_url else {}
    return thing({"text": text, "value": string(150)}, {"description": description, **extra})


OPTION = option()
OPTIONS = listed(OPTION, 1, 100)
GROUPS = listed(thing({"label": plain_text(75), "options": OPTIONS}, {}), 1, 100)
MARKED = option(any_text(75), any_text(75))
MARKED_OPTIONS = listed(MARKED, 1, 10)

_COMMON: dict[str, Check] = {"type": anything, "action_id": string(255), "confirm": CONFIRM, "focus_on_load": boolean}
_MENU: dict[str, Check] = {**_COMMON, "placeholder": plain_text(150)}
_MANY: dict[str, Check] = {**_MENU, "max_selected_items": integer(1, 100)}
_FILTER = thing(
    {},
    {
        "include": listed(choice("im", "mpim", "private", "public"), 1, 4),
        "exclude_external_shared_channels": boolean,
        "exclude_bot_users": boolean,
    },
)


def _offered(element: Json) -> list[Any]:
    groups = element.get("option_groups")
    inside = [group.get("options") for group in (groups if isinstance(groups, list) else []) if isinstance(group, dict)]
    return [each for options in [element.get("options"), *inside] if isinstance(options, list) for each in options]


def _bare(option_: Any) -> Any:
    """An option without what Slack fills in itself, for comparing."""
    if isinstance(option_, dict):
        return {key: _bare(value) for key, value in option_.items() if key not in ("emoji", "verbatim")}
    return option_


def initial_is_offered(element: Any, where: str, problems: Problems) -> None:
    """`initial_option(s)` must equal options that are offered."""
    offered = [_bare(each) for each in _offered(element)]
    singles = [("initial_option", element["initial_option"])] if "initial_option" in element else []
    many = element.get("initial_options")
    singles += [("initial_options", each) for each in (many if isinstance(many, list) else [])]
    for name, initial in singles:
        if _bare(initial) not in offered:
            problems.append(Problem(f"{name} must match one of the options", f"{where}/{name}"))


_OFFER: dict[str, Check] = {"options": OPTIONS, "option_groups": GROUPS}
_ONE_OFFER = exactly_one_of("options", "option_groups")
_DISPATCH = thing({}, {"trigger_actions_on": listed(choice("on_enter_pressed", "on_character_entered"), 1, 2)})
_CLOCK_TIME = string(5, 5, r"([01]\d|2[0-3]):[0-5]\d")
_TYPED: dict[str, Check] = {
    "type": anything,
    "action_id": string(255),
    "placeholder": plain_text(150),
    "dispatch_action_config": _DISPATCH,
    "focus_on_load": boolean,
}
_NUMBER = string(100, 1, r"-?\d+(\.\d+)?")
_ID = string(255)
_IDS = listed(_ID, 0, 100)

IMAGE = thing(
    {"type": anything, "alt_text": string(2000)},
    {"image_url": address(3000), "slack_file": thing({}, {"id": string(255), "url": address(3000)})},
    exactly_one_of("image_url", "slack_file"),
)
BUTTON = thing(
    {"type": anything, "text": plain_text(75)},
    {
        "action_id": string(255),
        "url": address(3000, LINKS),
        "value": string(2000),
        "style": choice("primary", "danger"),
        "confirm": CONFIRM,
        "accessibility_label": string(75),
    },
)
OVERFLOW = thing(
    {"type": anything, "options": listed(option(with_url=True), 1, 5)}, {"action_id": string(255), "confirm": CONFIRM}
)
SINGLE_SELECTS: dict[str, Check] = {
    "static_select": thing({}, {**_MENU, **_OFFER, "initial_option": OPTION}, _ONE_OFFER, initial_is_offered),
    "external_select": thing({}, {**_MENU, "initial_option": OPTION, "min_query_length": integer(0, 100)}),
    "users_select": thing({}, {**_MENU, "initial_user": _ID}),
    "channels_select": thing({}, {**_MENU, "initial_channel": _ID, "response_url_enabled": boolean}),
    "conversations_select": thing(
        {},
        {
            **_MENU,
            "initial_conversation": _ID,
            "default_to_current_conversation": boolean,
            "response_url_enabled": boolean,
            "filter": _FILTER,
        },
    ),
}
MULTI_SELECTS: dict[str, Check] = {
    "multi_static_select": thing(
        {}, {**_MANY, **_OFFER, "initial_options": listed(OPTION, 0, 100)}, _ONE_OFFER, initial_is_offered
    ),
    "multi_external_select": thing(
        {}, {**_MANY, "initial_options": listed(OPTION, 0, 100), "min_query_length": integer(0, 100)}
    ),
    "multi_users_select": thing({}, {**_MANY, "initial_users": _IDS}),
    "multi_channels_select": thing({}, {**_MANY, "initial_channels": _IDS}),
    "multi_conversations_select": thing(
        {},
        {**_MANY, "initial_conversations": _IDS, "default_to_current_conversation": boolean, "filter": _FILTER},
    ),
}
PICKERS: dict[str, Check] = {
    "datepicker": thing({}, {**_MENU, "initial_date": day}),
    "timepicker": thing({}, {**_MENU, "initial_time": _CLOCK_TIME, "timezone": string(100)}),
    "datetimepicker": thing({}, {**_COMMON, "initial_date_time": integer(10**9, 10**10 - 1)}),
}
CHOICES: dict[str, Check] = {
    "radio_buttons": thing({"options": MARKED_OPTIONS}, {**_COMMON, "initial_option": MARKED}, initial_is_offered),
    "checkboxes": thing(
        {"options": MARKED_OPTIONS}, {**_COMMON, "initial_options": listed(MARKED, 1, 10)}, initial_is_offered
    ),
}
TYPED_INPUTS: dict[str, Check] = {
    "plain_text_input": thing(
        {},
        {
            **_TYPED,
            "initial_value": string(3000, 0),
            "multiline": boolean,
            "min_length": integer(0, 3000),
            "max_length": integer(1, 3000),
        },
    ),
    "email_text_input": thing({}, {**_TYPED, "initial_value": string(3000, 0)}),
    "url_text_input": thing({}, {**_TYPED, "initial_value": string(3000, 0)}),
    "number_input": thing(
        {"is_decimal_allowed": boolean},
        {**_TYPED, "initial_value": _NUMBER, "min_value": _NUMBER, "max_value": _NUMBER},
    ),
    "file_input": thing(
        {},
        {
            "type": anything,
            "action_id": string(255),
            "filetypes": listed(string(50), 1, 100),
            "max_files": integer(1, 10),
        },
    ),
}

IN_ACTIONS: dict[str, Check] = {"button": BUTTON, "overflow": OVERFLOW, **SINGLE_SELECTS, **PICKERS, **CHOICES}
"""What an `actions` block may hold (no multi-selects, and nothing to type into)."""
IN_SECTION: dict[str, Check] = {
    "button": BUTTON,
    "overflow": OVERFLOW,
    "image": IMAGE,
    **SINGLE_SELECTS,
    **MULTI_SELECTS,
    "datepicker": PICKERS["datepicker"],
    "timepicker": PICKERS["timepicker"],
    **CHOICES,
}
"""What may stand beside a section."""
IN_INPUT: dict[str, Check] = {**SINGLE_SELECTS, **MULTI_SELECTS, **PICKERS, **CHOICES, **TYPED_INPUTS}
"""What an `input` block may hold."""
