"""Whether an execution had the people it needed: reckoned from the trail and the pinned matrix alone."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations
from typing import Any

from sqlmodel import Session

from bot.foundation.config import Config
from bot.foundation.models import Policy, TrailEntry
from bot.foundation.trail import Entry
from bot.incidents.models import Systems
from bot.people.models import Directory


def missing(started: Entry, entries: Sequence[Entry], session: Session, config: Config) -> Iterator[str]:
    """Say what an execution lacked when it was started."""
    which = started.facts["request"], started.facts["round"]
    before = [entry for entry in entries if entry.seq < started.seq and _which(entry) == which]
    asked = next((entry for entry in before if entry.action == "approval.asked"), None)
    if asked is None:
        yield f"{which} was carried out and never asked for"
        return
    if any(entry.action == "approval.rejected" for entry in before):
        yield f"{which} was carried out although somebody rejected it"
    if asked.facts["plan_digest"] != started.facts["digest"]:
        yield f"{which}: another plan was carried out than was asked about"
    wanted = _quorum(asked, started.facts["system"], session, config)
    slots, votes = asked.facts["slots"], _standing_votes(before)
    if sorted(slot["roles"] for slot in slots) != sorted(wanted):
        yield f"{which}: the policy wants {wanted}, asked were {[slot['roles'] for slot in slots]}"
    people = [person for person, _ in votes]
    known = {person.slack for person in config[Directory].people.values()}
    if len(set(people)) < len(wanted) or asked.facts["requester"] in people or set(people) - known:
        yield f"{which}: {wanted} were needed, {people} approved, {asked.facts['requester']} had asked"
    elif not any(
        all(_fits(slot, vote) for slot, vote in zip(slots, seated, strict=True))
        for seated in permutations(votes, len(slots))
    ):
        yield f"{which}: {people} do not fill {wanted}"


def _which(entry: Entry) -> tuple[Any, Any]:
    return entry.facts.get("request"), entry.facts.get("round")


def _standing_votes(entries: Sequence[Entry]) -> list[tuple[str, str | None]]:
    """Return who approved, for whom: given in this round or carried into it, and not taken back."""
    votes: dict[str, str | None] = {}
    for entry in entries:
        who = entry.actor.removeprefix("person:")
        if entry.action == "approval.carried":
            votes[entry.facts["person"]] = entry.on_behalf_of
        elif entry.action == "approval.approved":
            votes[who] = entry.on_behalf_of
        elif entry.action == "approval.withdrawn":
            votes.pop(who, None)
    return list(votes.items())


def _fits(slot: Mapping[str, Any], vote: tuple[str, str | None]) -> bool:
    who, holder = vote
    return who in slot["people"] if holder is None else {"id": who, "for": holder} in slot["deputies"]


def _quorum(asked: Entry, system: str, session: Session, config: Config) -> list[list[str]]:
    """Return the roles that may give each approval, as the matrix of that moment says (written in its short form)."""
    row = session.get(TrailEntry, asked.seq)
    assert row is not None
    pinned = session.get(Policy, json.loads(row.body)["policy"])
    assert pinned is not None
    activity, severity = pinned.body["activities"][asked.facts["activity"]], asked.facts["severity"]
    tags = config[Systems].systems[system].tags
    tagged = (cells[severity] for tag, cells in activity["with_tag"].items() if tag in tags and severity in cells)
    return [[role] for role in next(tagged, activity[severity])["quorum"]]
