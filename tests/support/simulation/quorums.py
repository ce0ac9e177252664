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
    slots, votes = asked.facts["slots"], [entry for entry in before if entry.action == "approval.approved"]
    if sorted(slot["roles"] for slot in slots) != sorted(wanted):
        yield f"{which}: the policy wants {wanted}, asked were {[slot['roles'] for slot in slots]}"
    people = [vote.actor.removeprefix("person:") for vote in votes]
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


def _fits(slot: Mapping[str, Any], vote: Entry) -> bool:
    who = vote.actor.removeprefix("person:")
    if vote.on_behalf_of is None:
        return who in slot["people"]
    return {"id": who, "for": vote.on_behalf_of} in slot["deputies"]


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
