"""The inbox is read in order; nothing that stands in it can stop it."""

import hashlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from bot.alerts import service
from bot.alerts.models import InboxItem
from bot.alerts.service.intake import ATTEMPTS, BYTES_AT_ONCE, ITEMS_AT_ONCE
from bot.foundation.ids import RandomIds
from bot.incidents.models import SeverityPolicy
from tests.alerts.inbox import items, receive, signals, store, sweep
from tests.alerts.samples import alert, body, raw
from tests.incidents.organisation import Organisation, organisation, shipped_config
from tests.support.statements import statements_of
from tests.support.stores import prepare


def test_a_body_is_read_once(meridian: Organisation) -> None:
    receive(meridian, raw())
    (item,) = items(meridian)
    assert (item.state, item.note) == ("read", "")
    assert len(signals(meridian)) == 1
    assert sweep(meridian) == 0


def test_the_next_body_is_due_when_it_came(meridian: Organisation) -> None:
    assert meridian.reads(service.next_due) is None
    meridian.does(
        "backout",
        lambda work: work.session.add(
            InboxItem(source="alertmanager", body=raw(), received_at=work.now, due_at=work.now)
        ),
    )
    assert meridian.reads(service.next_due) == meridian.clock.now()
    sweep(meridian)
    assert meridian.reads(service.next_due) is None


@pytest.mark.parametrize(
    ("content", "note"),
    [
        (b"[1, 2]", "not a JSON object"),
        (b'{"version": "3", "alerts": []}', "not “4”"),
        (json.dumps(body(alerts=[{}])).encode(), "None of its alerts can be read"),
        (b"no JSON", "The body is not JSON"),
    ],
)
def test_what_is_not_understood_is_kept_and_recorded(meridian: Organisation, content: bytes, note: str) -> None:
    receive(meridian, content, raw())
    odd, good = items(meridian)
    assert (odd.state, odd.body, good.state) == ("not_understood", content, "read")
    assert note in odd.note
    (entry,) = meridian.trail("alerts:alertmanager", "alerts.not_understood")
    assert entry.facts == {"body": odd.sequence, "bytes": len(content), "sha256": odd.digest}
    assert odd.digest == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    "content", [raw(alert(labels={"db_password": "hunter2"})), b'{"password": "hunter2"}', b"password: hunter2"]
)
def test_what_looks_like_a_secret_goes_once_it_was_read(meridian: Organisation, content: bytes) -> None:
    """T17, R129: until then the body stands byte for byte; the digest of what came stays."""
    store(meridian, content)
    assert items(meridian)[0].body == content
    sweep(meridian)
    (item,) = items(meridian)
    assert b"hunter2" not in item.body
    assert item.digest == hashlib.sha256(content).hexdigest()


def test_a_name_that_stands_twice_is_read_and_mentioned(meridian: Organisation) -> None:
    """T14: readers of JSON differ about which counts, so people are told."""
    receive(meridian, raw().replace(b'"version": "8"', b'"version": "9", "version": "8"'))
    assert signals(meridian)[0].incident == "INC-1"
    assert "stands twice" in items(meridian)[0].note


def test_a_source_that_was_taken_out_of_the_configuration(meridian: Organisation) -> None:
    receive(meridian, raw(), source="former")
    assert items(meridian)[0].note == "“former” is no longer a source in triggers.yaml."


@pytest.fixture
def broken(tmp_path: Path) -> Iterator[Organisation]:
    """An organisation in which opening an incident is a defect: it fails half way through."""
    url = f"sqlite:///{tmp_path / 'backout.db'}"
    prepare(url)
    config = shipped_config()
    without_intervals = config[SeverityPolicy].model_copy(update={"update_every": {}})
    found = organisation(url, config=config.replace(without_intervals))
    yield found
    found.store.close()


def test_a_body_that_cannot_be_read_leaves_nothing_behind_and_stops_nobody(
    broken: Organisation, caplog: pytest.LogCaptureFixture
) -> None:
    within = alert(fingerprint="b", annotations={"value": "3.9"})
    receive(
        broken, raw(within), raw(within), raw(), raw(within), raw(alert(fingerprint="c", annotations={"value": "9"}))
    )
    poison = items(broken)[2]
    assert [item.state for item in items(broken)] == ["read", "read", "new", "read", "read"]
    assert (poison.attempts, poison.due_at) == (1, broken.clock.now() + timedelta(seconds=2))
    assert [signal.finding for signal in signals(broken)] == ["within_limit"] * 2
    assert broken.trail("INC-1") == []
    assert broken.outbox("card:") == []
    assert "body 3 of the inbox could not be read" in caplog.text


def test_after_five_failures_people_are_shown_the_body(broken: Organisation) -> None:
    receive(broken, raw())
    assert sweep(broken) == 0
    for attempt in range(2, ATTEMPTS + 1):
        broken.clock.set(items(broken)[0].due_at)
        assert sweep(broken) == 1
        assert items(broken)[0].attempts == attempt
    (item,) = items(broken)
    assert (item.state, item.note) == ("not_understood", "Reading it failed 5 times (KeyError).")
    assert broken.reads(service.next_due) is None
    assert broken.reads(service.triage_of).not_understood.count == 1


def test_much_is_read_in_portions(meridian: Organisation) -> None:
    large = raw(alert(annotations={"description": "x" * BYTES_AT_ONCE}, labels={"metric": "nobody_watches"}))
    meridian.does(
        "backout",
        lambda work: work.session.add_all(
            InboxItem(source="alertmanager", body=large, received_at=work.now, due_at=work.now) for _ in range(3)
        ),
    )
    assert [meridian.does("backout", service.read_inbox) for _ in range(4)] == [1, 1, 1, 0]


def test_many_bodies_need_no_more_statements_than_few(meridian: Organisation) -> None:
    """F12: new alerts, known ones and ones that are over, about one incident."""
    receive(meridian, raw())
    counts = list[int]()
    for start, size in ((0, 3), (100, 60)):
        new = [raw(alert(fingerprint=f"f{number}")) for number in range(start, start + size)]
        ends = [raw(alert(fingerprint=f"f{number}", status="resolved")) for number in range(start, start + size)]
        store(meridian, *new, *new, *ends)
        with statements_of(meridian.store.writer) as said:
            assert meridian.does("backout", service.read_inbox) == min(3 * size, ITEMS_AT_ONCE)
        counts.append(len(said))
        sweep(meridian)
    assert counts[1] <= counts[0] + 2  # known signals and open incidents are asked for in chunks


@pytest.mark.postgres
@pytest.mark.xdist_group("postgres")
def test_two_processes_share_an_inbox(prepared_postgres_url: str) -> None:
    """R013: every body is read once, whoever reads it, and what they say about one version is one incident."""
    both = [organisation(prepared_postgres_url, RandomIds()) for _ in range(2)]
    bodies = [raw(alert(fingerprint=f"f{number % 20}")) for number in range(40)]
    store(both[0], *bodies)
    try:
        with ThreadPoolExecutor(2) as pool:
            taken = list(pool.map(sweep, both))
        due = max(item.due_at for item in items(both[0]))
        for one in both:
            one.clock.set(due)
        assert sum(taken) + sweep(both[0]) >= len(bodies)
        assert {item.state for item in items(both[0])} == {"read"}
        assert len(signals(both[0])) == 20
        assert {signal.incident for signal in signals(both[0])} == {"INC-1"}
    finally:
        for one in both:
            one.store.close()
