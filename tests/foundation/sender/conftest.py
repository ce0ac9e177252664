"""A desk: a store, a Slack that can fail, and a sender between them, on a clock that the test moves."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from slack_sdk.models.blocks import Block, HeaderBlock
from sqlmodel import col, select

from bot.foundation import trail
from bot.foundation.blocks import Message, section
from bot.foundation.db import Store
from bot.foundation.models import OutboxRow, OutboxState
from bot.foundation.outbox import (
    Effect,
    Home,
    Kinds,
    Outgoing,
    Payload,
    Post,
    Whisper,
    build_announcement,
    build_note,
    build_whisper,
)
from bot.foundation.sender import Sender
from bot.foundation.work import Actor, Lane, Reading, Work
from tests.support.clock import VirtualClock
from tests.support.slack import FakeSlack, Standing

MAYA = Actor("person", "U0MAYA0001", "Maya")
SHOP, CREDIT, ALERTS = "C0SHOPREC1", "C0CREDIT02", "C0ALERTS05"


@dataclass
class Desk:
    """What a test of the sender touches."""

    store: Store
    clock: VirtualClock
    slack: FakeSlack
    state: dict[str, str] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)
    acted: list[tuple[str, str]] = field(default_factory=list)
    settled: list[Payload] = field(default_factory=list)
    act: Callable[[Payload, str], Payload] = lambda payload, key: {"done": payload["name"]}
    settle: Callable[[Work, Payload, Payload], None] = lambda _work, _payload, _outcome: None
    blocks: list[Block] | None = None
    view: Callable[[Payload], Any] = lambda _payload: None
    stuck: bool = False

    def __post_init__(self) -> None:
        self.sender = self.new_sender()

    def new_sender(self) -> Sender:
        """Another process on the same database, or this one after it died."""
        return Sender(self.store, self.kinds(), self.slack, ALERTS)

    def kinds(self) -> Kinds:
        messages = {
            "card": self._card,
            "whisper": self._whisper,
            "home": self._home,
            "broken": self._broken,
            "foundation.announcement": build_announcement,
            "foundation.note": build_note,
            "foundation.whisper": build_whisper,
        }
        effects = {"effect": Effect(self._act, self._settle, lease=60.0)}
        return Kinds(messages, {"step": self._step}, effects)

    # --- what is wanted -----------------------------------------------------------------------------------------------

    def want(self, key: str, channel: str = SHOP, *, kind: str = "card", lane: Lane = Lane.CARD, **more: Any) -> None:
        due_at = more.pop("due_at", None)

        def verb(work: Work) -> None:
            work.enqueue(kind, key, {"key": key, "channel": channel, **more}, lane=lane, due_at=due_at)

        self.store.submit_now(MAYA, verb)

    def show(self, key: str, text: str, channel: str = SHOP, **more: Any) -> None:
        """Change what a card says, and say that it is out of date."""
        self.state[key] = text
        self.want(key, channel, **more)

    # --- time ---------------------------------------------------------------------------------------------------------

    async def run(self, sender: Sender | None = None, *, within: float = 300) -> None:
        """Let the sender work, moving the clock to whatever it waits for, at most so many seconds from now."""
        sender, end = sender or self.sender, self.clock.now() + timedelta(seconds=within)
        for _ in range(2_000):
            due = await sender.tick()
            if sender._started:
                await sender.idle()
            elif due is None or due > end:
                return
            elif due > self.clock.now():
                self.clock.set(due)
        raise AssertionError("the sender does not come to rest")

    async def once(self, sender: Sender | None = None) -> None:
        """One round at this moment."""
        await (sender or self.sender).tick()
        await (sender or self.sender).idle()

    # --- what came of it ----------------------------------------------------------------------------------------------

    def row(self, key: str) -> OutboxRow:
        return self.store.read_now(
            lambda reading: reading.session.exec(select(OutboxRow).where(OutboxRow.key == key)).one()
        )

    def undone(self) -> list[str]:
        query = select(OutboxRow.key).where(col(OutboxRow.state).not_in([OutboxState.DONE]))
        return list(self.store.read_now(lambda reading: reading.session.exec(query).all()))

    def only(self, channel: str = SHOP) -> Standing:
        (message,) = [one for one in self.slack.messages if one.channel == channel]
        return message

    def actions(self, subject: str) -> list[str]:
        return [entry.action for entry in self.store.read_now(lambda reading: trail.read(reading.session, subject))]

    # --- kinds --------------------------------------------------------------------------------------------------------

    def _card(self, _reading: Reading, payload: Payload) -> Outgoing | None:
        text = self.state.get(payload["key"], str(payload["key"]))
        if text == "pointless":
            return None
        blocks = [section(text)] if self.blocks is None else self.blocks
        return Post(payload["channel"], Message(text, blocks), payload.get("thread_of"), payload.get("frozen", False))

    def _whisper(self, _reading: Reading, payload: Payload) -> Outgoing:
        return Whisper(payload["channel"], payload["person"], Message(payload["key"]))

    def _home(self, _reading: Reading, payload: Payload) -> Outgoing:
        return Home(payload["person"], self.view(payload))

    def _broken(self, _reading: Reading, payload: Payload) -> Outgoing:
        raise KeyError(payload["key"])

    def _step(self, work: Work, payload: Payload) -> None:
        self.ran.append(payload["key"])
        work.record("step.ran", payload["key"])
        if payload.get("fails"):
            raise ZeroDivisionError

    async def _act(self, payload: Payload, key: str) -> Payload:
        self.acted.append((payload["name"], key))
        return self.act(payload, key)

    def _settle(self, work: Work, payload: Payload, outcome: Payload) -> None:
        self.settled.append(outcome)
        work.record("effect.settled", payload["key"])
        self.settle(work, payload, outcome)


@pytest.fixture
def desk(sqlite_store: Store, clock: VirtualClock) -> Desk:
    return Desk(sqlite_store, clock, FakeSlack(clock))


@pytest.fixture
def any_desk(store: Store, clock: VirtualClock) -> Desk:
    """A desk on either database."""
    return Desk(store, clock, FakeSlack(clock))


def bad_blocks() -> list[Block]:
    """What slack_sdk refuses to make JSON of."""
    return [HeaderBlock(text="x" * 151)]
