import asyncio
import json
from datetime import timedelta

import pytest
from slack_sdk.signature import Clock as SdkClock
from slack_sdk.signature import SignatureVerifier
from starlette.responses import Response

from bot.workspace.deliveries import signature
from bot.workspace.workspace import Workspace
from tests.workspace.conftest import SECRET, FakeApp, Received, VirtualClock


class At(SdkClock):
    """slack_sdk's clock, at the workspace's moment."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock.now().timestamp()


def verified(got: Received, clock: VirtualClock) -> bool:
    return SignatureVerifier(SECRET, At(clock)).is_valid_request(got.body, got.headers)


def test_the_signature_is_the_one_in_slacks_documentation() -> None:
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    signed = signature("8f742231b10e8888abcd99yyyzzz85a5", 1531420618, body)
    assert signed == "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"


async def test_what_is_delivered_is_signed_at_the_clocks_time(ws: Workspace, app: FakeApp, clock: VirtualClock) -> None:
    await ws.command("U1", "/rollback")
    await ws.open_home("U1")
    await ws.shortcut("U1", "declare")
    assert [verified(got, clock) for got in app.received] == [True, True, True]
    clock.advance(seconds=301)
    assert not verified(app.received[0], clock)


async def test_the_answer_is_reported(ws: Workspace, app: FakeApp) -> None:
    app.answer({"text": "hi"})
    fine = await ws.command("U1", "/rollback")
    assert (fine.sent, fine.acked, fine.late, fine.status, fine.answer) == (True, True, False, 200, {"text": "hi"})
    app.answer(status=500)
    broken = await ws.command("U1", "/rollback")
    assert (broken.acked, broken.status) == (False, 500)
    ws.request_url = "http://127.0.0.1:9/"
    nobody = await ws.command("U1", "/rollback")
    assert (nobody.sent, nobody.acked, nobody.status) == (True, False, None)


async def test_an_answer_after_the_deadline_is_none(app: FakeApp, ws: Workspace) -> None:
    never = asyncio.Event()

    async def wait(_got: Received) -> Response:
        await never.wait()
        return Response()

    app.reply, ws.ack_deadline = wait, 0.05
    late = await ws.command("U1", "/rollback")
    never.set()
    assert (late.acked, late.late, late.status) == (False, True, None)
    assert late.notice == '/rollback failed with the error "operation_timeout"'
    assert late.seconds >= 0.05


def test_slack_gives_three_seconds(workspace: Workspace) -> None:
    assert workspace.ack_deadline == 3.0


async def test_an_event_is_retried_at_once_after_a_minute_and_after_five(
    ws: Workspace, app: FakeApp, clock: VirtualClock
) -> None:
    app.answer(status=500)
    first = await ws.open_home("U1")
    assert (first.acked, first.attempt) == (False, 0)
    (second,) = await ws.tick()
    assert await ws.tick() == []
    clock.advance(seconds=59)
    assert await ws.tick() == []
    clock.advance(seconds=1)
    (third,) = await ws.tick()
    clock.advance(minutes=5)
    (fourth,) = await ws.tick()
    clock.advance(hours=1)
    assert await ws.tick() == []
    assert [each.attempt for each in (second, third, fourth)] == [1, 2, 3]
    numbers = [(got.headers.get("x-slack-retry-num"), got.headers.get("x-slack-retry-reason")) for got in app.received]
    assert numbers == [(None, None), ("1", "http_error"), ("2", "http_error"), ("3", "http_error")]
    assert len({got.payload["event_id"] for got in app.received}) == 1
    clock.advance(hours=-1)
    assert [verified(got, clock) for got in app.received] == [False, False, True, True]


async def test_a_retry_that_succeeds_is_the_last(ws: Workspace, app: FakeApp, clock: VirtualClock) -> None:
    app.answer(status=503)
    await ws.open_home("U1")
    app.answer()
    assert [each.acked for each in await ws.tick()] == [True]
    clock.advance(hours=1)
    assert await ws.tick() == []


async def test_the_app_may_ask_for_no_retries(ws: Workspace, app: FakeApp) -> None:
    app.answer(None, 500, **{"x-slack-no-retry": "1"})
    await ws.open_home("U1")
    assert await ws.tick() == []


async def test_what_a_person_does_is_never_retried(ws: Workspace, app: FakeApp) -> None:
    app.answer(status=500)
    await ws.command("U1", "/rollback")
    await ws.shortcut("U1", "declare")
    assert await ws.tick() == []
    assert len(app.received) == 2


async def test_a_duplicate_is_the_same_bytes_twice(ws: Workspace, app: FakeApp) -> None:
    ws.faults.add(delivery="command", kind="duplicate")
    await ws.command("U1", "/rollback")
    first, second = app.received
    assert first.body == second.body
    assert first.headers["x-slack-signature"] == second.headers["x-slack-signature"]
    assert [each.acked for each in ws.deliveries] == [True, True]


async def test_a_duplicate_event_that_fails_twice_is_retried_once(ws: Workspace, app: FakeApp) -> None:
    app.answer(status=500)
    ws.faults.add(delivery="event", kind="duplicate")
    await ws.open_home("U1")
    assert len(await ws.tick()) == 1


async def test_a_late_delivery_is_old_on_arrival(ws: Workspace, app: FakeApp, clock: VirtualClock) -> None:
    ws.faults.add(delivery="command", kind="late", seconds=301)
    await ws.command("U1", "/rollback")
    (got,) = app.received
    assert not verified(got, clock)
    clock.moment -= timedelta(seconds=301)
    assert verified(got, clock)


async def test_a_forged_delivery_does_not_verify(ws: Workspace, app: FakeApp, clock: VirtualClock) -> None:
    ws.faults.add(delivery="*", kind="forged")
    await ws.command("U1", "/rollback")
    assert not verified(app.received[0], clock)


async def test_a_lost_event_is_retried_and_a_lost_command_is_not(ws: Workspace, app: FakeApp) -> None:
    ws.faults.add(delivery="*", kind="lost", times=2)
    assert not (await ws.open_home("U1")).acked
    assert not (await ws.command("U1", "/rollback")).acked
    assert app.received == []
    assert [each.acked for each in await ws.tick()] == [True]


async def test_two_equal_clicks_are_never_the_same_bytes(ws: Workspace, app: FakeApp) -> None:
    """So that an app which refuses replays does not refuse a second real click within the same second."""
    await ws.shortcut("U1", "declare")
    await ws.shortcut("U1", "declare")
    assert app.received[0].body != app.received[1].body


async def test_a_payload_made_by_hand_is_signed_too(ws: Workspace, app: FakeApp, clock: VirtualClock) -> None:
    foreign = {"type": "shortcut", "team": {"id": "TOTHER"}, "user": {"id": "U1"}, "callback_id": "declare"}
    assert (await ws.deliver("shortcut", foreign)).acked
    assert verified(app.received[0], clock)
    assert app.last == foreign


@pytest.mark.parametrize("body", ["not json", "[1]"])
async def test_an_answer_that_is_no_object_is_kept_as_text(ws: Workspace, app: FakeApp, body: str) -> None:
    async def reply(_got: Received) -> Response:
        return Response(body, media_type="application/json")

    app.reply = reply
    assert (await ws.shortcut("U1", "declare")).answer == body


async def test_events_are_json_and_the_rest_forms(ws: Workspace, app: FakeApp) -> None:
    await ws.open_home("U1")
    assert json.loads(app.received[0].body)["type"] == "event_callback"
    assert app.received[0].headers["content-type"] == "application/json"
    await ws.shortcut("U1", "declare")
    assert app.received[1].headers["content-type"] == "application/x-www-form-urlencoded"
