"""Deliveries: signed HTTP requests or Socket Mode envelopes to the app, its acknowledgement, and retries of events.

An event that is not acknowledged in time is sent again, as https://docs.slack.dev/apis/events-api/#retries says:

    first   --failed--> retry 1   due at once
    retry 1 --failed--> retry 2   due a minute later
    retry 2 --failed--> retry 3   due five minutes later
    retry 3 --failed--> given up
    any     --2xx--> done         (an answer with `x-slack-no-retry: 1` also ends it)

Everything a person does is sent once only.
"""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlencode

import aiohttp

from bot.workspace.faults import Faults
from bot.workspace.modals import Modals
from bot.workspace.sockets import Sockets
from bot.workspace.state import Delivery, Json
from bot.workspace.store import Store

RETRY_AFTER = (timedelta(), timedelta(minutes=1), timedelta(minutes=5))
ENVELOPES = {"command": "slash_commands", "event": "events_api"}
ANSWERABLE = ("command", "view_submission")
"""Kinds whose acknowledgement may carry something for Slack to act on."""


@dataclass
class Retry:
    """A due retry of an event."""

    due: datetime
    delivery: Delivery
    reason: str


@dataclass(frozen=True)
class Reply:
    """What came back over HTTP."""

    status: int
    content_type: str
    text: str
    headers: Mapping[str, str]


Transport = Callable[[Delivery], Awaitable[Reply]]
"""Brings a delivery's bytes to its address (aiohttp.ClientError or ConnectionError: it did not arrive)."""


async def over_http(delivery: Delivery) -> Reply:
    """Post a delivery over the network."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(delivery.url, data=delivery.body, headers=delivery.headers, allow_redirects=False) as response,
    ):
        return Reply(response.status, response.content_type, await response.text(), response.headers)


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """Slack's `v0` signature of a request body (https://docs.slack.dev/authentication/verifying-requests-from-slack/)."""
    return "v0=" + hmac.new(secret.encode(), b"v0:%d:" % timestamp + body, hashlib.sha256).hexdigest()


class Courier:
    """Brings deliveries to the app."""

    def __init__(self, store: Store, modals: Modals, faults: Faults, sockets: Sockets, signing_secret: str) -> None:
        self._store = store
        self._modals = modals
        self._faults = faults
        self._sockets = sockets
        self._signing_secret = signing_secret
        self._retries: list[Retry] = []
        self.request_url = ""
        """Where deliveries go over HTTP."""
        self.ack_deadline = 3.0
        """Real seconds the app has to acknowledge."""
        self.transport: Transport = over_http
        """How deliveries travel when they go over HTTP."""

    @property
    def socket_mode(self) -> bool:
        """Whether the manifest says that deliveries go through sockets."""
        return bool(self._store.manifest.get("settings", {}).get("socket_mode_enabled"))

    @property
    def retries_due(self) -> list[datetime]:
        """When retries are due, the earliest first."""
        return sorted(retry.due for retry in self._retries)

    async def send(self, delivery: Delivery) -> Delivery:
        """Send something for the first time, with whatever fault is scripted for it."""
        fault = self._faults.for_delivery(delivery.kind, delivery.payload)
        kind = fault.kind if fault else ""
        age = timedelta(seconds=fault.options.get("seconds", 301)) if fault and kind == "late" else timedelta()
        if age and "trigger_id" in delivery.payload:
            self._modals.age(delivery.payload["trigger_id"], age)
        self._pack(delivery, self._store.now() - age, forged=kind == "forged")
        if kind == "lost":
            return self._not_arrived(delivery)
        await self._carry(delivery)
        if kind == "duplicate":
            await self.resend(delivery)
        return delivery

    async def resend(self, delivery: Delivery) -> Delivery:
        """Send the same bytes again; what comes back changes nothing on anybody's screen."""
        copy = replace(delivery, sent=False, acked=False, late=False, status=None, answer=None)
        return await self._carry(copy, retry=False)

    async def tick(self) -> list[Delivery]:
        """Send every retry that is due."""
        due = [retry for retry in self._retries if retry.due <= self._store.now()]
        self._retries = [retry for retry in self._retries if retry not in due]
        return [await self._retry(retry) for retry in sorted(due, key=lambda retry: retry.due)]

    async def _retry(self, retry: Retry) -> Delivery:
        old = retry.delivery
        again = Delivery(old.kind, old.payload, user=old.user, attempt=old.attempt + 1)
        self._pack(again, self._store.now())
        again.headers |= {"x-slack-retry-num": str(again.attempt), "x-slack-retry-reason": retry.reason}
        fault = self._faults.for_delivery(again.kind, again.payload)
        return self._not_arrived(again) if fault and fault.kind == "lost" else await self._carry(again)

    # -- packing ----------------------------------------------------------------------------------------------------
    def _pack(self, delivery: Delivery, at: datetime, *, forged: bool = False) -> None:
        form = "application/x-www-form-urlencoded"
        if delivery.kind == "command":
            body, content_type = urlencode(delivery.payload).encode(), form
        elif delivery.kind == "event":
            body, content_type = json.dumps(delivery.payload).encode(), "application/json"
        else:
            body, content_type = urlencode({"payload": json.dumps(delivery.payload)}).encode(), form
        timestamp = int(at.timestamp())
        secret = "not-" + self._signing_secret if forged else self._signing_secret
        delivery.url, delivery.body = self.request_url, body
        delivery.headers = {
            "Content-Type": content_type,
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
            "X-Slack-Request-Timestamp": str(timestamp),
            "X-Slack-Signature": signature(secret, timestamp, body),
        }

    # -- sending ----------------------------------------------------------------------------------------------------
    async def _carry(self, delivery: Delivery, *, retry: bool = True) -> Delivery:
        loop = asyncio.get_running_loop()
        self._store.deliveries.append(delivery)
        delivery.sent, started, stop = True, loop.time(), False
        try:
            async with asyncio.timeout(self.ack_deadline):
                stop = await (self._by_socket(delivery) if self.socket_mode else self._by_http(delivery))
        except TimeoutError:
            delivery.late = True
        except (aiohttp.ClientError, ConnectionError):
            delivery.status = None
        delivery.seconds = loop.time() - started
        self._plan_retry(delivery, stop=stop or not retry)
        return delivery

    async def _by_http(self, delivery: Delivery) -> bool:
        """Post it; answers whether the app asked for no retries."""
        reply = await self.transport(delivery)
        delivery.status, delivery.acked = reply.status, 200 <= reply.status < 300
        delivery.answer = _decoded(reply.text, reply.content_type)
        return reply.headers.get("x-slack-no-retry") == "1"

    async def _by_socket(self, delivery: Delivery) -> bool:
        more = {"retry_attempt": delivery.attempt, "retry_reason": delivery.headers.get("x-slack-retry-reason", "")}
        delivery.answer = await self._sockets.send(
            ENVELOPES.get(delivery.kind, "interactive"),
            delivery.payload,
            accepts_response=delivery.kind in ANSWERABLE,
            **(more if delivery.kind == "event" else {}),
        )
        delivery.status, delivery.acked = 200, True
        return False

    def _not_arrived(self, delivery: Delivery) -> Delivery:
        delivery.sent = True
        self._store.deliveries.append(delivery)
        self._plan_retry(delivery, stop=False)
        return delivery

    def _plan_retry(self, delivery: Delivery, *, stop: bool) -> None:
        if delivery.kind != "event" or delivery.acked or stop or delivery.attempt >= len(RETRY_AFTER):
            return
        reason = "http_timeout" if delivery.late else "http_error" if delivery.status else "connection_failed"
        due = self._store.now() + RETRY_AFTER[delivery.attempt]
        self._retries.append(Retry(due, delivery, reason))


def _decoded(text: str, content_type: str) -> Json | str | None:
    if not text:
        return None
    if content_type != "application/json":
        return text
    try:
        decoded = json.loads(text)
    except ValueError:
        return text
    return decoded if isinstance(decoded, dict) else text
