"""What is an alert about? By its labels, as `triggers.yaml` maps them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.alerts.models import LabelMapping
from bot.alerts.rules.alertmanager import Alert

NAME = 120
SUMMARY = 500
LARGEST = 1e300
_NUMBER = re.compile(
    r"(?P<sign>[+-]?)(?:(?P<thousands>[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?)|(?P<comma>\d+,\d+)"
    r"|(?P<plain>(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,3})?))(?![\d.,])\s*(?P<unit>.*)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Measure:
    """A number as it was written, and the unit written after it ('' if none)."""

    number: float
    unit: str = ""


@dataclass(frozen=True)
class Subject:
    """What an alert is about; None where no label says so."""

    system: str | None
    version: str | None
    metric: str
    measure: Measure | None
    summary: str


def subject_of(alert: Alert, mapping: LabelMapping) -> Subject:
    """Say what an alert is about."""
    system, version = _first(alert.labels, mapping.system), _first(alert.labels, mapping.version)
    metric = _first(alert.labels, mapping.metric) or "unnamed"
    value = _first(alert.annotations, mapping.value) or _first(alert.labels, mapping.value)
    summary = _first(alert.annotations, ["summary", "description", "message"]) or metric
    return Subject(
        system=system[:NAME] if system else None,
        version=version[:NAME] if version else None,
        metric=metric[:NAME],
        measure=measure(value) if value else None,
        summary=" ".join(summary.split())[:SUMMARY],
    )


def dedup_key(source: str, alert: Alert) -> str:
    """Return what stays the same however often, and in whichever order, a source tells us about one episode."""
    start = alert.starts_at.isoformat() if alert.starts_at else ""
    return f"{source}|{alert.fingerprint}|{start}"


def measure(written: str) -> Measure | None:
    """Read a number as people and templates write it: “31%”, “0.31”, “1,234”, “0,31”, “420 ms”, “1.5e-05”.

    A comma before exactly three digits separates thousands, otherwise it is a decimal comma. None for what is no
    number (NaN and +Inf included).
    """
    found = _NUMBER.fullmatch(" ".join(written.split()))
    if found is None:
        return None
    thousands, comma = found["thousands"], found["comma"]
    digits = thousands.replace(",", "") if thousands else comma.replace(",", ".") if comma else found["plain"]
    number = float(found["sign"] + digits)
    return Measure(number, found["unit"][:40]) if abs(number) < LARGEST else None


def number_words(value: float) -> str:
    """Return a number as people read it: at most four digits after the point, thousands separated."""
    return f"{value:,.4f}".rstrip("0").rstrip(".") if abs(value) < 1e15 else f"{value:.4g}"


def started(alert: Alert, received_at: datetime) -> datetime:
    """Return when it began, as the source says; when we heard of it if it does not say."""
    return alert.starts_at or received_at


def _first(values: Mapping[str, str], names: Sequence[str]) -> str | None:
    found = (" ".join(values.get(name, "").split()) for name in names)
    return next((value for value in found if value), None)
