"""Whether triggers.yaml makes sense: the shipped one does, and each mistake is named."""

from typing import Any

import pytest

from bot.alerts.models import Family, LabelMapping, Rate, Trigger, Triggers
from bot.alerts.rules.checking import checks
from bot.incidents.models import Node, Severity, SeverityPolicy
from tests.alerts.samples import trigger, triggers
from tests.incidents.organisation import shipped_config
from tests.incidents.samples import policy, systems
from tests.support.stores import config_of


def problems(section: Triggers, severity: SeverityPolicy | None = None) -> list[str]:
    config = config_of(section, systems(), severity or policy())
    return [f"{problem.what}; {problem.mend}" for problem in checks(config)]


def test_sound_triggers_have_no_problems() -> None:
    """R001 R004."""
    assert problems(triggers()) == []


def test_a_rate_for_no_source_is_named() -> None:
    """T13."""
    found = problems(triggers().model_copy(update={"rates": {"alertmanger": Rate()}}))
    assert found == ["“alertmanger” is not a source; did you mean “alertmanager”?"]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (trigger(below=None), "x has no limit; give it one limit"),
        (trigger(above=9.0), "x has both “above” and “below”; give it one limit"),
        (trigger(below=float("inf")), "the limit of x is no finite number"),
        (trigger(systems=["shop-recomender"]), "did you mean “shop-recommender”?"),
        (trigger(systems=["zzz"]), "name a system of systems.yaml"),
    ],
)
def test_mistakes_in_triggers(changed: Trigger, says: str) -> None:
    """R003 R004."""
    found = problems(triggers(x=changed))
    assert len(found) == 1
    assert says in found[0]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"sources": {"Bad Name": "alertmanager"}}, "“Bad Name” cannot be part of an address"),
        ({"mapping": LabelMapping(version=[])}, "no label says the version"),
    ],
)
def test_mistakes_in_sources_and_mapping(changes: dict[str, Any], says: str) -> None:
    found = problems(triggers().model_copy(update=changes))
    assert len(found) == 1
    assert says in found[0]


def test_families_in_the_severity_policy_must_exist() -> None:
    severity = SeverityPolicy(
        nodes=[Node(name="a", question="Revenue?", families=["busines"], then=Severity.HIGH)], otherwise=Severity.LOW
    )
    assert problems(triggers(), severity) == ["“busines” is not a family of signals; did you mean “business”?"]


def test_the_shipped_triggers_are_sound_and_say_what_they_protect_and_where_they_come_from() -> None:
    """R001 R002 R003 R004 R005 R020 R024 R025 R026 R027: named, measurable, of every family."""
    config = shipped_config()
    assert list(checks(config)) == []
    shipped = config[Triggers].triggers
    for one in shipped.values():
        assert all((one.title, one.unit, one.window, one.protects, one.source))
    assert {one.family for one in shipped.values()} == set(Family)
    assert {"accuracy", "drift_share", "latency_p95", "error_rate", "conversion_rate", "complaint_rate"} <= {
        one.metric for one in shipped.values()
    }
