"""A small organisation for tests about incidents: two people, two systems, a short severity policy."""

from datetime import UTC, datetime
from typing import Any

from bot.incidents.models import Incident, Node, Severity, SeverityPolicy, System, Systems
from bot.incidents.rules import Facts, classify, impact_of

OPENED = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def system(**changes: Any) -> System:
    """The shop recommender, with changes."""
    values: dict[str, Any] = {
        "title": "Shop recommender",
        "incident_type": "recommendation",
        "does": "Chooses the products that visitors see first.",
        "channel": "C0SHOPREC1",
        "owner": "model_owner",
        "users": 240_000,
        "share_of_users": 0.35,
        "downstream": ["Weekly newsletter", "Stock planning"],
        "versions": ["7", "8"],
        "data_integrity": "No data is changed.",
        "compliance": "No compliance issue.",
        "customers": "Visitors buy less.",
        "target": {
            "kind": "flag_file",
            "file": "var/flags/shop.json",
            "flag": "shop",
            "serving_url": "http://127.0.0.1:3100/models/shop-recommender",
        },
    }
    return System.model_validate(values | changes)


def systems(**changes: Any) -> Systems:
    """Two systems: a shop recommender without tags, and a medical one."""
    return Systems(
        default_channel="C0ALERTS05",
        systems={
            "shop-recommender": system(**changes),
            "triage-assistant": system(
                title="Triage assistant",
                incident_type="clinical",
                channel="C0TRIAGE03",
                users=2_600,
                share_of_users=0.01,
                downstream=["Ambulance dispatch"],
                versions=["3.1", "3.2"],
                tags=["medical", "regulated"],
                compliance="Medical device software.",
            ),
        },
    )


def policy() -> SeverityPolicy:
    """Harm and medical systems are high, revenue is medium, the rest is low."""
    return SeverityPolicy(
        nodes=[
            Node(name="harm", question="Somebody may be harmed?", harm=True, then=Severity.HIGH),
            Node(name="medical", question="Patients' safety?", any_tag=["medical"], then=Severity.HIGH),
            Node(name="revenue", question="Revenue at risk?", families=["business"], then=Severity.MEDIUM),
        ],
        otherwise=Severity.LOW,
    )


def incident(**changes: Any) -> Incident:
    """An open incident of medium severity about version 8 of the shop recommender."""
    severity, path = classify(policy(), Facts(families=["business"]))
    values: dict[str, Any] = {
        "name": "INC-42",
        "number": 42,
        "system": "shop-recommender",
        "version": "8",
        "state": "open",
        "severity": severity,
        "severity_path": path,
        "impact": impact_of(system(), "8", ["U0MAYA0001"]),
        "title": "Visitors buy less",
        "channel": "C0SHOPREC1",
        "opened_at": OPENED,
        "opened_by": "Backout",
        "families": ["business"],
        "harm": False,
        "next_update_at": OPENED.replace(hour=13),
        "policies": {},
    }
    return Incident(**(values | changes))
