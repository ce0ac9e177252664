"""The `rich_text` block: sections, lists, quotes and preformatted text with styled runs.

Source: https://docs.slack.dev/reference/block-kit/blocks/rich-text-block
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup, escape

from bot.workspace.page.render.dates import full, in_format, moment
from bot.workspace.page.render.emoji import picture
from bot.workspace.page.render.mrkdwn import broadcast, channel, link, person
from bot.workspace.page.render.viewer import Viewer

Piece = Mapping[str, Any]
STYLES = {"code": "code", "bold": "strong", "italic": "em", "strike": "s"}
DEEPEST_INDENT = 8


def rich_text(block: Piece, viewer: Viewer) -> Markup:
    """A whole `rich_text` block."""
    return Markup("").join(_part(part, viewer) for part in block.get("elements") or [])


def _part(part: Piece, viewer: Viewer) -> Markup:
    kind = part.get("type")
    if kind == "rich_text_list":
        return _list(part, viewer)
    if kind == "rich_text_preformatted":
        return Markup("<pre><code>{}</code></pre>").format(_joined(part, viewer))
    inner = _runs(part, viewer)
    return Markup("<{0}>{1}</{0}>").format("blockquote" if kind == "rich_text_quote" else "p", inner)


def _list(part: Piece, viewer: Viewer) -> Markup:
    tag = "ol" if part.get("style") == "ordered" else "ul"
    items = Markup("").join(Markup("<li>{}</li>").format(_runs(item, viewer)) for item in part.get("elements") or [])
    depth = part.get("indent")
    indent = min(depth, DEEPEST_INDENT) if isinstance(depth, int) else 0
    return Markup('<{0} class="indent-{1}">{2}</{0}>').format(tag, indent, items)


def _runs(part: Piece, viewer: Viewer) -> Markup:
    return _joined(part, viewer).replace("\n", Markup("<br>"))


def _joined(part: Piece, viewer: Viewer) -> Markup:
    return Markup("").join(_styled(run, viewer) for run in part.get("elements") or [])


def _styled(run: Piece, viewer: Viewer) -> Markup:
    shown = _run(run, viewer)
    style = run.get("style")
    for name, tag in STYLES.items():
        if isinstance(style, Mapping) and style.get(name):
            shown = Markup("<{0}>{1}</{0}>").format(tag, shown)
    return shown


def _run(run: Piece, viewer: Viewer) -> Markup:
    kind = run.get("type")
    if kind == "text":
        return escape(str(run.get("text", "")))
    if kind == "link":
        return link(str(run.get("url", "")), str(run.get("text") or "") or None)
    if kind == "user":
        return person(str(run.get("user_id", "")), viewer)
    if kind == "channel":
        return channel(str(run.get("channel_id", "")), viewer)
    return _other_run(str(kind), run, viewer)


def _other_run(kind: str, run: Piece, viewer: Viewer) -> Markup:
    if kind == "emoji":
        name = str(run.get("name", ""))
        return picture(name) or escape(f":{name}:")
    if kind == "usergroup":
        return broadcast(f"subteam^{run.get('usergroup_id', '')}", viewer)
    if kind == "broadcast":
        return broadcast(str(run.get("range", "")), viewer)
    at = moment(str(run.get("timestamp", "")), viewer.zone) if kind == "date" else None
    if at is None:
        return escape(str(run.get("fallback") or run.get("value") or run.get("text") or ""))
    shown = in_format(at, str(run.get("format", "{date_short} {time}")), viewer.now)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(at.isoformat(), full(at), shown)
