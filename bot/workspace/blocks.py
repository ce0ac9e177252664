"""Strict validation of raw Block Kit JSON: messages, modals and Home tabs.

Documented rules only (https://docs.slack.dev/reference/block-kit/blocks/ and /surfaces/), plus two from live reports:
multi-selects inside an `actions` block are refused, and a message whose visible text passes about 13,200 characters is
refused as a whole. Block types that Slack knows and this workspace does not (video, file, card, alert, ...) are refused
too: a program that works here must not rely on what could not be checked.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from bot.workspace import reading
from bot.workspace.checks import (
    Check,
    Json,
    Problem,
    Problems,
    address,
    anything,
    at_least_one_of,
    boolean,
    choice,
    exactly_one_of,
    integer,
    listed,
    string,
    thing,
    typed,
)
from bot.workspace.elements import IMAGE, IN_ACTIONS, IN_INPUT, IN_SECTION, LINKS, any_text, plain_text

MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
VISIBLE_CHARACTERS = 13_200
VIEW_BYTES = 250_000

_BLOCK: dict[str, Check] = {"type": anything, "block_id": string(255)}
_STYLE = thing(
    {},
    dict.fromkeys(
        ("bold", "italic", "strike", "code", "underline", "highlight", "client_highlight", "unlink"), boolean
    ),
)
_STYLED: dict[str, Check] = {"type": anything, "style": _STYLE}
_RICH_LEAVES: dict[str, Check] = {
    "text": thing({"text": string(12_000)}, _STYLED),
    "link": thing({"url": address(3000, LINKS)}, {**_STYLED, "text": string(3000), "unsafe": boolean}),
    "user": thing({"user_id": string(255)}, _STYLED),
    "usergroup": thing({"usergroup_id": string(255)}, _STYLED),
    "channel": thing({"channel_id": string(255)}, _STYLED),
    "team": thing({"team_id": string(255)}, _STYLED),
    "emoji": thing({"name": string(255)}, {**_STYLED, "unicode": string(255), "skin_tone": integer(1, 6)}),
    "broadcast": thing({"range": choice("here", "channel", "everyone")}, _STYLED),
    "color": thing({"value": string(20)}, _STYLED),
    "date": thing(
        {"timestamp": integer(0, 10**11), "format": string(255)},
        {**_STYLED, "url": address(3000, LINKS), "fallback": string(255)},
    ),
}
_LEAVES = listed(typed(_RICH_LEAVES, "type of rich text"), 0, 1000)
_RICH_SECTION = thing({"elements": _LEAVES}, {"type": anything})
_BORDERED: dict[str, Check] = {"type": anything, "border": integer(0, 1)}
_RICH: dict[str, Check] = {
    "rich_text_section": _RICH_SECTION,
    "rich_text_preformatted": thing({"elements": _LEAVES}, {**_BORDERED, "language": string(50)}),
    "rich_text_quote": thing({"elements": _LEAVES}, _BORDERED),
    "rich_text_list": thing(
        {
            "elements": listed(typed({"rich_text_section": _RICH_SECTION}), 1, 1000),
            "style": choice("bullet", "ordered"),
        },
        {**_BORDERED, "indent": integer(0, 8), "offset": integer(0, 10_000)},
    ),
}
_RICH_TEXT = thing({"elements": listed(typed(_RICH), 1, 1000)}, _BLOCK)
_CELLS: dict[str, Check] = {
    "raw_text": thing({"text": string(10_000)}, {"type": anything}),
    "rich_text": _RICH_TEXT,
}
_COLUMN = thing({}, {"align": choice("left", "center", "right"), "is_wrapped": boolean})
_IN_CONTEXT: dict[str, Check] = {
    "image": IMAGE,
    **{kind: any_text(3000) for kind in ("plain_text", "mrkdwn")},
}

BLOCKS: Mapping[str, Check] = {
    "section": thing(
        {},
        {
            **_BLOCK,
            "text": any_text(3000),
            "fields": listed(any_text(2000), 1, 10),
            "accessory": typed(IN_SECTION, "element beside a section"),
            "expand": boolean,
        },
        at_least_one_of("text", "fields"),
    ),
    "divider": thing({}, _BLOCK),
    "header": thing({"text": plain_text(150)}, _BLOCK),
    "context": thing({"elements": listed(typed(_IN_CONTEXT, "element in context"), 1, 10)}, _BLOCK),
    "actions": thing({"elements": listed(typed(IN_ACTIONS, "element in actions"), 1, 25)}, _BLOCK),
    "image": thing(
        {"alt_text": string(2000)},
        {
            **_BLOCK,
            "image_url": address(3000),
            "slack_file": thing({}, {"id": string(255), "url": address(3000)}),
            "title": plain_text(2000),
        },
        exactly_one_of("image_url", "slack_file"),
    ),
    "input": thing(
        {"label": plain_text(2000), "element": typed(IN_INPUT, "element in an input")},
        {**_BLOCK, "hint": plain_text(2000), "optional": boolean, "dispatch_action": boolean},
    ),
    "rich_text": _RICH_TEXT,
    "markdown": thing({"text": string(12_000)}, _BLOCK),
    "table": thing(
        {"rows": listed(listed(typed(_CELLS, "table cell"), 1, 20), 1, 100)},
        {**_BLOCK, "column_settings": listed(_COLUMN, 0, 20)},
    ),
}
MESSAGE_ONLY = ("table", "markdown")
"""Block types that are allowed in messages and not in views."""

_VIEW: dict[str, Check] = {
    "type": anything,
    "private_metadata": string(3000, 0),
    "callback_id": string(255, 0),
    "external_id": string(255, 0),
}


def check_message(blocks: Any, where: str = "/blocks") -> Problems:
    """What Slack would refuse about the blocks of a message."""
    return _check_blocks(blocks, where, MESSAGE_BLOCKS, BLOCKS)


def visible_characters(blocks: list[Json]) -> int:
    """How many visible characters a message's blocks have, labels of buttons included."""
    return sum(map(len, reading.block_lines(blocks, {}))) + sum(map(len, reading.button_labels(blocks)))


def check_view(view: Any, where: str = "/view") -> Problems:
    """What Slack would refuse about a modal or Home tab."""
    problems: Problems = []
    typed({"modal": _check_modal, "home": _check_home}, "view type")(view, where, problems)
    return problems


def _blocks_of_view(value: Any, where: str, problems: Problems) -> None:
    allowed = {kind: check for kind, check in BLOCKS.items() if kind not in MESSAGE_ONLY}
    problems += _check_blocks(value, where, VIEW_BLOCKS, allowed)


_check_home = thing({"blocks": _blocks_of_view}, _VIEW)
_check_modal_fields = thing(
    {"title": plain_text(24), "blocks": _blocks_of_view},
    {
        **_VIEW,
        "submit": plain_text(24),
        "close": plain_text(24),
        "clear_on_close": boolean,
        "notify_on_close": boolean,
        "submit_disabled": boolean,
    },
)


def _check_modal(view: Any, where: str, problems: Problems) -> None:
    _check_modal_fields(view, where, problems)
    blocks = view.get("blocks")
    inputs = (
        [block for block in blocks if isinstance(block, dict) and block.get("type") == "input"]
        if isinstance(blocks, list)
        else []
    )
    if inputs and "submit" not in view:
        problems.append(Problem("missing required field: submit (a modal with an input block needs one)", where))


def _check_blocks(blocks: Any, where: str, most: int, allowed: Mapping[str, Check]) -> Problems:
    problems: Problems = []
    listed(typed(allowed, "type of block"), 0, most)(blocks, where, problems)
    if isinstance(blocks, list):
        well_formed = [block for block in blocks if isinstance(block, dict)]
        _check_ids(well_formed, where, problems)
        _check_focus(well_formed, where, problems)
    return problems


def _check_ids(blocks: list[Json], where: str, problems: Problems) -> None:
    """block_id is unique on a surface, action_id within a block (several blocks may repeat one)."""
    for block_id in _repeated([block.get("block_id") for block in blocks]):
        problems.append(Problem(f"block_id {block_id!r} already exists", where))
    for index, block in enumerate(blocks):
        for action_id in _repeated([element.get("action_id") for element in _elements(block)]):
            problems.append(Problem(f"action_id {action_id!r} already exists for this block", f"{where}/{index}"))


def _elements(block: Json) -> list[Json]:
    try_them = (
        block.get("elements") if block.get("type") == "actions" else [block.get("accessory"), block.get("element")]
    )
    return [element for element in (try_them if isinstance(try_them, list) else []) if isinstance(element, dict)]


def _check_focus(blocks: list[Json], where: str, problems: Problems) -> None:
    focused = [element for block in blocks for element in _elements(block) if element.get("focus_on_load") is True]
    if len(focused) > 1:
        problems.append(Problem("only one element may have focus_on_load", where))


def _repeated(ids: list[Any]) -> list[str]:
    return [each for each, times in Counter(one for one in ids if isinstance(one, str)).items() if times > 1]
