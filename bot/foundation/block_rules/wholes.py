"""Blocks, and what must be true of a message or a view as a whole."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from bot.foundation.block_rules.elements import (
    ID,
    IN_ACTIONS,
    IN_CONTEXT,
    IN_INPUTS,
    IN_SECTIONS,
    PICTURE,
    TYPE,
    either,
    plain,
)
from bot.foundation.block_rules.values import Check, anything, boolean, listed, one_of, string, thing, typed

Surface = Literal["message", "modal", "home"]
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


BLOCK: dict[str, Check] = {"block_id": ID}


def _block(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    return thing({**TYPE, **required}, {**BLOCK, **(optional or {})})


_section_keys = _block(
    {},
    {
        "text": either(3000),
        "fields": listed(either(2000), 1, 10),
        "accessory": typed(IN_SECTIONS, "element"),
        "expand": boolean,
    },
)


def _section(value: Any, place: str) -> Iterator[str]:
    yield from _section_keys(value, place)
    if "text" not in value and "fields" not in value:
        yield f"{place}: neither text nor fields"


KINDS: dict[str, Check] = {
    "section": _section,
    "header": _block({"text": plain(150)}),
    "divider": _block({}),
    "context": _block({"elements": listed(typed(IN_CONTEXT, "element"), 1, 10)}),
    "actions": _block({"elements": listed(typed(IN_ACTIONS, "element"), 1, 25)}),
    "image": _block({"image_url": PICTURE, "alt_text": string(2000)}, {"title": plain(2000)}),
    "input": _block(
        {"label": plain(2000), "element": typed(IN_INPUTS, "element")},
        {"hint": plain(2000), "optional": boolean, "dispatch_action": boolean},
    ),
}


def _blocks(surface: Surface, blocks: Any, place: str) -> Iterator[str]:
    yield from listed(typed(KINDS, "block"), 0, BLOCKS[surface])(blocks, place)
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


ANY_VIEW: dict[str, Check] = {
    "private_metadata": string(3000, least=0),
    "callback_id": string(255, least=0),
    "external_id": string(255, least=0),
}
VIEWS: dict[Surface, Check] = {
    "modal": thing(
        {"type": one_of("modal"), "title": plain(24), "blocks": anything},
        {
            **ANY_VIEW,
            "submit": plain(24),
            "close": plain(24),
            "clear_on_close": boolean,
            "notify_on_close": boolean,
            "submit_disabled": boolean,
        },
    ),
    "home": thing({"type": one_of("home"), "blocks": anything}, ANY_VIEW),
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
