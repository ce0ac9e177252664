"""What follows from a body: incidents, threads, cards and the trail; one line per incident, however many signals."""

from bot.foundation.models import OutboxRow
from bot.incidents import service as incidents
from tests.alerts.inbox import receive, signals
from tests.alerts.samples import alert, raw
from tests.incidents.organisation import Organisation


def card(meridian: Organisation) -> OutboxRow:
    return meridian.outbox("card:INC-1")[0]


def test_one_breach_opens_one_documented_incident(meridian: Organisation) -> None:
    """R001 R003 R013 R020 R024 R103."""
    receive(meridian, raw())
    incident = meridian.incident()
    assert (incident.title, incident.severity, incident.families) == ("Visitors buy less", "medium", ["business"])
    assert meridian.notes()[0] == (
        "Opened by Backout. Visitors buy less: conversion_rate is 2.1 % (allowed: at least 3 % over 30 min) "
        "since 2026-11-21 08:43 UTC. Reported by alertmanager."
    )
    (fired,) = meridian.trail("INC-1", "signal.breached")
    (fact,) = fired.facts["signals"]
    assert (fact["metric"], fact["value"], fact["trigger"]) == ("conversion_rate", "2.1", "conversion_drop")
    assert fact["signal"] == signals(meridian)[0].id


def test_complaints_are_a_trigger_like_any_other(meridian: Organisation) -> None:
    """R002 R025 R026: user complaints, with a limit of their own."""
    labels = {"system": "support-bot", "version": "42", "metric": "complaint_rate"}
    receive(meridian, raw(alert(labels=labels, annotations={"value": "41 per 10k conversations"})))
    incident = meridian.incident()
    assert (incident.title, incident.severity) == ("Customers complain about answers", "low")


def test_harmful_output_is_high_whatever_the_system(meridian: Organisation) -> None:
    """R002 R168."""
    labels = {"system": "support-bot", "version": "42", "metric": "moderation_failure_rate"}
    receive(meridian, raw(alert(labels=labels, annotations={"value": "31"})))
    assert meridian.incident().severity == "high"
    assert meridian.incident().harm is True


def test_the_signals_of_a_version_share_one_incident_and_one_line(meridian: Organisation) -> None:
    """R026 R027: signals of several families about one version."""
    errors = alert(fingerprint="b", labels={"metric": "error_rate"}, annotations={"value": "9"})
    receive(meridian, raw(alert(), errors, alert(fingerprint="c", labels={"version": "9"})))
    assert {signal.incident for signal in signals(meridian)} == {"INC-1", "INC-2"}
    assert meridian.incident("INC-1").families == ["business", "operational"]
    assert "And 1 more at the same time." in meridian.notes("INC-1")[0]
    assert len(meridian.trail("INC-1", "signal.breached")) == 1


def test_more_about_the_version_joins_and_is_said(meridian: Organisation) -> None:
    """R103."""
    receive(meridian, raw())
    wanted = card(meridian).wanted
    receive(meridian, raw(alert(fingerprint="b", labels={"metric": "engagement_rate"}, annotations={"value": "8 %"})))
    assert "Visitors ignore the recommendations: engagement_rate is 8 %" in meridian.notes()[-1]
    assert card(meridian).wanted > wanted
    assert len(meridian.trail("INC-1", "incident.signal_joined")) == 1


def test_a_resolved_signal_is_said_and_leaves_the_incident_to_people(meridian: Organisation) -> None:
    """R103."""
    receive(meridian, raw())
    wanted = card(meridian).wanted
    receive(meridian, raw(alert(status="resolved")))
    assert meridian.incident().state == "open"
    assert meridian.notes()[-1] == (
        "✅ alertmanager says that this is over: conversion_rate. The incident stays open until a person closes it."
    )
    assert card(meridian).wanted == wanted + 1
    (resolved,) = meridian.trail("INC-1", "signal.resolved")
    assert resolved.facts["signals"][0]["metric"] == "conversion_rate"


def test_what_comes_and_goes_is_told_in_its_order(meridian: Organisation) -> None:
    """R103: also when it is read in one go, so that the last line in the thread says how it stands."""
    later = alert(startsAt="2026-11-21T08:59:00Z")
    receive(meridian, raw(), raw(alert(status="resolved")), raw(later), raw(alert(fingerprint="b")))
    opened, over, again = meridian.notes()
    assert "Opened by Backout" in opened
    assert "this is over" in over
    assert "And 1 more at the same time." in again
    assert [entry.action for entry in meridian.trail("INC-1", "signal.")] == [
        "signal.breached",
        "signal.resolved",
        "signal.breached",
    ]


def test_resolved_after_closing_is_said_without_asking_for_anything(meridian: Organisation) -> None:
    receive(meridian, raw())
    meridian.does("maya", incidents.close, "INC-1", "Version 7 serves.")
    receive(meridian, raw(alert(status="resolved")))
    assert meridian.notes()[-1] == "✅ alertmanager says that this is over: conversion_rate."


def test_five_hundred_alerts_in_one_body_are_one_incident_and_one_line(meridian: Organisation) -> None:
    receive(meridian, raw(*[alert(fingerprint=f"f{number}") for number in range(500)]))
    assert len(signals(meridian)) == 500
    assert {signal.incident for signal in signals(meridian)} == {"INC-1"}
    assert "And 499 more at the same time." in meridian.notes()[0]
    assert len(meridian.trail("INC-1", "signal.breached")[0].facts["signals"]) == 500
    assert len(meridian.outbox("card:")) == 1


def test_what_is_set_aside_is_recorded(meridian: Organisation) -> None:
    receive(meridian, raw(alert(labels={"metric": "queue_length"}), alert(fingerprint="b", annotations={"value": "9"})))
    entries = meridian.trail("alerts:alertmanager", "signal.set_aside")
    assert [entry.why for entry in entries] == [
        "1 from alertmanager: no trigger.",
        "1 from alertmanager: within limit.",
    ]


def test_hostile_words_of_an_alert_stay_words(meridian: Organisation) -> None:
    hostile = "<!channel> <@U0EVIL> <https://evil.example|click>"
    receive(meridian, raw(alert(labels={"version": hostile}, annotations={"summary": hostile, "value": "2.1"})))
    for text in meridian.notes():
        assert "<!channel>" not in text
        assert "<https://evil" not in text
