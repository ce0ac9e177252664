"""How people, channels, messages and views look as JSON, and what Slack adds to the blocks it is sent."""

from copy import deepcopy
from datetime import timedelta
from zoneinfo import ZoneInfo

from bot.workspace.state import Channel, Json, Message, Team, User, View
from bot.workspace.store import Store


def completed(store: Store, blocks: list[Json]) -> tuple[Json, ...]:
    """A copy of `blocks` with what Slack fills in: block ids, action ids, `emoji` and `verbatim` of text objects."""
    copies: list[Json] = deepcopy(blocks)
    for block in copies:
        block.setdefault("block_id", store.next_id("b"))
        _complete(store, block)
    return tuple(copies)


_INTERACTIVE = ("button", "overflow", "checkboxes", "radio_buttons", "datepicker", "timepicker", "datetimepicker")


def _complete(store: Store, thing: object) -> None:
    if isinstance(thing, list):
        for each in thing:
            _complete(store, each)
    if not isinstance(thing, dict):
        return
    kind = thing.get("type")
    if kind == "plain_text":
        thing.setdefault("emoji", True)
    elif kind == "mrkdwn":
        thing.setdefault("verbatim", False)
    elif kind in _INTERACTIVE or str(kind).endswith(("_select", "_input")):
        thing.setdefault("action_id", store.next_id("a"))
    for value in thing.values():
        _complete(store, value)


def user(store: Store, person: User, *, with_email: bool) -> Json:
    """A `users.info` user."""
    shown = person.real_name or person.name
    profile: Json = {"title": person.title, "real_name": shown, "display_name": person.name, "team": person.team_id}
    if with_email and person.email:
        profile["email"] = person.email
    described: Json = {
        "id": person.id,
        "team_id": person.team_id,
        "name": person.name,
        "deleted": person.deleted,
        "real_name": shown,
        "profile": profile,
        "is_bot": person.is_bot,
        "is_app_user": False,
        "is_admin": person.is_admin,
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": person.is_restricted,
        "is_ultra_restricted": person.is_ultra_restricted,
        "updated": 0,
    }
    if not person.deleted:
        offset = store.now().astimezone(ZoneInfo(person.tz)).utcoffset() or timedelta()
        described |= {"tz": person.tz, "tz_label": person.tz, "tz_offset": int(offset.total_seconds())}
    if person.team_id != store.team.id:
        described |= {"is_stranger": True}
    return described


def channel(team: Team, found: Channel) -> Json:
    """A `conversations.info` channel."""
    if found.is_im:
        return {
            "id": found.id,
            "created": found.created,
            "is_im": True,
            "user": found.im_user,
            "is_archived": found.is_archived,
            "context_team_id": team.id,
        }
    return {
        "id": found.id,
        "name": found.name,
        "name_normalized": found.name,
        "is_channel": not found.is_private,
        "is_group": found.is_private,
        "is_im": False,
        "is_mpim": False,
        "is_private": found.is_private,
        "is_archived": found.is_archived,
        "is_member": found.bot_is_member,
        "is_general": found.name == "general",
        "created": found.created,
        "topic": {"value": found.topic, "creator": "", "last_set": 0},
        "purpose": {"value": found.purpose, "creator": "", "last_set": 0},
        "num_members": len(found.members or ()),
        "context_team_id": team.id,
    }


def message(store: Store, found: Message, *, all_metadata: bool = False) -> Json:
    """A message as `conversations.history` and the payloads show it."""
    described: Json = {
        "type": "message",
        "user": found.user,
        "ts": found.ts,
        "text": found.text,
        "team": store.team.id,
        **({"bot_id": store.team.bot_id, "app_id": store.team.app_id} if found.by_bot else {}),
    }
    for key in ("blocks", "attachments", "files"):
        if getattr(found, key):
            described[key] = deepcopy(list(getattr(found, key)))
    if found.edited_ts:
        described["edited"] = {"user": found.user, "ts": found.edited_ts}
    if found.metadata:
        described["metadata"] = found.metadata if all_metadata else {"event_type": found.metadata["event_type"]}
    if found.reactions:
        described["reactions"] = [
            {"name": name, "users": list(users), "count": len(users)} for name, users in found.reactions
        ]
    return described | _thread(store, found)


def _thread(store: Store, found: Message) -> Json:
    if found.thread_ts:
        parent = store.messages[found.channel].get(found.thread_ts)
        author = {"parent_user_id": parent.user} if parent else {}
        return {"thread_ts": found.thread_ts, **author, **({"subtype": "thread_broadcast"} if found.broadcast else {})}
    replies = store.replies(found.channel, found.ts)
    if not replies:
        return {}
    return {
        "thread_ts": found.ts,
        "reply_count": len(replies),
        "reply_users": sorted({reply.user for reply in replies}),
        "reply_users_count": len({reply.user for reply in replies}),
        "latest_reply": replies[-1].ts,
    }


def view(team: Team, found: View, values: Json | None = None) -> Json:
    """A view as `views.*` answers and payloads show it, with `values` as its `state.values`."""
    content = found.content
    described: Json = {
        "id": found.id,
        "team_id": team.id,
        "type": found.type,
        "blocks": deepcopy(list(found.blocks)),
        "private_metadata": found.private_metadata,
        "callback_id": found.callback_id,
        "state": {"values": deepcopy(values or {})},
        "hash": found.hash,
        "title": content.get("title"),
        "clear_on_close": bool(content.get("clear_on_close", False)),
        "notify_on_close": bool(content.get("notify_on_close", False)),
        "close": content.get("close"),
        "submit": content.get("submit"),
        "previous_view_id": found.previous_view_id,
        "root_view_id": found.root_view_id,
        "app_id": team.app_id,
        "external_id": str(content.get("external_id", "")),
        "app_installed_team_id": team.id,
        "bot_id": team.bot_id,
    }
    if found.type == "modal":
        described["submit_disabled"] = bool(content.get("submit_disabled", False))
    else:
        described["title"] = {"type": "plain_text", "text": "View Title", "emoji": True}
    return described
