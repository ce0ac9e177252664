"""Bodies as Alertmanager sends them, and triggers that watch what is in them."""

import json
from typing import Any

from bot.alerts.models import Family, Trigger, Triggers

STARTED = "2026-11-21T08:43:44.892000001Z"
ENDED = "2026-11-21T08:58:01.5Z"
NEVER = "0001-01-01T00:00:00Z"


def alert(**changes: Any) -> dict[str, Any]:
    """One firing alert about version 8 of the shop recommender, with changes; `labels` and `annotations` are added."""
    resolved = changes.get("status") == "resolved"
    values: dict[str, Any] = {
        "status": "firing",
        "startsAt": STARTED,
        "endsAt": ENDED if resolved else NEVER,
        "generatorURL": "http://prometheus.example:9090/graph?g0.expr=shop_conversion+%3C+0.03",
        "fingerprint": "c1f0a6de5b5e7d11",
    }
    labels = {
        "alertname": "ConversionDrop",
        "system": "shop-recommender",
        "version": "8",
        "metric": "conversion_rate",
        "severity": "warning",
    }
    annotations = {"summary": "Conversion is down to 2.1 %", "value": "2.1"}
    values |= changes
    values["labels"] = without_none(labels | changes.get("labels", {}))
    values["annotations"] = without_none(annotations | changes.get("annotations", {}))
    return values


def body(*alerts: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A webhook body of version 4."""
    entries = list(alerts) or [alert()]
    return {
        "receiver": "backout",
        "status": "firing" if any(one["status"] == "firing" for one in entries) else "resolved",
        "alerts": entries,
        "groupLabels": {"alertname": "ConversionDrop"},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.example:9093",
        "version": "4",
        "groupKey": '{}:{alertname="ConversionDrop"}',
        "truncatedAlerts": 0,
    } | changes


def raw(*alerts: dict[str, Any], **changes: Any) -> bytes:
    """The same as bytes."""
    return json.dumps(body(*alerts, **changes)).encode()


def trigger(**changes: Any) -> Trigger:
    """A trigger on the conversion rate: at least 3 %."""
    values: dict[str, Any] = {
        "title": "Visitors buy less",
        "metric": "conversion_rate",
        "systems": ["shop-recommender"],
        "below": 3.0,
        "unit": "%",
        "window": "30 min",
        "family": Family.BUSINESS,
        "protects": "Revenue of the shop.",
        "source": "Team decision.",
    }
    return Trigger.model_validate(values | changes)


def triggers(**more: Trigger) -> Triggers:
    """Three triggers: conversion, errors of any system, harmful suggestions."""
    known = {
        "conversion_drop": trigger(),
        "errors": trigger(
            title="Requests fail", metric="error_rate", systems=[], below=None, above=5.0, family=Family.OPERATIONAL
        ),
        "harmful": trigger(
            title="Harmful suggestions",
            metric="harm_reports",
            systems=[],
            below=None,
            above=0,
            unit="reports",
            family=Family.SAFETY,
            harm=True,
            protects="People who follow a harmful suggestion.",
        ),
    }
    return Triggers(sources={"alertmanager": "alertmanager"}, triggers=known | more)


def without_none(values: dict[str, Any]) -> dict[str, Any]:
    """Leave out what a test has set to None."""
    return {name: value for name, value in values.items() if value is not None}
