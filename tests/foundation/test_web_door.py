"""The door for machines: who is turned away, what health says, and that no response carries a secret."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
from fastapi import APIRouter, FastAPI, Request
from markupsafe import escape
from sqlmodel import select
from starlette.requests import ClientDisconnect

from bot.foundation import trail
from bot.foundation.db import Store
from bot.foundation.errors import StoreUnavailableError
from bot.foundation.models import Nonce
from bot.foundation.outbox import Kinds
from bot.foundation.router import Answer, Click, Router
from bot.foundation.sender import Sender
from bot.foundation.slack_door import Edge, SlackDoor
from bot.foundation.slack_door.edge import MAX_BODY
from bot.foundation.watch import Health, Signs
from bot.foundation.web_door import BodyTooLargeError, Doors, StoreOf, headers_of, read_body, web_app
from bot.foundation.work import Work
from bot.foundation.worker_loop import WorkerLoop
from tests.foundation.slack_door.conftest import identify
from tests.foundation.slack_door.test_edge import SECRET, signed
from tests.support.asgi import Asked, Heard
from tests.support.clock import VirtualClock
from tests.support.slack import ME, FakeSlack

MAYA = "U0MAYA0001"
FORM = "application/x-www-form-urlencoded"


@dataclass
class House:
    """The web application on a store, asked without a network."""

    store: Store
    clock: VirtualClock
    doors: Doors
    http: Asked
    clicks: list[Click]

    async def slack(self, body: bytes, content_type: str = FORM, **headers: str) -> Heard:
        stamped = {**signed(body, at=self.clock.now()), "content-type": content_type, **headers}
        return await self.http.post("/slack/events", content=body, headers=stamped)

    async def ready(self) -> tuple[int, dict[str, Any]]:
        response = await self.http.get("/readyz")
        return response.status_code, response.json()


def click(**more: Any) -> bytes:
    payload = {
        "type": "block_actions",
        "api_app_id": ME.app_id,
        "team": {"id": ME.team_id},
        "user": {"id": MAYA, "team_id": ME.team_id},
        "channel": {"id": "C1"},
        "actions": [{"type": "button", "action_id": "act", "block_id": "b", "value": "{}"}],
        **more,
    }
    return urlencode({"payload": json.dumps(payload)}).encode()


def own_routes() -> APIRouter:
    router = APIRouter()

    @router.post("/echo")
    async def echo(request: Request) -> dict[str, int]:
        try:
            return {"length": len(await read_body(request, headers_of(request), 100))}
        except BodyTooLargeError:
            return {"length": -1}

    @router.get("/store")
    async def away(store: StoreOf) -> None:
        raise StoreUnavailableError(str(store.writer.url))

    return router


@pytest.fixture
def house(sqlite_store: Store, clock: VirtualClock) -> House:
    clicks: list[Click] = []
    router = Router()

    @router.button("act")
    def act(given: Click, work: Work) -> Answer:
        clicks.append(given)
        return None

    health = Health(sqlite_store, Signs(clock), slack="")
    doors = Doors(sqlite_store, health=health)
    doors.edge = Edge(SECRET, ME.team_id, ME.app_id)
    doors.slack = SlackDoor(sqlite_store, FakeSlack(clock), [router], identify, ME)
    app: FastAPI = web_app(doors, [own_routes()])
    return House(sqlite_store, clock, doors, Asked(app), clicks)


# --- Slack ------------------------------------------------------------------------------------------------------------


async def test_a_click_of_ours_comes_through(house: House) -> None:
    response = await house.slack(click())
    assert (response.status_code, response.text) == (200, "")
    assert len(house.clicks) == 1


async def test_the_same_request_again_has_no_second_effect(house: House) -> None:
    """T2: the nonce is the signature."""
    body = click()
    for _ in range(5):
        assert (await house.slack(body)).status_code == 200
    assert len(house.clicks) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"x-slack-signature": "v0=" + "0" * 64},
        {"x-slack-signature": ""},
        {"x-slack-request-timestamp": "abc"},
        {"x-slack-request-timestamp": "1e3"},
        {"x-slack-request-timestamp": "9" * 5000},
    ],
)
async def test_what_is_not_signed_is_turned_away_and_leaves_no_trace(
    house: House, headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    """T1: Bolt alone answers many of these with 500, and logs the body."""
    response = await house.slack(click(), **headers)
    assert (response.status_code, response.text) == (401, "")
    assert house.clicks == []
    assert caplog.text == ""
    assert house.store.read_now(lambda reading: reading.session.exec(select(Nonce)).all()) == []


async def test_a_request_that_is_too_old_is_turned_away(house: House) -> None:
    body = click()
    stamped = signed(body, at=house.clock.now())
    house.clock.pass_time(seconds=301)
    response = await house.http.post("/slack/events", content=body, headers={**stamped, "content-type": FORM})
    assert response.status_code == 401


@pytest.mark.parametrize("announced", [True, False])
async def test_a_body_that_is_too_large_is_not_read(house: House, announced: bool) -> None:
    """T14: the limit holds whether or not the length was announced."""
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(1_000):
            sent += 1
            yield b"x" * 65_536

    headers = {"content-length": str(MAX_BODY + 1)} if announced else {}
    response = await house.http.post("/slack/events", content=endless(), headers=headers)
    assert response.status_code == 413
    if not announced:
        assert sent == MAX_BODY // 65_536 + 1


@pytest.mark.parametrize("body", [b"payload=[1]", b"payload=x", b"\xff", b"payload=null"])
async def test_signed_nonsense_is_a_bad_request(house: House, body: bytes) -> None:
    assert (await house.slack(body)).status_code == 400


async def test_a_stranger_who_does_not_finish_is_not_waited_for(house: House) -> None:
    """T14."""
    house.doors.patience_seconds = 0.0

    async def stalled() -> AsyncIterator[bytes]:
        await asyncio.Event().wait()
        yield b""

    assert (await house.http.post("/slack/events", content=stalled())).status_code == 408


async def test_a_stranger_who_hangs_up_is_no_defect(house: House) -> None:
    async def gone() -> AsyncIterator[bytes]:
        yield b"{"
        raise ClientDisconnect

    assert (await house.http.post("/slack/events", content=gone())).status_code == 400


async def test_slack_may_verify_the_address_but_only_signed(house: House) -> None:
    body = json.dumps({"type": "url_verification", "challenge": "abc"}).encode()
    response = await house.slack(body, "application/json")
    assert response.json() == {"challenge": "abc"}
    forged = await house.slack(body, "application/json", **{"x-slack-signature": "v0=" + "0" * 64})
    assert (forged.status_code, forged.text) == (401, "")


@pytest.mark.parametrize(
    "foreign",
    [{"team": {"id": "T0OTHER"}}, {"api_app_id": "A0OTHER"}, {"team": None}, {"team": [1], "api_app_id": "\0\ud800"}],
)
async def test_another_app_or_workspace_is_refused_and_recorded(house: House, foreign: dict[str, Any]) -> None:
    """T3."""
    assert (await house.slack(click(**foreign))).status_code == 403
    assert house.clicks == []
    (entry,) = house.store.read_now(lambda reading: trail.read(reading.session, "slack"))
    assert (entry.action, entry.actor) == ("gesture.refused", "source:slack")


async def test_a_flood_of_foreign_requests_is_two_entries_and_all_of_it_is_counted(house: House) -> None:
    """T3, T13."""
    for number in range(30):
        assert (await house.slack(click(team={"id": f"T0OTHER{number % 15}"}))).status_code == 403
    house.clock.pass_time(seconds=60)
    assert (await house.slack(click(team={"id": "T0OTHER"}))).status_code == 403
    first, rest = house.store.read_now(lambda reading: trail.read(reading.session, "slack"))
    assert first.facts["count"] + rest.facts["count"] == 31
    assert len(rest.facts["whose"]) == 11
    assert rest.facts["since"] == "2026-11-21T09:00:00+00:00"


async def test_what_could_not_be_recorded_is_recorded_later(house: House) -> None:
    """P11, P12."""
    told = house.doors.foreign.note({"team_id": "T0OTHER"}, house.clock.now())
    house.store.close()
    with pytest.raises(StoreUnavailableError):
        await house.doors.record_foreign(told)
    assert house.doors.foreign.due(house.clock.now(), at_once=True) == told


async def test_before_slack_is_known_it_is_asked_to_come_again(house: House) -> None:
    house.doors.edge = None
    response = await house.slack(click())
    assert (response.status_code, response.headers["retry-after"]) == (503, "5")


async def test_only_posts_are_taken(house: House) -> None:
    assert (await house.http.get("/slack/events")).status_code == 405


# --- health -----------------------------------------------------------------------------------------------------------


async def test_a_process_that_answers_is_alive(house: House) -> None:
    assert (await house.http.get("/healthz")).json() == {"status": "alive"}


async def test_ready_means_that_everything_works(house: House) -> None:
    status, parts = await house.ready()
    assert (status, parts["worker"]) == (503, "has not run yet")
    loop = WorkerLoop(house.store, Sender(house.store, Kinds(), FakeSlack(house.clock), "C1"), ())
    await loop.tick()
    status, parts = await house.ready()
    assert (status, parts.pop("ready"), set(parts.values())) == (200, True, {"ok"})
    assert list(parts) == ["database", "worker", "overdue", "slack", "loops", "clock"]
    assert house.doors.health is not None
    house.doors.health.clock = "75 s ahead of Slack's"
    status, parts = await house.ready()
    assert (status, parts["ready"], parts["clock"]) == (200, True, "75 s ahead of Slack's")  # T26


async def test_ready_says_which_part_is_in_trouble(house: House) -> None:
    assert house.doors.health is not None
    house.doors.health.slack = "not connected: nobody answers"
    status, parts = await house.ready()
    assert (status, parts["ready"]) == (503, False)
    assert (parts["slack"], parts["database"]) == ("not connected: nobody answers", "ok")


async def test_figures_can_be_read(house: House) -> None:
    await house.slack(click())
    response = await house.http.get("/metrics")
    assert response.status_code == 200
    assert 'backout_gestures_total{outcome="done"}' in response.text
    assert "backout_outbox_waiting" in response.text


# --- what routes of capabilities stand on -----------------------------------------------------------------------------


@pytest.mark.parametrize(("size", "length"), [(0, 0), (100, 100), (101, -1)])
async def test_a_body_is_read_up_to_its_limit(house: House, size: int, length: int) -> None:
    assert (await house.http.post("/echo", content=b"x" * size)).json() == {"length": length}


@pytest.mark.parametrize("announced", ["abc", "-1", "1e9", "²", "", "9" * 5000])
async def test_an_odd_length_is_not_choked_on(house: House, announced: str) -> None:
    response = await house.http.post("/echo", content=b"x", headers={"content-length": announced.encode()})
    assert response.json() == {"length": -1 if announced.startswith("9") else 1}


async def test_a_database_that_is_away_asks_to_come_again(house: House) -> None:
    response = await house.http.get("/store")
    assert (response.status_code, response.headers["retry-after"]) == (503, "5")
    assert "Nothing was changed" in response.json()["error"]
    assert "sqlite" not in response.text


@pytest.mark.parametrize(
    "path", ["/healthz", "/readyz", "/metrics", "/openapi.json", "/docs", "/", "/nothing", "/store", "/slack/events"]
)
async def test_a_browser_is_told_what_it_may_do_with_every_answer(house: House, path: str) -> None:
    """T22: nothing may be run, framed, guessed at, sent on or kept."""
    headers = (await house.http.get(path)).headers
    assert headers["content-security-policy"].startswith("default-src 'none'; ")
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    said = [headers[name] for name in ("x-content-type-options", "x-frame-options", "referrer-policy", "cache-control")]
    assert said == ["nosniff", "DENY", "no-referrer", "no-store"]


async def test_what_can_be_asked_is_described_on_a_page_that_loads_nothing(house: House) -> None:
    """T22: it works without a network."""
    page = (await house.http.get("/docs")).text
    description = (await house.http.get("/openapi.json")).json()
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            assert f"<code>{method.upper()} {escape(path)}</code>" in page
            assert escape(operation["summary"]) in page
            assert "422" not in operation["responses"]
    assert "src=" not in page
    assert "//" not in page.replace("<!doctype html>", "")


async def test_a_process_that_is_stopping_takes_nothing_new(house: House) -> None:
    """P21: whoever knocks is told to come again, and a load balancer that this is no place for new work."""
    house.doors.is_stopping = True
    for path in ("/slack/events", "/alerts/alertmanager", "/nowhere"):
        answer = await house.http.post(path, content=click(), headers={"content-type": FORM})
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert house.clicks == []
    assert (await house.http.get("/healthz")).status_code == 200
    status, parts = await house.ready()
    assert (status, parts["process"]) == (503, "is stopping")


async def test_no_response_carries_a_secret(house: House) -> None:
    """T25: asked everything, signed and not."""
    responses = [
        await house.http.get(path) for path in ("/healthz", "/readyz", "/metrics", "/openapi.json", "/docs", "/")
    ]
    responses += [await house.slack(body) for body in (click(), click(team={"id": "T0"}), b"x", b"")]
    for response in responses:
        assert SECRET not in response.text
        assert all(SECRET not in value for value in response.headers.values())


def test_what_a_door_makes_for_all_its_requests_is_made_once(house: House) -> None:
    made: list[Doors] = []

    def count(doors: Doors) -> int:
        made.append(doors)
        return len(made)

    assert [house.doors.once(count) for _ in range(2)] == [1, 1]
    assert made == [house.doors]
