"""Block Kit, made safe: whatever did not come from us is escaped, and every text is cut to Slack's budget after that.

A plain `str` is never trusted: it is escaped where it lands. Only `mrkdwn("*{name}* …", name=anything)` makes markup,
and it escapes what is put in. Limits are Slack's (docs.slack.dev/reference/block-kit/blocks).
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ConfirmObject,
    ContextBlock,
    DividerBlock,
    HeaderBlock,
    InputBlock,
    MarkdownTextObject,
    Option,
    PlainTextInputElement,
    PlainTextObject,
    SectionBlock,
    StaticSelectElement,
    UserSelectElement,
)
from slack_sdk.models.views import View

SECTION_TEXT = 3000
FIELD_TEXT = 2000
HEADER_TEXT = 150
CONTEXT_TEXT = 2000
BUTTON_TEXT = 75
OPTION_TEXT = 75
MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
MESSAGE_CHARACTERS = 10_000  # Slack has refused messages from 11,341 visible characters on (bolt-js#2509)
FALLBACK_TEXT = 3_900  # chat.update refuses text past 4,000
TITLE_TEXT = 24

Style = Literal["primary", "danger"]
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)


class Markup(str):
    """Slack mrkdwn that is safe to send: made by this module only."""

    __slots__ = ()


Text = Markup | str


def clean(text: str) -> str:
    """Take out control, zero-width and direction-changing characters and lone surrogates; keep tabs and line ends."""
    text = text.encode("utf-8", "replace").decode()
    return _UNSAFE.sub("", unicodedata.normalize("NFC", text))


def escape(text: object) -> Markup:
    """Return a text with nothing in it that Slack would act on: no mention, no link, no control character."""
    if isinstance(text, Markup):
        return text
    return Markup(clean(str(text)).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def mrkdwn(template: str, /, **values: object) -> Markup:
    """Fill a template of ours with values that are escaped unless they are Markup already."""
    return Markup(template.format(**{name: escape(value) for name, value in values.items()}))


def join(separator: str, parts: Iterable[Text]) -> Markup:
    """Join texts, escaping those that are not Markup."""
    return Markup(separator.join(escape(part) for part in parts))


def quote(text: Text) -> Markup:
    """Return a text as a quotation."""
    return Markup("\n".join(f">{line}" for line in escape(text).splitlines() or [""]))


def mention(user_id: str) -> Markup:
    """Mention one person by Slack id; anything that is not an id is escaped instead."""
    return Markup(f"<@{user_id}>") if re.fullmatch(r"[UW][A-Z0-9]{1,20}", user_id) else escape(user_id)


def channel_link(channel_id: str) -> Markup:
    """Link to a channel by Slack id."""
    return Markup(f"<#{channel_id}>") if re.fullmatch(r"[CG][A-Z0-9]{1,20}", channel_id) else escape(channel_id)


def moment(when: datetime, style: str = "{date_short_pretty} {time}") -> Markup:
    """Show a moment in each reader's own time zone, with UTC where that is not possible."""
    return Markup(f"<!date^{int(when.timestamp())}^{style}|{when.astimezone(UTC):%Y-%m-%d %H:%M} UTC>")


def clip(text: Text, limit: int) -> Markup:
    """Escape a text and cut it to a budget without cutting through an entity or a mention."""
    safe = escape(text)
    if len(safe) <= limit:
        return safe
    cut = safe[: limit - 1]
    for opening, closing in (("&", ";"), ("<", ">")):
        start = cut.rfind(opening)
        if start >= 0 and closing not in cut[start:]:
            cut = cut[:start]
    return Markup(cut.rstrip() + "…")


def plain(text: Text, limit: int) -> str:
    """Return a text for a plain_text object, where nothing is active and nothing is escaped."""
    raw = _unescape(text) if isinstance(text, Markup) else clean(text)
    return raw if len(raw) <= limit else raw[: limit - 1].rstrip() + "…"


def words(text: Text, limit: int, *, emoji: bool | None = None) -> PlainTextObject:
    """A plain_text object; Slack refuses an empty one, so nothing becomes a blank."""
    return PlainTextObject(text=plain(text, limit) or " ", emoji=emoji)


def header(text: Text) -> HeaderBlock:
    """A large line of plain text."""
    return HeaderBlock(text=words(text, HEADER_TEXT, emoji=True))


def section(text: Text, *, accessory: ButtonElement | None = None, block_id: str | None = None) -> SectionBlock:
    """A paragraph."""
    body = MarkdownTextObject(text=clip(text, SECTION_TEXT) or " ", verbatim=True)
    return SectionBlock(text=body, accessory=accessory, block_id=block_id)


def fields(pairs: Sequence[tuple[str, Text]]) -> SectionBlock:
    """Up to ten labelled values in two columns; what does not fit is left out."""
    texts = [clip(mrkdwn("*{label}*\n{value}", label=label, value=value), FIELD_TEXT) for label, value in pairs[:10]]
    return SectionBlock(fields=[MarkdownTextObject(text=text, verbatim=True) for text in texts])


def context(*texts: Text) -> ContextBlock:
    """Small grey print, up to ten texts."""
    return ContextBlock(
        elements=[MarkdownTextObject(text=clip(text, CONTEXT_TEXT) or " ", verbatim=True) for text in texts[:10]]
    )


def divider() -> DividerBlock:
    """A line across."""
    return DividerBlock()


def button(
    label: str,
    action: str,
    value: Mapping[str, Any] | None = None,
    *,
    style: Style | None = None,
    confirm: ConfirmObject | None = None,
) -> ButtonElement:
    """A button; `value` comes back with the click as it was given (JSON, at most 2,000 characters)."""
    return ButtonElement(
        text=words(label, BUTTON_TEXT, emoji=True),
        action_id=action,
        value=json.dumps(dict(value or {}), separators=(",", ":")),
        style=style,
        confirm=confirm,
    )


def confirm(title: str, text: Text, yes: str, no: str = "Cancel") -> ConfirmObject:
    """A question before a button acts."""
    return ConfirmObject(
        title=words(title, 100),
        text=words(text, 300),
        confirm=plain(yes, 30) or "Yes",
        deny=plain(no, 30) or "No",
    )


def actions(*elements: ButtonElement | StaticSelectElement, block_id: str | None = None) -> ActionsBlock:
    """A row of buttons, at most 25."""
    return ActionsBlock(elements=list(elements[:25]), block_id=block_id)


def option(text: Text, value: str) -> Option:
    """One choice of a select."""
    return Option(text=words(text, OPTION_TEXT, emoji=True), value=value)


def text_input(
    block_id: str,
    label: str,
    *,
    initial: str = "",
    hint: str = "",
    placeholder: str = "",
    multiline: bool = True,
    optional: bool = False,
    max_length: int = 2000,
) -> InputBlock:
    """A text field. Its block id is its name in the form's values, and where a Refusal's `field` points."""
    element = PlainTextInputElement(
        action_id=block_id,
        initial_value=plain(initial, max_length) or None,
        placeholder=words(placeholder, 150) if placeholder else None,
        multiline=multiline,
        max_length=max_length,
    )
    return _input(block_id, label, element, hint=hint, optional=optional)


def select(
    block_id: str,
    label: str,
    options: Sequence[Option],
    *,
    initial: str | None = None,
    hint: str = "",
    optional: bool = False,
    dispatch: bool = False,
) -> InputBlock:
    """A list to choose one from (1 to 100 options); with `dispatch` each choice is sent at once as a click."""
    chosen = next((choice for choice in options if choice.value == initial), None)
    element = StaticSelectElement(action_id=block_id, options=list(options[:100]), initial_option=chosen)
    return _input(block_id, label, element, hint=hint, optional=optional, dispatch=dispatch)


def person_select(block_id: str, label: str, *, initial: str | None = None, hint: str = "") -> InputBlock:
    """A list of the workspace's people to choose one from."""
    return _input(
        block_id, label, UserSelectElement(action_id=block_id, initial_user=initial), hint=hint, optional=False
    )


def modal(
    callback: str,
    title: str,
    blocks: Sequence[Block],
    *,
    submit: str | None = None,
    close: str = "Cancel",
    metadata: Mapping[str, Any] | None = None,
) -> View:
    """A modal; `metadata` comes back with the form as it was given (JSON, at most 3,000 characters)."""
    return View(
        type="modal",
        callback_id=callback,
        title=words(title, TITLE_TEXT),
        submit=words(submit, TITLE_TEXT) if submit else None,
        close=words(close, TITLE_TEXT),
        blocks=list(blocks[:VIEW_BLOCKS]),
        private_metadata=json.dumps(dict(metadata or {}), separators=(",", ":")),
    )


@dataclass(frozen=True)
class Section:
    """What one capability adds to a shared surface (the incident card, App Home).

    Attributes:
        blocks: What must be seen: the summary and the buttons.
        detail: What may be dropped, last first, when the surface would grow past Slack's budget.
    """

    blocks: Sequence[Block] = ()
    detail: Sequence[Block] = ()


def fit(
    sections: Sequence[Section],
    *,
    limit: int = MESSAGE_BLOCKS,
    characters: int = MESSAGE_CHARACTERS,
    detail_last: bool = False,
) -> list[Block]:
    """Lay sections out in order, dropping detail from the last section on until all fits; buttons are never dropped.

    With `detail_last` what must be seen of every section comes first, and all detail after a line: under pressure
    nobody should have to scroll past a description to find the button.
    """
    kept = [list(part.detail) for part in sections]

    def laid_out() -> list[Block]:
        if not detail_last:
            return [block for part, detail in zip(sections, kept, strict=True) for block in (*part.blocks, *detail)]
        first = [block for part in sections for block in part.blocks]
        rest = [block for detail in kept for block in detail]
        return [*first, divider(), *rest] if rest else first

    while len(laid_out()) > limit or _length(laid_out()) > characters:
        longest = next((detail for detail in reversed(kept) if detail), None)
        if longest is None:
            break
        longest.pop()
    return _within(laid_out(), limit)


def visible_text(blocks: Iterable[Mapping[str, Any]]) -> str:
    """Return everything a reader sees of some blocks, a line each; for fallback text, checks and tests."""
    return "\n".join(_texts(list(blocks)))


def as_dicts(blocks: Sequence[Block]) -> list[dict[str, Any]]:
    """Return blocks as Slack takes them (slack_sdk checks its own rules here and raises SlackObjectFormationError)."""
    return [block.to_dict() for block in blocks]


@dataclass(frozen=True)
class Message:
    """What to show: blocks, and a fallback text for notifications and screen readers."""

    text: Text
    blocks: Sequence[Block] = field(default_factory=list)

    @property
    def fallback(self) -> Markup:
        """The fallback text, escaped and within the budget of chat.update."""
        return clip(self.text, FALLBACK_TEXT)


def _input(
    block_id: str,
    label: str,
    element: Any,
    *,
    hint: str,
    optional: bool,
    dispatch: bool = False,
) -> InputBlock:
    return InputBlock(
        block_id=block_id,
        label=words(label, 2000),
        element=element,
        hint=words(hint, 2000) if hint else None,
        optional=optional,
        dispatch_action=dispatch or None,
    )


def _within(blocks: list[Block], limit: int) -> list[Block]:
    """Keep every row of buttons even when the summaries alone are too many."""
    while len(blocks) > limit:
        spare = max((i for i, block in enumerate(blocks) if not isinstance(block, ActionsBlock)), default=limit)
        del blocks[spare]
    return blocks


def _length(blocks: Sequence[Block]) -> int:
    return len(visible_text(as_dicts(blocks)))


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, Mapping):
        if isinstance(value.get("text"), str):
            yield value["text"]
        for key, item in value.items():
            if key not in ("text", "confirm") or not isinstance(item, str):
                yield from _texts(item)


def _unescape(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
