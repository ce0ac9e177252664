"""The facade: everything tests, the demo and the web page do with a workspace."""

from collections.abc import Iterable, Mapping
from typing import Any

from bot.workspace.clock import Clock
from bot.workspace.state import (
    Call,
    Channel,
    Delivery,
    Ephemeral,
    Happening,
    Json,
    Message,
    Surface,
    Team,
    User,
    UserGroup,
    View,
)


class NotPossibleError(Exception):
    """Slack's client would not let this person do that: the surface is not visible, the button is not there, ..."""


class Subscription:
    """Change notices for one listener, oldest first: `async for notice in subscription`. Close it when done."""

    def __aiter__(self) -> "Subscription":
        return self

    async def __anext__(self) -> Json:
        """The next notice; ends when the subscription or the workspace is closed."""
        raise NotImplementedError

    def close(self) -> None:
        """Stop listening."""


class Workspace:
    """A strict Slack in one object. SIGNATURES FIRST: bodies follow."""

    team: Team
    people: dict[str, User]
    channels: dict[str, Channel]
    groups: dict[str, UserGroup]
    manifest: Json
    clock: Clock
    base_url: str
    happenings: list[Happening]
    calls: list[Call]
    deliveries: list[Delivery]

    def __init__(
        self,
        *,
        people: Iterable[User | Mapping[str, Any]],
        channels: Iterable[Channel | Mapping[str, Any]],
        groups: Iterable[UserGroup | Mapping[str, Any]] = (),
        team: Team | Mapping[str, Any] | None = None,
        manifest: Json,
        signing_secret: str,
        bot_token: str,
        app_token: str = "",
        request_url: str = "",
        clock: Clock | None = None,
        ack_deadline: float = 3.0,
    ) -> None:
        raise NotImplementedError

    # -- what can be seen -------------------------------------------------------------------------------------------
    def messages(self, channel: str) -> list[Message]:
        """Top-level messages of a channel (id or name), oldest first, with replies also sent to the channel."""
        raise NotImplementedError

    def replies(self, message: Message) -> list[Message]:
        """The replies in a message's thread, oldest first."""
        raise NotImplementedError

    def current(self, message: Message) -> Message | None:
        """The newest version of a message; None when it was deleted."""
        raise NotImplementedError

    def ephemerals(self, user: str, channel: str | None = None) -> list[Ephemeral]:
        """The ephemeral messages on a person's screen, oldest first."""
        raise NotImplementedError

    def modal(self, user: str) -> View | None:
        """The modal on top of a person's screen."""
        raise NotImplementedError

    def modals(self, user: str) -> list[View]:
        """A person's modals, the bottom one first, at most three."""
        raise NotImplementedError

    def home(self, user: str) -> View | None:
        """The person's Home tab, once published."""
        raise NotImplementedError

    def dm(self, user: str) -> Channel:
        """The direct conversation between the app and a person (made when needed)."""
        raise NotImplementedError

    def visible_channels(self, user: str) -> list[Channel]:
        """The channels a person sees, by name (without the direct conversation with the app)."""
        raise NotImplementedError

    def typed(self, user: str, surface: Surface) -> Json:
        """`state.values` of a surface as this person has it: {block_id: {action_id: {type, value | selected_...}}}."""
        raise NotImplementedError

    def commands(self) -> list[Json]:
        """The slash commands with their hints, as in the manifest: {command, description, usage_hint}."""
        raise NotImplementedError

    def shortcuts(self, kind: str) -> list[Json]:
        """The shortcuts of `kind` (`global` or `message`), as in the manifest: {name, callback_id, description}."""
        raise NotImplementedError

    def subscribe(self) -> Subscription:
        """Hear of every change from now on, as small dicts {kind, channel?, user?, ts?}.

        Kinds: message, ephemeral (user), modal (user), home (user), channel, person.
        """
        raise NotImplementedError

    # -- what people do ---------------------------------------------------------------------------------------------
    async def say(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> Message:
        """A person writes a message; the app hears of it if it subscribed to such events."""
        raise NotImplementedError

    async def command(self, user: str, command: str, text: str = "", channel: str | None = None) -> Delivery:
        """A person types a slash command in `channel` (id or name; by default in the conversation with the app)."""
        raise NotImplementedError

    async def click(
        self,
        user: str,
        surface: Surface,
        action: str,
        *,
        block_id: str | None = None,
        value: str | None = None,
        confirm: bool = True,
        stale: Surface | None = None,
        again: bool = False,
    ) -> Delivery:
        """A person presses the button with the label or action id `action` (`block_id`, `value` tell equals apart).

        `confirm` is the answer to the confirm dialog, if the button has one. `stale` takes the button from an older
        version of the surface. `again` sends the person's last such click once more, byte for byte.
        """
        raise NotImplementedError

    async def choose(
        self, user: str, surface: Surface, action_id: str, value: Any, *, block_id: str | None = None
    ) -> Delivery:
        """A person picks something in a select, date picker, radio group, checkboxes or overflow menu, or types text.

        `value` is an option's value or text, an id, a date (`2026-11-21`), a time (`09:30`), a number, or a list of
        such for what takes several. In an input block without `dispatch_action` the app hears nothing (`sent=False`).
        """
        raise NotImplementedError

    async def submit(self, user: str, values: Mapping[Any, Any] | None = None) -> Delivery:
        """A person fills in the top modal and presses submit.

        `values` is keyed by block id, (block id, action id) or label; everything else keeps what was typed before or
        its initial value. Slack's own checks (required, length, range, address) come first: then nothing is sent.
        """
        raise NotImplementedError

    async def close_modal(self, user: str) -> Delivery:
        """A person closes the top modal; the app hears of it if the view says `notify_on_close`."""
        raise NotImplementedError

    async def open_home(self, user: str) -> Delivery:
        """A person opens the app's Home tab."""
        raise NotImplementedError

    async def shortcut(self, user: str, callback_id: str, message: Message | None = None) -> Delivery:
        """A person uses a global shortcut, or with `message` a message shortcut."""
        raise NotImplementedError

    async def react(self, user: str, message: Message, emoji: str) -> Message:
        """A person adds a reaction."""
        raise NotImplementedError

    async def change_person(self, user: str, **changes: Any) -> list[Delivery]:
        """Change a person's profile or flags and send `user_change` if the app subscribed to it."""
        raise NotImplementedError

    async def tick(self) -> list[Delivery]:
        """Send the retries of events that have become due on the clock."""
        raise NotImplementedError

    async def redeliver(self, delivery: Delivery) -> Delivery:
        """Send an earlier delivery again, byte for byte."""
        raise NotImplementedError

    def dismiss(self, ephemeral: Ephemeral) -> None:
        """The addressee dismisses an ephemeral message."""
        raise NotImplementedError
