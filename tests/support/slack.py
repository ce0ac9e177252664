"""A Slack that answers the sender what a test tells it to, and keeps what stands where."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from slack_sdk.models.views import View

from bot.foundation.slack_port import Identity, Refused, SlackError, Unclear, Unreachable
from tests.support.clock import VirtualClock

ME = Identity(team_id="T0MERIDIAN", bot_user_id="U0BACKOUT1", bot_id="B0BACKOUT1", app_id="A0BACKOUT1")
Blocks = list[dict[str, Any]]


@dataclass(frozen=True)
class Call:
    """One call that reached Slack."""

    method: str
    channel: str
    at: datetime
    text: str = ""
    person: str = ""
    thread: str | None = None


@dataclass
class Standing:
    """A message in a channel."""

    channel: str
    ts: str
    text: str
    blocks: Blocks
    row: str
    thread: str | None
    versions: int = 1


@dataclass
class Fault:
    """What the next calls of a method (in a channel, if one is named) come to."""

    method: str
    error: SlackError
    channel: str | None = None
    times: int = 1
    carried_out: bool = False


@dataclass
class FakeSlack:
    """SlackPort in memory. Faults are told with `fail`, `lose_reply` and the sets of channels."""

    clock: VirtualClock
    ahead: timedelta = timedelta()
    """How far Slack's clock is ahead of ours."""
    calls: list[Call] = field(default_factory=list)
    messages: list[Standing] = field(default_factory=list)
    whispers: list[Call] = field(default_factory=list)
    homes: dict[str, View] = field(default_factory=dict)
    opened: list[tuple[str, View, bool]] = field(default_factory=list)
    replaced: list[tuple[str, View]] = field(default_factory=list)
    archived: set[str] = field(default_factory=set)
    not_joined: set[str] = field(default_factory=set)
    private: set[str] = field(default_factory=set)
    not_members: set[tuple[str, str]] = field(default_factory=set)
    accounts: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    groups: dict[str, Sequence[str]] = field(default_factory=dict)
    before: Callable[[Call], None] = lambda _call: None
    _faults: list[Fault] = field(default_factory=list)
    _count: int = 0

    # --- what a test tells it -------------------------------------------------------------------------------------

    def fail(self, method: str, error: SlackError, *, channel: str | None = None, times: int = 1) -> None:
        """Let the next calls fail without being carried out."""
        self._faults.append(Fault(method, error, channel, times))

    def lose_reply(self, method: str, *, times: int = 1) -> None:
        """Let the next calls be carried out, and their replies be lost."""
        self._faults.append(Fault(method, Unclear(f"{method}: reply lost"), None, times, carried_out=True))

    def go_away(self, *, times: int = 1_000_000) -> None:
        self._faults.append(Fault("*", Unreachable("nobody answers"), None, times))

    def come_back(self) -> None:
        self._faults.clear()

    def forget(self) -> None:
        """Keep nothing of what was called, told and opened so far: else a long run is all bookkeeping."""
        for kept in (self.calls, self.whispers, self.opened, self.replaced):
            kept.clear()

    def delete(self, message: Standing) -> None:
        self.messages.remove(message)

    # --- what a test asks of it -------------------------------------------------------------------------------------

    def texts(self, channel: str) -> list[str]:
        """What stands in a channel, in the order in which it was posted."""
        return [message.text for message in self.messages if message.channel == channel]

    def in_channel(self, channel: str) -> list[Standing]:
        """The messages of a channel, in the order in which they were posted."""
        return [message for message in self.messages if message.channel == channel]

    def made(self, *methods: str) -> list[Call]:
        return [call for call in self.calls if call.method in methods]

    # --- SlackPort ----------------------------------------------------------------------------------------------------

    async def who_am_i(self) -> Identity:
        self._call(Call("who_am_i", "", self.clock.now()))
        return replace(ME, said_at=self.clock.now() + self.ahead)

    async def post(
        self, channel: str, text: str, blocks: Sequence[Mapping[str, Any]], *, row: str, thread: str | None = None
    ) -> str:
        lost = self._call(Call("post", channel, self.clock.now(), text, thread=thread))
        self._enter(channel)
        if thread and thread not in {message.ts for message in self.messages if message.channel == channel}:
            raise Refused("thread_not_found")
        self._count += 1
        ts = f"{self.clock.now().timestamp():.0f}.{self._count:06}"
        self.messages.append(Standing(channel, ts, text, [dict(block) for block in blocks], row, thread))
        self._raise(lost)
        return ts

    async def update(self, channel: str, ts: str, text: str, blocks: Sequence[Mapping[str, Any]]) -> None:
        lost = self._call(Call("update", channel, self.clock.now(), text))
        self._enter(channel)
        standing = next((one for one in self.messages if (one.channel, one.ts) == (channel, ts)), None)
        if standing is None:
            raise Refused("message_not_found")
        standing.text, standing.blocks = text, [dict(block) for block in blocks]
        standing.versions += 1
        self._raise(lost)

    async def whisper(self, channel: str, person: str, text: str, blocks: Sequence[Mapping[str, Any]]) -> None:
        call = Call("whisper", channel, self.clock.now(), text, person)
        lost = self._call(call)
        self._enter(channel)
        if (channel, person) in self.not_members:
            raise Refused("user_not_in_channel")
        self.whispers.append(call)
        self._raise(lost)

    async def publish_home(self, person: str, view: View) -> None:
        lost = self._call(Call("publish_home", "", self.clock.now(), person=person))
        self.homes[person] = view
        self._raise(lost)

    async def open_view(self, trigger: str, view: View, *, on_top: bool = False) -> None:
        self._call(Call("open_view", "", self.clock.now()))
        self.opened.append((trigger, view, on_top))

    async def replace_view(self, view_id: str, view: View) -> None:
        self._call(Call("replace_view", "", self.clock.now()))
        self.replaced.append((view_id, view))

    async def find(self, channel: str, row: str, since: datetime, *, thread: str | None = None) -> str | None:
        self._call(Call("find", channel, self.clock.now(), thread=thread))
        self._enter(channel)
        found = [one for one in self.messages if (one.channel, one.row, one.thread) == (channel, row, thread)]
        return found[0].ts if found else None

    async def direct_channel(self, person: str) -> str:
        self._call(Call("direct_channel", "", self.clock.now(), person=person))
        return f"D{person[1:]}"

    async def join(self, channel: str) -> None:
        self._call(Call("join", channel, self.clock.now()))
        if channel in self.private:
            raise Refused("method_not_supported_for_channel_type")
        self.not_joined.discard(channel)

    async def account(self, person: str) -> Mapping[str, Any] | None:
        self._call(Call("account", "", self.clock.now(), person=person))
        return self.accounts.get(person)

    async def group_members(self, group: str) -> list[str]:
        self._call(Call("group_members", "", self.clock.now()))
        return list(self.groups.get(group, ()))

    # --- inside -------------------------------------------------------------------------------------------------------

    def _call(self, call: Call) -> SlackError | None:
        """Note a call; returns the error that follows although it is carried out, raises one that prevents it."""
        self.before(call)
        self.calls.append(call)
        fault = next((one for one in self._faults if self._strikes(one, call)), None)
        if fault is None:
            return None
        fault.times -= 1
        if fault.carried_out:
            return fault.error
        raise fault.error

    def _strikes(self, fault: Fault, call: Call) -> bool:
        return fault.times > 0 and fault.method in ("*", call.method) and fault.channel in (None, call.channel)

    def _raise(self, error: SlackError | None) -> None:
        if error:
            raise error

    def _enter(self, channel: str) -> None:
        if channel in self.archived:
            raise Refused("is_archived")
        if channel in self.not_joined:
            raise Refused("not_in_channel")
