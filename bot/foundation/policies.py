"""The policy is part of the record: under which configuration, and which version of Backout, things were decided.

A process that starts under another configuration than the last one says so in the trail before it does anything else:
the digest of each file, the version, and who started it. It is sealed at once, like all that weighs most. A decision
names the digest of the policy that it was made under, so the entry that recorded it can be found (`history`).

The digest is over the values of a file, not over its bytes: comments may change. `backout check --digests` prints those
of a directory, to be compared.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from typing import Any

from sqlmodel import col, select

from bot.foundation import trail
from bot.foundation.config import digest
from bot.foundation.models import Policy, TrailEntry, TrailPayload
from bot.foundation.trail.verifier import ITSELF, POLICY, PURGED
from bot.foundation.work import Reading, Work

VERSION = version("backout")


@dataclass(frozen=True)
class InForce:
    """A configuration that was in force from an entry of the trail on.

    Attributes:
        seq: The entry.
        at: When the first process started under it.
        by: Who started that.
        version: Backout's.
        files: The digest of each file's values.
        changed: Files that differ from those before.
    """

    seq: int
    at: datetime
    by: str
    version: str
    files: Mapping[str, str]
    changed: list[str]


def is_recorded(reading: Reading) -> bool:
    """Say whether the newest record in the trail says what this configuration and version are."""
    return _current(reading) in ({}, _newest(reading))


def record(work: Work) -> bool:
    """Record this configuration and version, unless the newest record says the same; says whether it was needed.

    Of several processes that start at once the first one records it.
    """
    trail.locked_head(work.session)
    before, current = _newest(work), _current(work)
    if current in ({}, before):
        return False
    known, files = before.get("files", {}), current["files"]
    changed = sorted(name for name in known.keys() | files.keys() if known.get(name) != files.get(name))
    work.record(POLICY, ITSELF, policy=digest(files), **current, changed=changed)
    return True


def history(reading: Reading) -> list[InForce]:
    """Return every configuration that the trail has a record of, oldest first."""
    found = [entry for entry in trail.read(reading.session, ITSELF) if entry.action == POLICY]
    return [
        InForce(entry.seq, entry.at, entry.actor_name, *(entry.facts[name] for name in ("version", "files", "changed")))
        for entry in found
    ]


def carried_over(reading: Reading, last: int) -> dict[str, Any]:
    """Return what the record of a purge up to an entry must keep: what was in force, and every digest recorded."""
    digests, in_force = set[str](), dict[str, Any]()
    for entry in trail.read(reading.session, ITSELF):
        if entry.seq > last or entry.action not in (POLICY, PURGED):
            continue
        digests |= {*entry.facts.get("digests", ()), *entry.facts.get("files", {}).values()}
        in_force = _said(entry.facts) or in_force
    return {"digests": sorted(digests), **in_force}


def changed_bodies(reading: Reading) -> list[str]:
    """Return the digests of kept policies whose words are not those that were pinned."""
    return [one.digest for one in reading.session.exec(select(Policy)) if digest(one.body) != one.digest]


def _current(reading: Reading) -> dict[str, Any]:
    files = reading.config.digests()
    return {"files": files, "version": VERSION} if files else {}


def _newest(reading: Reading) -> dict[str, Any]:
    entry, payload = TrailEntry, TrailPayload
    actions = [col(entry.body).startswith(f'{{"action":"{action}"') for action in (POLICY, PURGED)]
    query = (
        select(payload.body)
        .join(entry, col(entry.seq) == col(payload.seq))
        .where(col(payload.subject) == ITSELF, actions[0] | actions[1])
        .order_by(col(payload.seq).desc())
        .limit(1)
    )
    body = reading.session.exec(query).first()
    return _said(json.loads(body)["facts"]) if body else {}


def _said(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: facts[name] for name in ("files", "version")} if "files" in facts else {}
