"""Decisions about incidents: how bad, whom it touches, which comes first. Pure."""

import difflib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.foundation.config import Config, Location
from bot.foundation.errors import Problem
from bot.incidents.models import Conditions, Criterion, Incident, Severity, SeverityPolicy, System, Systems
from bot.people.models import Directory

ORDER = tuple(Severity)
REGULATED = "regulated"
PERSON_NODE = "changed"


@dataclass(frozen=True)
class Facts:
    """What the decision nodes ask about: the system as configured, and what its signals said so far."""

    tags: Collection[str] = ()
    downstream: Collection[str] = ()
    share_of_users: float = 0.0
    families: Collection[str] = ()
    harm: bool = False


@dataclass(frozen=True)
class Names:
    """What people in an incident are called; None where there is nobody yet.

    Attributes:
        owners: Who owns the system, in words; empty if nobody does.
    """

    lead: str | None = None
    closed_by: str | None = None
    owners: str = ""


def classify(policy: SeverityPolicy, facts: Facts) -> tuple[Severity, list[dict[str, Any]]]:
    """Return the severity and the path to it: each question asked, with its answer, up to the one that decided."""
    path: list[dict[str, Any]] = []
    for node in policy.nodes:
        answer = _holds(node, facts)
        path.append({**_step(node.name, node.question, node.then, answer=answer), "kind": node.kind})
        if answer:
            return node.then, path
    return policy.otherwise, path


def criterion_met(policy: SeverityPolicy, facts: Facts, severity: str) -> Criterion | None:
    """Return the first reason to bring an incident to the governance committee; None if there is none."""
    criteria = policy.committee.when if policy.committee else []
    return next((one for one in criteria if _reaches(one, severity) and _holds(one, facts)), None)


def dropped(before: Sequence[str], after: Sequence[str]) -> list[str]:
    """Return the approvals that are needed before and not after, in order."""
    return list((Counter(before) - Counter(after)).elements())


def changed_step(who: str, reason: str, before: str, after: Severity) -> dict[str, Any]:
    """Return the step of a severity path that says that a person changed the severity."""
    return {**_step(PERSON_NODE, f"{who}: {reason}", after, answer=True), "before": before}


def is_worse(one: str, other: str) -> bool:
    """Return whether the first severity is higher than the second."""
    return ORDER.index(Severity(one)) > ORDER.index(Severity(other))


def facts_of(incident: Incident) -> Facts:
    """Return what an incident's severity is judged by: its system as it was when it was opened, its signals so far."""
    impact = incident.impact
    return Facts(impact["tags"], impact["downstream"], impact["share_of_users"], incident.families, incident.harm)


def impact_of(system: System, version: str, owners: Sequence[str]) -> dict[str, Any]:
    """Return what an incident keeps of its system, findings of “no issue” included.

    Keys: system_title, does, incident_type, owner_role, owners (Slack ids), users, share_of_users, downstream, tags,
    data_integrity, compliance, customers, good_version (None when none is known), version_listed.
    """
    return {
        "system_title": system.title,
        "does": system.does,
        "incident_type": system.incident_type,
        "owner_role": system.owner,
        "owners": list(owners),
        "users": system.users,
        "share_of_users": system.share_of_users,
        "downstream": list(system.downstream),
        "tags": list(system.tags),
        "data_integrity": system.data_integrity,
        "compliance": system.compliance,
        "customers": system.customers,
        "good_version": good_version(system.versions, version),
        "version_listed": version in system.versions,
    }


def good_version(versions: Sequence[str], bad: str) -> str | None:
    """Return the version before the bad one; for one that is not listed (newer than the list) the last listed."""
    if bad not in versions:
        return versions[-1]
    place = versions.index(bad)
    return versions[place - 1] if place else None


def listed_version(versions: Sequence[str], written: str) -> str:
    """Return a version as the list writes it (“v8” may stand for “8”), or as it was written if it is not listed."""
    written = written.strip()
    for spelling in (written, written.removeprefix("v"), f"v{written}"):
        if spelling in versions:
            return spelling
    return written


def listed_system(systems: Mapping[str, System], written: str) -> str | None:
    """Return a system's name as configured, whatever the case it was written in; None for one we do not know."""
    written = written.strip()
    if written in systems:
        return written
    same = [name for name in systems if name.casefold() == written.casefold()]
    return same[0] if len(same) == 1 else None


def nearest(written: str, known: Iterable[str]) -> str | None:
    """Return the known name that somebody probably meant."""
    return next(iter(difflib.get_close_matches(written, list(known), n=1)), None)


def next_update(opened_at: datetime, every: timedelta, now: datetime) -> datetime:
    """Return the next of the moments, regular from the opening on, by which people hear from us."""
    return opened_at + every * ((now - opened_at) // every + 1)


def about(users: int) -> str:
    """Return a number of people in words, rounded: nobody counts them that exactly."""
    if users == 0:
        return "no users directly"
    if users < 100:
        return "fewer than 100 users"
    step = 10 ** (len(str(users)) - 2)
    return f"about {round(users / step) * step:,} users"


def utc_words(moment: datetime) -> str:
    """Return a moment for readers anywhere: “2026-11-21 14:05 UTC”."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def clock_words(moment: datetime, zone: str) -> str:
    """Return a moment for one reader, in their time zone: “15:05 CET on 21 November”."""
    local = moment.astimezone(ZoneInfo(zone))
    return f"{local:%H:%M %Z} on {local.day} {local:%B}"


def checks(config: Config) -> Iterator[Problem]:
    """Say what in `systems.yaml` and `severity.yaml` does not fit together."""
    yield from _system_problems(config)
    yield from _node_problems(config)
    yield from _committee_problems(config)
    policy, document = config[SeverityPolicy], config.document(SeverityPolicy)
    for severity in ORDER:
        if severity not in policy.update_every:
            what = f"“update_every” does not say how often people hear from us at severity {severity}"
            yield document.problem(("update_every",), what, f"add “{severity}: PT4H”, for example")


def warnings(config: Config, today: date) -> Iterator[Problem]:
    """Say what in `severity.yaml` works but is unwise: questions whose review is due."""
    policy, document = config[SeverityPolicy], config.document(SeverityPolicy)
    if policy.review_by and policy.review_by < today:
        what = f"the questions were to be reviewed by {policy.review_by}"
        yield document.problem(("review_by",), what, "go through them with those concerned, then set the next day")


def _step(name: str, question: str, then: Severity, *, answer: bool) -> dict[str, Any]:
    return {"node": name, "question": question, "answer": "yes" if answer else "no", "then": str(then)}


def _reaches(criterion: Criterion, severity: str) -> bool:
    least = criterion.severity_at_least
    return least is None or not is_worse(least, severity)


def _holds(node: Conditions, facts: Facts) -> bool:
    least = node.share_of_users_at_least
    return (
        (not node.any_tag or not set(node.any_tag).isdisjoint(facts.tags))
        and (not node.any_downstream or not set(node.any_downstream).isdisjoint(facts.downstream))
        and (not node.families or not set(node.families).isdisjoint(facts.families))
        and (node.harm is None or node.harm == facts.harm)
        and (least is None or facts.share_of_users >= least)
    )


def _system_problems(config: Config) -> Iterator[Problem]:
    document, roles = config.document(Systems), config[Directory].roles
    for name, system in config[Systems].systems.items():
        at = ("systems", name)
        if system.owner not in roles:
            close = nearest(system.owner, roles)
            mend = f"did you mean “{close}”?" if close else "name a role of people.yaml"
            yield document.problem((*at, "owner"), f"“{system.owner}” is not a role in people.yaml", mend)
        for version in sorted({one for one in system.versions if system.versions.count(one) > 1}):
            what = f"version “{version}” of {name} is listed twice"
            yield document.problem((*at, "versions"), what, "list each version once, oldest first")
        if any(not version.strip() or version != version.strip() for version in system.versions):
            what = f"a version of {name} is empty or has spaces around it"
            yield document.problem((*at, "versions"), what, "write it as the alerts' version label does")


def _node_problems(config: Config) -> Iterator[Problem]:
    document, nodes = config.document(SeverityPolicy), config[SeverityPolicy].nodes
    for place, node in enumerate(nodes):
        at = ("nodes", place)
        earlier = next((one for one in nodes[:place] if _covers(one, node)), None)
        if earlier:
            what = f"“{node.name}” is never reached: whenever it would say yes, “{earlier.name}” has already decided"
            yield document.problem(at, what, f"move it before “{earlier.name}”, or take it out")
        if any(one.name == node.name for one in nodes[:place]):
            yield document.problem((*at, "name"), f"two nodes are called “{node.name}”", "give each its own name")
        yield from _condition_problems(config, at, node)


def _committee_problems(config: Config) -> Iterator[Problem]:
    committee, document = config[SeverityPolicy].committee, config.document(SeverityPolicy)
    if committee is None:
        return
    roles = config[Directory].roles
    for place, role in enumerate(committee.roles):
        if role not in roles:
            what = f"“{role}” of the committee is not a role of people.yaml"
            yield document.problem(("committee", "roles", place), what, _meant(role, roles))
    for place, criterion in enumerate(committee.when):
        yield from _condition_problems(config, ("committee", "when", place), criterion)


def _condition_problems(config: Config, at: Location, asked: Conditions) -> Iterator[Problem]:
    document, systems = config.document(SeverityPolicy), config[Systems].systems.values()
    tags = {tag for system in systems for tag in system.tags}
    downstream = {one for system in systems for one in system.downstream}
    for tag in sorted(set(asked.any_tag) - tags):
        yield document.problem((*at, "any_tag"), f"no system carries the tag “{tag}”", _meant(tag, tags))
    for one in sorted(set(asked.any_downstream) - downstream):
        what = f"“{one}” stands downstream of no system"
        yield document.problem((*at, "any_downstream"), what, _meant(one, downstream))


def _meant(written: str, known: Iterable[str]) -> str:
    close = nearest(written, known)
    return f"did you mean “{close}”?" if close else "correct the spelling, or take it out"


def _covers(earlier: Conditions, later: Conditions) -> bool:
    """Say whether the earlier node answers yes whenever the later one would."""
    least, later_least = earlier.share_of_users_at_least, later.share_of_users_at_least
    return (
        _covers_choice(earlier.any_tag, later.any_tag)
        and _covers_choice(earlier.any_downstream, later.any_downstream)
        and _covers_choice(earlier.families, later.families)
        and (earlier.harm is None or earlier.harm == later.harm)
        and (least is None or (later_least is not None and later_least >= least))
    )


def _covers_choice(earlier: Sequence[str], later: Sequence[str]) -> bool:
    return not earlier or (bool(later) and set(later) <= set(earlier))
