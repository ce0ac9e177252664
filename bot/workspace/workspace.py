"""The workspace: everything tests, the demo and the web page use, put together."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar, cast

from bot.workspace.acts import Acts
from bot.workspace.clock import Clock, SystemClock
from bot.workspace.deliveries import Courier, Transport
from bot.workspace.faults import Faults
from bot.workspace.hooks import Hooks
from bot.workspace.limits import Limiter
from bot.workspace.methods import Tokens, WebApi
from bot.workspace.modals import Modals
from bot.workspace.notices import Subscription
from bot.workspace.sockets import Sockets
from bot.workspace.state import Channel, Json, NotPossibleError, Team, User, UserGroup
from bot.workspace.store import Store

Thing = TypeVar("Thing")

__all__ = ["NotPossibleError", "Subscription", "Workspace"]


class Workspace(Acts):
    """A strict Slack in one object: `Sight` says what can be seen, `Acts` what people can do.

    Args:
        people: Users, or mappings with the fields of `User`.
        channels: Channels, or mappings with the fields of `Channel`.
        groups: User groups, likewise.
        team: Ids and names of the workspace and the app.
        manifest: The app's manifest, decoded: commands, shortcuts, scopes, events, Socket Mode.
        signing_secret: Signs what is delivered over HTTP.
        bot_token: The only bot token (`xoxb-...`) that is accepted.
        app_token: The only app-level token (`xapp-...`), for Socket Mode.
        request_url: The app's address for commands, interactivity and events.
        clock: What time it is; the machine's clock by default.
        ack_deadline: Real seconds the app has to acknowledge; Slack gives three.
    """

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
        store = Store(_made(Team, team or {}), clock or SystemClock(), manifest)
        modals, limiter = Modals(store), Limiter(store.clock)
        self.sockets = Sockets(store)
        """The app's Socket Mode connections."""
        hooks = Hooks(store, modals, limiter)
        faults = Faults()
        courier = Courier(store, modals, faults, self.sockets, signing_secret)
        super().__init__(store, modals, Tokens(bot_token, app_token), faults, courier, hooks)
        self.api = WebApi(store, modals, limiter, self.tokens, lambda: self.sockets.open_address(self.base_url))
        """The Web API, for the HTTP server."""
        courier.request_url, courier.ack_deadline = request_url, ack_deadline
        self._take_in(people, channels, groups)

    def _take_in(
        self,
        people: Iterable[User | Mapping[str, Any]],
        channels: Iterable[Channel | Mapping[str, Any]],
        groups: Iterable[UserGroup | Mapping[str, Any]],
    ) -> None:
        for person in people:
            self._store.add_person(_made(User, person))
        for channel in channels:
            self._store.add_channel(_made(Channel, channel))
        for group in groups:
            made = _made(UserGroup, group)
            self._store.groups[made.id] = made

    @property
    def clock(self) -> Clock:
        """What time it is here."""
        return self._store.clock

    @property
    def request_url(self) -> str:
        """The app's address; may be set once the app has one."""
        return self._courier.request_url

    @request_url.setter
    def request_url(self, address: str) -> None:
        self._courier.request_url = address

    @property
    def transport(self) -> Transport:
        """How deliveries travel to that address; may be set, for an app in the same process."""
        return self._courier.transport

    @transport.setter
    def transport(self, transport: Transport) -> None:
        self._courier.transport = transport

    @property
    def ack_deadline(self) -> float:
        """Real seconds the app has to acknowledge."""
        return self._courier.ack_deadline

    @ack_deadline.setter
    def ack_deadline(self, seconds: float) -> None:
        self._courier.ack_deadline = seconds

    @property
    def hooks(self) -> Hooks:
        """The response URLs, for the HTTP server."""
        return self._hooks

    @property
    def files(self) -> dict[str, Json]:
        """Uploaded files by id: {name, title, size, content}."""
        return self._store.files

    async def close(self) -> None:
        """End every subscription and socket, so that a server can stop."""
        self._store.notices.close()
        await self.sockets.drop()


def _made(kind: type[Thing], given: Thing | Mapping[str, Any]) -> Thing:
    """A dataclass instance, from itself or from plain data (lists given for sets and the like are converted)."""
    if isinstance(given, kind):
        return given
    fields = dict(cast(Mapping[str, Any], given))
    if isinstance(fields.get("members"), list | tuple):
        fields["members"] = set(fields["members"])
    return kind(**fields)
