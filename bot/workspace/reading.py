"""What a reader sees: Slack's markup and Block Kit flattened to plain lines.

Used for `visible_text`, for the limit on the visible characters of a message and for the happenings. Markup as
documented at https://docs.slack.dev/messaging/formatting-message-text/.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

Json = dict[str, Any]
Names = Mapping[str, str]

_ANGLE = re.compile(r"<([^<>\n]*)>")
_STYLES = tuple(
    re.compile(rf"(?<![\w{mark}])\{mark}(?=\S)([^{mark}\n]+?)(?<=\S)\{mark}(?![\w{mark}])") for mark in "*_~"
)
_CODE = re.compile(r"(```[\s\S]+?```|`[^`\n]+`)")


def as_read(mrkdwn: str, names: Names) -> str:
    """`mrkdwn` as a reader sees it: mentions as names, links as labels, no style marks, entities decoded."""
    pieces = [
        _outside_code(piece, names) if index % 2 == 0 else piece.strip("`").strip("\n")
        for index, piece in enumerate(_CODE.split(mrkdwn))
    ]
    return decode("".join(pieces))


def decode(text: str) -> str:
    """The three entities Slack knows, decoded."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _outside_code(text: str, names: Names) -> str:
    text = _ANGLE.sub(lambda found: _angle(found.group(1), names), text)
    for style in _STYLES:
        text = style.sub(r"\1", text)
    return text


def _angle(inside: str, names: Names) -> str:
    """What stands between < and >: a mention, a channel, a special word, a date or a link."""
    target, _, label = inside.partition("|")
    if target.startswith(("@", "#")):
        return target[0] + (names.get(target[1:]) or label or target[1:])
    if target.startswith("!date^"):
        return label
    if target.startswith("!subteam^"):
        group = target.removeprefix("!subteam^")
        return "@" + (names.get(group) or label or group).lstrip("@")
    if target.startswith("!"):
        return "@" + target[1:].split("^")[0]
    return label or target


def text_of(thing: object, names: Names) -> str:
    """The visible text of a text object ({type, text}); empty for anything else."""
    if not isinstance(thing, dict) or not isinstance(thing.get("text"), str):
        return ""
    return as_read(thing["text"], names) if thing.get("type") == "mrkdwn" else decode(thing["text"])


def all_blocks(blocks: Sequence[Json], attachments: Sequence[Json] = ()) -> tuple[Json, ...]:
    """The blocks of a message and of its attachments, in order."""
    return (*blocks, *(block for attachment in attachments for block in attachment.get("blocks", ())))


def message_text(
    text: str, blocks: Sequence[Json], attachments: Sequence[Json], files: Sequence[Json], names: Names
) -> str:
    """The whole visible text of a message: blocks replace `text`, attachments and file titles follow."""
    lines = block_lines(blocks, names) if blocks else [as_read(text, names)]
    for attachment in attachments:
        lines += _attachment_lines(attachment, names)
    lines += [str(file.get("title") or file.get("name") or "") for file in files]
    return "\n".join(line for line in lines if line)


def _attachment_lines(attachment: Json, names: Names) -> list[str]:
    plain = [
        as_read(str(attachment[key]), names) for key in ("pretext", "title", "text", "footer") if attachment.get(key)
    ]
    return plain + block_lines(attachment.get("blocks", ()), names)


def block_lines(blocks: Iterable[Json], names: Names) -> list[str]:
    """The visible lines of some blocks, without the labels of buttons."""
    return [line for block in blocks for line in _READERS.get(str(block.get("type")), _nothing)(block, names) if line]


def button_labels(blocks: Iterable[Json]) -> tuple[str, ...]:
    """Labels of the buttons in some blocks, in order."""
    return tuple(
        text_of(element.get("text"), {})
        for block in blocks
        for element in elements_of(block)
        if element.get("type") in ("button", "workflow_button")
    )


def elements_of(block: Json) -> list[Json]:
    """The interactive elements of a block (`actions`, a section's accessory, an input's element)."""
    if block.get("type") == "actions":
        return list(block.get("elements", ()))
    single = block.get("accessory") if block.get("type") == "section" else block.get("element")
    return [single] if isinstance(single, dict) else []


def _nothing(_block: Json, _names: Names) -> list[str]:
    return []


def _section(block: Json, names: Names) -> list[str]:
    texts = [text_of(block.get("text"), names), *(text_of(part, names) for part in block.get("fields", ()))]
    accessory = block.get("accessory")
    return texts + (_element_lines(accessory, names) if isinstance(accessory, dict) else [])


def _text(block: Json, names: Names) -> list[str]:
    return [text_of(block.get("text"), names)]


def _markdown(block: Json, _names: Names) -> list[str]:
    return [str(block.get("text", ""))]


def _context(block: Json, names: Names) -> list[str]:
    return [text_of(element, names) or str(element.get("alt_text", "")) for element in block.get("elements", ())]


def _actions(block: Json, names: Names) -> list[str]:
    return [line for element in block.get("elements", ()) for line in _element_lines(element, names)]


def _image(block: Json, names: Names) -> list[str]:
    return [text_of(block.get("title"), names), str(block.get("alt_text", ""))]


def _input(block: Json, names: Names) -> list[str]:
    element = block.get("element")
    inside = _element_lines(element, names) if isinstance(element, dict) else []
    return [text_of(block.get("label"), names), *inside, text_of(block.get("hint"), names)]


def _rich_text(block: Json, names: Names) -> list[str]:
    return [_rich(part, names) for part in block.get("elements", ())]


def _rich(element: Json, names: Names) -> str:
    children = element.get("elements")
    if isinstance(children, list):
        joint = "\n" if element.get("type") == "rich_text_list" else ""
        return joint.join(_rich(child, names) for child in children)
    return _RICH.get(str(element.get("type")), _rich_text_leaf)(element, names)


def _rich_text_leaf(element: Json, _names: Names) -> str:
    return str(element.get("text") or element.get("url") or element.get("fallback") or "")


_RICH: dict[str, Callable[[Json, Names], str]] = {
    "user": lambda part, names: "@" + names.get(str(part.get("user_id")), str(part.get("user_id"))),
    "usergroup": lambda part, names: "@" + names.get(str(part.get("usergroup_id")), str(part.get("usergroup_id"))),
    "channel": lambda part, names: "#" + names.get(str(part.get("channel_id")), str(part.get("channel_id"))),
    "broadcast": lambda part, _names: "@" + str(part.get("range")),
    "emoji": lambda part, _names: f":{part.get('name')}:",
}


def _table(block: Json, names: Names) -> list[str]:
    return [
        " | ".join(_rich(cell, names) if cell.get("type") == "rich_text" else str(cell.get("text", "")) for cell in row)
        for row in block.get("rows", ())
    ]


def _element_lines(element: Json, names: Names) -> list[str]:
    """The visible text of an element that is not a button: chosen or offered options, typed text, placeholder."""
    kind = str(element.get("type"))
    if kind in ("button", "workflow_button", "overflow"):
        return []
    if kind == "image":
        return [str(element.get("alt_text", ""))]
    if kind in ("radio_buttons", "checkboxes"):
        return [line for option in element.get("options", ()) for line in _option_lines(option, names)]
    return list(_chosen(element, names)) or [text_of(element.get("placeholder"), names)]


def _option_lines(option: Json, names: Names) -> list[str]:
    return [text_of(option.get("text"), names), text_of(option.get("description"), names)]


def _chosen(element: Json, names: Names) -> Iterator[str]:
    """What stands in a field at first."""
    for option in [element.get("initial_option"), *element.get("initial_options", ())]:
        if isinstance(option, dict):
            yield text_of(option.get("text"), names)
    for mark, key in (("@", "initial_user"), ("#", "initial_channel"), ("", "initial_conversation")):
        if element.get(key):
            yield mark + names.get(element[key], str(element[key]))
    for key in ("initial_value", "initial_date", "initial_time"):
        if isinstance(element.get(key), str):
            yield element[key]


_READERS: dict[str, Callable[[Json, Names], list[str]]] = {
    "section": _section,
    "header": _text,
    "markdown": _markdown,
    "context": _context,
    "actions": _actions,
    "image": _image,
    "input": _input,
    "rich_text": _rich_text,
    "table": _table,
}
