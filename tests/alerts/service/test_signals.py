"""The same episode told again changes nothing, in whichever order it is told."""

from itertools import permutations
from typing import Any

import pytest

from bot.incidents import service as incidents
from tests.alerts.inbox import items, receive, signals
from tests.alerts.samples import alert, raw
from tests.incidents.organisation import Organisation

FIRING, RESOLVED = raw(), raw(alert(status="resolved"))
BELATED = raw(alert(annotations={"value": "3.9"}))


def state(meridian: Organisation) -> tuple[Any, ...]:
    """Everything that a redelivery must leave as it is."""
    everything = [entry.seq for subject in ("INC-1", "alerts:alertmanager") for entry in meridian.trail(subject)]
    rows = [(row.key, row.wanted) for row in meridian.outbox() if not row.key.startswith("alerts:")]
    return [signal.model_dump() for signal in signals(meridian)], everything, rows


def test_a_signal_keeps_what_it_is_about_and_its_context(meridian: Organisation) -> None:
    """R028 R037."""
    labels = {"region": "eu", "api_token": "abc", "drifted_columns": "3"}
    receive(meridian, raw(alert(labels=labels, annotations={"description": "login with password=hunter2"})))
    (signal,) = signals(meridian)
    assert (signal.system, signal.version, signal.metric) == ("shop-recommender", "8", "conversion_rate")
    assert (signal.value, signal.finding, signal.trigger) == (2.1, "breached", "conversion_drop")
    assert (signal.state, signal.incident, signal.inbox_sequence) == ("firing", "INC-1", 1)
    assert signal.labels["region"] == "eu"
    assert signal.labels["drifted_columns"] == "3"
    assert signal.labels["api_token"] == "•••"
    assert "hunter2" not in signal.annotations["description"]


@pytest.mark.parametrize("again", [FIRING, raw(alert(annotations={"value": "1.0"})), BELATED])
def test_a_redelivery_changes_nothing(meridian: Organisation, again: bytes) -> None:
    """R013: also when the source repeats a breach with another value."""
    receive(meridian, FIRING)
    before = state(meridian)
    receive(meridian, again, again)
    assert state(meridian) == before
    assert [item.state for item in items(meridian)] == ["read"] * 3


def test_a_redelivery_after_the_incident_was_closed_changes_nothing(meridian: Organisation) -> None:
    receive(meridian, FIRING)
    meridian.does("maya", incidents.close, "INC-1", "over")
    before = state(meridian)
    receive(meridian, FIRING)
    assert state(meridian) == before


@pytest.mark.parametrize("order", list(permutations([FIRING, RESOLVED, BELATED])))
def test_whatever_the_order_the_signal_is_resolved_in_the_end(meridian: Organisation, order: tuple[bytes, ...]) -> None:
    receive(meridian, *order)
    (signal,) = signals(meridian)
    assert signal.state == "resolved"
    assert signal.ends_at is not None
    before = state(meridian)
    receive(meridian, *order)
    assert state(meridian) == before


def test_resolved_before_firing_opens_nothing(meridian: Organisation) -> None:
    receive(meridian, RESOLVED, FIRING)
    (signal,) = signals(meridian)
    assert (signal.state, signal.finding, signal.incident) == ("resolved", "over", None)
    assert meridian.reads(incidents.open_incidents) == []
    assert meridian.trail("alerts:alertmanager", "signal.resolved")


def test_resolved_alone_is_shown_on_the_open_incident_it_belongs_to(meridian: Organisation) -> None:
    meridian.opens()
    receive(meridian, RESOLVED)
    (signal,) = signals(meridian)
    assert (signal.state, signal.finding, signal.incident) == ("resolved", "over", "INC-1")
    assert meridian.trail("INC-1", "signal.resolved")


def test_firing_and_resolved_in_one_body_is_over(meridian: Organisation) -> None:
    receive(meridian, raw(alert(), alert(status="resolved")))
    (signal,) = signals(meridian)
    assert (signal.state, signal.finding) == ("resolved", "over")
    assert meridian.reads(incidents.open_incidents) == []


def test_a_new_episode_is_a_new_signal(meridian: Organisation) -> None:
    """R103."""
    receive(meridian, FIRING, RESOLVED, raw(alert(startsAt="2026-11-21T08:59:00Z")))
    assert [signal.state for signal in signals(meridian)] == ["resolved", "firing"]
    assert [signal.incident for signal in signals(meridian)] == ["INC-1", "INC-1"]


def test_a_value_that_worsens_while_it_fires_becomes_a_breach(meridian: Organisation) -> None:
    """R013."""
    receive(meridian, BELATED)
    assert signals(meridian)[0].finding == "within_limit"
    receive(meridian, FIRING)
    (signal,) = signals(meridian)
    assert (signal.finding, signal.value, signal.incident) == ("breached", 2.1, "INC-1")


def test_what_stays_within_its_limit_keeps_its_newest_value(meridian: Organisation) -> None:
    receive(meridian, BELATED, raw(alert(annotations={"value": "3.2"})))
    (signal,) = signals(meridian)
    assert (signal.finding, signal.value) == ("within_limit", 3.2)
    assert len(meridian.trail("alerts:alertmanager", "signal.set_aside")) == 1


@pytest.mark.parametrize(
    ("labels", "finding", "note"),
    [
        ({"system": "shop"}, "needs_context", "Its system “shop” is not in systems.yaml."),
        ({"system": None}, "needs_context", "No label says which system"),
        ({"version": None}, "needs_context", "No label says which version of shop-recommender"),
        ({"metric": "queue_length"}, "no_trigger", "No trigger watches queue_length of shop-recommender."),
    ],
)
def test_what_cannot_be_judged_is_kept_and_said(
    meridian: Organisation, labels: dict[str, Any], finding: str, note: str
) -> None:
    """R028."""
    receive(meridian, raw(alert(labels=labels)))
    (signal,) = signals(meridian)
    assert signal.finding == finding
    assert note in signal.note
    assert meridian.reads(incidents.open_incidents) == []


def test_without_a_value_the_source_s_own_rule_counts(meridian: Organisation) -> None:
    """R013."""
    receive(meridian, raw(alert(annotations={"value": None})))
    (signal,) = signals(meridian)
    assert (signal.finding, signal.value) == ("breached", None)
    assert "the source's own rule counts" in meridian.notes()[0]


def test_a_version_nobody_has_listed_still_opens_an_incident(meridian: Organisation) -> None:
    receive(meridian, raw(alert(labels={"version": "9"})))
    assert meridian.incident().version == "9"
    assert meridian.incident().impact["good_version"] == "8"
