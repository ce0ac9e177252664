"""The shapes of what Slack sends to an app.

As documented at https://docs.slack.dev/reference/interaction-payloads/ (block actions, view submissions, shortcuts),
https://docs.slack.dev/interactivity/implementing-slash-commands/ and https://docs.slack.dev/apis/events-api/.
"""

from bot.workspace import wire
from bot.workspace.state import Channel, Ephemeral, Json, Message, Surface, User, View
from bot.workspace.store import Store

VERIFICATION_TOKEN = "deprecated-verification-token"  # noqa: S105 - a field Slack still sends; proves nothing


def command(store: Store, user: User, channel: Channel, name: str, text: str, trigger: str, response_url: str) -> Json:
    """The form fields of a slash command."""
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": store.team.id,
        "team_domain": store.team.domain,
        "channel_id": channel.id,
        "channel_name": channel.name,
        "user_id": user.id,
        "user_name": user.name,
        "command": name,
        "text": text,
        "api_app_id": store.team.app_id,
        "is_enterprise_install": "false",
        "response_url": response_url,
        "trigger_id": trigger,
    }


def _common(store: Store, user: User, kind: str) -> Json:
    return {
        "type": kind,
        "team": {"id": store.team.id, "domain": store.team.domain},
        "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team_id},
        "api_app_id": store.team.app_id,
        "token": VERIFICATION_TOKEN,
        "enterprise": None,
        "is_enterprise_install": False,
    }


def block_actions(
    store: Store, user: User, surface: Surface, action: Json, values: Json, trigger: str, response_url: str
) -> Json:
    """A press or pick on a message, an ephemeral message (which brings no `message`), a modal or a Home tab."""
    payload = {**_common(store, user, "block_actions"), "trigger_id": trigger, "actions": [action]}
    if isinstance(surface, View):
        return {
            **payload,
            "container": {"type": "view", "view_id": surface.id},
            "view": wire.view(store.team, surface, values),
        }
    hidden = isinstance(surface, Ephemeral)
    container: Json = {
        "type": "message",
        "message_ts": surface.ts,
        "channel_id": surface.channel,
        "is_ephemeral": hidden,
        **({"thread_ts": surface.thread_ts} if surface.thread_ts else {}),
    }
    return {
        **payload,
        "container": container,
        "channel": named(store.channels[surface.channel]),
        "state": {"values": values},
        "response_url": response_url,
        **({} if isinstance(surface, Ephemeral) else {"message": wire.message(store, surface)}),
    }


def named(channel: Channel) -> Json:
    """A channel as payloads name it."""
    return {"id": channel.id, "name": channel.name}


def view_submission(store: Store, user: User, view: View, values: Json, trigger: str) -> Json:
    """A submitted modal."""
    described = wire.view(store.team, view, values)
    return {**_common(store, user, "view_submission"), "trigger_id": trigger, "view": described, "response_urls": []}


def view_closed(store: Store, user: User, view: View, values: Json, *, cleared: bool) -> Json:
    """A closed modal; `cleared` when the whole stack went."""
    described = wire.view(store.team, view, values)
    return {**_common(store, user, "view_closed"), "view": described, "is_cleared": cleared}


def message_action(
    store: Store, user: User, callback_id: str, message: Message, trigger: str, response_url: str
) -> Json:
    """A message shortcut."""
    return {
        **_common(store, user, "message_action"),
        "callback_id": callback_id,
        "action_ts": store.next_ts(),
        "trigger_id": trigger,
        "response_url": response_url,
        "channel": named(store.channels[message.channel]),
        "message_ts": message.ts,
        "message": wire.message(store, message),
    }


def shortcut(store: Store, user: User, callback_id: str, trigger: str) -> Json:
    """A global shortcut."""
    return {
        **_common(store, user, "shortcut"),
        "callback_id": callback_id,
        "action_ts": store.next_ts(),
        "trigger_id": trigger,
    }


def event(store: Store, inner: Json) -> Json:
    """An Events API callback around `inner`."""
    authorization = {
        "enterprise_id": None,
        "team_id": store.team.id,
        "user_id": store.team.bot_user,
        "is_bot": True,
        "is_enterprise_install": False,
    }
    event_id = store.next_id("Ev")
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": store.team.id,
        "api_app_id": store.team.app_id,
        "event": {**inner, "event_ts": inner.get("ts") or store.next_ts()},
        "type": "event_callback",
        "event_id": event_id,
        "event_time": int(store.now().timestamp()),
        "authorizations": [authorization],
        "is_ext_shared_channel": False,
        "event_context": f"4-{event_id}",
    }
