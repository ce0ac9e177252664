"""The only way out: what can leave a Work, declared. `foundation/sender.py` sends it.

Three kinds of rows, each named `capability.what` and listed once in `app.py`:

- a *message*: `build(reading, payload)` says what should stand in Slack now; sent under a key, so a later change of
  the same key updates the message, and a retry can never show an old state;
- a *step*: `run(work, payload)` continues something inside the database, exactly once, in the transaction that ends it;
- an *effect*: `await act(payload, key)` touches another system with no transaction open, then `settle(work, payload,
  outcome)` records what came of it.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from slack_sdk.models.views import View
from sqlmodel import col, select

from bot.foundation.blocks import Markup, Message, Text, escape, section
from bot.foundation.models import OutboxRow, OutboxState
from bot.foundation.work import Lane, Reading, Work

Payload = Mapping[str, Any]


@dataclass(frozen=True)
class Post:
    """A message in a channel, posted once under its key and then updated in place.

    Attributes:
        channel: Slack channel id, or a person's: then it is a direct message.
        message: What it shows.
        thread_of: Key of the message whose thread it belongs to; it waits until that one stands.
        frozen: Sent word for word once; a later change of the same key changes nothing.
    """

    channel: str
    message: Message
    thread_of: str | None = None
    frozen: bool = False


@dataclass(frozen=True)
class Whisper:
    """A message that one person sees in a channel, once."""

    channel: str
    person: str
    message: Message


@dataclass(frozen=True)
class Home:
    """One person's App Home."""

    person: str
    view: View


Outgoing = Post | Whisper | Home


@dataclass(frozen=True)
class Effect:
    """Something done to another system.

    Attributes:
        act: Called with the payload and an idempotency key that stays the same however often it is tried. No
            transaction is open. Returns the outcome as JSON values; raises only for defects.
        settle: Called in a Work with the payload and the outcome.
        lease: After so many seconds without an answer the effect is taken to have died with its process, and is
            tried again: `act` must look at the other system first.
    """

    act: Callable[[Payload, str], Awaitable[Payload]]
    settle: Callable[[Work, Payload, Payload], None]
    lease: float = 60.0


@dataclass(frozen=True)
class Sweep:
    """Work that time brings: rows whose due time has passed.

    Attributes:
        next_due: When the next row is due (the past, if overdue); None if none is.
        run: Takes what is due at `work.now`, by compare-and-set, and returns how many it took.
        gives_way: Runs between the requests at the doors rather than beside them, so that they never wait for it.
    """

    name: str
    next_due: Callable[[Reading], datetime | None]
    run: Callable[[Work], int]
    gives_way: bool = False


@dataclass(frozen=True)
class Kinds:
    """Everything that can leave or come due, by name: the sum of what capabilities declare."""

    messages: Mapping[str, Callable[[Reading, Payload], Outgoing | None]] = field(default_factory=dict)
    steps: Mapping[str, Callable[[Work, Payload], None]] = field(default_factory=dict)
    effects: Mapping[str, Effect] = field(default_factory=dict)
    sweeps: tuple[Sweep, ...] = ()

    def __contains__(self, kind: str) -> bool:
        return kind in self.messages or kind in self.steps or kind in self.effects


def whisper(work: Work, channel: str, person: str, text: Text) -> None:
    """Tell one person something, privately, where they are."""
    payload = {"channel": channel, "person": person, "text": escape(text)}
    work.enqueue("foundation.whisper", f"whisper:{work.new_id('say')}", payload, lane=Lane.DECISION)


def undone(reading: Reading, keys: Collection[str]) -> frozenset[str]:
    """Return those of some keys whose message has been wanted and does not stand in Slack as wanted yet."""
    waiting = col(OutboxRow.state).in_([OutboxState.WAITING, OutboxState.SENDING])
    return frozenset(reading.session.exec(select(OutboxRow.key).where(col(OutboxRow.key).in_(keys), waiting)))


def withdraw(work: Work, *keys: str) -> bool:
    """Take back messages that have not stood in Slack yet and are pointless now; says whether there were any.

    What was on its way at this moment may still arrive.
    """
    undone = col(OutboxRow.state).in_([OutboxState.WAITING, OutboxState.SENDING])
    served = {"state": OutboxState.DONE, "served": col(OutboxRow.wanted), "claimed_until": None, "error": "withdrawn"}
    return work.change(OutboxRow, col(OutboxRow.key).in_(keys), undone, **served)


def note(work: Work, channel: str, subject: str, text: Text, *, key: str | None = None) -> str:
    """Add a line to the thread under a subject's card (`INC-42`): its history, which notifies nobody.

    Under a `key` it is said once. Returns its key.
    """
    key = key or f"note:{work.new_id('note')}"
    payload = {"channel": channel, "subject": subject, "text": escape(text)}
    work.enqueue("foundation.note", key, payload, lane=Lane.NOTE)
    return key


def announce(work: Work, channel: str, key: str, text: Text, lane: Lane = Lane.NOTE) -> None:
    """Say something once in a channel, about Backout itself."""
    work.enqueue("foundation.announcement", key, {"channel": channel, "text": escape(text)}, lane=lane)


def refresh_card(work: Work, subject: str, lane: Lane = Lane.CARD) -> None:
    """Say that a subject's card is out of date. A hundred changes in a storm become one update."""
    work.enqueue("incidents.card", f"card:{subject}", {"incident": subject}, lane=lane)


def refresh_home(work: Work, *people: str) -> None:
    """Say that people's App Homes are out of date: of those who have ever opened theirs."""
    for person in people:
        work.enqueue("people.home", f"home:{person}", {"person": person}, lane=Lane.NOTE, if_posted=True)


def build_whisper(_reading: Reading, payload: Payload) -> Whisper:
    """Build what `whisper` asked for."""
    return Whisper(payload["channel"], payload["person"], Message(Markup(payload["text"])))


def build_note(_reading: Reading, payload: Payload) -> Post:
    """Build what `note` asked for."""
    message = Message(Markup(payload["text"]), [section(Markup(payload["text"]))])
    return Post(payload["channel"], message, thread_of=f"card:{payload['subject']}", frozen=True)


def build_announcement(_reading: Reading, payload: Payload) -> Post:
    """Build what `announce` asked for."""
    text = Markup(payload["text"])
    return Post(payload["channel"], Message(text, [section(text)]), frozen=True)
