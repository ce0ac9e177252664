"""Everything the workspace remembers, and the few ways it changes.

Nothing here judges whether a change is allowed: that is for `methods` (where the app is concerned) and `acts` (people).
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.workspace.clock import Clock
from bot.workspace.notices import Notices
from bot.workspace.state import (
    Call,
    Channel,
    Delivery,
    Ephemeral,
    Happening,
    HappeningKind,
    Json,
    Message,
    Surface,
    Team,
    User,
    UserGroup,
    View,
)

SurfaceKey = tuple[str, ...]


class Names(Mapping[str, str]):
    """The name shown for the id of a person, a channel, a user group or the app; always the present one."""

    def __init__(self, store: "Store") -> None:
        self._store = store

    def __getitem__(self, key: str) -> str:
        if key in self._store.people:
            return self._store.people[key].real_name or self._store.people[key].name
        if key in self._store.channels:
            return self._store.channels[key].name
        if key in self._store.groups:
            return self._store.groups[key].handle
        if key == self._store.team.bot_user:
            return self._store.team.app_name
        raise KeyError(key)

    def __iter__(self) -> Iterator[str]:
        yield from (*self._store.people, *self._store.channels, *self._store.groups, self._store.team.bot_user)

    def __len__(self) -> int:
        return len(self._store.people) + len(self._store.channels) + len(self._store.groups) + 1


class Store:
    """The memory of one workspace."""

    def __init__(self, team: Team, clock: Clock, manifest: Json) -> None:
        self.team = team
        self.clock = clock
        self.manifest = manifest
        self.people: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.groups: dict[str, UserGroup] = {}
        self.messages: dict[str, dict[str, Message]] = {}
        self.ephemerals: list[Ephemeral] = []
        self.files: dict[str, Json] = {}
        self.typed: dict[tuple[SurfaceKey, str], Json] = {}
        """What a person picked or typed on a surface and has not sent: {block_id: {action_id: state}}."""
        self.happenings: list[Happening] = []
        self.calls: list[Call] = []
        self.deliveries: list[Delivery] = []
        self.notices = Notices()
        self.names = Names(self)
        self._last_ts = 0
        self._count = 0

    # -- time and ids -----------------------------------------------------------------------------------------------
    def now(self) -> datetime:
        """The present moment."""
        return self.clock.now()

    def next_ts(self) -> str:
        """A timestamp as Slack writes it (`1700000000.000100`), later than every one before."""
        micros = round(self.now().timestamp() * 1_000_000)
        self._last_ts = max(micros, self._last_ts + 1)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def next_id(self, prefix: str) -> str:
        """An id nobody had before, for example `V0000A`."""
        self._count += 1
        digits, number = "", self._count
        while number:
            number, rest = divmod(number, 36)
            digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[rest] + digits
        return prefix + digits.rjust(6, "0")

    # -- who and where ----------------------------------------------------------------------------------------------
    def add_person(self, user: User) -> None:
        """Take a person in; without a team of their own they belong to this one."""
        user.team_id = user.team_id or ("T0STRANGER" if user.is_stranger else self.team.id)
        user.is_stranger = user.team_id != self.team.id
        self.people[user.id] = user

    def add_channel(self, channel: Channel) -> None:
        """Take a channel in; without a member list every active person of the team who is not a guest is in it."""
        if channel.members is None:
            channel.members = {
                user.id
                for user in self.people.values()
                if not (user.deleted or user.is_guest or user.is_bot) or user.id == channel.im_user
            }
        channel.created = channel.created or int(self.now().timestamp())
        self.channels[channel.id] = channel
        self.messages.setdefault(channel.id, {})

    def channel(self, reference: str) -> Channel | None:
        """The channel with this id, name or `#name`."""
        if reference in self.channels:
            return self.channels[reference]
        name = reference.removeprefix("#")
        return next((found for found in self.channels.values() if found.name == name and not found.is_im), None)

    def dm(self, user: str) -> Channel:
        """The direct conversation between the app and `user`."""
        channel_id = "D" + user[1:]
        if channel_id not in self.channels:
            self.add_channel(Channel(channel_id, "directmessage", members={user}, im_user=user, is_private=True))
        return self.channels[channel_id]

    def sees(self, user: User, channel: Channel) -> bool:
        """Whether a person can look into a channel: as a member, or into a public one unless a guest or stranger."""
        if user.deleted:
            return False
        return user.id in (channel.members or ()) or not (channel.is_private or user.is_guest)

    # -- messages ---------------------------------------------------------------------------------------------------
    def post(self, channel: str, user: str, text: str, **more: Any) -> Message:
        """Add a message to a channel. `more` are further fields of `Message`."""
        message = Message(channel, self.next_ts(), user, text, at=self.now(), names=self.names, **more)
        self.messages[channel][message.ts] = message
        self._shown("post", message)
        return message

    def change(self, message: Message, *, kind: HappeningKind = "update", **changes: Any) -> Message:
        """Replace a message by a changed version."""
        changed = replace(message, version=message.version + 1, **changes)
        self.messages[message.channel][message.ts] = changed
        self._shown(kind, changed)
        return changed

    def delete(self, message: Message) -> None:
        """Remove a message."""
        del self.messages[message.channel][message.ts]
        self._shown("delete", message)

    def current(self, message: Message) -> Message | None:
        """The newest version of a message; None when it was deleted."""
        return self.messages.get(message.channel, {}).get(message.ts)

    def replies(self, channel: str, ts: str) -> list[Message]:
        """The replies in the thread under `ts`, oldest first."""
        return [message for message in self.messages.get(channel, {}).values() if message.thread_ts == ts]

    def react(self, message: Message, reactions: tuple[tuple[str, tuple[str, ...]], ...]) -> Message:
        """Set the reactions under a message; not a new version."""
        changed = replace(message, reactions=reactions)
        self.messages[message.channel][message.ts] = changed
        self.notices.tell("message", channel=message.channel, ts=message.ts)
        return changed

    def whisper(self, ephemeral: Ephemeral) -> Ephemeral:
        """Show an ephemeral message to its addressee."""
        shown = replace(ephemeral, at=self.now(), names=self.names)
        self.ephemerals.append(shown)
        self._whispered("ephemeral", shown)
        return shown

    def change_whisper(self, ephemeral: Ephemeral, **changes: Any) -> Ephemeral:
        """Replace an ephemeral message by a changed version (only a response URL can)."""
        changed = replace(ephemeral, version=ephemeral.version + 1, **changes)
        self.ephemerals[self._place(ephemeral)] = changed
        self._whispered("update", changed)
        return changed

    def hush(self, ephemeral: Ephemeral, *, by_app: bool) -> None:
        """Take an ephemeral message off its addressee's screen."""
        gone = self.ephemerals.pop(self._place(ephemeral))
        if by_app:
            self._whispered("delete", gone)
        else:
            self.notices.tell("ephemeral", channel=gone.channel, user=gone.user, ts=gone.ts)

    def whispered(self, user: str, channel: str, ts: str) -> Ephemeral | None:
        """The ephemeral message still on a person's screen."""
        wanted = (user, channel, ts)
        return next((shown for shown in self.ephemerals if (shown.user, shown.channel, shown.ts) == wanted), None)

    # -- effects ----------------------------------------------------------------------------------------------------
    def happen(self, kind: HappeningKind, text: str, **about: Any) -> None:
        """Append a visible effect of the app."""
        self.happenings.append(Happening(kind, self.now(), text, **about))

    def _shown(self, kind: HappeningKind, message: Message) -> None:
        if message.by_bot:
            self.happen(kind, message.visible_text, channel=message.channel, message=message)
        self.notices.tell("message", channel=message.channel, ts=message.ts)

    def _whispered(self, kind: HappeningKind, shown: Ephemeral) -> None:
        self.happen(kind, shown.visible_text, channel=shown.channel, user=shown.user, message=shown)
        self.notices.tell("ephemeral", channel=shown.channel, user=shown.user, ts=shown.ts)

    def _place(self, ephemeral: Ephemeral) -> int:
        wanted = (ephemeral.user, ephemeral.channel, ephemeral.ts)
        return next(
            index for index, shown in enumerate(self.ephemerals) if (shown.user, shown.channel, shown.ts) == wanted
        )


def surface_key(surface: Surface) -> SurfaceKey:
    """What stays the same through all versions of a surface."""
    if isinstance(surface, View):
        return ("view", surface.id)
    kind = "ephemeral" if isinstance(surface, Ephemeral) else "message"
    return (kind, surface.channel, surface.ts)
