"""Block Kit as HTML: every block and control goes through one macro of `templates/blocks.html`.

Controls are real `<button>`, `<select>`, `<input>` and `<label for>`, so that a keyboard, a screen reader and a browser
test find them by role and name. They carry `data-block` and `data-action`; the script does the rest. Whatever has no
macro appears as a box that says so: a block that silently vanishes would hide a mistake of the app.

Source: https://docs.slack.dev/reference/block-kit
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from jinja2 import ChainableUndefined, Environment, PackageLoader
from markupsafe import Markup, escape

from bot.workspace.page.render.dates import moment
from bot.workspace.page.render.emoji import as_unicode, with_emoji
from bot.workspace.page.render.markdown import markdown
from bot.workspace.page.render.mrkdwn import is_safe, mrkdwn
from bot.workspace.page.render.rich_text import rich_text
from bot.workspace.page.render.viewer import Viewer

Block = Mapping[str, Any]

ACCESSORIES = frozenset(
    {
        "button", "overflow", "image", "static_select", "users_select", "channels_select", "conversations_select",
        "multi_static_select", "multi_users_select", "multi_channels_select", "multi_conversations_select",
        "radio_buttons", "checkboxes", "datepicker", "timepicker", "datetimepicker", "plain_text_input",
        "number_input", "url_text_input", "email_text_input",
    }
)  # fmt: skip
GROUPS = frozenset(
    {
        "radio_buttons", "checkboxes",
        "multi_static_select", "multi_users_select", "multi_channels_select", "multi_conversations_select",
    }
)  # fmt: skip
INPUT_TYPES = {
    "plain_text_input": "text", "number_input": "number", "url_text_input": "url", "email_text_input": "email",
    "datepicker": "date", "timepicker": "time", "datetimepicker": "datetime-local",
}  # fmt: skip
SHORT_LABEL = 80


@dataclass(frozen=True)
class Surface:
    """Where blocks are shown.

    Args:
        scope: keeps the ids of controls apart when one message is on the page twice.
        viewer: who looks.
        typed: what this person has put into the controls so far, in the shape of Slack's `state.values`.
        errors: sentences under input blocks, by block id.
    """

    scope: str
    viewer: Viewer
    typed: Mapping[str, Mapping[str, Block]] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)

    def control_id(self, block: object, action: object) -> str:
        """An id for a control: unique on the page, and the same after every re-rendering."""
        key = json.dumps([self.scope, str(block), str(action)])
        return "k" + hashlib.sha256(key.encode()).hexdigest()[:12]


@cache
def environment() -> Environment:
    """The page's templates: autoescaped, forgiving about keys that Slack calls optional."""
    made = Environment(
        loader=PackageLoader("bot.workspace.page"),
        autoescape=True,
        undefined=ChainableUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {"groups": GROUPS, "accessories": ACCESSORIES, "input_types": INPUT_TYPES}
    made.filters |= {"safe_url": safe_url, "as_json": as_json}
    return made


def render_blocks(blocks: Sequence[Block], surface: Surface) -> Markup:
    """A list of blocks, in order, each as its own element."""
    module: Any = environment().get_template("blocks.html").make_module({"surface": surface, **_words(surface)})
    return Markup("\n").join(
        module.wrapped(block, str(block.get("block_id") or f"block-{place}")) for place, block in enumerate(blocks)
    )


def text_of(value: object, viewer: Viewer) -> Markup:
    """A text object (or a bare string) as HTML: markup only where Slack would read markup."""
    if isinstance(value, str):
        return _broken(with_emoji(value))
    if not isinstance(value, Mapping):
        return Markup("")
    text = str(value.get("text", ""))
    if value.get("type") == "mrkdwn":
        return mrkdwn(text, viewer, verbatim=bool(value.get("verbatim")))
    return _broken(with_emoji(text) if value.get("emoji", True) else escape(text))


def plain_of(value: object) -> str:
    """A text object as a line of plain words, for labels, titles and options."""
    text = str(value.get("text", "")) if isinstance(value, Mapping) else str(value or "")
    return " ".join(as_unicode(text).split())


def spoken(value: object) -> str:
    """A short name for a control that has no label of its own, out of the text beside it."""
    text = plain_of(value).replace("*", "").replace("`", "")
    return text if len(text) <= SHORT_LABEL else text[: SHORT_LABEL - 1].rstrip() + "…"


def safe_url(url: object) -> str:
    """An address for `href` or `src`, or nothing when its scheme is not allowed."""
    return str(url) if isinstance(url, str) and is_safe(url) else ""


def as_json(value: object) -> str:
    """Compact JSON for a `data-` attribute, or nothing for nothing."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False) if value else ""


def chosen(element: Block, typed: Block | None = None) -> frozenset[str]:
    """The values that are selected: what the person chose so far, else whichever of Slack's `initial_*` keys is set."""
    prefix, source = ("selected", typed) if typed else ("initial", element)
    single = [source.get(f"{prefix}_{name}") for name in ("option", "user", "channel", "conversation")]
    plural = ("options", "users", "channels", "conversations")
    many = [item for name in plural for item in source.get(f"{prefix}_{name}") or []]
    return frozenset(_value(item) for item in [*single, *many] if item)


def entered(element: Block, viewer: Viewer, typed: Block | None = None) -> str:
    """The text, date or time that stands in a field: what was typed so far, else its initial value."""
    prefix, source = ("selected", typed) if typed else ("initial", element)
    text = source.get("value" if typed else "initial_value")
    found = text or source.get(f"{prefix}_date") or source.get(f"{prefix}_time") or source.get(f"{prefix}_date_time")
    if found and element.get("type") == "datetimepicker":
        at = moment(str(found), viewer.zone)
        return at.strftime("%Y-%m-%dT%H:%M") if at else ""
    return str(found or "")


def _value(item: object) -> str:
    return str(item.get("value", "")) if isinstance(item, Mapping) else str(item)


def _broken(text: Markup) -> Markup:
    return text.replace(Markup("\n"), Markup("<br>"))


def _words(surface: Surface) -> dict[str, Callable[..., object]]:
    viewer = surface.viewer

    def typed(block: str, element: Block) -> Block | None:
        return surface.typed.get(block, {}).get(str(element.get("action_id")))

    return {
        "say": lambda value: text_of(value, viewer),
        "plain": plain_of,
        "spoken": spoken,
        "chosen": lambda element, block: chosen(element, typed(block, element)),
        "entered": lambda element, block: entered(element, viewer, typed(block, element)),
        "markdown": lambda text: markdown(str(text)),
        "rich_text": lambda block: rich_text(block, viewer),
        "choices": lambda element: choices(element, viewer),
    }


def choices(element: Block, viewer: Viewer) -> list[dict[str, Any]]:
    """A menu's options as groups of `{label, options: [{value, text, description}]}`; one nameless group when flat."""
    kind = str(element.get("type", ""))
    if "users" in kind:
        offered = viewer.people.keys() if viewer.choosable is None else viewer.choosable
        return [_named_options({key: name for key, name in viewer.people.items() if key in offered})]
    if "channels" in kind or "conversations" in kind:
        return [_named_options({key: f"#{name}" for key, name in viewer.channels.items()})]
    groups = element.get("option_groups") or [{"label": "", "options": element.get("options") or []}]
    return [
        {"label": plain_of(group.get("label")), "options": [_option(option) for option in group.get("options") or []]}
        for group in groups
    ]


def _named_options(names: Mapping[str, str]) -> dict[str, Any]:
    by_name = sorted(names.items(), key=lambda item: item[1].casefold())
    return {"label": "", "options": [{"value": key, "text": name, "raw": {}} for key, name in by_name]}


def _option(option: Block) -> dict[str, Any]:
    return {"value": str(option.get("value", "")), "text": plain_of(option.get("text")), "raw": option}
