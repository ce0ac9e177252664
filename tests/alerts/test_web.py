"""The door for machines: who may send, what is taken, and that nothing is answered 202 before it is stored."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from prometheus_client import REGISTRY
from pydantic import SecretStr
from sqlmodel import select

from bot.alerts import web
from bot.alerts.models import InboxItem, Rate, Triggers
from bot.alerts.rules.body import MAX_BYTES
from bot.foundation.db import Store
from bot.foundation.web_door import Doors, web_app
from tests.alerts.samples import raw, triggers
from tests.incidents.samples import systems
from tests.support.clock import MORNING, VirtualClock
from tests.support.stores import config_of, fresh_store

SECRET = "s3cret – of the source"
GOOD = {"Authorization": f"Bearer {SECRET}".encode()}


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def store(tmp_path: Path, clock: VirtualClock) -> Iterator[Store]:
    watched = triggers().model_copy(update={"sources": {"alertmanager": "alertmanager", "second": "alertmanager"}})
    found = fresh_store(tmp_path, config_of(watched, systems()), clock)
    yield found
    found.close()


@pytest.fixture
def application(store: Store) -> FastAPI:
    secrets = {"alertmanager": SECRET, "second": "another secret", "unlisted": "a third", "empty": ""}
    return web_app(Doors(store, {name: SecretStr(value) for name, value in secrets.items()}), [web.router])


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: Any


async def send(
    application: FastAPI,
    content: bytes,
    headers: Mapping[str, bytes] = GOOD,
    source: str = "alertmanager",
) -> Reply:
    """Send a whole body, saying how long it is."""
    parts = iter([{"type": "http.request", "body": content}, {"type": "http.disconnect"}])

    async def receive() -> Any:
        return next(parts)

    return await exchange(application, receive, {**headers, "Content-Length": str(len(content)).encode()}, source)


async def exchange(
    application: FastAPI,
    receive: Callable[[], Awaitable[Any]],
    headers: Mapping[str, bytes] = GOOD,
    source: str = "alertmanager",
) -> Reply:
    """Send one request whose body comes as `receive` says."""
    sent: list[Any] = []

    async def answer(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "path": f"/alerts/{source}",
        "query_string": b"",
        "headers": [(name.lower().encode(), value) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 3000),
        "scheme": "http",
    }
    await application(scope, receive, answer)
    got = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Reply(sent[0]["status"], got, json.loads(b"".join(part["body"] for part in sent[1:])))


def stored(store: Store) -> list[InboxItem]:
    return list(store.read_now(lambda reading: reading.session.exec(select(InboxItem)).all()))


def refusals(reason: str) -> float:
    return REGISTRY.get_sample_value("backout_alerts_refused_total", {"reason": reason}) or 0.0


async def test_an_alert_is_stored_byte_for_byte_before_it_is_accepted(application: FastAPI, store: Store) -> None:
    """R028, R037: what came in is kept as it came."""
    before = REGISTRY.get_sample_value("backout_alerts_received_total", {"source": "alertmanager"}) or 0.0
    body = raw() + b"\n "
    answer = await send(application, body)
    assert (answer.status, answer.body) == (202, {"accepted": True})
    (item,) = stored(store)
    assert (item.source, item.body, item.state) == ("alertmanager", body, "new")
    assert item.received_at == item.due_at == MORNING
    assert REGISTRY.get_sample_value("backout_alerts_received_total", {"source": "alertmanager"}) == before + 1


@pytest.mark.parametrize(
    ("source", "headers"),
    [
        ("alertmanager", {}),
        ("alertmanager", {"Authorization": b"Bearer wrong"}),
        ("alertmanager", {"Authorization": b"Bearer another secret"}),
        ("alertmanager", {"Authorization": f"Basic {SECRET}".encode()}),
        ("alertmanager", {"Authorization": b"Bearer"}),
        ("alertmanager", {"Authorization": b"Bearer \xff\xfe"}),
        ("second", GOOD),
        ("unlisted", {"Authorization": b"Bearer a third"}),
        ("nobody", GOOD),
        ("nobody", {"Authorization": b"Bearer "}),
        ("empty", {"Authorization": b"Bearer "}),
    ],
)
async def test_who_has_not_the_secret_of_the_source_gets_one_and_the_same_answer(
    application: FastAPI, store: Store, source: str, headers: Mapping[str, bytes]
) -> None:
    before = refusals("secret")
    answer = await send(application, raw(), headers, source)
    assert (answer.status, answer.body) == (401, {"error": "Unknown source or wrong secret."})
    assert answer.headers["www-authenticate"] == "Bearer"
    assert stored(store) == []
    assert refusals("secret") == before + 1


@pytest.mark.parametrize(
    ("content", "headers", "status", "reason"),
    [
        (b"x" * (MAX_BYTES + 1), {}, 413, "size"),
        (raw(), {"Content-Encoding": b"gzip"}, 415, "compressed"),
        (b"", {}, 400, "json"),
        (b"\xff", {}, 400, "encoding"),
        (b"[" * 100 + b"]" * 100, {}, 400, "depth"),
        (b"[NaN]", {}, 400, "number"),
        (b'["\\ud800"]', {}, 400, "text"),
    ],
)
async def test_what_is_no_sane_json_is_refused_with_a_reason(
    application: FastAPI, store: Store, content: bytes, headers: Mapping[str, bytes], status: int, reason: str
) -> None:
    before = refusals(reason)
    answer = await send(application, content, {**GOOD, **headers})
    assert answer.status == status
    assert len(answer.body["error"]) < 200
    assert stored(store) == []
    assert refusals(reason) == before + 1


async def test_the_largest_body_that_is_taken(application: FastAPI, store: Store) -> None:
    body = json.dumps("x" * (MAX_BYTES - 2)).encode()
    assert len(body) == MAX_BYTES
    assert (await send(application, body)).status == 202
    assert stored(store)[0].body == body


async def test_a_body_that_does_not_say_how_long_it_is_is_cut_off_at_the_limit(
    application: FastAPI, store: Store
) -> None:
    received = 0

    async def endless() -> Any:
        nonlocal received
        received += 64 * 1024
        return {"type": "http.request", "body": b"x" * 64 * 1024, "more_body": True}

    assert (await exchange(application, endless)).status == 413
    assert received <= MAX_BYTES + 64 * 1024
    assert stored(store) == []


async def test_a_source_that_sends_more_than_it_may_is_told_when_to_come_again(
    application: FastAPI, store: Store, clock: VirtualClock
) -> None:
    """T13: with 429 and Retry-After, counted, before its body is read; other sources are not held up by it."""
    watched = store.config[Triggers]
    store.config = store.config.replace(
        watched.model_copy(update={"rates": {"alertmanager": Rate(per_second=0.1, at_once=2)}})
    )
    before = refusals("rate")
    assert [(await send(application, raw())).status for _ in range(3)] == [202, 202, 429]
    refused = await send(application, b"not looked at")
    assert (refused.status, refused.headers["retry-after"]) == (429, "10")
    assert refusals("rate") == before + 2
    other = {"Authorization": b"Bearer another secret"}
    assert (await send(application, raw(), other, source="second")).status == 202
    clock.pass_time(seconds=10)
    assert (await send(application, raw())).status == 202
    assert len(stored(store)) == 4


async def test_who_has_no_secret_uses_up_nothing(application: FastAPI, store: Store) -> None:
    """T13: strangers cannot make a source look as if it sent too much."""
    watched = store.config[Triggers]
    store.config = store.config.replace(watched.model_copy(update={"rate": Rate(per_second=0.1, at_once=1)}))
    assert (await send(application, raw(), {"Authorization": b"Bearer wrong"})).status == 401
    assert (await send(application, raw())).status == 202


async def test_a_sender_that_does_not_finish_is_not_waited_for(application: FastAPI, store: Store) -> None:
    application.state.doors.patience_seconds = 0.0

    async def stalled() -> Any:
        await asyncio.Event().wait()

    assert (await exchange(application, stalled)).status == 408
    assert stored(store) == []


async def test_a_sender_that_hangs_up_leaves_nothing_behind(application: FastAPI, store: Store) -> None:
    messages = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])

    async def receive() -> Any:
        return next(messages)

    assert (await exchange(application, receive)).status == 400
    assert stored(store) == []


async def test_when_it_cannot_be_stored_the_sender_is_told_to_try_again(application: FastAPI, store: Store) -> None:
    store.close()
    answer = await send(application, raw())
    assert answer.status == 503
    assert answer.headers["retry-after"] == "5"


async def test_a_redelivery_is_taken_again_and_harmless(application: FastAPI, store: Store) -> None:
    assert [(await send(application, raw())).status for _ in range(2)] == [202, 202]
    assert len(stored(store)) == 2
