"""What can be seen in a workspace: by a reader, by one person, by a test."""

from bot.workspace import inputs, reading
from bot.workspace.faults import Faults
from bot.workspace.methods import Tokens
from bot.workspace.modals import Modals
from bot.workspace.notices import Subscription
from bot.workspace.state import (
    Call,
    Channel,
    Delivery,
    Ephemeral,
    Happening,
    Json,
    Message,
    NotPossibleError,
    Surface,
    Team,
    User,
    UserGroup,
    View,
)
from bot.workspace.store import Store


class Sight:
    """The reading half of a workspace."""

    def __init__(self, store: Store, modals: Modals, tokens: Tokens, faults: Faults) -> None:
        self._store = store
        self._modals = modals
        self.tokens = tokens
        """The tokens given out; set `revoked` or `inactive` to take them away."""
        self.faults = faults
        """Scripted faults of calls and deliveries."""
        self.base_url = ""
        """Where this workspace is served, without a slash at the end; `serving` sets it."""

    # -- the parts --------------------------------------------------------------------------------------------------
    @property
    def team(self) -> Team:
        """The workspace's own ids."""
        return self._store.team

    @property
    def people(self) -> dict[str, User]:
        """Everybody, by id. Mutable: `ws.people["U1"].deleted = True` deactivates a person."""
        return self._store.people

    @property
    def channels(self) -> dict[str, Channel]:
        """Every channel and direct conversation, by id. Mutable, for example `is_archived` and `bot_is_member`."""
        return self._store.channels

    @property
    def groups(self) -> dict[str, UserGroup]:
        """The user groups, by id."""
        return self._store.groups

    @property
    def manifest(self) -> Json:
        """The app's manifest."""
        return self._store.manifest

    @property
    def happenings(self) -> list[Happening]:
        """Every visible effect of the app, the oldest first."""
        return self._store.happenings

    @property
    def unexpected(self) -> list[Happening]:
        """The happenings nobody has marked as expected."""
        return [happening for happening in self._store.happenings if not happening.expected]

    @property
    def calls(self) -> list[Call]:
        """Every call of the Web API, the oldest first."""
        return self._store.calls

    @property
    def deliveries(self) -> list[Delivery]:
        """Everything sent to the app, the oldest first, retries and duplicates included."""
        return self._store.deliveries

    # -- messages ---------------------------------------------------------------------------------------------------
    def channel(self, reference: str) -> Channel:
        """The channel with this id, name or `#name`.

        Raises:
            NotPossibleError: There is none.
        """
        found = self._store.channel(reference)
        if found is None:
            raise NotPossibleError(f"there is no channel {reference!r}")
        return found

    def messages(self, channel: str) -> list[Message]:
        """Top-level messages of a channel (id or name), oldest first, with replies also sent to the channel."""
        held = self._store.messages[self.channel(channel).id].values()
        return [message for message in held if message.thread_ts is None or message.broadcast]

    def replies(self, message: Message) -> list[Message]:
        """The replies in a message's thread, oldest first."""
        return self._store.replies(message.channel, message.thread_ts or message.ts)

    def message(self, channel: str, ts: str) -> Message | None:
        """The message with this timestamp."""
        return self._store.messages[self.channel(channel).id].get(ts)

    def current(self, message: Message) -> Message | None:
        """The newest version of a message; None when it was deleted."""
        return self._store.current(message)

    def ephemerals(self, user: str, channel: str | None = None) -> list[Ephemeral]:
        """The ephemeral messages on a person's screen, oldest first."""
        channel_id = None if channel is None else self.channel(channel).id
        return [
            shown
            for shown in self._store.ephemerals
            if shown.user == user and (channel_id is None or shown.channel == channel_id)
        ]

    # -- views ------------------------------------------------------------------------------------------------------
    def modal(self, user: str) -> View | None:
        """The modal on top of a person's screen."""
        stack = self._modals.stack(user)
        return stack[-1] if stack else None

    def modals(self, user: str) -> list[View]:
        """A person's modals, the bottom one first, at most three."""
        return self._modals.stack(user)

    def home(self, user: str) -> View | None:
        """The person's Home tab, once published."""
        return self._modals.home(user)

    def typed(self, user: str, surface: Surface) -> Json:
        """`state.values` of a surface as this person has it: {block_id: {action_id: {type, value | selected_...}}}."""
        return inputs.values(self._store, surface, user)

    # -- who sees what ----------------------------------------------------------------------------------------------
    def dm(self, user: str) -> Channel:
        """The direct conversation between the app and a person (made when needed)."""
        return self._store.dm(user)

    def sees(self, user: str, channel: str) -> bool:
        """Whether a person can look into a channel."""
        return self._store.sees(self.people[user], self.channel(channel))

    def visible_channels(self, user: str) -> list[Channel]:
        """The channels a person sees, by name (without the direct conversation with the app)."""
        person = self.people[user]
        seen = [each for each in self.channels.values() if not each.is_im and self._store.sees(person, each)]
        return sorted(seen, key=lambda channel: channel.name)

    def as_read(self, mrkdwn: str) -> str:
        """Text in Slack's markup as a reader sees it."""
        return reading.as_read(mrkdwn, self._store.names)

    def name_of(self, some_id: str) -> str:
        """The name shown for the id of a person, channel, user group or the app; the id itself when unknown."""
        return self._store.names.get(some_id, some_id)

    # -- the app ----------------------------------------------------------------------------------------------------
    def commands(self) -> list[Json]:
        """The slash commands with their hints, as in the manifest: {command, description, usage_hint}."""
        return list(self.manifest.get("features", {}).get("slash_commands", ()))

    def shortcuts(self, kind: str) -> list[Json]:
        """The shortcuts of `kind` (`global` or `message`), as in the manifest: {name, callback_id, description}."""
        known = self.manifest.get("features", {}).get("shortcuts", ())
        return [each for each in known if each["type"] == kind]

    def subscribe(self) -> Subscription:
        """Hear of every change from now on, as small dicts {kind, channel?, user?, ts?}.

        Kinds: message, ephemeral (user), modal (user), home (user), channel, person.
        """
        return self._store.notices.subscribe()
