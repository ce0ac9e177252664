"""What an alert is about, and numbers as people and templates write them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.models import LabelMapping
from bot.alerts.rules.alertmanager import Alert, Batch, read
from bot.alerts.rules.mapping import Measure, dedup_key, measure, number_words, started, subject_of
from tests.alerts.samples import alert, body

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)


def alert_of(**changes: Any) -> Alert:
    batch = read(body(alert(**changes)))
    assert isinstance(batch, Batch)
    return batch.alerts[0]


def test_what_an_alert_is_about() -> None:
    """R001 R004 R028."""
    subject = subject_of(alert_of(), LabelMapping())
    assert (subject.system, subject.version, subject.metric) == ("shop-recommender", "8", "conversion_rate")
    assert subject.measure == Measure(2.1)
    assert subject.summary == "Conversion is down to 2.1 %"


@pytest.mark.parametrize(
    ("labels", "name", "value"),
    [
        ({"system": None, "model": "m", "service": "s"}, "system", "m"),
        ({"system": " ", "service": "s"}, "system", "s"),
        ({"system": None}, "system", None),
        ({"version": None, "model_version": "9"}, "version", "9"),
        ({"version": None}, "version", None),
        ({"metric": None, "signal": "sig"}, "metric", "sig"),
        ({"metric": None}, "metric", "ConversionDrop"),
        ({"metric": None, "alertname": None}, "metric", "unnamed"),
    ],
)
def test_the_first_label_that_is_there_counts(labels: dict[str, Any], name: str, value: str | None) -> None:
    assert getattr(subject_of(alert_of(labels=labels), LabelMapping()), name) == value


def test_the_mapping_is_configuration() -> None:
    mapping = LabelMapping(system=["team_model"], value=["current"])
    subject = subject_of(alert_of(labels={"team_model": "x"}, annotations={"current": "7 ms"}), mapping)
    assert (subject.system, subject.measure) == ("x", Measure(7, "ms"))


def test_the_value_may_stand_in_a_label() -> None:
    subject = subject_of(alert_of(annotations={"value": None}, labels={"value": "3"}), LabelMapping())
    assert subject.measure == Measure(3)


def test_long_texts_are_shortened() -> None:
    subject = subject_of(alert_of(labels={"metric": "m" * 500}, annotations={"summary": "x" * 900}), LabelMapping())
    assert len(subject.metric) == 120
    assert len(subject.summary) == 500


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("0.31", Measure(0.31)),
        ("31%", Measure(31, "%")),
        ("31 %", Measure(31, "%")),
        ("1,234", Measure(1234)),
        ("1,234,567.5 ms", Measure(1234567.5, "ms")),
        ("0,31", Measure(0.31)),
        ("0,310", Measure(0.31)),
        ("12,5 %", Measure(12.5, "%")),
        ("-0.5", Measure(-0.5)),
        ("+3", Measure(3)),
        (".5", Measure(0.5)),
        ("5.", Measure(5)),
        ("1.5e-05", Measure(1.5e-05)),
        ("31 per 10k answers", Measure(31, "per 10k answers")),
        ("5 errors", Measure(5, "errors")),
        (" 7\n", Measure(7)),
        ("NaN", None),
        ("+Inf", None),
        ("1e999", None),
        ("", None),
        ("high", None),
        ("1,23,4", None),
        ("1.2.3", None),
        ("7-9", Measure(7, "-9")),
    ],
)
def test_numbers_as_they_are_written(written: str, read_as: Measure | None) -> None:
    assert measure(written) == read_as


@given(st.text())
def test_no_text_makes_reading_a_number_fail(written: str) -> None:
    found = measure(written)
    assert found is None or abs(found.number) < 1e300


@given(st.floats(-1e12, 1e12))
def test_a_plain_number_is_read_exactly(number: float) -> None:
    assert measure(repr(number)) == Measure(number)


@pytest.mark.parametrize(
    ("number", "words"), [(3.0, "3"), (2.1, "2.1"), (1234567.0, "1,234,567"), (0.00001, "0"), (1e18, "1e+18"), (0, "0")]
)
def test_numbers_as_people_read_them(number: float, words: str) -> None:
    assert number_words(number) == words


def test_one_episode_has_one_key() -> None:
    key = dedup_key("alertmanager", alert_of())
    assert key == dedup_key("alertmanager", alert_of(status="resolved", annotations={"value": "9"}))
    assert key == dedup_key("alertmanager", alert_of(startsAt="2026-11-21T09:43:44.892000001+01:00"))
    assert key != dedup_key("alertmanager", alert_of(startsAt="2026-11-21T09:43:44.892Z"))
    assert key != dedup_key("another", alert_of())


def test_what_does_not_say_when_it_began_began_when_we_heard_of_it() -> None:
    assert started(alert_of(startsAt=None), NOW) == NOW
