"""Reading Alertmanager's webhook, version 4."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.rules.alertmanager import MAX_ALERTS, MAX_VALUES, Alert, Batch, NotUnderstood, read
from tests.alerts.samples import alert, body

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)
near_miss = st.fixed_dictionaries(
    {},
    optional={
        "version": st.just("4") | anything,
        "status": st.just("firing") | anything,
        "truncatedAlerts": anything,
        "alerts": anything
        | st.lists(
            anything
            | st.fixed_dictionaries(
                {},
                optional={
                    "status": st.sampled_from(["firing", "resolved", "suppressed"]) | anything,
                    "labels": st.dictionaries(st.text(), anything, max_size=3) | anything,
                    "annotations": st.dictionaries(st.text(), anything, max_size=3) | anything,
                    "startsAt": st.datetimes().map(str) | st.sampled_from(["0001-01-01T00:00:00+23:59"]) | anything,
                    "endsAt": st.datetimes().map(str) | anything,
                    "fingerprint": anything,
                },
            ),
            max_size=4,
        ),
    },
)


def only(value: Any) -> Alert:
    batch = read(value)
    assert isinstance(batch, Batch)
    assert batch.note == ""
    return batch.alerts[0]


@given(anything | near_miss)
def test_no_json_whatsoever_makes_the_reader_fail(value: Any) -> None:
    found = read(value)
    assert isinstance(found, Batch | NotUnderstood)
    if isinstance(found, Batch):
        for one in found.alerts:
            assert all(isinstance(text, str) for pair in one.labels.items() for text in pair)
            assert one.starts_at is None or one.starts_at.tzinfo is UTC


def test_a_firing_alert() -> None:
    """R028: version and context come with the signal."""
    found = only(body(alert()))
    assert found.is_firing
    assert found.fingerprint == "c1f0a6de5b5e7d11"
    assert found.labels["version"] == "8"
    assert found.annotations["value"] == "2.1"
    assert found.starts_at == datetime(2026, 11, 21, 8, 43, 44, 892000, tzinfo=UTC)
    assert found.ends_at is None


def test_a_resolved_alert_has_the_same_name_and_start() -> None:
    firing, resolved = only(body(alert())), only(body(alert(status="resolved")))
    assert not resolved.is_firing
    assert (resolved.fingerprint, resolved.starts_at) == (firing.fingerprint, firing.starts_at)
    assert resolved.ends_at == datetime(2026, 11, 21, 8, 58, 1, 500000, tzinfo=UTC)


def test_each_alert_has_its_own_status() -> None:
    batch = read(body(alert(), alert(status="resolved", fingerprint="b")))
    assert isinstance(batch, Batch)
    assert [one.is_firing for one in batch.alerts] == [True, False]


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-11-21T10:00:00+02:00", datetime(2026, 11, 21, 8, tzinfo=UTC)),
        ("2026-11-21T08:00:00.123456789Z", datetime(2026, 11, 21, 8, 0, 0, 123456, tzinfo=UTC)),
        ("2026-11-21T08:00:00", datetime(2026, 11, 21, 8, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+05:00", None),
        ("", None),
        (None, None),
    ],
)
def test_times(written: str | None, moment: datetime | None) -> None:
    assert only(body(alert(startsAt=written))).starts_at == moment


def test_an_end_that_is_no_time_does_not_spoil_the_alert() -> None:
    assert only(body(alert(status="resolved", endsAt="soon"))).ends_at is None


def test_an_alert_without_fingerprint_is_named_by_its_labels() -> None:
    first, same = only(body(alert(fingerprint=""))), only(body(alert(fingerprint="")))
    other = only(body(alert(fingerprint="", labels={"version": "7"})))
    assert first.fingerprint == same.fingerprint != other.fingerprint
    assert len(only(body(alert(fingerprint="x" * 1000))).fingerprint) == 32


def test_labels_that_are_no_text_become_text() -> None:
    found = only(body(alert(labels={"version": 8, "canary": True, "empty": None, "list": [1]})))
    assert (found.labels["version"], found.labels["canary"], found.labels["list"]) == ("8", "true", "[1]")


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (1, "not a JSON object"),
        ([], "not a JSON object"),
        ({}, "version"),
        (body(version="3"), "version"),
        (body(version=4), "version"),
        (body(alerts={}), "no list “alerts”"),
        (body(alerts=[1]), "not an object"),
        (body(alert(status="odd")), "neither firing nor resolved"),
        (body(alerts=[{"status": "firing", "labels": []}]), "no labels"),
        (body(alert(startsAt="yesterday")), "startsAt that is no time (yesterday)"),
        (body(alert(startsAt=5)), "startsAt that is no time (5)"),
    ],
)
def test_what_is_not_understood_and_why(value: Any, why: str) -> None:
    found = read(value)
    assert isinstance(found, NotUnderstood)
    assert why in found.why


def test_one_bad_alert_does_not_spoil_the_others() -> None:
    batch = read(body(alert(), alert(startsAt="yesterday", fingerprint="b"), alert(fingerprint="c")))
    assert isinstance(batch, Batch)
    assert [one.fingerprint for one in batch.alerts] == ["c1f0a6de5b5e7d11", "c"]
    assert "1 of its 3 alerts could not be read" in batch.note


def test_what_was_left_out_is_said() -> None:
    batch = read(body(*[alert(fingerprint=str(number)) for number in range(MAX_ALERTS + 3)]))
    assert isinstance(batch, Batch)
    assert len(batch.alerts) == MAX_ALERTS
    assert "first 500 of its 503" in batch.note
    truncated = read(body(alert(), truncatedAlerts=7))
    assert isinstance(truncated, Batch)
    assert "left out 7 alerts" in truncated.note


def test_labels_are_read_up_to_ten_thousand_in_a_body() -> None:
    """T14: what is beyond is kept in the inbox and mentioned."""
    labels = {f"l{number}": "x" for number in range(60)}
    batch = read(body(*[alert(fingerprint=str(number), labels=labels) for number in range(300)]))
    assert isinstance(batch, Batch)
    assert sum(len(one.labels) + len(one.annotations) for one in batch.alerts) <= MAX_VALUES
    assert len(batch.alerts) > 140
    assert f"first {len(batch.alerts)} of its 300" in batch.note


@pytest.mark.parametrize("odd", [10**400, 2**53, -1, 1.5, "7", None])
def test_a_count_that_is_none_is_not_repeated_to_people(odd: object) -> None:
    assert read(body(alert(), truncatedAlerts=odd)).note == ""  # type: ignore[union-attr]


def test_a_body_without_alerts_is_understood() -> None:
    assert read(body(alerts=[])) == Batch(())
