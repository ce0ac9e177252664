"""Whether a signal matters: values against limits, in the right unit."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.models import Finding
from bot.alerts.rules import judgement
from bot.alerts.rules.judgement import Judgement, judge
from bot.alerts.rules.mapping import Measure, Subject
from tests.alerts.samples import trigger, triggers


def subject(**changes: Any) -> Subject:
    values: dict[str, Any] = {
        "system": "shop-recommender",
        "version": "8",
        "metric": "conversion_rate",
        "measure": Measure(2.1),
        "summary": "Conversion is down",
    }
    return Subject(**(values | changes))


@pytest.mark.parametrize(
    ("changes", "finding", "trigger_name"),
    [
        ({}, Finding.BREACHED, "conversion_drop"),
        ({"measure": Measure(3.0)}, Finding.WITHIN_LIMIT, "conversion_drop"),
        ({"measure": Measure(3.8, "%")}, Finding.WITHIN_LIMIT, "conversion_drop"),
        ({"measure": Measure(0.021, "share")}, Finding.BREACHED, "conversion_drop"),
        ({"metric": "Conversion_Rate"}, Finding.BREACHED, "conversion_drop"),
        ({"metric": "error_rate", "measure": Measure(5.1)}, Finding.BREACHED, "errors"),
        ({"metric": "error_rate", "measure": Measure(5.0)}, Finding.WITHIN_LIMIT, "errors"),
        ({"metric": "harm_reports", "measure": Measure(1, "report")}, Finding.BREACHED, "harmful"),
        ({"metric": "something"}, Finding.NO_TRIGGER, None),
        ({"version": None}, Finding.NEEDS_CONTEXT, None),
    ],
)
def test_what_is_made_of_a_signal(changes: dict[str, Any], finding: Finding, trigger_name: str | None) -> None:
    """R001 R002 R003 R004 R013 R020 R024 R168."""
    found = judge(triggers(), subject(**changes), "shop-recommender")
    assert (found.finding, found.trigger) == (finding, trigger_name)


@pytest.mark.parametrize("measure", [None, Measure(2, "k"), Measure(9, "reports")])
def test_without_a_value_that_can_be_compared_the_source_s_own_rule_counts(measure: Measure | None) -> None:
    """R013."""
    found = judge(triggers(), subject(measure=measure), "shop-recommender")
    assert (found.finding, found.value) == (Finding.BREACHED, None)
    assert "the source's own rule counts" in found.note


def test_a_trigger_watches_only_its_systems() -> None:
    assert judge(triggers(), subject(), "triage-assistant").finding == Finding.NO_TRIGGER
    assert list(judgement.watching_triggers(triggers(), "error_rate", "triage-assistant")) == ["errors"]


def test_of_several_triggers_on_a_metric_the_breached_one_counts() -> None:
    too_good = trigger(title="Too good to be true", below=None, above=20.0)
    both = triggers(too_good=too_good)
    assert judge(both, subject(), "shop-recommender").trigger == "conversion_drop"
    assert judge(both, subject(measure=Measure(25)), "shop-recommender").trigger == "too_good"
    assert judge(both, subject(measure=Measure(5)), "shop-recommender").finding == Finding.WITHIN_LIMIT


@pytest.mark.parametrize(
    ("changes", "system", "note"),
    [
        ({"system": None}, None, "No label says which system it is about (looked for: system, model, service)."),
        ({"system": "shop"}, None, "Its system “shop” is not in systems.yaml."),
        (
            {"version": None},
            "shop-recommender",
            "No label says which version of shop-recommender it is about (looked for: version, model_version).",
        ),
    ],
)
def test_what_is_missing_is_said(changes: dict[str, Any], system: str | None, note: str) -> None:
    """R028."""
    found = judge(triggers(), subject(**changes), system)
    assert found == Judgement(Finding.NEEDS_CONTEXT, None, 2.1, note)


@pytest.mark.parametrize(
    ("measure", "unit", "value"),
    [
        (Measure(31, "%"), "share", 0.31),
        (Measure(0.31, "ratio"), "percent", 31),
        (Measure(31), "%", 31),
        (Measure(2, "s"), "ms", 2000),
        (Measure(1500, "ms"), "s", 1.5),
        (Measure(3, "Reports"), "report", 3),
        (Measure(3, "per 10k answers"), "per 10k  answers", 3),
        (Measure(3, "%"), "ms", None),
        (Measure(3, "k"), "", None),
    ],
)
def test_units(measure: Measure, unit: str, value: float | None) -> None:
    found = judgement.in_unit(measure, unit)
    assert found == (None if value is None else pytest.approx(value))


@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9))
def test_a_limit_has_two_sides_and_belongs_to_neither(value: float, limit: float) -> None:
    """R003 R004."""
    over = judgement.is_breached(trigger(below=None, above=limit), value)
    under = judgement.is_breached(trigger(below=limit), value)
    assert [over, under].count(True) == (0 if value == limit else 1)
    assert over == (value > limit)


def test_words() -> None:
    """R005."""
    assert judgement.limit_words(trigger()) == "at least 3 % over 30 min"
    assert judgement.limit_words(trigger(below=None, above=0.5)) == "at most 0.5 % over 30 min"
    assert judgement.value_words(2.1, trigger()) == "2.1 %"
    assert judgement.value_words(2.1, None) == "2.1"
    assert judgement.value_words(None, trigger()) == "no value that can be read"
    assert judgement.breach_words("conversion_rate", 2.1, trigger(), "08:43 UTC") == (
        "Visitors buy less: conversion_rate is 2.1 % (allowed: at least 3 % over 30 min) since 08:43 UTC."
    )
    assert "the source's own rule counts" in judgement.breach_words("conversion_rate", None, trigger(), "08:43 UTC")
