"""Read what Prometheus Alertmanager sends (webhook version "4").

Facts: https://prometheus.io/docs/alerting/latest/configuration/#webhook_config, and bodies captured from 0.25.
`endsAt` is the year 1 while firing; `startsAt` is the same in the firing and the resolved body; the status that counts
is each alert's own; `fingerprint` names an alert, `startsAt` its episode.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

MAX_ALERTS = 500
MAX_LABELS = 64
MAX_VALUES = 10_000
"""Labels and annotations of one body in all: twenty for each of 500 alerts."""
LARGEST = 2**53
"""Above this a JSON number need not be what was written (RFC 8259, section 6)."""
NAME = 200
TEXT = 2000


@dataclass(frozen=True)
class Alert:
    """One alert of a body: labels and annotations are texts, times are aware and in UTC (None: not said)."""

    fingerprint: str
    is_firing: bool
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_at: datetime | None
    ends_at: datetime | None


@dataclass(frozen=True)
class Batch:
    """What a body says: its alerts in order, and in words what in it could not be read (empty: nothing)."""

    alerts: tuple[Alert, ...]
    note: str = ""


@dataclass(frozen=True)
class NotUnderstood:
    """Why a body is not of this shape."""

    why: str


def read(body: Any) -> Batch | NotUnderstood:
    """Find the alerts in a body. Never raises, whatever the JSON; one bad alert does not spoil the others."""
    if not isinstance(body, dict):
        return NotUnderstood("It is not a JSON object.")
    if body.get("version") != "4":
        return NotUnderstood("Its “version” is not “4”, as Alertmanager's is.")
    entries = body.get("alerts")
    if not isinstance(entries, list):
        return NotUnderstood("It has no list “alerts”.")
    first = _first(entries)
    read_entries = [_alert(entry, body.get("status")) for entry in first]
    alerts = tuple(entry for entry in read_entries if isinstance(entry, Alert))
    wrong = [entry for entry in read_entries if isinstance(entry, str)]
    if wrong and not alerts:
        return NotUnderstood(f"None of its alerts can be read: {wrong[0]}")
    return Batch(alerts, _note(wrong, len(first), len(entries), body.get("truncatedAlerts")))


def _first(entries: list[Any]) -> list[Any]:
    """Return as many as one body may bring; the others are not read, only kept and mentioned."""
    kept, values = [], 0
    for entry in entries[:MAX_ALERTS]:
        values += _size(entry)
        if values > MAX_VALUES:
            break
        kept.append(entry)
    return kept


def _size(entry: Any) -> int:
    parts = [entry.get("labels"), entry.get("annotations")] if isinstance(entry, dict) else []
    return sum(min(len(part), MAX_LABELS) for part in parts if isinstance(part, dict))


def _note(wrong: list[str], read: int, count: int, truncated: Any) -> str:
    notes = []
    if wrong:
        notes.append(f"{len(wrong)} of its {count} alerts could not be read: {wrong[0]}")
    if count > read:
        notes.append(f"Only the first {read} of its {count} alerts were read; set max_alerts in Alertmanager.")
    if isinstance(truncated, int) and 0 < truncated < LARGEST:
        notes.append(f"Alertmanager itself left out {truncated} alerts (max_alerts).")
    return " ".join(notes)


def _alert(entry: Any, body_status: Any) -> Alert | str:
    """Return an alert, or why it cannot be read."""
    if not isinstance(entry, dict):
        return "one is not an object."
    status = entry.get("status", body_status)
    if status not in ("firing", "resolved"):
        return "one is neither firing nor resolved."
    if not isinstance(entry.get("labels"), dict):
        return "one has no labels."
    starts, ends = _moment(entry.get("startsAt")), _moment(entry.get("endsAt"))
    if isinstance(starts, str):
        return f"one has a startsAt that is no time ({starts[:40]})."
    labels = _texts(entry["labels"])
    return Alert(
        fingerprint=_fingerprint(entry.get("fingerprint"), labels),
        is_firing=status == "firing",
        labels=labels,
        annotations=_texts(entry.get("annotations")),
        starts_at=starts,
        ends_at=None if isinstance(ends, str) else ends,
    )


def _fingerprint(given: Any, labels: Mapping[str, str]) -> str:
    if isinstance(given, str) and 0 < len(given) <= 64:
        return given
    return hashlib.sha256(json.dumps([given, dict(labels)], sort_keys=True).encode()).hexdigest()[:32]


def _texts(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        return {}
    return {str(name)[:NAME]: _text(one)[:TEXT] for name, one in list(value.items())[:MAX_LABELS]}


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _moment(written: Any) -> datetime | str | None:
    """Return an RFC 3339 time in UTC, None for the zero date or nothing; what was written if it is no time."""
    if written is None or written == "":
        return None
    if not isinstance(written, str):
        return _text(written)
    try:
        moment = datetime.fromisoformat(written)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None if written.startswith("0001-01-01T") else written
    return moment if moment.year >= 1970 else None
