"""What must reach people even without Slack, and reaching them by the fallback routes once Slack has been away long."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete
from sqlmodel import col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from bot.comms import rules
from bot.comms.models import FallbackPolicy, FileSettings, Notice, SmtpSettings
from bot.comms.routes.contract import Addressee, Batch, Delivered, Letter
from bot.foundation import line
from bot.foundation.blocks import Markup, Text, escape
from bot.foundation.models import OutboxRow, OutboxState
from bot.foundation.outbox import Payload
from bot.foundation.work import Lane, Reading, Work
from bot.people import rules as people
from bot.people import service as people_service
from bot.people.models import Directory, PersonKey

BATCH = 50
TOGETHER = timedelta(minutes=1)
"""What is made so soon after a batch leaves together in the next one: people get few messages, not hundreds."""
WAITED_BEFORE = timedelta(days=1)
"""A message may have waited so long for another reason before Slack was away."""
KEEP = timedelta(days=30)
ATTEMPTS = 20
LONGEST_PAUSE = timedelta(minutes=10)


def must_reach(work: Work, key: str, *, subject: str, channel: str, people: Sequence[str], text: Text) -> None:
    """Note that a message of this Work must reach people even if Slack does not take it.

    Args:
        work: The Work that enqueued the message.
        key: The message's key in the outbox.
        subject: The incident.
        channel: Where the message belongs in Slack.
        people: Slack ids of those who are asked something; routes tell others, too, as configured.
        text: What it says, as for Slack.
    """
    if work.config[FallbackPolicy].routes:
        said = str(escape(text))
        work.add_late(
            Notice(key=key, subject=subject, channel=channel, people=list(people), text=said, made_at=work.now)
        )


def next_batch(reading: Reading) -> datetime | None:
    """Return when the fallback routes are to be used next; None while Slack works or nothing waits."""
    policy, since = reading.config[FallbackPolicy], line.away_since(reading)
    if since is None or not policy.routes or reading.session.exec(_unsent(since).limit(1)).first() is None:
        return None
    last: datetime | None = reading.session.exec(select(func.max(Notice.sent_at))).one()
    return max(since + policy.after, last + TOGETHER) if last else since + policy.after


def send_batch(work: Work) -> int:
    """Hand what waits to every route; returns how many messages."""
    due, since = next_batch(work), line.away_since(work)
    if due is None or since is None or due > work.now:
        return 0
    work.session.exec(delete(Notice).where(col(Notice.made_at) < work.now - KEEP))
    found = work.session.exec(_unsent(since).order_by(col(Notice.made_at), col(Notice.key)).limit(BATCH)).all()
    mine = [one for one in found if work.change(Notice, col(Notice.key) == one.key, _not_sent(), sent_at=work.now)]
    letters = [_letter(work, one) for one in mine]
    for route in work.config[FallbackPolicy].routes if mine else ():
        batch = Batch(work.new_id("batch"), since.isoformat(), letters, _always(work, route))
        payload = {"route": route.name, "attempt": 1, "batch": batch.as_json()}
        work.enqueue("comms.fallback", f"fallback:{route.name}:{batch.id}", payload, lane=Lane.PAGE)
    return len(mine)


def settle_batch(work: Work, payload: Payload, outcome: Delivered) -> None:
    """Note who was reached; try again, later and later, for those who were not, as long as Slack is away."""
    batch, attempt, route = Batch.from_json(payload["batch"]), int(payload["attempt"]), str(payload["route"])
    done = [*batch.done, *outcome.done]
    for address, why in outcome.refused.items():
        work.record("fallback.refused", batch.letters[0].subject, why=why, route=route, person=_who(batch, address))
    settled = [*done, *outcome.refused]
    if outcome.failed and attempt < ATTEMPTS and line.away_since(work) is not None:
        again = {**payload, "attempt": attempt + 1, "batch": {**payload["batch"], "done": settled}}
        pause = min(LONGEST_PAUSE, timedelta(seconds=15 * 2 ** min(attempt, 10)))
        key = f"fallback:{route}:{batch.id}"
        work.enqueue("comms.fallback", key, again, lane=Lane.PAGE, due_at=work.now + pause)
        return
    action = "fallback.failed" if outcome.failed else "fallback.sent"
    for letter in batch.letters:
        asked = [person.id for person in letter.to]
        reached = [person.id for person in (*letter.to, *batch.also_to) if person.address in done]
        why = next(iter(outcome.failed.values()), "Slack takes no messages")
        work.record(action, letter.subject, why=why, route=route, message=letter.id, asked=asked, reached=reached)


def used(reading: Reading, outage: line.Outage) -> dict[str, list[str]]:
    """Return about which incidents messages left by fallback routes during an outage, by the channel they belong to."""
    query = select(Notice).where(col(Notice.sent_at) >= outage.began_at, col(Notice.sent_at) <= outage.ended_at)
    found: dict[str, list[str]] = {}
    for notice in reading.session.exec(query.order_by(col(Notice.made_at), col(Notice.key))):
        found.setdefault(notice.channel, []).append(notice.subject)
    return found


def _unsent(since: datetime) -> SelectOfScalar[Notice]:
    """Select what Slack has not taken, not even once, and no route was given."""
    row = (OutboxState.WAITING, OutboxState.SENDING)
    return (
        select(Notice)
        .join(OutboxRow, col(OutboxRow.key) == col(Notice.key))
        .where(_not_sent(), col(Notice.made_at) >= since - WAITED_BEFORE)
        .where(col(OutboxRow.state).in_(row), col(OutboxRow.served) == 0)
    )


def _not_sent() -> ColumnElement[bool]:
    return col(Notice.sent_at).is_(None)


def _letter(reading: Reading, notice: Notice) -> Letter:
    directory = reading.config[Directory]
    names = {person.slack: person.name for person in directory.people.values()}
    to = [_addressee(reading, found[0]) for one in notice.people if (found := people.person_by_slack(directory, one))]
    text = rules.readable(Markup(notice.text), names)
    return Letter(notice.key, notice.made_at.isoformat(), notice.subject, to, text)


def _addressee(reading: Reading, key: PersonKey) -> Addressee:
    person = reading.config[Directory].people[key]
    return Addressee(person.slack, person.name, person.email or "")


def _always(reading: Reading, route: FileSettings | SmtpSettings) -> list[Addressee]:
    if isinstance(route, FileSettings):
        return []
    directory = people_service.directory_now(reading)
    by_role = (key for role in route.roles for key in people.holders(directory, role, None, reading.now))
    return [_addressee(reading, key) for key in dict.fromkeys([*route.people, *by_role])]


def _who(batch: Batch, address: str) -> str:
    everybody: Iterable[Addressee] = (*(one for letter in batch.letters for one in letter.to), *batch.also_to)
    return next((one.id for one in everybody if one.address == address), "")
