"""What Prometheus may read at `/metrics`."""

from collections.abc import Mapping

from prometheus_client import Counter, Gauge, Histogram

alerts_received = Counter("backout_alerts_received", "Alert bodies taken and stored", ["source"])
alerts_refused = Counter("backout_alerts_refused", "Alert bodies refused at the door", ["reason"])
gestures = Counter("backout_gestures", "Clicks, forms, commands and events by outcome", ["outcome"])
slack_calls = Counter("backout_slack_sends", "Messages handed to Slack by outcome", ["outcome"])
outbox_waiting = Gauge("backout_outbox_waiting", "Rows that have not left yet")
gesture_seconds = Histogram("backout_gesture_seconds", "From receiving a gesture to its acknowledgement")
loop_silent_seconds = Gauge("backout_loop_silent_seconds", "Since a loop last showed that it is alive", ["loop"])
overdue_seconds = Gauge("backout_overdue_seconds", "How late the oldest overdue work is", ["kind"])
heartbeats = Counter("backout_heartbeats", "Heartbeats to the dead man's switch by outcome", ["outcome"])
_late: set[str] = set()


def show_overdue(late: Mapping[str, float]) -> None:
    """Show how many seconds late each kind of work is; what was late before and no longer is shows 0."""
    for kind in _late - late.keys():
        overdue_seconds.labels(kind=kind).set(0)
    for kind, seconds in late.items():
        _late.add(kind)
        overdue_seconds.labels(kind=kind).set(seconds)
