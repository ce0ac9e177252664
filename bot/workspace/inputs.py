"""What people pick and type: from a plain value to the JSON Slack sends for it, and back to what is on the screen."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from bot.workspace import reading
from bot.workspace.state import Json, NotPossibleError, Surface, View
from bot.workspace.store import Store, surface_key


@dataclass(frozen=True)
class Kind:
    """How one type of element is held: the key in its state, the key of its initial value, whether it takes several."""

    holds: str
    initial: str
    of: str
    """What a value is: option, user, channel, conversation, text, date, time or moment."""
    many: bool = False


KINDS: dict[str, Kind] = {
    "plain_text_input": Kind("value", "initial_value", "text"),
    "email_text_input": Kind("value", "initial_value", "text"),
    "url_text_input": Kind("value", "initial_value", "text"),
    "number_input": Kind("value", "initial_value", "text"),
    "static_select": Kind("selected_option", "initial_option", "option"),
    "external_select": Kind("selected_option", "initial_option", "option"),
    "radio_buttons": Kind("selected_option", "initial_option", "option"),
    "overflow": Kind("selected_option", "", "option"),
    "users_select": Kind("selected_user", "initial_user", "user"),
    "channels_select": Kind("selected_channel", "initial_channel", "channel"),
    "conversations_select": Kind("selected_conversation", "initial_conversation", "conversation"),
    "checkboxes": Kind("selected_options", "initial_options", "option", many=True),
    "multi_static_select": Kind("selected_options", "initial_options", "option", many=True),
    "multi_external_select": Kind("selected_options", "initial_options", "option", many=True),
    "multi_users_select": Kind("selected_users", "initial_users", "user", many=True),
    "multi_channels_select": Kind("selected_channels", "initial_channels", "channel", many=True),
    "multi_conversations_select": Kind("selected_conversations", "initial_conversations", "conversation", many=True),
    "datepicker": Kind("selected_date", "initial_date", "date"),
    "timepicker": Kind("selected_time", "initial_time", "time"),
    "datetimepicker": Kind("selected_date_time", "initial_date_time", "moment"),
}
STATELESS = ("button", "overflow", "image", "file_input")


@dataclass(frozen=True)
class Found:
    """An element on a surface, with the block around it."""

    block: Json
    element: Json

    @property
    def block_id(self) -> str:
        """The id of the block around it."""
        return str(self.block["block_id"])

    @property
    def action_id(self) -> str:
        """The element's action id."""
        return str(self.element["action_id"])

    @property
    def label(self) -> str:
        """What a button says."""
        return reading.text_of(self.element.get("text"), {})


def blocks_of(surface: Surface) -> tuple[Json, ...]:
    """All blocks of a surface, those of attachments included."""
    return reading.all_blocks(surface.blocks, () if isinstance(surface, View) else surface.attachments)


def elements(surface: Surface) -> list[Found]:
    """The interactive elements of a surface, in order."""
    return [
        Found(block, element)
        for block in blocks_of(surface)
        for element in reading.elements_of(block)
        if "action_id" in element
    ]


def find(surface: Surface, wanted: str, *, block_id: str | None = None, value: str | None = None) -> Found:
    """The element with the action id or label `wanted`.

    Raises:
        NotPossibleError: There is none, or more than one.
    """
    found = [
        each
        for each in elements(surface)
        if wanted in (each.action_id, each.label)
        and block_id in (None, each.block_id)
        and value in (None, each.element.get("value"))
    ]
    if len(found) == 1:
        return found[0]
    present = ", ".join(f"{each.label or each.element['type']!r} ({each.action_id})" for each in elements(surface))
    problem = "is there more than once: say block_id or value" if found else "is not there"
    raise NotPossibleError(f"{wanted!r} {problem}; there are: {present or 'no elements'}")


# -- states ---------------------------------------------------------------------------------------------------------
def initial(element: Json) -> Json:
    """An element's state before anybody touched it."""
    kind = KINDS[element["type"]]
    return {"type": element["type"], kind.holds: element.get(kind.initial, [] if kind.many else None)}


def values(store: Store, surface: Surface, user: str) -> Json:
    """`state.values` of a surface as this person has it: initial values, and what was picked or typed since."""
    typed = store.typed.get((surface_key(surface), user), {})
    held: Json = {}
    for found in elements(surface):
        if found.element["type"] not in STATELESS:
            own = typed.get(found.block_id, {}).get(found.action_id)
            fits = own is not None and own["type"] == found.element["type"]
            held.setdefault(found.block_id, {})[found.action_id] = own if fits else initial(found.element)
    return held


def remember(store: Store, surface: Surface, user: str, found: Found, state: Json) -> None:
    """Keep what a person picked or typed on a surface."""
    typed = store.typed.setdefault((surface_key(surface), user), {})
    typed.setdefault(found.block_id, {})[found.action_id] = state


def picked(store: Store, element: Json, value: Any) -> Json:
    """The state after a person picked `value` (None or an empty list clears).

    Raises:
        NotPossibleError: The element does not offer it.
    """
    kind = KINDS.get(element["type"])
    if kind is None:
        raise NotPossibleError(f"nothing can be picked in a {element['type']}")
    if kind.many:
        several = [value] if isinstance(value, str) else list(value or ())
        held: Any = [_one(store, element, kind.of, each) for each in several]
        if len(held) > element.get("max_selected_items", 100):
            raise NotPossibleError(f"at most {element['max_selected_items']} can be selected")
    else:
        held = None if value in (None, "") else _one(store, element, kind.of, value)
    return {"type": element["type"], kind.holds: held}


def _one(store: Store, element: Json, of: str, value: Any) -> Any:
    if of == "option":
        return _option(element, value)
    if of == "user":
        return _person(store, value)
    if of in ("channel", "conversation"):
        return _channel(store, value)
    if of == "date" and date.fromisoformat(value).isoformat() != value:
        raise NotPossibleError(f"{value!r} is not a date like 2026-11-21")
    return int(value) if of == "moment" else str(value)


def offered(element: Json) -> list[Json]:
    """The options of a menu or group, those in option groups included."""
    groups = element.get("option_groups") or []
    return [*(element.get("options") or []), *(each for group in groups for each in group["options"])]


def _option(element: Json, value: Any) -> Json:
    options = offered(element)
    for option in options:
        if option["value"] == str(value):
            return option
    for option in options:
        if reading.text_of(option["text"], {}) == str(value):
            return option
    raise NotPossibleError(f"{value!r} is not offered; there are: {', '.join(each['value'] for each in options)}")


def _person(store: Store, value: Any) -> str:
    for person in store.people.values():
        if value in (person.id, person.name) and not person.deleted:
            return person.id
    raise NotPossibleError(f"{value!r} is nobody who can be chosen")


def _channel(store: Store, value: Any) -> str:
    channel = store.channel(str(value))
    if channel is None:
        raise NotPossibleError(f"{value!r} is no channel")
    return channel.id


def action(found: Found, state: Json | None, ts: str) -> Json:
    """One entry of a payload's `actions`."""
    element = found.element
    described: Json = {
        "type": element["type"],
        "action_id": found.action_id,
        "block_id": found.block_id,
        "action_ts": ts,
    }
    if element["type"] == "button":
        described |= {key: element[key] for key in ("text", "value", "style", "url") if key in element}
    for key in ("placeholder", KINDS[element["type"]].initial if element["type"] in KINDS else ""):
        if key in element:
            described[key] = element[key]
    return described | (state or {})
