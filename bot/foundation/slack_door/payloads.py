"""Slack's payloads, read into the plain values that handlers take (docs.slack.dev/reference/interaction-payloads)."""

import json
from collections.abc import Mapping
from typing import Any

from bot.foundation.router import Click, Command, Form, Shortcut

Json = Mapping[str, Any]


def click(body: Json) -> Click:
    """Read a block_actions payload."""
    action = body["actions"][0]
    view = body.get("view") or {}
    return Click(
        action=action["action_id"],
        value=_object(action.get("value")),
        chosen=_chosen(action),
        channel=(body.get("channel") or {}).get("id"),
        values=_values(view),
        metadata=_object(view.get("private_metadata")),
    )


def form(body: Json) -> Form:
    """Read a view_submission payload."""
    view = body["view"]
    return Form(callback=view["callback_id"], values=_values(view), metadata=_object(view.get("private_metadata")))


def command(body: Json) -> Command:
    """Read a slash command."""
    return Command(name=body["command"], text=str(body.get("text", "")).strip(), channel=body["channel_id"])


def shortcut(body: Json) -> Shortcut:
    """Read a message shortcut."""
    message = body.get("message") or {}
    return Shortcut(
        callback=body["callback_id"],
        channel=(body.get("channel") or {}).get("id", ""),
        text=str(message.get("text", "")),
        author=str(message.get("user", "")),
    )


def person(body: Json) -> tuple[str, str]:
    """Return (team id, user id) of whoever acted; the person's own team where Slack names it."""
    user = body.get("user")
    if isinstance(user, Mapping):
        return str(user.get("team_id") or (body.get("team") or {}).get("id", "")), str(user["id"])
    event = body.get("event") or {}
    inner = event.get("user")
    user_id = inner.get("id") if isinstance(inner, Mapping) else inner
    return str(body.get("team_id", "")), str(body.get("user_id") or user_id or "")


def first_field(body: Json) -> str | None:
    """Return the block id of a modal's first input, where a refusal without a field is shown."""
    blocks = (body.get("view") or {}).get("blocks") or []
    return next((block["block_id"] for block in blocks if block.get("type") == "input"), None)


def has_field(body: Json, field: str | None) -> bool:
    """Say whether a modal has an input with this block id."""
    blocks = (body.get("view") or {}).get("blocks") or []
    return any(block.get("type") == "input" and block.get("block_id") == field for block in blocks)


def _values(view: Json) -> dict[str, str]:
    state = (view.get("state") or {}).get("values") or {}
    return {block: _value(next(iter(elements.values()), {})) for block, elements in state.items()}


def _value(element: Json) -> str:
    return str(element.get("value") or _chosen(element) or "")


def _chosen(element: Json) -> str | None:
    option = element.get("selected_option")
    if isinstance(option, Mapping):
        return str(option["value"])
    for key in ("selected_user", "selected_channel", "selected_conversation", "selected_date", "selected_time"):
        if element.get(key):
            return str(element[key])
    return None


def _object(text: Any) -> dict[str, Any]:
    try:
        value = json.loads(text) if text else {}
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
