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
    assert [signal.dedup_key.split("|")[1] for signal in found.first] == ["b", "a", "d"]
    assert [signal.state for signal in found.first] == ["firing", "firing", "resolved"]
    assert (found.firing, found.resolved) == (2, 1)


def test_of_many_only_the_first_are_read(meridian: Organisation) -> None:
    """F12: a card costs the same, however many signals stand on it."""
    receive(meridian, raw(*[alert(fingerprint=f"f{number}") for number in range(40)]))
    found = meridian.reads(service.signals_of, "INC-1")
    assert (len(found.first), found.count) == (5, 40)


def test_an_index_has_them_in_the_order_of_the_card(meridian: Organisation) -> None:
    """F12: nothing is sorted, so ten thousand signals of one incident cost no more than five."""
    plan = "EXPLAIN QUERY PLAN SELECT * FROM signal WHERE incident = 'INC-1' AND state = 'firing' "
    order = "ORDER BY starts_at DESC, id DESC LIMIT 5"
    steps = meridian.reads(lambda reading: reading.session.connection().exec_driver_sql(plan + order).all())
    assert [step[3] for step in steps] == ["SEARCH signal USING INDEX signal_of_incident (incident=? AND state=?)"]
