"""What the templates need, worked out from the workspace: plain values, nothing to call, nothing to look up."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from markupsafe import Markup

from bot.workspace.page.places import HOME, Place, playable
from bot.workspace.page.render.blocks import Surface, plain_of, render_blocks, safe_url
from bot.workspace.page.render.dates import clock, day_name, full
from bot.workspace.page.render.emoji import EMOJI
from bot.workspace.page.render.mrkdwn import mrkdwn
from bot.workspace.page.render.viewer import Viewer
from bot.workspace.page.unread import Unread
from bot.workspace.state import Channel, Ephemeral, Message, User, View
from bot.workspace.workspace import Workspace

HUES = 12
NEWEST = 100  # messages drawn of a channel: more would make every live update slow; the rest is one link away
SAME_BREATH_SECONDS = 300  # consecutive messages of one author this close share one avatar, as in Slack
BAR_COLOURS = {"good": "#2eb67d", "warning": "#ecb22e", "danger": "#e01e5a"}


@dataclass(frozen=True)
class Face:
    """How an author appears: name, initials on a colour, and whether it is the app."""

    name: str
    initials: str
    hue: int
    is_app: bool = False


@dataclass(frozen=True)
class Item:
    """One message in a list."""

    id: str
    kind: str
    channel: str
    ts: str
    face: Face
    at: datetime
    time: str
    full_time: str
    body: Markup
    day: str = ""
    compact: bool = False
    edited: str = ""
    replies: int = 0
    repliers: Sequence[Face] = ()
    last_reply: str = ""
    thread_url: str = ""
    reactions: Sequence[Mapping[str, Any]] = ()
    also_sent: bool = False


def viewer_at(workspace: Workspace, place: Place) -> Viewer:
    """The acting person as a reader of messages."""
    return Viewer(
        user=place.person.id,
        zone=zone_of(place.person),
        now=workspace.clock.now(),
        people={user.id: name_of(user) for user in workspace.people.values()}
        | {workspace.team.bot_user: workspace.team.app_name},
        choosable=frozenset(user.id for user in workspace.people.values() if not (user.is_bot or user.deleted)),
        channels={channel.id: channel.name for channel in workspace.channels.values() if not channel.is_im},
        groups={group.id: group.handle for group in workspace.groups.values()},
        channel_url=lambda channel: place.url(where=channel),
    )


def zone_of(person: User) -> ZoneInfo:
    """A person's time zone; UTC when the profile names none that exists."""
    try:
        return ZoneInfo(person.tz)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def name_of(person: User) -> str:
    """The name a person goes by on the page."""
    return person.real_name or person.name


def face_of(workspace: Workspace, user: str) -> Face:
    """How the author with this id appears; somebody unknown appears under the id."""
    if user in {workspace.team.bot_user, workspace.team.bot_id}:
        return Face(workspace.team.app_name, "", 0, is_app=True)
    person = workspace.people.get(user)
    name = name_of(person) if person else user
    return Face(name, initials(name), hue(user), is_app=bool(person and person.is_bot))


def initials(name: str) -> str:
    """One or two capitals that stand for a name."""
    words = [word for word in name.replace("-", " ").split() if word[0].isalnum()]
    return ((words[0][0] + (words[-1][0] if len(words) > 1 else "")) if words else "?").upper()


def message_items(workspace: Workspace, place: Place) -> list[Item]:
    """The open channel: everybody's newest messages and the person's own ephemeral ones, oldest first."""
    if place.channel is None:
        return []
    channel = place.channel.id
    messages = workspace.messages(channel)[earlier(workspace, place) :]
    mine = [note for note in workspace.ephemerals(place.person.id, channel) if not note.thread_ts]
    return _items(workspace, place, [*messages, *mine], "list")


def earlier(workspace: Workspace, place: Place) -> int:
    """How many of the open channel's messages are too old to be drawn at every change."""
    if place.channel is None or place.is_whole:
        return 0
    return max(0, len(workspace.messages(place.channel.id)) - NEWEST)


def thread_items(workspace: Workspace, place: Place) -> list[Item]:
    """The open thread: its first message, then the replies; empty when there is no such message."""
    root = find_message(workspace, place.channel.id, place.thread) if place.channel and place.thread else None
    if root is None or place.channel is None:
        return []
    notes = workspace.ephemerals(place.person.id, place.channel.id)
    mine = [note for note in notes if note.thread_ts == root.ts]
    return _items(workspace, place, [root, *workspace.replies(root), *mine], "thread")


def find_message(workspace: Workspace, channel: str, ts: str) -> Message | None:
    """The newest version of the message that channel and `ts` name; None when there is none."""
    return workspace.message(channel, ts)


def _items(workspace: Workspace, place: Place, messages: Iterable[Message | Ephemeral], pane: str) -> list[Item]:
    viewer = viewer_at(workspace, place)
    items: list[Item] = []
    before: Item | None = None
    for message in sorted(messages, key=lambda each: float(each.ts)):
        before = _item(workspace, place, viewer, message, pane, before)
        items.append(before)
    return items


def _item(
    workspace: Workspace, place: Place, viewer: Viewer, message: Message | Ephemeral, pane: str, before: Item | None
) -> Item:
    private = isinstance(message, Ephemeral)
    kind = "ephemeral" if private else "message"
    at = _moment(message.at, message.ts, viewer.zone)
    author = workspace.team.bot_user if isinstance(message, Ephemeral) or message.by_bot else message.user
    face = face_of(workspace, author)
    new_day = pane == "list" and (before is None or before.at.date() != at.date())
    after_root = pane == "thread" and before is not None and before.ts == place.thread
    scope = f"{pane}-{kind}-{message.channel}-{message.ts}"
    return Item(
        id="m-" + scope.replace(".", "-"),
        kind=kind,
        channel=message.channel,
        ts=message.ts,
        face=face,
        at=at,
        time=clock(at),
        full_time=full(at),
        body=_body(message, Surface(scope, viewer, workspace.typed(place.person.id, message))),
        day=day_name(at, viewer.now) if new_day else "",
        compact=not (new_day or after_root or message.blocks) and _same_breath(before, face, kind, at),
        **({} if isinstance(message, Ephemeral) else _shared(workspace, place, viewer, message, pane)),
    )


def _shared(workspace: Workspace, place: Place, viewer: Viewer, message: Message, pane: str) -> dict[str, Any]:
    """What only messages that everybody sees have: a thread, an edited marker, reactions."""
    root = message.thread_ts or message.ts
    replies = workspace.replies(message) if pane == "list" and not message.thread_ts else []
    last = _moment(replies[-1].at, replies[-1].ts, viewer.zone) if replies else None
    authors = list(dict.fromkeys(workspace.team.bot_user if reply.by_bot else reply.user for reply in replies))
    edited = _moment(None, message.edited_ts, viewer.zone) if message.edited_ts else None
    return {
        "replies": len(replies),
        "repliers": [face_of(workspace, user) for user in authors[:4]],
        "last_reply": f"{day_name(last, viewer.now)} at {clock(last)}" if last else "",
        "thread_url": place.url(where=message.channel, thread=root),
        "edited": full(edited) if edited else "",
        "also_sent": pane == "list" and bool(message.thread_ts),
        "reactions": [_reaction(name, users, viewer) for name, users in message.reactions],
    }


def _reaction(name: str, users: Sequence[str], viewer: Viewer) -> dict[str, Any]:
    who = ", ".join(viewer.people.get(user, user) for user in users)
    return {"name": name, "picture": EMOJI.get(name, f":{name}:"), "count": len(users), "who": who,
            "mine": viewer.user in users}  # fmt: skip


def _same_breath(before: Item | None, face: Face, kind: str, at: datetime) -> bool:
    if before is None or before.face != face or before.kind != kind or kind == "ephemeral":
        return False
    return (at - before.at).total_seconds() < SAME_BREATH_SECONDS and not before.replies


def _moment(at: datetime | None, ts: str, zone: ZoneInfo) -> datetime:
    return at.astimezone(zone) if at else datetime.fromtimestamp(float(ts), zone)


def _body(message: Message | Ephemeral, surface: Surface) -> Markup:
    """Blocks instead of text, as Slack shows them, then attachments and files."""
    if message.blocks:
        shown = render_blocks(message.blocks, surface)
    else:
        shown = (
            Markup('<div class="text">{}</div>').format(mrkdwn(message.text, surface.viewer))
            if message.text
            else Markup()
        )
    for attachment in message.attachments:
        shown += _attachment(attachment, surface)
    for file in message.files if isinstance(message, Message) else ():
        shown += _file(file)
    return shown


def _attachment(attachment: Mapping[str, Any], surface: Surface) -> Markup:
    viewer = surface.viewer
    inner = Markup("").join(
        Markup('<div class="{}">{}</div>').format(f"attachment-{part}", mrkdwn(str(attachment[part]), viewer))
        for part in ("pretext", "title", "text", "footer")
        if attachment.get(part)
    )
    inner += render_blocks(attachment.get("blocks") or [], surface)
    colour = str(attachment.get("color") or "")
    fill = BAR_COLOURS.get(colour, "#" + colour.lstrip("#") if colour else "")
    # A colour as an attribute of a drawing: the content security policy forbids inline style.
    bar = Markup(
        '<svg class="attachment-bar" aria-hidden="true"><rect width="4" height="100%" fill="{}"/></svg>'
    ).format(fill or "#9a9a9a")
    return Markup('<div class="attachment">{}<div class="attachment-body">{}</div></div>').format(bar, inner)


def _file(file: Mapping[str, Any]) -> Markup:
    name = str(file.get("title") or file.get("name") or "File")
    url = safe_url(file.get("permalink") or file.get("url_private"))
    shown = Markup('<a href="{}" target="_blank" rel="noopener">{}</a>').format(url, name) if url else name
    return Markup('<div class="file"><span class="file-kind">{}</span>{}</div>').format(
        str(file.get("filetype") or "file")[:5], shown
    )


def sidebar(workspace: Workspace, place: Place, unread: Unread) -> dict[str, Any]:
    """Channels with what is unread in them, and the conversation with the app."""
    channels = [
        _channel_row(workspace, place, unread, channel) for channel in workspace.visible_channels(place.person.id)
    ]
    direct = _channel_row(workspace, place, unread, workspace.dm(place.person.id))
    return {"channels": channels, "direct": direct, "home_url": place.url(where=HOME)}


def _channel_row(workspace: Workspace, place: Place, unread: Unread, channel: Channel) -> dict[str, Any]:
    open_now = place.where == channel.id
    count = 0 if open_now else unread.count(place.person.id, channel.id, workspace.messages(channel.id))
    return {"channel": channel, "url": place.url(where=channel.id), "open": open_now, "unread": count}


def cast(workspace: Workspace, place: Place) -> list[dict[str, Any]]:
    """Everybody one can act as, grouped by the user group each belongs to first."""
    groups: dict[str, list[User]] = {}
    for person in playable(workspace):
        groups.setdefault(_group_of(workspace, person), []).append(person)
    return [
        {"name": name, "people": [_player(workspace, place, person) for person in people]}
        for name, people in groups.items()
    ]


def _group_of(workspace: Workspace, person: User) -> str:
    own = [group for group in workspace.groups.values() if person.id in group.users and not group.disabled]
    return (
        (own[0].name or f"@{own[0].handle}") if own else ("Guests and others" if person.is_guest else "Everybody else")
    )


def _player(workspace: Workspace, place: Place, person: User) -> dict[str, Any]:
    flags = (("deactivated", person.deleted), ("other company", person.is_stranger), ("guest", person.is_guest))
    return {
        "person": person,
        "name": name_of(person),
        "face": face_of(workspace, person.id),
        "url": place.url(person=person.id),
        "mark": next((mark for mark, holds in flags if holds), ""),
        "acting": person.id == place.person.id,
        "local_time": clock(workspace.clock.now().astimezone(zone_of(person))),
    }


def modal(workspace: Workspace, place: Place) -> dict[str, Any]:
    """The dialog on top of the person's screen, or nothing."""
    view = workspace.modal(place.person.id)
    if view is None:
        return {"view": None}
    return {
        "view": view,
        "title": plain_of(view.content.get("title")) or "Dialog",
        "submit": plain_of(view.content.get("submit")),
        "close": plain_of(view.content.get("close")) or "Cancel",
        "blocks": _view_blocks(workspace, place, view),
    }


def home(workspace: Workspace, place: Place) -> dict[str, Any]:
    """The app's Home tab, or nothing before the app published it."""
    view = workspace.home(place.person.id)
    return {"view": view, "blocks": _view_blocks(workspace, place, view) if view else ""}


def _view_blocks(workspace: Workspace, place: Place, view: View) -> Markup:
    # A view keeps its id when the app replaces its content, so what was typed stays, as in Slack.
    typed = workspace.typed(place.person.id, view)
    return render_blocks(
        view.blocks, Surface(f"{view.type}-{view.id}", viewer_at(workspace, place), typed, view.errors)
    )


def hue(key: str) -> int:
    """A colour for a key, the same every time: a number for the classes `hue-0` to `hue-11`."""
    return hashlib.sha256(key.encode()).digest()[0] % HUES
