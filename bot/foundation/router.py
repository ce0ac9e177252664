"""What people do in Slack, as plain values, and how a capability says which of its functions answers.

A handler is `(gesture, work) -> answer`. It runs inside the Work of the person who clicked; what it raises as a
Refusal is shown to that person only and nothing else is changed. It never calls Slack.

    router = Router()

    @router.button("incidents.acknowledge")
    def acknowledge(click: Click, work: Work) -> Answer:
        service.acknowledge(work, click.value["incident"])
        return None
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, TypeVar, overload

from slack_sdk.models.views import View

from bot.foundation.blocks import Message, Section, Text
from bot.foundation.errors import Refusal
from bot.foundation.work import Reading, Work

OUTDATED = (
    "This button or form is from an older version of Backout, or it arrived damaged. Nothing was changed. "
    "Please open it again from the incident's card."
)
LARGEST = 2**53


class Sent(dict[str, Any]):
    """What came back with a gesture: texts and whole numbers by name; whatever else stood there counts as missing.

    Asking for what is missing is a Refusal: the one who acted is told, and it is no defect of ours.
    """

    def __init__(self, values: Mapping[str, Any] = MappingProxyType({})) -> None:
        super().__init__((name, value) for name, value in values.items() if _is_plain(value))

    def __getitem__(self, name: str) -> str:
        """Return the text under this name (Refusal if there is none)."""
        value = super().get(name)
        if not isinstance(value, str):
            raise Refusal(OUTDATED)
        return value

    @overload  # type: ignore[override]
    def get(self, name: str) -> str | None: ...

    @overload
    def get(self, name: str, default: str) -> str: ...

    def get(self, name: str, default: str | None = None) -> str | None:
        """Return the text under this name, the default if there is none."""
        value = super().get(name)
        return value if isinstance(value, str) else default

    def number(self, name: str) -> int:
        """Return the whole number under this name (Refusal if there is none)."""
        value = super().get(name)
        if not isinstance(value, int):
            raise Refusal(OUTDATED)
        return value


def _is_plain(value: Any) -> bool:
    """Say whether this is a text that any database takes, or a whole number that any JSON reader keeps."""
    if isinstance(value, str):
        return "\0" not in value and value == value.encode("utf-8", "ignore").decode()
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < LARGEST


@dataclass(frozen=True)
class Click:
    """A button pressed or an option chosen, in a message, a modal or App Home.

    Attributes:
        action: The action id.
        value: What the button carried.
        chosen: The chosen option's value or person's id, for selects.
        channel: Where the message stands; None in modals and App Home.
        values: For elements in a modal: what the form holds at this moment, by block id.
        metadata: For elements in a modal: the modal's metadata.
    """

    action: str
    value: Sent
    chosen: str | None = None
    channel: str | None = None
    values: Sent = field(default_factory=Sent)
    metadata: Sent = field(default_factory=Sent)


@dataclass(frozen=True)
class Form:
    """A submitted modal: values by block id ('' when left empty), and the metadata it was opened with."""

    callback: str
    values: Sent
    metadata: Sent


@dataclass(frozen=True)
class Command:
    """A slash command: its name with the slash, the text after it, and the channel it was typed in.

    `text` is what stands after the subcommand's word, if one was typed; `offered` are all subcommands there are.
    """

    name: str
    text: str
    channel: str
    offered: "tuple[Subcommand, ...]" = ()


@dataclass(frozen=True)
class Shortcut:
    """A shortcut on a message: whose message, where, and its text."""

    callback: str
    channel: str
    text: str
    author: str


@dataclass(frozen=True)
class Say:
    """Tell the person who acted, privately."""

    text: Text


@dataclass(frozen=True)
class Show:
    """Tell the person who acted, privately, with blocks."""

    message: Message


@dataclass(frozen=True)
class Open:
    """Open a modal (or put it on top of the open one)."""

    view: View


@dataclass(frozen=True)
class Replace:
    """Put another modal in the place of the one that is open."""

    view: View


Answer = Say | Show | Open | Replace | None
ClickHandler = Callable[[Click, Work], Answer]
FormHandler = Callable[[Form, Work], Answer]
CommandHandler = Callable[[Command, Work], Answer]
ShortcutHandler = Callable[[Shortcut, Work], Answer]
EventHandler = Callable[[Mapping[str, Any], Work], None]
EntryT = TypeVar("EntryT")


@dataclass(frozen=True)
class Subcommand:
    """One word after a slash command, offered by the capability that answers it.

    Attributes:
        word: What is typed (`status`).
        usage: What may be typed after it, as people read it (`[role]`), '' for nothing.
        does: What it does, for the help; begins with a verb.
    """

    word: str
    usage: str
    does: str
    handler: CommandHandler


@dataclass
class Router:
    """The gestures one capability answers. `app.py` lists all routers once."""

    buttons: dict[str, ClickHandler] = field(default_factory=dict)
    forms: dict[str, FormHandler] = field(default_factory=dict)
    commands: dict[str, CommandHandler] = field(default_factory=dict)
    shortcuts: dict[str, ShortcutHandler] = field(default_factory=dict)
    events: dict[str, EventHandler] = field(default_factory=dict)
    subcommands: dict[str, Subcommand] = field(default_factory=dict)

    def button(self, action: str) -> Callable[[ClickHandler], ClickHandler]:
        """Answer a click on, or a choice in, the element with this action id."""
        return _entry(self.buttons, action)

    def form(self, callback: str) -> Callable[[FormHandler], FormHandler]:
        """Answer the submission of the modal with this callback id."""
        return _entry(self.forms, callback)

    def command(self, name: str) -> Callable[[CommandHandler], CommandHandler]:
        """Answer a slash command (`/rollback`)."""
        return _entry(self.commands, name)

    def subcommand(self, command: str, word: str, usage: str, does: str) -> Callable[[CommandHandler], CommandHandler]:
        """Answer one word after a slash command (`/rollback status`); `usage` and `does` stand in its help."""

        def register(handler: CommandHandler) -> CommandHandler:
            _entry(self.subcommands, f"{command} {word}")(Subcommand(word, usage, does, handler))
            return handler

        return register

    def answer(self, command: Command, work: Work) -> Answer:
        """Answer a slash command: by the subcommand that was typed, else by the command itself."""
        first, _, rest = command.text.strip().partition(" ")
        chosen = self.subcommands.get(f"{command.name} {first.lower()}")
        if chosen:
            return chosen.handler(replace(command, text=rest.strip()), work)
        of_this = [one for name, one in self.subcommands.items() if name.startswith(f"{command.name} ")]
        return self.commands[command.name](replace(command, offered=tuple(of_this)), work)

    def shortcut(self, callback: str) -> Callable[[ShortcutHandler], ShortcutHandler]:
        """Answer a message shortcut."""
        return _entry(self.shortcuts, callback)

    def event(self, kind: str) -> Callable[[EventHandler], EventHandler]:
        """Answer an event (`app_home_opened`); the actor is the person it is about, known to us or not."""
        return _entry(self.events, kind)


def together(routers: Iterable[Router]) -> Router:
    """Bring routers together into one; two that answer the same gesture are a mistake (ValueError)."""
    one = Router()
    for router in routers:
        for table, more in zip(_tables(one), _tables(router), strict=True):
            for name, handler in more.items():
                _entry(table, name)(handler)
    return one


@dataclass(frozen=True)
class Surfaces:
    """The parts of shared surfaces, in order: functions of a reading and whom or what the surface is about."""

    card: tuple[Callable[[Reading, str], Section], ...] = ()
    home: tuple[Callable[[Reading, str], Section], ...] = ()


def _entry(table: dict[str, EntryT], name: str) -> Callable[[EntryT], EntryT]:
    def register(handler: EntryT) -> EntryT:
        if name in table:
            raise ValueError(f"{name} is answered twice")
        table[name] = handler
        return handler

    return register


def _tables(router: Router) -> tuple[dict[str, Any], ...]:
    return router.buttons, router.forms, router.commands, router.shortcuts, router.events, router.subcommands
