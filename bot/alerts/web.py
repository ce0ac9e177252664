"""The door for machines: authenticate, check that it is sane JSON, store it as it came, answer. Nothing else.

no secret, a wrong one, or another source's    401, the same for all of them
more than its source may send (triggers.yaml)  429, Retry-After
compressed                                     415
more than 256 KiB                              413
not within ten seconds                         408
no sane JSON                                   400, and why
the database cannot take it                    503, Retry-After
stored, durably                                202
"""

import asyncio
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse
from prometheus_client import Counter
from starlette.requests import ClientDisconnect

from bot.alerts.models import InboxItem, InboxState, Rate, Triggers
from bot.alerts.rules import body, rate
from bot.foundation import metrics
from bot.foundation.errors import StoreUnavailableError
from bot.foundation.web_door import BodyTooLargeError, DirectRoute, Doors, doors_of, headers_of, read_body

router = APIRouter(route_class=DirectRoute)
ACCEPTED = JSONResponse({"accepted": True}, status_code=202)
NO_HASH = bytes(hashlib.sha256().digest_size)


@dataclass
class Source:
    """A source that has a secret, made ready once: its requests come by the thousand.

    Attributes:
        secret: The hash of its secret.
        allowed: How much it may send.
        received: Counts what was taken from it.
        bucket: What it may still send, in this process.
    """

    name: str
    secret: bytes
    allowed: Rate
    received: Counter
    bucket: rate.Bucket | None = None


@router.post(
    "/alerts/{source}",
    status_code=202,
    tags=["Alerts"],
    summary="Take an alert and store it as it came",
    openapi_extra={
        "security": [{"secret": []}],
        "requestBody": {"required": True, "content": {"application/json": {"schema": {}}}},
    },
    responses={
        202: {"description": "It is stored durably."},
        400: {"description": "It is not the JSON that we take; the answer says why."},
        401: {"description": "Unknown source or wrong secret."},
        408: {"description": "It did not arrive in time."},
        413: {"description": "It is too large."},
        415: {"description": "It is compressed."},
        429: {"description": "This source sends more than it may: send it again after Retry-After."},
        503: {"description": "The database cannot take it right now: send it again after Retry-After."},
    },
)
async def take_alert(
    request: Request,
    source: Annotated[str, Path(description="A source of config/triggers.yaml, for example alertmanager")],
) -> JSONResponse:
    """Store one body durably, then answer 202. It is read afterwards, in order. Sending it again is harmless."""
    doors, headers = doors_of(request), headers_of(request)
    known = _authentic(doors.once(_sources), source, headers.get(b"authorization", b""))
    if known is None:
        return _refuse(401, "secret", "Unknown source or wrong secret.", {"WWW-Authenticate": "Bearer"})
    now = doors.store.clock.now()
    if seconds := _seconds_to_wait(known, now):
        message = "This source sends more than it may. Please send it again later."
        return _refuse(429, "rate", message, {"Retry-After": str(ceil(seconds))})
    if headers.get(b"content-encoding", b"identity").strip().lower() not in (b"", b"identity"):
        return _refuse(415, "compressed", "Compressed bodies are not taken. Send plain JSON.")
    try:
        async with asyncio.timeout(doors.patience_seconds):
            raw = await read_body(request, headers, body.MAX_BYTES)
        body.check(raw)
    except ClientDisconnect:
        return _refuse(400, "gone", "The sender hung up before the body was complete.")
    except TimeoutError:
        return _refuse(408, "slow", f"The body did not arrive within {doors.patience_seconds:.0f} seconds.")
    except BodyTooLargeError:
        return _refuse(413, "size", f"The body has more than {body.MAX_BYTES} bytes.")
    except body.BadBodyError as error:
        return _refuse(400, error.reason, str(error))
    return await _store(doors, known, raw, now)


async def _store(doors: Doors, source: Source, raw: bytes, now: datetime) -> JSONResponse:
    row = {
        "source": source.name,
        "body": raw,
        "received_at": now,
        "state": InboxState.NEW,
        "note": "",
        "attempts": 0,
        "due_at": now,
        "seen_at": None,
    }
    try:
        await doors.store.append(InboxItem, row)
    except StoreUnavailableError:
        message = "The database cannot take this right now. Please send it again."
        return _refuse(503, "unavailable", message, {"Retry-After": "5"})
    source.received.inc()
    return ACCEPTED


def _sources(doors: Doors) -> Mapping[str, Source]:
    """Make every source ready that the configuration names and that has a secret."""
    triggers = doors.store.config[Triggers]
    secrets = {name: secret.get_secret_value() for name, secret in doors.secrets.items() if name in triggers.sources}
    return {
        name: Source(
            name, _hash(secret.encode()), triggers.rates.get(name, triggers.rate), metrics.alerts_received.labels(name)
        )
        for name, secret in secrets.items()
        if secret
    }


def _seconds_to_wait(source: Source, now: datetime) -> float:
    """Count one request of a source; returns in how many seconds it may send one, 0 if it may now."""
    source.bucket, seconds = rate.take(source.bucket, source.allowed, now)
    return seconds


def _authentic(sources: Mapping[str, Source], name: str, header: bytes) -> Source | None:
    """Return the source whose secret a request carries, in the same time for every wrong answer."""
    scheme, _, given = header.partition(b" ")
    source = sources.get(name)
    is_same = hmac.compare_digest(_hash(given.strip()), source.secret if source else NO_HASH)
    return source if is_same and scheme.lower() == b"bearer" else None


def _hash(secret: bytes) -> bytes:
    return hashlib.sha256(secret).digest()


def _refuse(status: int, reason: str, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    metrics.alerts_refused.labels(reason).inc()
    return JSONResponse({"error": message}, status_code=status, headers=headers)
