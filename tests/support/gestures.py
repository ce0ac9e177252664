"""What Slack sends for every gesture that some router answers, as Slack sends it, and with hostile content."""

import json
from collections.abc import Mapping
from random import Random
from typing import Any
from urllib.parse import urlencode

from bot import app
from bot.foundation.router import together
from tests.support.front import Front
from tests.support.mutation import TEXTS, VALUES, damaged, written
from tests.support.slack import ME

JSON, FORM = b"application/json", b"application/x-www-form-urlencoded"
ROUTER = together(app.ROUTERS)
FIELDS = ("reason", "text", "to", "severity", "system", "version", "what", "harm", "subject", "audience", "stage")
KINDS = ("click", "submit", "command", "shortcut", "event")


def sent(random: Random, front: Front, *, spoilt: bool = False) -> tuple[bytes, bytes]:
    """Return the content type and body of one gesture; `spoilt` damages what is in it, not whose it is."""
    kind = random.choice(KINDS)
    payload = MAKERS[kind](random, front)
    if spoilt:
        ours: dict[str, Any] = {name: payload[name] for name in ("api_app_id", "team_id", "team") if name in payload}
        payload = damaged(random, payload)
        if isinstance(payload, dict) and random.random() < 0.95:
            payload |= ours
        if kind == "event":
            return JSON, written(random, payload)
    return encoded(kind, payload)


def encoded(kind: str, payload: Any) -> tuple[bytes, bytes]:
    """Return content type and body as Slack would send them."""
    if kind == "event":
        return JSON, json.dumps(payload).encode()
    if kind == "command" and isinstance(payload, dict):
        return FORM, urlencode({name: str(value) for name, value in payload.items()}, errors="replace").encode()
    return FORM, urlencode({"payload": json.dumps(payload)}).encode()


def click(random: Random, front: Front, action: str = "", **more: Any) -> dict[str, Any]:
    """Somebody presses a button, or chooses from a list."""
    value = json.dumps(_about(random, front))
    pressed = {
        "type": "button",
        "action_id": action or random.choice(list(ROUTER.buttons)),
        "block_id": "b",
        "value": value,
    }
    chosen = {"selected_option": {"value": "support-bot"}} if random.random() < 0.3 else {}
    view = {"view": _view(random, front, "")} if random.random() < 0.3 else {"channel": {"id": "C0SHOPREC1"}}
    return {"type": "block_actions", **_whose(random, front), "actions": [pressed | chosen], **view, **more}


def submit(random: Random, front: Front, **more: Any) -> dict[str, Any]:
    """Somebody sends a form."""
    view = _view(random, front, random.choice(list(ROUTER.forms)))
    return {"type": "view_submission", **_whose(random, front), "view": view, **more}


def command(random: Random, front: Front, **more: Any) -> dict[str, Any]:
    """Somebody types a slash command."""
    words = ["", "help", "status", "INC-1", "INC-7", "support-bot it lies", "support-bot", *TEXTS]
    return {
        "command": random.choice(list(ROUTER.commands)), "text": random.choice(words), "channel_id": "C0SHOPREC1",
        "team_id": ME.team_id, "api_app_id": ME.app_id, "user_id": _person(random, front), "trigger_id": "1.2.t",
    } | more  # fmt: skip


def shortcut(random: Random, front: Front, **more: Any) -> dict[str, Any]:
    """Somebody uses a shortcut on a message."""
    message = {"type": "message", "user": "U0LEO00001", "text": random.choice(TEXTS), "ts": "1.2"}
    return {
        "type": "message_action", "callback_id": random.choice(list(ROUTER.shortcuts)), "message": message,
        "channel": {"id": "C0SHOPREC1"}, "message_ts": "1.2", **_whose(random, front),
    } | more  # fmt: skip


def event(random: Random, front: Front, **more: Any) -> dict[str, Any]:
    """Something happened."""
    inner: dict[str, Any] = {
        "type": random.choice(list(ROUTER.events)),
        "user": _person(random, front),
        "tab": "home",
        "channel": "D1",
    }
    if inner["type"] == "user_change":
        inner["user"] = {
            "id": inner["user"],
            "team_id": ME.team_id,
            "real_name": random.choice(TEXTS),
            "deleted": False,
        }
    whose = {"team_id": ME.team_id, "api_app_id": ME.app_id}
    return {"type": "event_callback", "event_id": f"Ev{random.getrandbits(64)}", "event": inner, **whose} | more


MAKERS = {"click": click, "submit": submit, "command": command, "shortcut": shortcut, "event": event}


def _whose(random: Random, front: Front) -> dict[str, Any]:
    user = {"id": _person(random, front), "team_id": ME.team_id}
    return {"user": user, "team": {"id": ME.team_id}, "api_app_id": ME.app_id, "trigger_id": "1.2.t"}


def _person(random: Random, front: Front) -> str:
    return random.choice(front.everybody)


def about(front: Front) -> dict[str, Any]:
    """What we put into a button's value or a form's metadata."""
    about: dict[str, Any] = {"incident": "INC-1", "subject": "INC-1", "round": 1, "through": 9, "seen": "x"}
    return about | {"request": front.request, "system": "support-bot", "reason": "it lies"}


def _about(random: Random, front: Front) -> dict[str, Any]:
    """What stands in a button's value or a form's metadata: what we put there, or something else."""
    ours = about(front)
    if random.random() < 0.5:
        return ours
    for name in random.sample(sorted(ours), random.choice((1, 2, 5))):
        ours[name] = random.choice(VALUES)
    return ours if random.random() < 0.7 else {name: ours[name] for name in random.sample(sorted(ours), 3)}


def _view(random: Random, front: Front, callback: str) -> Mapping[str, Any]:
    texts = ["because it lies", "support-bot", "U0LEO00001", "INC-1", "high", "yes", "42", *TEXTS]
    values = {name: {name: {"type": "plain_text_input", "value": random.choice(texts)}} for name in FIELDS}
    return {
        "id": "V1", "type": "modal", "callback_id": callback, "team_id": ME.team_id, "state": {"values": values},
        "private_metadata": json.dumps(_about(random, front)),
        "blocks": [{"type": "input", "block_id": "reason"}] if random.random() < 0.5 else [],
    }  # fmt: skip
