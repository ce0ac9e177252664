"""Slack's message markup as HTML.

Three passes, outermost first: code blocks, then runs of quoted lines, then marks inside a line. Text is escaped only
when it reaches the page, after Slack's own three entities are undone, so nothing is escaped twice and nothing escapes.

Source: https://docs.slack.dev/messaging/formatting-message-text
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby
from urllib.parse import urlsplit

from markupsafe import Markup, escape

from bot.workspace.page.render.dates import full, in_format, moment
from bot.workspace.page.render.emoji import SHORTCODE, picture
from bot.workspace.page.render.viewer import Viewer

SCHEMES = frozenset({"http", "https", "mailto"})
TAGS = {"*": "strong", "_": "em", "~": "s"}
BARE = "h"
"""Stands among the marks for an address without brackets, which becomes a link unless a text is `verbatim`."""
ALL = frozenset({*TAGS, BARE})

_FENCE = re.compile(r"```\n?(.+?)\n?```", re.DOTALL)
_QUOTED = re.compile(r"(?:>|&gt;) ?")
_CODE = re.compile(r"`([^`\n]+)`")
_REFERENCE = re.compile(r"<([^<>\n]+)>")
_BARE_URL = re.compile(r"https?://[^\s<>|`\"]+[^\s<>|`\".,;:!?'()*_~]")
# A mark opens where a word may start and closes where one may end. The bound keeps hostile text linear.
_MARKED = {
    mark: re.compile(
        rf"(?<!\w){re.escape(mark)}(?=[^\s{re.escape(mark)}])([^\n]{{0,600}}?[^\s]){re.escape(mark)}(?!\w)"
    )
    for mark in TAGS
}
_INTERESTING = re.compile(r"[`<*_~:h]")


def unescape(text: str) -> str:
    """Undo Slack's three entities, and only those."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def mrkdwn(text: str, viewer: Viewer, *, verbatim: bool = False) -> Markup:
    """Slack markup as safe HTML: blocks of code and quotes, and lines joined by `<br>`.

    A `verbatim` text is not searched for addresses to link (docs.slack.dev/reference/block-kit/composition-objects).
    """
    marks = ALL - {BARE} if verbatim else ALL
    out = Markup("")
    at = 0
    for fence in _FENCE.finditer(text):
        out += _lines(text[at : fence.start()].removesuffix("\n"), viewer, marks)
        out += Markup("<pre><code>{}</code></pre>").format(unescape(fence.group(1)))
        at = fence.end() + text[fence.end() :].startswith("\n")
    return out + _lines(text[at:], viewer, marks)


def inline(text: str, viewer: Viewer, marks: frozenset[str] = ALL) -> Markup:
    """One line's marks, references, emoji and bare links. `marks` are those that may still open here."""
    pieces: list[Markup] = []
    plain = at = 0
    while found := _INTERESTING.search(text, at):
        at = found.start()
        piece, length = _piece(text, at, viewer, marks)
        if piece is None:
            at += 1
            continue
        pieces += [escape(unescape(text[plain:at])), piece]
        plain = at = at + length
    return Markup("").join([*pieces, escape(unescape(text[plain:]))])


def link(url: str, label: str | Markup | None = None) -> Markup:
    """A link that opens elsewhere and names its true address on hover, or plain text when the scheme is not allowed."""
    if not is_safe(url):
        return escape(f"<{url}|{label}>" if label else f"<{url}>")
    return Markup('<a href="{}" title="{}" target="_blank" rel="noopener noreferrer nofollow">{}</a>').format(
        url, url, label or url.removeprefix("mailto:")
    )


def is_safe(url: str) -> bool:
    """Whether an address may become a link: http, https or mailto, with nothing hidden in front of the scheme."""
    if url != url.strip() or any(ord(char) < 0x20 for char in url):
        return False
    try:
        return urlsplit(url).scheme.lower() in SCHEMES
    except ValueError:  # an unbalanced bracket in the host
        return False


def person(user: str, viewer: Viewer, label: str = "") -> Markup:
    """A mention as a chip with the person's name; one's own stands out."""
    kind = "mention mention-me" if user == viewer.user else "mention"
    return Markup('<span class="{}">@{}</span>').format(kind, viewer.people.get(user) or label or user)


def channel(identity: str, viewer: Viewer, label: str = "") -> Markup:
    """A channel mention that leads there."""
    name = viewer.channels.get(identity) or label or identity
    return Markup('<a class="mention" data-nav href="{}">#{}</a>').format(viewer.channel_url(identity), name)


def broadcast(text: str, viewer: Viewer) -> Markup:
    """`!here`, `!channel`, `!everyone`, `!subteam^S…` and `!date^…`; anything else is shown by its fallback."""
    command, _, label = text.partition("|")
    name, _, rest = command.partition("^")
    if name == "date":
        return _date(rest, label, viewer)
    if name == "subteam":
        return Markup('<span class="mention">@{}</span>').format(viewer.groups.get(rest) or label.lstrip("@") or rest)
    if name in {"here", "channel", "everyone"}:
        return Markup('<span class="mention mention-me">@{}</span>').format(name)
    return escape(label or f"<!{text}>")


def _date(rest: str, fallback: str, viewer: Viewer) -> Markup:
    stamp, _, pattern = rest.partition("^")
    pattern, _, url = pattern.partition("^")
    at = moment(stamp, viewer.zone)
    if at is None:
        return escape(unescape(fallback) or stamp)
    shown = in_format(at, unescape(pattern), viewer.now)
    words = Markup('<time datetime="{}" title="{}">{}</time>').format(at.isoformat(), full(at), shown)
    return link(url, words) if is_safe(unescape(url)) else words


def _lines(text: str, viewer: Viewer, marks: frozenset[str]) -> Markup:
    def run(quoted: bool, lines: Iterable[str]) -> Markup:
        shown = Markup("<br>").join(
            inline(_QUOTED.sub("", line, count=1) if quoted else line, viewer, marks) for line in lines
        )
        return Markup("<blockquote>{}</blockquote>").format(shown) if quoted else shown

    if not text:
        return Markup("")
    return Markup("").join(run(quoted, lines) for quoted, lines in groupby(text.split("\n"), _is_quoted))


def _is_quoted(line: str) -> bool:
    return _QUOTED.match(line) is not None


def _piece(text: str, at: int, viewer: Viewer, marks: frozenset[str]) -> tuple[Markup | None, int]:
    """The HTML of what starts at `at` and how many characters it took; None when it is only a character."""
    char = text[at]
    if char == "`" and (found := _CODE.match(text, at)):
        return Markup("<code>{}</code>").format(unescape(found.group(1))), len(found.group())
    if char == "<" and (found := _REFERENCE.match(text, at)):
        return _reference(found.group(1), viewer), len(found.group())
    if char == ":" and (found := SHORTCODE.match(text, at)):
        return picture(found.group(1)), len(found.group())
    if char == BARE and BARE in marks and (found := _BARE_URL.match(text, at)):
        return link(unescape(found.group())), len(found.group())
    if char in TAGS and char in marks and (found := _MARKED[char].match(text, at)):
        inner = inline(found.group(1), viewer, marks - {char})
        return Markup("<{0}>{1}</{0}>").format(TAGS[char], inner), len(found.group())
    return None, 1


def _reference(text: str, viewer: Viewer) -> Markup:
    target, _, label = text.partition("|")
    label = unescape(label)
    if target[:1] == "@":
        return person(target[1:], viewer, label)
    if target[:1] == "#":
        return channel(target[1:], viewer, label)
    if target[:1] == "!":
        return broadcast(text[1:], viewer)
    return link(unescape(target), label or None)
