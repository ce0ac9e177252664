"""What people do in the browser, handed to the workspace: one function per thing, each ends in an `Outcome`.

The browser names what it acted on by kind and id; the newest version of that is what gets clicked, as in Slack.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from html import escape
from typing import Any

from bot.workspace.page.looks import find_message, zone_of
from bot.workspace.state import Delivery, Message, Surface, User
from bot.workspace.workspace import NotPossibleError, Workspace

Asked = Mapping[str, Any]

_TYPED_NAME = re.compile(r"(?<![\w&])[@#][\w.-]*\w")


@dataclass(frozen=True)
class Outcome:
    """What the browser shows afterwards.

    `notice` goes into a toast, `errors` under fields by block id. `refused` says that nothing left the workspace, so
    that what was typed may stand in its field again.
    """

    ok: bool = True
    refused: bool = False
    notice: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)


Act = Callable[[Workspace, User, Asked], Awaitable[Outcome]]


async def act(workspace: Workspace, name: str, asked: Asked) -> Outcome:
    """Do what a person asked for by name; what Slack's client would not allow comes back as a notice.

    Raises:
        LookupError: there is no such action or person.
    """
    person = workspace.people[str(asked["as"])]
    try:
        return await ACTS[name](workspace, person, asked)
    except NotPossibleError as impossible:
        return Outcome(ok=False, refused=True, notice=_sentence(str(impossible)))


async def _say(workspace: Workspace, person: User, asked: Asked) -> Outcome:
    text = str(asked["text"]).strip()
    if text.startswith("/"):
        return await _command(workspace, person, text, str(asked["in"]))
    await workspace.say(person.id, str(asked["in"]), _as_sent(workspace, text), asked.get("thread") or None)
    return Outcome()


async def _command(workspace: Workspace, person: User, text: str, channel: str) -> Outcome:
    name, _, rest = text.partition(" ")
    if name not in {command["command"] for command in workspace.commands()}:
        words = f"{name} is not a command here. Type / to see those that are."
        return Outcome(ok=False, refused=True, notice=words)
    return outcome_of(workspace, await workspace.command(person.id, name, rest.strip(), channel))


async def _click(workspace: Workspace, person: User, asked: Asked) -> Outcome:
    surface = find_surface(workspace, person, asked)
    if asked.get("kind") == "overflow":
        return outcome_of(
            workspace,
            await workspace.choose(
                person.id, surface, asked["action"], asked.get("value", ""), block_id=asked["block"]
            ),
        )
    delivery = await workspace.click(
        person.id, surface, asked["action"], block_id=asked["block"], value=asked.get("value") or None
    )
    return outcome_of(workspace, delivery)


async def _choose(workspace: Workspace, person: User, asked: Asked) -> Outcome:
    surface = find_surface(workspace, person, asked)
    value = _value(person, str(asked.get("kind", "")), asked.get("value"))
    delivery = await workspace.choose(person.id, surface, asked["action"], value, block_id=asked["block"])
    return outcome_of(workspace, delivery)


async def _submit(workspace: Workspace, person: User, asked: Asked) -> Outcome:
    values = {
        (str(given["block"]), str(given["action"])): _value(person, str(given["kind"]), given["value"])
        for given in asked.get("values") or []
    }
    return outcome_of(workspace, await workspace.submit(person.id, values))


async def _close(workspace: Workspace, person: User, _asked: Asked) -> Outcome:
    return outcome_of(workspace, await workspace.close_modal(person.id))


async def _open_home(workspace: Workspace, person: User, _asked: Asked) -> Outcome:
    return outcome_of(workspace, await workspace.open_home(person.id))


async def _shortcut(workspace: Workspace, person: User, asked: Asked) -> Outcome:
    message = _message(workspace, asked) if asked.get("ts") else None
    return outcome_of(workspace, await workspace.shortcut(person.id, str(asked["callback"]), message))


async def _react(workspace: Workspace, person: User, asked: Asked) -> Outcome:
    await workspace.react(person.id, _message(workspace, asked), str(asked["emoji"]))
    return Outcome()


async def _dismiss(workspace: Workspace, person: User, asked: Asked) -> Outcome:
    for note in workspace.ephemerals(person.id, str(asked["channel"])):
        if note.ts == asked["ts"]:
            workspace.dismiss(note)
    return Outcome()


ACTS: dict[str, Act] = {
    "say": _say,
    "click": _click,
    "choose": _choose,
    "submit": _submit,
    "close": _close,
    "home": _open_home,
    "shortcut": _shortcut,
    "react": _react,
    "dismiss": _dismiss,
}


def outcome_of(workspace: Workspace, delivery: Delivery) -> Outcome:
    """What a person is told about a delivery: a slow or failed one in Slack's manner, errors under their fields."""
    if delivery.late:
        app = workspace.team.app_name
        return Outcome(
            ok=False, notice=f"{app} did not answer within 3 seconds. It may still act; wait before you repeat."
        )
    return Outcome(ok=not delivery.notice and not delivery.errors, notice=delivery.notice, errors=delivery.errors)


def find_surface(workspace: Workspace, person: User, asked: Asked) -> Surface:
    """The newest version of what the browser acted on.

    Raises:
        NotPossibleError: it is no longer on the person's screen.
    """
    kind = asked["surface"]
    if kind == "message":
        return _message(workspace, asked)
    if kind == "ephemeral":
        notes = workspace.ephemerals(person.id, str(asked["channel"]))
        return _there(next((note for note in notes if note.ts == asked["ts"]), None))
    return _there(workspace.modal(person.id) if kind == "modal" else workspace.home(person.id))


def _there(surface: Surface | None) -> Surface:
    if surface is None:
        raise NotPossibleError("This is no longer on your screen.")
    return surface


def _message(workspace: Workspace, asked: Asked) -> Message:
    found = find_message(workspace, str(asked["channel"]), str(asked["ts"]))
    if found is None:
        raise NotPossibleError("This message was deleted.")
    return found


def _value(person: User, kind: str, value: Any) -> Any:
    """A control's value as the facade takes it; a local date and time becomes Unix seconds in the person's zone."""
    if kind == "datetimepicker" and value:
        return int(datetime.fromisoformat(str(value)).replace(tzinfo=zone_of(person)).timestamp())
    return value


def _as_sent(workspace: Workspace, text: str) -> str:
    """What a person typed as Slack would send it: entities escaped, `@name` and `#channel` as references."""
    names = {f"@{user.name}": f"<@{user.id}>" for user in workspace.people.values()}
    names |= {f"#{channel.name}": f"<#{channel.id}>" for channel in workspace.channels.values() if not channel.is_im}
    return _TYPED_NAME.sub(lambda found: names.get(found.group(), found.group()), escape(text, quote=False))


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:] + ("" if words.endswith((".", "!", "?")) else ".")
