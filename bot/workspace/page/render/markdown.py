"""The `markdown` block: the part of standard Markdown that messages use, as safe HTML.

Headings, lists, quotes, fenced code and the inline marks; tables stay text, and HTML in it stays inert.

Source: https://docs.slack.dev/reference/block-kit/blocks/markdown-block
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import groupby

from markupsafe import Markup

from bot.workspace.page.render.emoji import with_emoji
from bot.workspace.page.render.mrkdwn import link

_FENCE = re.compile(r"^```[^\n]*\n(.*?)^```[ ]*$", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"(#{1,6})\s+(.+)")
_BULLET = re.compile(r"\s*[-*+]\s+(.*)")
_NUMBER = re.compile(r"\s*\d+[.)]\s+(.*)")
_QUOTE = re.compile(r">\s?(.*)")
_RULE = re.compile(r"\s*(?:-{3,}|\*{3,}|_{3,})\s*")
_INLINE = re.compile(
    r"`(?P<code>[^`\n]+)`"
    r"|\[(?P<label>[^\]\n]{1,500})\]\((?P<url>[^\s()]{1,2000})\)"
    r"|\*\*(?P<strong>[^\s*](?:[^\n]{0,600}?[^\s*])??)\*\*"
    r"|~~(?P<s>[^\s~](?:[^\n]{0,600}?[^\s~])??)~~"
    r"|(?<![\w*])[*_](?P<em>[^\s*_](?:[^\n*]{0,600}?[^\s*_])??)[*_](?!\w)"
)


def markdown(text: str) -> Markup:
    """Standard Markdown as safe HTML, line kinds gathered into lists, quotes and paragraphs."""
    out = Markup("")
    at = 0
    for fence in _FENCE.finditer(text):
        out += _flow(text[at : fence.start()])
        out += Markup("<pre><code>{}</code></pre>").format(fence.group(1).rstrip("\n"))
        at = fence.end()
    return out + _flow(text[at:])


def inline(text: str, depth: int = 3) -> Markup:
    """Marks inside one line; `depth` bounds nesting."""
    if depth == 0:
        return with_emoji(text)
    out = Markup("")
    at = 0
    for found in _INLINE.finditer(text):
        out += with_emoji(text[at : found.start()]) + _mark(found, depth)
        at = found.end()
    return out + with_emoji(text[at:])


def _mark(found: re.Match[str], depth: int) -> Markup:
    if found["code"] is not None:
        return Markup("<code>{}</code>").format(found["code"])
    if found["url"] is not None:
        return link(found["url"], inline(found["label"], depth - 1))
    tag = found.lastgroup or "em"
    return _wrapped(tag, inline(found[tag], depth - 1))


def _flow(text: str) -> Markup:
    lines = text.split("\n")
    return Markup("").join(_gathered(kind, [*run]) for kind, run in groupby(lines, _kind))


def _kind(line: str) -> str:
    if not line.strip():
        return "blank"
    shapes = (("rule", _RULE), ("heading", _HEADING), ("ul", _BULLET), ("ol", _NUMBER), ("blockquote", _QUOTE))
    return next((kind for kind, shape in shapes if shape.fullmatch(line)), "p")


def _gathered(kind: str, lines: list[str]) -> Markup:
    if kind in {"blank", "rule"}:
        return Markup("<hr>") if kind == "rule" else Markup("")
    if kind == "heading":
        return Markup("").join(_heading(line) for line in lines)
    if kind in {"ul", "ol"}:
        items = (inline(_inside(_BULLET if kind == "ul" else _NUMBER, line)) for line in lines)
        return _wrapped(kind, Markup("").join(_wrapped("li", item) for item in items))
    inside: Callable[[str], str] = (lambda line: _inside(_QUOTE, line)) if kind == "blockquote" else str
    return _wrapped(kind, Markup("<br>").join(inline(inside(line)) for line in lines))


def _heading(line: str) -> Markup:
    # A message's heading must not compete with the page's own outline.
    return Markup('<p class="md-heading md-heading-{}">{}</p>').format(
        len(line) - len(line.lstrip("#")), inline(_inside(_HEADING, line, 2))
    )


def _inside(shape: re.Pattern[str], line: str, group: int = 1) -> str:
    found = shape.fullmatch(line)
    return found.group(group) if found else line


def _wrapped(tag: str, inner: Markup) -> Markup:
    return Markup("<{0}>{1}</{0}>").format(tag, inner)
