"""What Prometheus may read at `/metrics`."""

from prometheus_client import Counter, Gauge, Histogram

alerts_received = Counter("backout_alerts_received", "Alert bodies taken and stored", ["source"])
alerts_refused = Counter("backout_alerts_refused", "Alert bodies refused at the door", ["reason"])
gestures = Counter("backout_gestures", "Clicks, forms, commands and events by outcome", ["outcome"])
slack_calls = Counter("backout_slack_sends", "Messages handed to Slack by outcome", ["outcome"])
outbox_waiting = Gauge("backout_outbox_waiting", "Rows that have not left yet")
gesture_seconds = Histogram("backout_gesture_seconds", "From receiving a gesture to its acknowledgement")
