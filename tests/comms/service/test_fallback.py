"""The fallback route is used once Slack has been away long, once for each message, and tried until it works."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from bot.comms import service
from bot.comms.models import FallbackPolicy
from bot.comms.routes import Delivered
from bot.foundation import line, outbox, trail
from bot.foundation.blocks import mention, mrkdwn
from bot.foundation.db import Store
from bot.foundation.models import OutboxRow, OutboxState
from bot.foundation.work import Reading, Work
from bot.people.models import Directory
from tests.comms.desk import SHIPPED, SYSTEM, desk
from tests.support.clock import MORNING, VirtualClock
from tests.support.mail import with_addresses

SHOP, MAYA = "C0SHOPREC1", "U0MAYA0001"
MAIL = {"kind": "smtp", "name": "mail", "host": "127.0.0.1", "sender": "backout@x.example", "roles": ["comms"]}
FILE = {"kind": "file", "name": "file", "path": "fallback.jsonl"}


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def store(tmp_path: Path, clock: VirtualClock) -> Iterator[Store]:
    config = SHIPPED.replace(with_addresses(SHIPPED[Directory]))
    store = desk(tmp_path, config.replace(FallbackPolicy.model_validate({"routes": [FILE, MAIL]})), clock)
    yield store
    store.close()


def page(work: Work, number: int = 1) -> None:
    work.enqueue("escalation.page", f"page:{number}", {"channel": SHOP})
    text = mrkdwn("{who}, act", who=mention(MAYA))
    service.must_reach(work, f"page:{number}", subject=f"INC-{number}", channel=SHOP, people=[MAYA], text=text)


def goes_away(store: Store, *, pages: int = 1) -> None:
    store.submit_now(SYSTEM, line.note_away, "HTTP 503")
    for number in range(1, pages + 1):
        store.submit_now(SYSTEM, page, number)


def handed_over(store: Store) -> list[dict[str, Any]]:
    """What the routes are to send, the oldest first."""
    query = select(OutboxRow).where(
        col(OutboxRow.kind) == "comms.fallback", col(OutboxRow.state) == OutboxState.WAITING
    )
    ordered = query.order_by(col(OutboxRow.sequence))
    return [dict(row.payload) for row in store.read_now(lambda reading: list(reading.session.exec(ordered)))]


def settle(work: Work, payload: dict[str, Any], outcome: Delivered) -> None:
    key = f"fallback:{payload['route']}:{payload['batch']['id']}"
    work.change(OutboxRow, col(OutboxRow.key) == key, state=OutboxState.DONE)
    service.settle_batch(work, payload, outcome)


def recorded(reading: Reading, subject: str) -> list[tuple[str, Any]]:
    entries = trail.read(reading.session, subject)
    return [(entry.action, entry.facts) for entry in entries if entry.action.startswith("fallback.")]


def test_it_is_used_after_the_configured_time_and_once(store: Store, clock: VirtualClock) -> None:
    """F3, P7: by every route; who is asked, with the words of the message."""
    goes_away(store)
    assert store.read_now(service.next_batch) == MORNING + timedelta(minutes=5)
    clock.pass_time(minutes=4)
    assert store.submit_now(SYSTEM, service.send_batch) == 0
    clock.pass_time(minutes=1)
    assert [store.submit_now(SYSTEM, service.send_batch) for _ in range(2)] == [1, 0]
    by_file, by_mail = handed_over(store)
    assert [by_file["route"], by_mail["route"]] == ["file", "mail"]
    (letter,) = by_mail["batch"]["letters"]
    assert letter["text"] == "Maya Lindqvist, act"
    assert [one["address"] for one in letter["to"]] == ["maya@x.example"]
    assert [one["name"] for one in by_mail["batch"]["also_to"]] == ["Carla Rossi"]
    assert by_file["batch"]["also_to"] == []
    assert store.read_now(service.next_batch) is None


def test_what_slack_took_or_what_was_taken_back_does_not_go_out(store: Store, clock: VirtualClock) -> None:
    goes_away(store, pages=3)
    store.submit_now(SYSTEM, outbox.withdraw, "page:2")
    done = {"state": OutboxState.DONE, "served": 1}
    store.submit_now(SYSTEM, lambda work: work.change(OutboxRow, col(OutboxRow.key) == "page:3", **done))
    clock.pass_time(minutes=5)
    assert store.submit_now(SYSTEM, service.send_batch) == 1


def test_no_storm_leaves_that_way_either(store: Store, clock: VirtualClock) -> None:
    """What comes within a minute leaves together."""
    goes_away(store)
    clock.pass_time(minutes=5)
    store.submit_now(SYSTEM, service.send_batch)
    for number in range(2, 40):
        store.submit_now(SYSTEM, page, number)
    assert store.read_now(service.next_batch) == clock.now() + timedelta(minutes=1)
    clock.pass_time(minutes=1)
    assert store.submit_now(SYSTEM, service.send_batch) == 38
    assert len(handed_over(store)) == 4, "two batches for each of two routes"


def test_a_route_that_fails_is_tried_again_for_whom_it_failed_as_long_as_slack_is_away(
    store: Store, clock: VirtualClock
) -> None:
    goes_away(store)
    clock.pass_time(minutes=5)
    store.submit_now(SYSTEM, service.send_batch)
    _file, mail = handed_over(store)
    failed = Delivered(["carla@x.example"], {}, {"maya@x.example": "450 busy"})
    store.submit_now(SYSTEM, settle, mail, failed)
    again = handed_over(store)[-1]
    assert (again["attempt"], again["batch"]["done"]) == (2, ["carla@x.example"])
    assert again["batch"]["id"] == mail["batch"]["id"]
    assert store.read_now(recorded, "INC-1") == []
    store.submit_now(SYSTEM, settle, again, Delivered(["maya@x.example"]))
    ((action, facts),) = store.read_now(recorded, "INC-1")
    assert action == "fallback.sent"
    assert (facts["asked"], facts["reached"]) == ([MAYA], [MAYA, "U0CARLA016"])
    assert "maya@x.example" not in str(facts), "addresses do not belong into the trail"


def test_it_is_given_up_when_slack_is_back(store: Store, clock: VirtualClock) -> None:
    goes_away(store)
    clock.pass_time(minutes=5)
    store.submit_now(SYSTEM, service.send_batch)
    _file, mail = handed_over(store)
    store.submit_now(SYSTEM, line.note_up)
    store.submit_now(SYSTEM, settle, mail, Delivered(failed={"maya@x.example": "450 busy"}))
    assert len(handed_over(store)) == 1
    assert [action for action, _facts in store.read_now(recorded, "INC-1")] == ["fallback.failed"]


def test_who_is_refused_for_good_is_recorded(store: Store, clock: VirtualClock) -> None:
    goes_away(store)
    clock.pass_time(minutes=5)
    store.submit_now(SYSTEM, service.send_batch)
    _file, mail = handed_over(store)
    store.submit_now(SYSTEM, settle, mail, Delivered(["carla@x.example"], {"maya@x.example": "550 nobody"}))
    found = store.read_now(recorded, "INC-1")
    assert [action for action, _facts in found] == ["fallback.refused", "fallback.sent"]
    assert found[0][1]["person"] == MAYA


def test_the_summary_says_that_it_was_used_even_after_a_short_outage(store: Store, clock: VirtualClock) -> None:
    goes_away(store, pages=2)
    clock.pass_time(minutes=6)
    store.submit_now(SYSTEM, service.send_batch)
    store.submit_now(SYSTEM, line.note_up)
    store.submit_now(SYSTEM, service.sum_up)
    query = select(OutboxRow.payload).where(col(OutboxRow.kind) == "foundation.announcement")
    (said,) = store.read_now(lambda reading: list(reading.session.exec(query)))
    assert said["channel"] == SHOP
    assert "2 messages about INC-1 and INC-2 went out that way" in said["text"]


def test_without_routes_nothing_is_kept(tmp_path: Path) -> None:
    store = desk(tmp_path)
    goes_away(store)
    assert store.read_now(service.next_batch) is None
    store.close()
