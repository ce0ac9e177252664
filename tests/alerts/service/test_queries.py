"""The signals of an incident."""

from bot.alerts import service
from tests.alerts.inbox import receive
from tests.alerts.samples import alert, raw
from tests.incidents.organisation import Organisation


def test_what_still_fires_comes_first_then_the_newest(meridian: Organisation) -> None:
    """R103."""
    early, late = "2026-11-21T08:00:00Z", "2026-11-21T08:30:00Z"
    receive(
        meridian,
        raw(alert(fingerprint="a", startsAt=early), alert(fingerprint="b", startsAt=late)),
        raw(alert(fingerprint="c"), alert(fingerprint="c", status="resolved")),
        raw(alert(fingerprint="d"), alert(fingerprint="e", labels={"version": "7"})),
        raw(alert(fingerprint="d", status="resolved")),
    )
    found = meridian.reads(service.signals_of, "INC-1")
    assert [signal.dedup_key.split("|")[1] for signal in found] == ["b", "a", "d"]
    assert [signal.state for signal in found] == ["firing", "firing", "resolved"]
