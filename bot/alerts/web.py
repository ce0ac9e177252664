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
from math import ceil
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from bot.alerts.models import InboxItem, InboxState, Triggers
from bot.alerts.rules import body, rate
from bot.foundation import metrics
from bot.foundation.errors import StoreUnavailableError
from bot.foundation.web_door import BodyTooLargeError, DirectRoute, Doors, doors_of, read_body

router = APIRouter(route_class=DirectRoute)
ACCEPTED = JSONResponse({"accepted": True}, status_code=202)


@router.post("/alerts/{source}", status_code=202, tags=["Alerts"], summary="Take an alert and store it as it came")
async def take_alert(
    request: Request,
    source: Annotated[str, Path(description="A source of config/triggers.yaml, for example alertmanager")],
) -> JSONResponse:
    """Store one body durably, then answer 202. It is read afterwards, in order. Sending it again is harmless."""
    doors = doors_of(request)
    if not _is_authentic(doors, source, request.headers.get("authorization", "")):
        return _refuse(401, "secret", "Unknown source or wrong secret.", {"WWW-Authenticate": "Bearer"})
    if seconds := _seconds_to_wait(doors, source):
        message = "This source sends more than it may. Please send it again later."
        return _refuse(429, "rate", message, {"Retry-After": str(ceil(seconds))})
    if request.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        return _refuse(415, "compressed", "Compressed bodies are not taken. Send plain JSON.")
    try:
        async with asyncio.timeout(doors.patience_seconds):
            raw = await read_body(request, body.MAX_BYTES)
        body.check(raw)
    except ClientDisconnect:
        return _refuse(400, "gone", "The sender hung up before the body was complete.")
    except TimeoutError:
        return _refuse(408, "slow", f"The body did not arrive within {doors.patience_seconds:.0f} seconds.")
    except BodyTooLargeError:
        return _refuse(413, "size", f"The body has more than {body.MAX_BYTES} bytes.")
    except body.BadBodyError as error:
        return _refuse(400, error.reason, str(error))
    return await _store(doors, source, raw)


async def _store(doors: Doors, source: str, raw: bytes) -> JSONResponse:
    now = doors.store.clock.now()
    row = {
        "source": source,
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
    metrics.alerts_received.labels(source).inc()
    return ACCEPTED


def _seconds_to_wait(doors: Doors, source: str) -> float:
    """Count one request of a source; returns in how many seconds it may send one, 0 if it may now."""
    triggers = doors.store.config[Triggers]
    allowed = triggers.rates.get(source, triggers.rate)
    doors.buckets[source], seconds = rate.take(doors.buckets.get(source), allowed, doors.store.clock.now())
    return seconds


def _is_authentic(doors: Doors, source: str, header: str) -> bool:
    """Say whether a request carries the secret of its source, in the same time for every wrong answer."""
    scheme, _, given = header.partition(" ")
    secret = doors.secrets.get(source)
    is_known = source in doors.store.config[Triggers].sources and secret is not None
    wanted = secret.get_secret_value() if secret is not None and is_known else ""
    # Headers arrive as Latin-1, secrets are text: compare what stood on the wire.
    is_same = hmac.compare_digest(_hash(given.strip().encode("latin-1")), _hash(wanted.encode("utf-8")))
    return is_same and is_known and bool(wanted) and scheme.lower() == "bearer"


def _hash(secret: bytes) -> bytes:
    return hashlib.sha256(secret).digest()


def _refuse(status: int, reason: str, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    metrics.alerts_refused.labels(reason).inc()
    return JSONResponse({"error": message}, status_code=status, headers=headers)
