"""Slack's payloads, read into the plain values that handlers take (docs.slack.dev/reference/interaction-payloads).

Signed does not mean sane: what `is_sound` lets through has the shapes that Bolt and the readers below rely on.
"""

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.foundation.router import Click, Command, Form, Sent, Shortcut

Json = Mapping[str, Any]
NEEDED = {
    "block_actions": ("actions", "user"),
    "view_submission": ("view", "user"),
    "event_callback": ("event",),
    "message_action": ("callback_id", "user"),
    "shortcut": ("callback_id", "user"),
}


class _Thing(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")


class _Named(_Thing):
    id: str
    team_id: str | None = None


class _Choice(_Thing):
    value: str


class _Action(_Thing):
    action_id: str
    block_id: str | None = None
    value: str | None = None
    selected_option: _Choice | None = None


class _State(_Thing):
    values: dict[str, dict[str, dict[str, Any]]] = {}


class _View(_Thing):
    id: str | None = None
    type: str
    callback_id: str | None = None
    team_id: str | None = None
    private_metadata: str | None = None
    state: _State | None = None
    blocks: list[dict[str, Any]] | None = None


class _Event(_Thing):
    type: str
    user: str | _Named | None = None
    channel: str | _Named | None = None
    message: dict[str, Any] | None = None
    previous_message: dict[str, Any] | None = None
    item: dict[str, Any] | None = None
    assistant_thread: dict[str, Any] | None = None
    view: _View | None = None


class _Body(_Thing):
    type: str | None = None
    api_app_id: str | None = None
    team_id: str | None = None
    user_id: str | None = None
    channel_id: str | None = None
    trigger_id: str | None = None
    callback_id: str | None = None
    response_url: str | None = None
    event_id: str | None = None
    command: Annotated[str | None, Field(min_length=1)] = None
    text: str | None = None
    team: _Named | None = None
    user: _Named | None = None
    channel: _Named | None = None
    enterprise: _Named | None = None
    view: _View | None = None
    event: _Event | None = None
    message: dict[str, Any] | None = None
    actions: Annotated[list[_Action] | None, Field(min_length=1)] = None
    authorizations: list[dict[str, Any]] | None = None
    response_urls: list[dict[str, Any]] | None = None


def storable(value: Any) -> Any:
    """Return a payload without what no database takes: NUL characters and lone surrogates, wherever they stand."""
    if isinstance(value, str):
        return _storable(value)
    if isinstance(value, Mapping):
        return {_storable(name): storable(one) for name, one in value.items()}
    return [storable(one) for one in value] if isinstance(value, list) else value


def is_sound(body: Json) -> bool:
    """Say whether a payload has the shape that Slack documents, as far as anybody here looks into it."""
    try:
        read = _Body.model_validate(body)
    except ValidationError:
        return False
    if read.command is not None and not (read.user_id and read.channel_id):
        return False
    return all(getattr(read, name) is not None for name in NEEDED.get(read.type or "", ()))


def click(body: Json) -> Click:
    """Read a block_actions payload."""
    action = body["actions"][0]
    view = body.get("view") or {}
    return Click(
        action=action["action_id"],
        value=Sent(_object(action.get("value"))),
        chosen=_chosen(action),
        channel=(body.get("channel") or {}).get("id"),
        values=Sent(_values(view)),
        metadata=Sent(_object(view.get("private_metadata"))),
    )


def form(body: Json) -> Form:
    """Read a view_submission payload."""
    view = body["view"]
    return Form(
        callback=view.get("callback_id") or "",
        values=Sent(_values(view)),
        metadata=Sent(_object(view.get("private_metadata"))),
    )


def command(body: Json) -> Command:
    """Read a slash command."""
    return Command(name=body["command"], text=_storable(body.get("text")).strip(), channel=body["channel_id"])


def shortcut(body: Json) -> Shortcut:
    """Read a message shortcut."""
    message = body.get("message") or {}
    return Shortcut(
        callback=body["callback_id"],
        channel=(body.get("channel") or {}).get("id", ""),
        text=_as_read(_storable(message.get("text"))),
        author=_storable(message.get("user")),
    )


def _as_read(text: str) -> str:
    """Return a message as a person reads it: links by their label, mentions left out, no entities."""

    def label(found: re.Match[str]) -> str:
        return found[3] or ("" if found[1] else found[2])

    plain = re.sub(r"<([@#!]?)([^<>|]*)(?:\|([^<>]*))?>", label, text)
    return plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").strip()


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
    names = (block.get("block_id") for block in blocks if block.get("type") == "input")
    return next((name for name in names if isinstance(name, str)), None)


def has_field(body: Json, field: str | None) -> bool:
    """Say whether a modal has an input with this block id."""
    blocks = (body.get("view") or {}).get("blocks") or []
    return any(block.get("type") == "input" and block.get("block_id") == field for block in blocks)


def _values(view: Json) -> dict[str, str]:
    state = (view.get("state") or {}).get("values") or {}
    return {block: _value(next(iter(elements.values()), {})) for block, elements in state.items()}


def _value(element: Json) -> str:
    return _storable(element.get("value") or _chosen(element))


def _chosen(element: Json) -> str | None:
    option = element.get("selected_option")
    if isinstance(option, Mapping):
        return _storable(option.get("value"))
    for key in ("selected_user", "selected_channel", "selected_conversation", "selected_date", "selected_time"):
        if element.get(key):
            return _storable(element[key])
    return None


def _storable(text: Any) -> str:
    """Return what somebody typed without what no database takes: NUL characters and lone surrogates."""
    return "" if text is None else str(text).replace("\0", "").encode("utf-8", "replace").decode()


def _object(text: Any) -> dict[str, Any]:
    try:
        value = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
