"""Severity by decision nodes, versions, ranking, words, and the checks of systems.yaml and severity.yaml."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.foundation.config import Config
from bot.incidents import rules
from bot.incidents.models import Node, Severity, SeverityPolicy, Systems
from bot.incidents.rules import Facts
from bot.people.models import Directory, Role
from tests.incidents.organisation import shipped_config
from tests.incidents.samples import OPENED, policy, system, systems
from tests.support.stores import config_of

TAGS = ["medical", "regulated", "lending"]
FAMILIES = ["business", "safety", "operational"]
DOWNSTREAM = ["Loan approval", "Newsletter"]

node_conditions = st.fixed_dictionaries(
    {
        "any_tag": st.lists(st.sampled_from(TAGS), unique=True),
        "any_downstream": st.lists(st.sampled_from(DOWNSTREAM), unique=True),
        "families": st.lists(st.sampled_from(FAMILIES), unique=True),
        "harm": st.none() | st.booleans(),
        "share_of_users_at_least": st.none() | st.sampled_from([0.0, 0.2, 0.6]),
        "then": st.sampled_from(Severity),
    }
)
facts = st.builds(
    Facts,
    tags=st.lists(st.sampled_from(TAGS)),
    downstream=st.lists(st.sampled_from(DOWNSTREAM)),
    share_of_users=st.floats(0, 1),
    families=st.lists(st.sampled_from(FAMILIES)),
    harm=st.booleans(),
)


def policy_of(conditions: list[dict[str, Any]]) -> SeverityPolicy:
    nodes = [Node(name=f"n{place}", question=f"Question {place}?", **one) for place, one in enumerate(conditions)]
    return SeverityPolicy(nodes=nodes, otherwise=Severity.LOW)


@pytest.mark.parametrize(
    ("known", "severity", "deciding"),
    [
        (Facts(), "low", None),
        (Facts(families=["business"]), "medium", "revenue"),
        (Facts(tags=["medical"]), "high", "medical"),
        (Facts(families=["business"], harm=True), "high", "harm"),
        (Facts(tags=["medical"], harm=True), "high", "harm"),
        (Facts(tags=["lending"], families=["operational"]), "low", None),
    ],
)
def test_the_first_question_answered_yes_decides(known: Facts, severity: str, deciding: str | None) -> None:
    """R040 R041 R168."""
    found, path = rules.classify(policy(), known)
    assert found == severity
    assert [step["node"] for step in path if step["answer"] == "yes"] == ([deciding] if deciding else [])


def test_the_path_says_each_question_that_was_asked() -> None:
    """R041."""
    _, path = rules.classify(policy(), Facts(families=["business"]))
    assert [(step["question"], step["answer"]) for step in path] == [
        ("Somebody may be harmed?", "no"),
        ("Patients' safety?", "no"),
        ("Revenue at risk?", "yes"),
    ]


@given(st.lists(node_conditions, max_size=6), facts)
def test_every_case_has_a_severity_and_a_path_that_explains_it(conditions: list[dict[str, Any]], known: Facts) -> None:
    """R040 R041."""
    severity, path = rules.classify(policy_of(conditions), known)
    yes = [step for step in path if step["answer"] == "yes"]
    assert yes == path[len(path) - len(yes) :]
    assert len(yes) <= 1
    assert severity == (yes[0]["then"] if yes else Severity.LOW)


@given(st.lists(node_conditions, min_size=2, max_size=5), facts)
def test_a_node_called_unreachable_never_decides(conditions: list[dict[str, Any]], known: Facts) -> None:
    covered = {
        later.name
        for place, later in enumerate(policy_of(conditions).nodes)
        for earlier in policy_of(conditions).nodes[:place]
        if rules._covers(earlier, later)
    }
    _, path = rules.classify(policy_of(conditions), known)
    assert not {step["node"] for step in path if step["answer"] == "yes"} & covered


@pytest.mark.parametrize(
    ("conditions", "yes"),
    [
        ({"any_downstream": ["Loan approval"]}, True),
        ({"any_downstream": ["Newsletter"]}, False),
        ({"share_of_users_at_least": 0.5}, True),
        ({"share_of_users_at_least": 0.51}, False),
        ({"harm": False}, True),
        ({"any_tag": ["lending"], "families": ["safety"]}, False),
        ({"any_tag": ["lending"], "families": ["business"]}, True),
        ({}, True),
    ],
)
def test_all_conditions_of_a_node_must_hold(conditions: dict[str, Any], yes: bool) -> None:
    """R040 R052."""
    known = Facts(["lending"], ["Loan approval"], 0.5, ["business"])
    severity, _ = rules.classify(policy_of([{**conditions, "then": "high"}]), known)
    assert (severity == Severity.HIGH) is yes


@pytest.mark.parametrize(
    ("before", "after", "dropped"),
    [
        (["a", "b"], ["a"], ["b"]),
        (["a"], ["a", "b"], []),
        (["a", "a"], ["a"], ["a"]),
        (["a"], ["b"], ["a"]),
        ([], [], []),
    ],
)
def test_an_approval_is_dropped_when_fewer_of_a_role_are_needed(
    before: list[str], after: list[str], dropped: list[str]
) -> None:
    """R043."""
    assert rules.dropped(before, after) == dropped


@pytest.mark.parametrize(
    ("known", "severity", "met"),
    [
        (Facts(harm=True), "high", "harmed"),
        (Facts(harm=True), "medium", None),
        (Facts(tags=["regulated"], share_of_users=0.3), "low", "regulated_at_scale"),
        (Facts(tags=["regulated"], share_of_users=0.1), "high", None),
        (Facts(), "high", None),
    ],
)
def test_the_committee_is_told_on_listed_criteria_only(known: Facts, severity: str, met: str | None) -> None:
    """R046."""
    criterion = rules.criterion_met(shipped_config()[SeverityPolicy], known, severity)
    assert (criterion.name if criterion else None) == met
    assert rules.criterion_met(policy(), known, severity) is None


def test_worse_is_worse() -> None:
    assert rules.is_worse("high", "medium")
    assert rules.is_worse("medium", "low")
    assert not rules.is_worse("medium", "medium")
    assert not rules.is_worse("low", "high")


def test_impact_keeps_findings_of_no_issue_and_who_is_touched() -> None:
    """R049 R050 R052 R053 R169 R170."""
    impact = rules.impact_of(system(), "8", ["U0MAYA0001"])
    assert impact["compliance"] == "No compliance issue."
    assert impact["downstream"] == ["Weekly newsletter", "Stock planning"]
    assert (impact["users"], impact["share_of_users"]) == (240_000, 0.35)
    assert impact["customers"] == "Visitors buy less."
    assert impact["owners"] == ["U0MAYA0001"]
    assert impact["good_version"] == "7"


@pytest.mark.parametrize(
    ("bad", "good"), [("8", "7"), ("7", None), ("9", "8"), ("", "8")], ids=["newest", "oldest", "unlisted", "empty"]
)
def test_the_good_version_is_the_one_before(bad: str, good: str | None) -> None:
    assert rules.good_version(["7", "8"], bad) == good


@pytest.mark.parametrize(
    ("written", "listed"), [("8", "8"), ("v8", "8"), (" 8 ", "8"), ("9", "9"), ("v9", "v9"), ("3", "v3")]
)
def test_versions_are_recognised_with_or_without_v(written: str, listed: str) -> None:
    assert rules.listed_version(["7", "8", "v3"], written) == listed


@pytest.mark.parametrize(
    ("written", "listed"),
    [("shop-recommender", "shop-recommender"), ("Shop-Recommender ", "shop-recommender"), ("shop", None), ("", None)],
)
def test_systems_are_recognised_in_any_case(written: str, listed: str | None) -> None:
    assert rules.listed_system(systems().systems, written) == listed


@given(st.timedeltas(timedelta(0), timedelta(days=30)), st.timedeltas(timedelta(minutes=1), timedelta(days=1)))
def test_the_next_update_is_ahead_by_at_most_the_interval(passed: timedelta, every: timedelta) -> None:
    now = OPENED + passed
    due = rules.next_update(OPENED, every, now)
    assert now < due <= now + every
    assert (due - OPENED) % every == timedelta(0)


@pytest.mark.parametrize(
    ("users", "words"),
    [
        (0, "no users directly"),
        (1, "fewer than 100 users"),
        (99, "fewer than 100 users"),
        (100, "about 100 users"),
        (9_500, "about 9,500 users"),
        (18_349, "about 18,000 users"),
        (240_000, "about 240,000 users"),
        (1_996_000, "about 2,000,000 users"),
    ],
)
def test_numbers_of_people_are_rounded(users: int, words: str) -> None:
    """R049."""
    assert rules.about(users) == words


def test_moments_in_words() -> None:
    moment = datetime(2026, 11, 21, 14, 5, tzinfo=UTC)
    assert rules.utc_words(moment) == "2026-11-21 14:05 UTC"
    assert rules.clock_words(moment, "Europe/Stockholm") == "15:05 CET on 21 November"
    assert rules.clock_words(moment, "Asia/Tokyo") == "23:05 JST on 21 November"


def checked(changed_policy: SeverityPolicy | None = None, **changes: Any) -> list[str]:
    directory = Directory.model_validate(
        {
            "team": {"slack": "T0MERIDIAN", "name": "Meridian"},
            "people": {},
            "roles": {"model_owner": Role(title="Model owner").model_dump()},
        }
    )
    config: Config = config_of(systems(**changes), changed_policy or policy(), directory)
    return [f"{problem.what}; {problem.mend}" for problem in rules.checks(config)]


def test_a_sound_configuration_has_no_problems() -> None:
    assert checked() == []


def test_checks_of_systems() -> None:
    assert checked(owner="modl_owner") == ["“modl_owner” is not a role in people.yaml; did you mean “model_owner”?"]
    assert checked(owner="zzz") == ["“zzz” is not a role in people.yaml; name a role of people.yaml"]
    assert checked(versions=["7", "8", "7"]) == [
        "version “7” of shop-recommender is listed twice; list each version once, oldest first"
    ]
    assert checked(versions=["7", " 8"])[0].startswith("a version of shop-recommender is empty or has spaces")


def node(name: str, **conditions: Any) -> Node:
    return Node(name=name, question="Really?", then=Severity.HIGH, **conditions)


@pytest.mark.parametrize(
    ("nodes", "says"),
    [
        ([node("a"), node("b", harm=True)], "“b” is never reached"),
        ([node("a", share_of_users_at_least=0.2), node("b", share_of_users_at_least=0.6)], "“b” is never reached"),
        ([node("a", harm=True), node("a", harm=False)], "two nodes are called “a”"),
        ([node("a", any_tag=["medcal"])], "no system carries the tag “medcal”; did you mean “medical”?"),
        ([node("a", any_downstream=["Nothing"])], "“Nothing” stands downstream of no system; correct the spelling"),
    ],
)
def test_checks_of_severity_nodes(nodes: list[Node], says: str) -> None:
    problems = checked(SeverityPolicy(nodes=nodes, otherwise=Severity.LOW))
    assert len(problems) == 1
    assert says in problems[0]


def test_each_severity_needs_its_interval_of_news() -> None:
    hourly = SeverityPolicy(nodes=[], otherwise=Severity.LOW, update_every={Severity.HIGH: timedelta(hours=1)})
    problems = checked(hourly)
    assert ["severity low" in problems[0], "severity medium" in problems[1], len(problems)] == [True, True, 2]


def test_the_shipped_systems_and_severities_are_sound() -> None:
    """R040 R049 R050 R052 R169 R170: every system says whom it touches, also where there is no issue."""
    config = shipped_config()
    assert list(rules.checks(config)) == []
    for known in config[Systems].systems.values():
        assert all((known.does, known.downstream, known.data_integrity, known.compliance, known.customers))
