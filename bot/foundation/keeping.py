"""What is kept and what may go: words are erased, old entries purged, and a legal hold forbids both.

The chain stays whole. An erasure takes an entry's words and salt and leaves their digest; a purge takes a prefix that
ends at a checkpoint which is kept outside the database. Each is itself recorded, and `backout verify` accepts missing
words and entries only as far as such a record goes.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import delete, or_, update
from sqlmodel import col, func, select

from bot.foundation import policies
from bot.foundation.errors import Refusal
from bot.foundation.models import LegalHold, TrailCheckpoint, TrailEntry, TrailPayload
from bot.foundation.trail.verifier import ERASED, ITSELF, PURGED
from bot.foundation.work import Reading, Work

ACCOUNT = re.compile(r"[UW][A-Z0-9]{6,20}")
PORTION = 500
"""So many entries at a time: a statement takes only so many values."""


@dataclass(frozen=True)
class Prefix:
    """The oldest entries, up to a checkpoint."""

    first: int
    last: int
    number: int
    root: str
    mac: str

    @property
    def count(self) -> int:
        """How many entries it has."""
        return self.last - self.first + 1


def about(reading: Reading, who_or_what: str) -> list[int]:
    """Return the entries whose words are about a subject (`INC-42`) or a person (`U0MAYA0001`), and are still there.

    About a person: what they did, what was done on their behalf, and what names their Slack id. Free text that only
    calls somebody by name is not recognised.
    """
    entry, payload = TrailEntry, TrailPayload
    meant = col(payload.subject) == who_or_what
    if ACCOUNT.fullmatch(who_or_what):
        meant = or_(meant, col(entry.body).contains(who_or_what), col(payload.body).contains(who_or_what))
    query = (
        select(payload.seq)
        .join(entry, col(entry.seq) == col(payload.seq))
        .where(col(payload.body) != "", col(payload.subject) != ITSELF, meant)
    )
    return list(reading.session.exec(query.order_by(col(payload.seq))))


def erasable(reading: Reading, who_or_what: str) -> list[int]:
    """Return the entries about a subject or a person that may be erased.

    Raises:
        Refusal: when there is nothing to erase, or some of it is on hold.
    """
    seqs = about(reading, who_or_what)
    if not seqs:
        raise Refusal(f"The trail has no words about {who_or_what}, or they are erased already.")
    held = _held_among(reading, seqs)
    if held:
        raise Refusal(f"{_named(held)} Nothing was erased. Release it first: backout hold {held[0].subject} --release")
    return seqs


def erase(work: Work, who_or_what: str, why: str) -> int:
    """Delete the words of all entries about a subject or a person; returns how many. The entries themselves stay.

    Refuses what `erasable` refuses.
    """
    seqs = erasable(work, who_or_what)
    _overwrite(work)
    for start in range(0, len(seqs), PORTION):
        these = col(TrailPayload.seq).in_(seqs[start : start + PORTION])
        work.session.connection().execute(update(TrailPayload).where(these).values(salt=b"", body=""))
    work.record(ERASED, ITSELF, why=why, about=who_or_what, entries=ranges(seqs), count=len(seqs))
    return len(seqs)


def purgeable(reading: Reading, before: datetime, anchored: int) -> Prefix:
    """Return the longest prefix older than a moment that may be purged.

    Args:
        reading: The database at one moment.
        before: Only entries sealed before this moment.
        anchored: The newest entry whose checkpoint is kept outside the database.

    Raises:
        Refusal: saying what stands in the way.
    """
    first: int | None = reading.session.exec(select(func.min(TrailEntry.seq))).one()
    old = select(TrailCheckpoint).where(col(TrailCheckpoint.sealed_at) < before).order_by(col(TrailCheckpoint.seq))
    ends = [one for one in reading.session.exec(old) if first is not None and one.seq >= first]
    if not ends:
        raise Refusal(f"No entries were sealed before {before.date()}. Nothing was purged.")
    kept = [one for one in ends if one.seq <= anchored]
    if not kept:
        raise Refusal(
            "These entries are not anchored yet: nothing outside the database could show that they were there. "
            "Set up an anchor in config/trail.yaml and wait for the next checkpoint. Nothing was purged."
        )
    assert first is not None  # noqa: S101 - there are checkpoints at or after it
    _refuse_held(reading, first, kept)
    return _prefix(first, kept[-1])


def purge(work: Work, prefix: Prefix, why: str) -> int:
    """Delete the entries of a prefix that `purgeable` found, with their words; returns how many."""
    _overwrite(work)
    carried = policies.carried_over(work, prefix.last)
    for model in (TrailPayload, TrailEntry):
        work.session.connection().execute(delete(model).where(col(model.seq) <= prefix.last))
    work.record(PURGED, ITSELF, why=why, **asdict(prefix), count=prefix.count, **carried)
    return prefix.count


def hold(work: Work, subject: str, why: str) -> None:
    """Forbid to erase or purge anything about a subject until it is released (Refusal if it is held already)."""
    found = work.session.get(LegalHold, subject)
    if found or not work.add_once(LegalHold(subject=subject, why=why, by=work.actor.name, since=work.now)):
        raise Refusal(_named([found] if found else []) or f"{subject} is on hold already.")
    work.record("trail.held", subject, why=why)


def release(work: Work, subject: str, why: str) -> None:
    """End a hold (Refusal if there is none)."""
    found = work.session.get(LegalHold, subject)
    if found is None:
        raise Refusal(f"{subject} is not on hold.")
    work.session.delete(found)
    work.record("trail.released", subject, why=why, held_since=found.since.isoformat(), held_by=found.by)


def holds(reading: Reading) -> list[LegalHold]:
    """Return what is on hold, oldest first."""
    return list(reading.session.exec(select(LegalHold).order_by(col(LegalHold.since), col(LegalHold.subject))))


def ranges(numbers: Iterable[int]) -> list[list[int]]:
    """Return sorted numbers as first and last of each run: 4, 5, 6, 9 are [[4, 6], [9, 9]]."""
    found = list[list[int]]()
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return found


def _overwrite(work: Work) -> None:
    """Let SQLite overwrite what is deleted with zeros; it would leave it in the file otherwise."""
    connection = work.session.connection()
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete = ON")


def _held_among(reading: Reading, seqs: Sequence[int]) -> list[LegalHold]:
    """Return the holds on any subject of these entries."""
    found = dict[str, LegalHold]()
    for start in range(0, len(seqs), PORTION):
        query = select(LegalHold).where(
            col(LegalHold.subject).in_(
                select(TrailPayload.subject).where(col(TrailPayload.seq).in_(seqs[start : start + PORTION]))
            )
        )
        found |= {one.subject: one for one in reading.session.exec(query)}
    return sorted(found.values(), key=lambda one: one.subject)


def _refuse_held(reading: Reading, first: int, ends: Sequence[TrailCheckpoint]) -> None:
    query = (
        select(func.min(TrailPayload.seq), LegalHold)
        .join(LegalHold, col(LegalHold.subject) == col(TrailPayload.subject))
        .where(col(TrailPayload.seq) <= ends[-1].seq)
        .group_by(col(LegalHold.subject), col(LegalHold.why), col(LegalHold.by), col(LegalHold.since))
        .order_by(func.min(TrailPayload.seq))
    )
    found = list(reading.session.exec(query))
    if not found:
        return
    earlier = [one for one in ends if one.seq < found[0][0] and one.seq >= first]
    advice = f" Up to entry {earlier[-1].seq} nothing is held." if earlier else ""
    held = [one for _seq, one in found]
    raise Refusal(f"{_named(held)}{advice} Nothing was purged. Release: backout hold {held[0].subject} --release")


def _named(held: Sequence[LegalHold]) -> str:
    return " ".join(f"{one.subject} is on hold since {one.since.date()}, by {one.by}: {one.why}." for one in held)


def _prefix(first: int, end: TrailCheckpoint) -> Prefix:
    said = json.loads(end.body)
    return Prefix(first, end.seq, end.number, said["root"], said["mac"])
