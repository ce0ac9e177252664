"""Texts that try to be something else than a text, and ways to see whether they have become it.

Every check returns what is wrong, in words with the place, or nothing. What counts: mentions, links and dates of theirs
that Slack would act on; tags, scripts and links in HTML and Markdown; characters that control a terminal, hide, or turn
the direction of writing; a header or a line that they have begun.
"""

import email
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from email.header import decode_header, make_header
from html.parser import HTMLParser
from random import Random
from typing import Any

from markdown_it import MarkdownIt
from slack_sdk.models.views import View

from bot.foundation import block_rules
from bot.foundation.blocks import Message, Section, as_dicts, fit
from bot.workspace import blocks as workspace_rules

BITS = (
    "<!channel>", "<!here>", "<!everyone>", "<!subteam^S0EVIL>", "<@U0EVIL>", "<#C0EVIL>", "<https://evil.example|go>",
    "<mailto:a@evil.example|a>", "<script>alert('evil')</script>", "<img src=x onerror=evil()>", "evil.example",
    "[evil](https://evil.example)", "![x](javascript:evil)", "&lt;!channel&gt;", "&amp;lt;@U0EVIL&amp;gt;",
    "*b*", "_i_", "~s~", "`c`", "```", ">", "|", "\\", "\n", "\r", "\r\n", "\t", "\0", "\x07", "\x1b[31m", "\x85",
    "\x9b31m", "\u2028", "\u2029", "\u202e", "\u2066", "\u2069", "\u200b", "\u200f", "\ufeff", "\xad",
    "\U000e0041", "\ud800",
    "{{7*7}}", "{0}", "{name}", "%s", "${x}", ":tada:", "🏴", "ﷺ", "İ", "&" * 40, "<" * 40, "x" * 700, "é" * 80,
    "<!date^1^{date}|evil>", "<!channel", "channel>", "<@", "|evil>", "#{x}", '"', "'", "=cmd|' /C calc'!A0",
    "\r\nBcc: a@evil.example\r\n\r\n", "=?utf-8?b?PGE+?=",
)  # fmt: skip
ACTIVE = re.compile(
    r"<(?:!(?:channel|here|everyone|subteam)|@U0EVIL|#C0EVIL|https?:|mailto:|script|img|/|!date\^1\^)", re.IGNORECASE
)
CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
RETURNED = {"value", "private_metadata", "action_id", "block_id", "callback_id", "type"}
"""What Slack gives back to us, and shows to nobody."""
ACTIVE_TOKENS = {"link_open", "image", "html_block", "html_inline"}
MARKDOWN = MarkdownIt("commonmark").enable("table")


def hostile(random: Random) -> str:
    """Return a text that tries to be something else than a text."""
    text = random.choice(("", "", " ")).join(random.choices(BITS, k=random.choice((1, 2, 3, 6, 15))))
    return text if random.random() < 0.95 else text * random.randrange(1, 40)


def in_slack(shown: Any) -> Iterator[str]:
    """Look at what a view returned: would Slack take it, and what would it act on?"""
    as_json, refused = rendered(shown)
    yield from (f"rejected: {problem}" for problem in refused)
    for text, is_plain in _texts(as_json):
        yield from in_text(text, is_plain=is_plain)
    if isinstance(shown, Message):
        yield from in_text(str(shown.fallback))


def rendered(shown: Any) -> tuple[Any, Sequence[object]]:
    """Return what a view returned as Slack gets it, and what both validators of Block Kit have against it."""
    if isinstance(shown, View):
        view = shown.to_dict()
        return view, [*block_rules.problems(view["type"], view), *workspace_rules.check_view(view)]
    blocks = as_dicts(fit([shown]) if isinstance(shown, Section) else shown.blocks)
    return blocks, [*block_rules.problems("message", blocks), *workspace_rules.check_message(blocks)]


def in_text(text: str, *, is_plain: bool = False) -> Iterator[str]:
    """Look at one text; where it is shown as it stands (`is_plain`), nothing is active."""
    for what, pattern in (("active", ACTIVE), ("control character", CONTROL)):
        if (found := pattern.search(text)) and not (is_plain and what == "active"):
            yield f"{what}: {text[max(0, found.start() - 40) : found.end() + 40]!r}"


def in_html(html: str) -> Iterator[str]:
    """Look at a page: a tag, a handler or an address of theirs."""
    page = _Page()
    page.feed(html)
    yield from (f"active: {what}" for what in page.found)
    yield from in_text(" ".join(page.read), is_plain=True)


def in_markdown(text: str) -> Iterator[str]:
    """Look at a document as CommonMark reads it: fences and escapes count."""
    for token in MARKDOWN.parse(text):
        for one in (token, *(token.children or ())):
            if one.type in ACTIVE_TOKENS:
                yield f"active: {one.type} {one.content[:80]!r}"
    yield from in_text(text, is_plain=True)


def in_log(line: str) -> Iterator[str]:
    """Look at a line of the log: one line of JSON in plain ASCII?"""
    if not line.isascii():
        yield f"active: this is not plain: {line[:80]!r}"
    yield from in_line(line)


def in_line(line: str) -> Iterator[str]:
    """Look at a line of a file that only grows: one line of JSON, with nothing that acts on a terminal?"""
    if len(line.splitlines()) != 1:
        yield f"active: this is not one line: {line[:80]!r}"
    else:
        json.loads(line)
    yield from in_text(line.removesuffix("\n"), is_plain=True)


def in_mail(raw: bytes, headers: set[str]) -> Iterator[str]:
    """Look at an e-mail as a mail server gets it: only these headers, and nothing hidden in what is shown."""
    message = email.message_from_bytes(raw)
    yield from (f"active: header {name}" for name in set(message.keys()) - headers)
    subject = str(make_header(decode_header(re.sub(r"\r\n(?=[ \t])", "", message["Subject"]))))
    yield from in_text(subject.replace("\n", "\r"), is_plain=True)
    shown = message.get_payload(decode=True)
    assert isinstance(shown, bytes)
    yield from in_text(shown.decode().replace("\r\n", "\n"), is_plain=True)


class _Page(HTMLParser):
    """Notes tags and attributes that no page of ours has, and what is read on it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.read: list[str] = []

    def handle_data(self, data: str) -> None:
        self.read.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "img", "iframe", "svg", "object", "embed", "base", "meta", "link", "form"):
            self.found.append(f"<{tag}>")
        for name, value in attrs:
            if name.startswith("on") or (name in ("href", "src", "action") and "evil" in (value or "")):
                self.found.append(f"<{tag} {name}={value!r}>")
            if name in ("title", "alt", "placeholder", "aria-label"):
                self.read.append(value or "")


def _texts(value: Any, *, is_plain: bool = False) -> Iterator[tuple[str, bool]]:
    """Yield every text that Slack shows, and whether it shows it as it stands."""
    if isinstance(value, str):
        yield value, is_plain
    elif isinstance(value, Mapping):
        plain = is_plain or value.get("type") == "plain_text"
        for key, one in value.items():
            if key not in RETURNED:
                yield from _texts(one, is_plain=plain or key == "initial_value")
    elif isinstance(value, Sequence):
        for one in value:
            yield from _texts(one, is_plain=is_plain)
