"""The one way to Slack's Web API: every call, with every outcome that matters to the sender told apart.

slack_sdk's own retries are off: its default posts a second time after a lost reply. Whether to try again, and whether
to look first, is the sender's decision.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.models.views import View
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.foundation.clock import Clock
from bot.foundation.errors import BackoutError

EVENT_TYPE = "backout_message"
TIMEOUT_SECONDS = 10


class SlackError(BackoutError):
    """A call to Slack did not do what was asked."""


class RateLimited(SlackError):  # noqa: N818 - an answer, not a defect
    """Slack asked us to wait exactly `retry_after` seconds before this is called again."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"Slack asked to wait {retry_after:g} s")
        self.retry_after = retry_after


class Unclear(SlackError):  # noqa: N818 - an answer, not a defect
    """The call may have been carried out or not: look before trying again."""


class Unreachable(SlackError):  # noqa: N818 - an answer, not a defect
    """Slack never took the call; trying again cannot double anything."""


class Refused(SlackError):  # noqa: N818 - an answer, not a defect
    """Slack said no, with its error code; saying it again will not help."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"Slack refused: {code}{f' ({detail})' if detail else ''}")
        self.code = code


class WrongClock(SlackError):  # noqa: N818 - an answer, not a defect
    """Our clock and Slack's are so far apart that nobody could tell an old request from a new one."""


@dataclass(frozen=True)
class Identity:
    """Whom our token belongs to: the pinned workspace, app and bot. `said_at` is when Slack says that it said so."""

    team_id: str
    bot_user_id: str
    bot_id: str
    app_id: str
    said_at: datetime | None = field(default=None, compare=False)


class SlackPort(Protocol):
    """What Backout asks of Slack. Every method raises SlackError and nothing else for what Slack or the net does."""

    async def who_am_i(self) -> Identity:
        """Return whose token this is."""
        ...

    async def post(
        self, channel: str, text: str, blocks: Sequence[Mapping[str, Any]], *, row: str, thread: str | None = None
    ) -> str:
        """Post a message marked with the outbox row's id; returns its timestamp."""
        ...

    async def update(self, channel: str, ts: str, text: str, blocks: Sequence[Mapping[str, Any]]) -> None:
        """Replace a message's content."""
        ...

    async def whisper(self, channel: str, person: str, text: str, blocks: Sequence[Mapping[str, Any]]) -> None:
        """Show a message to one person in a channel they are in."""
        ...

    async def publish_home(self, person: str, view: View) -> None:
        """Set a person's App Home."""
        ...

    async def open_view(self, trigger: str, view: View, *, on_top: bool = False) -> None:
        """Open a modal within three seconds of a gesture; `on_top` of the one that is open."""
        ...

    async def replace_view(self, view_id: str, view: View) -> None:
        """Put another modal in the place of an open one."""
        ...

    async def find(self, channel: str, row: str, since: datetime, *, thread: str | None = None) -> str | None:
        """Return the timestamp of the message marked with an outbox row's id, if it was posted after all."""
        ...

    async def direct_channel(self, person: str) -> str:
        """Return the channel of the direct messages with a person."""
        ...

    async def join(self, channel: str) -> None:
        """Join a public channel."""
        ...

    async def account(self, person: str) -> Mapping[str, Any] | None:
        """Return what Slack knows of an account (users.info), None if there is no such account."""
        ...

    async def group_members(self, group: str) -> list[str]:
        """Return who is in a user group (usergroups.users.list), nobody if it is gone or disabled."""
        ...


class SlackClient:
    """SlackPort over HTTP, through slack_sdk.

    What Slack asked to wait for is not called again before its time, whoever asks for it: posts are counted by channel,
    every other method for the whole workspace (docs.slack.dev/apis/web-api/rate-limits).
    """

    def __init__(self, token: str, base_url: str, clock: Clock) -> None:
        self._client = AsyncWebClient(token=token, base_url=base_url, retry_handlers=[], timeout=TIMEOUT_SECONDS)
        self._clock = clock
        self._waits: dict[tuple[str, str], datetime] = {}

    async def who_am_i(self) -> Identity:
        """Return whose token this is (auth.test, and bots.info for the app)."""
        answer = await self._call("auth.test")
        bot = await self._call("bots.info", bot=answer["bot_id"])
        said_at = _date(bot.headers.get("Date", ""))
        return Identity(answer["team_id"], answer["user_id"], answer["bot_id"], bot["bot"]["app_id"], said_at)

    async def post(
        self, channel: str, text: str, blocks: Sequence[Mapping[str, Any]], *, row: str, thread: str | None = None
    ) -> str:
        """Post a message marked with the outbox row's id; returns its timestamp (chat.postMessage)."""
        arguments: dict[str, Any] = {
            "channel": channel,
            "text": text,
            "unfurl_links": False,
            "unfurl_media": False,
            "metadata": {"event_type": EVENT_TYPE, "event_payload": {"outbox_id": row}},
        }
        if blocks:
            arguments["blocks"] = list(blocks)
        if thread:
            arguments["thread_ts"] = thread
        return str((await self._call("chat.postMessage", **arguments))["ts"])

    async def update(self, channel: str, ts: str, text: str, blocks: Sequence[Mapping[str, Any]]) -> None:
        """Replace a message's content (chat.update; without blocks it would remove them)."""
        await self._call("chat.update", channel=channel, ts=ts, text=text, blocks=list(blocks))

    async def whisper(self, channel: str, person: str, text: str, blocks: Sequence[Mapping[str, Any]]) -> None:
        """Show a message to one person in a channel they are in (chat.postEphemeral)."""
        await self._call("chat.postEphemeral", channel=channel, user=person, text=text, blocks=list(blocks))

    async def publish_home(self, person: str, view: View) -> None:
        """Set a person's App Home (views.publish)."""
        await self._call("views.publish", user_id=person, view=view.to_dict())

    async def open_view(self, trigger: str, view: View, *, on_top: bool = False) -> None:
        """Open a modal (views.open), or put it on top of the open one (views.push)."""
        await self._call("views.push" if on_top else "views.open", trigger_id=trigger, view=view.to_dict())

    async def replace_view(self, view_id: str, view: View) -> None:
        """Put another modal in the place of an open one (views.update)."""
        await self._call("views.update", view_id=view_id, view=view.to_dict())

    async def find(self, channel: str, row: str, since: datetime, *, thread: str | None = None) -> str | None:
        """Return the timestamp of the message marked with an outbox row's id (conversations.history or .replies)."""
        arguments: dict[str, Any] = {
            "channel": channel,
            "include_all_metadata": True,
            "limit": 200,
            "oldest": f"{(since - timedelta(minutes=1)).timestamp():.6f}",
        }
        method = "conversations.replies" if thread else "conversations.history"
        if thread:
            arguments["ts"] = thread
        while True:
            answer = await self._call(method, **arguments)
            for message in answer.get("messages") or []:
                metadata = message.get("metadata") or {}
                if (metadata.get("event_payload") or {}).get("outbox_id") == row:
                    return str(message["ts"])
            arguments["cursor"] = (answer.get("response_metadata") or {}).get("next_cursor")
            if not arguments["cursor"]:
                return None

    async def direct_channel(self, person: str) -> str:
        """Return the channel of the direct messages with a person (conversations.open)."""
        return str((await self._call("conversations.open", users=person))["channel"]["id"])

    async def join(self, channel: str) -> None:
        """Join a public channel (conversations.join)."""
        await self._call("conversations.join", channel=channel)

    async def account(self, person: str) -> Mapping[str, Any] | None:
        """Return what Slack knows of an account (users.info), None if there is no such account."""
        try:
            answer = await self._call("users.info", user=person)
        except Refused as error:
            if error.code in ("user_not_found", "user_not_visible"):
                return None
            raise
        user: Mapping[str, Any] = answer["user"]
        return user

    async def group_members(self, group: str) -> list[str]:
        """Return who is in a user group (usergroups.users.list), nobody if it is gone or disabled."""
        try:
            answer = await self._call("usergroups.users.list", usergroup=group)
        except Refused as error:
            if error.code == "no_such_subteam":
                return []
            raise
        return [str(member) for member in answer["users"]]

    async def _call(self, method: str, **arguments: Any) -> AsyncSlackResponse:
        counted = (method, str(arguments.get("channel")) if method == "chat.postMessage" else "")
        left = self._waits.get(counted, self._clock.now()) - self._clock.now()
        if left > timedelta():
            raise RateLimited(left.total_seconds())
        try:
            return await self._answer(method, arguments)
        except RateLimited as error:
            self._waits[counted] = self._clock.now() + timedelta(seconds=error.retry_after)
            raise

    async def _answer(self, method: str, arguments: dict[str, Any]) -> AsyncSlackResponse:
        try:
            return (
                await self._client.api_call(method, json=arguments)
                if _takes_json(method)
                else (await self._client.api_call(method, params=_flat(arguments)))
            )
        except SlackApiError as error:
            raise _meaning(error) from None
        except aiohttp.ClientConnectorError as error:
            raise Unreachable(f"{method}: {type(error).__name__}") from None
        except (TimeoutError, aiohttp.ClientError, ValueError) as error:
            raise Unclear(f"{method}: {type(error).__name__}") from None


def _takes_json(method: str) -> bool:
    return method.startswith(("chat.", "views.")) or method in ("conversations.open", "conversations.join")


def _flat(arguments: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in arguments.items()}


def _meaning(error: SlackApiError) -> SlackError:
    response = error.response
    # where slack_sdk cannot read a body it hands aiohttp's response over instead of its own
    status = int(getattr(response, "status_code", getattr(response, "status", 200)))
    if status == 429:
        return RateLimited(_seconds(response.headers.get("Retry-After", "")))
    data = getattr(response, "data", response)
    code = data.get("error") if isinstance(data, dict) else None
    if code == "ratelimited":
        return RateLimited(1)
    if status >= 500 or not code or code in ("internal_error", "fatal_error", "request_timeout", "service_unavailable"):
        return Unclear(f"HTTP {status} {code or 'without a readable answer'}")
    return Refused(str(code), "; ".join((data.get("response_metadata") or {}).get("messages", []))[:500])


def _date(header: str) -> datetime | None:
    """Read a Date header (RFC 9110, section 6.6.1); None if there is none that can be read."""
    try:
        return parsedate_to_datetime(header).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _seconds(retry_after: str) -> float:
    """Read Retry-After; Slack sends whole seconds, and a proxy in between may send anything."""
    return float(retry_after) if retry_after.isdecimal() else 1.0
