"""Die at every commit and every call to Slack, start again, let people try again: nothing is lost, nothing doubled.

    alive ──▶ seam number n of this life ──▶ dead: reads, commits and calls fail ──▶ a new process, same database, same
      ▲                                                                              Slack, `recover()` ──╮
      ╰───────────────────────────────────────────────────────────────────────────────────────────────────╯

One story dies many times: after n seams of each life, until it is played; different n die at different seams, also
while they recover. This is a sample of the seams, not all of them.
"""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import event
from sqlmodel import select

from bot import app, demo
from bot.approvals.models import Vote
from bot.foundation import trail
from bot.foundation.db import open_store
from bot.foundation.errors import BackoutError, StoreUnavailableError
from bot.foundation.ids import RandomIds
from bot.foundation.models import OutboxRow, OutboxState
from bot.foundation.process import Process
from bot.foundation.slack_port import SlackClient
from bot.foundation.work import Reading
from bot.rollback.models import Execution
from bot.rollback.targets import default_targets
from bot.workspace.server import serving
from bot.workspace.state import Message, NotPossibleError
from tests.stories.acts import SUPPORT
from tests.support.stores import TRAIL_KEY
from tests.support.world import SECRETS, World, environment_of, world_of

REASON = "Customers are told that returns are not possible."
PATIENCE = timedelta(minutes=3)
LIVES = 400


class Crash(StoreUnavailableError):  # noqa: N818 - not an error: the end
    """The process is dead: whatever it still tries comes to nothing."""


@dataclass
class Life:
    """How long this process lives: a seam is passed `left` times, then everything fails."""

    left: int
    passed: int = 0

    @property
    def is_over(self) -> bool:
        return self.left <= 0

    def seam(self) -> None:
        """Pass a seam, or die in it."""
        self.breathe()
        self.left -= 1
        self.passed += 1
        self.breathe()

    def breathe(self) -> None:
        if self.is_over:
            raise Crash


class MortalSlack:
    """A SlackPort that can die before and after each call: the call was made, its answer was never read."""

    def __init__(self, slack: SlackClient, life: Life) -> None:
        self._slack = slack
        self._life = life

    def __getattr__(self, method: str) -> Callable[..., Awaitable[Any]]:
        call = getattr(self._slack, method)

        async def mortal(*args: Any, **kwargs: Any) -> Any:
            self._life.seam()
            answer = await call(*args, **kwargs)
            self._life.seam()
            return answer

        return mortal


@dataclass
class Mortal:
    """A story whose process dies every so many seams."""

    world: World
    every: int
    life: Life = field(default_factory=lambda: Life(0))
    deaths: int = 0

    async def until(self, done: Callable[[], bool], act: Callable[[], Awaitable[object]]) -> None:
        """Let people try until it can be seen, in as many lives as it takes."""
        for _ in range(LIVES):
            async with self._alive():
                await self.world.settle(PATIENCE)
                while not done():
                    await act()
                    self.life.breathe()
                    await self.world.settle(PATIENCE)
                return
        raise AssertionError(f"not done after {LIVES} lives")

    @contextlib.asynccontextmanager
    async def _alive(self) -> AsyncIterator[None]:
        """Live one life; its end is no failure of the test."""
        self.life = Life(self.every)
        try:
            async with self._process():
                yield
        except (Crash, BackoutError, NotPossibleError, AssertionError, aiohttp.ClientError):
            if not self.life.is_over:
                raise
            self.deaths += 1

    @contextlib.asynccontextmanager
    async def _process(self) -> AsyncIterator[None]:
        world = self.world
        environment = environment_of(world.workspace.base_url, world.database)
        store = open_store(world.database, clock=world.clock, ids=RandomIds(), config=world.config, trail_key=TRAIL_KEY)
        store.after_commit = world.count_commit
        life = self.life
        event.listen(store.writer, "commit", lambda _connection: life.seam())
        event.listen(store.reader, "begin", lambda _connection: life.breathe())
        client = SlackClient(SECRETS.bot_token, environment.slack_api_url, world.clock)
        slack: Any = MortalSlack(client, life)
        world.process = Process(environment, store, slack, app.wiring(world.config, slack, default_targets()))
        try:
            async with serving(world.process.web) as address:
                world.address, world.workspace.request_url = address, f"{address}/slack/events"
                await world.process.connect()
                await world.process.sender.recover()
                yield
        finally:
            await world.process.sender.stop(0)
            store.close()


def card(world: World) -> Message | None:
    """The incident's card, once there is one."""
    return next(iter(world.workspace.messages(SUPPORT.channel)), None)


def shows(world: World, *texts: str) -> bool:
    """Say whether the card shows all this."""
    found = card(world)
    return found is not None and all(text in f"{found.visible_text} {found.buttons}" for text in texts)


async def play(mortal: Mortal) -> None:
    """The support bot's whole story: nobody does anything again that they see has been done."""
    world = mortal.world
    said = {"alertname": "WrongAnswers", "version": "42", "metric": "wrong_answer_rate", "value": "60", "summary": "60"}
    body, taken = demo.alert_body("support-bot", said, world.clock.now()), list[int]()

    async def send() -> None:
        taken.append(await world.send(body))

    async def acknowledge() -> None:
        await world.click("sam", world.card(SUPPORT.channel), "Acknowledge")

    async def ask() -> None:
        await world.command("sam", "/rollback support-bot", channel=SUPPORT.channel)
        await world.submit("sam", {"reason": REASON})
        await world.workspace.close_modal(world.person("sam"))

    async def approve() -> None:
        await world.click("leo", world.card(SUPPORT.channel), "Approve")
        await world.submit("leo", {"reason": "Wrong promises cost us more."})

    await mortal.until(lambda: 202 in taken and shows(world, "INC-1"), send)
    await mortal.until(lambda: not shows(world, "'Acknowledge'"), acknowledge)
    await mortal.until(lambda: shows(world, "'Approve'"), ask)
    await mortal.until(lambda: shows(world, "5 of 5"), approve)


def check_the_database(reading: Reading, leo: str) -> None:
    """One vote, one execution, one acknowledgement, one page; nothing waits; the trail is whole."""
    session = reading.session
    assert [vote.person for vote in session.exec(select(Vote))] == [leo]
    assert [one.state for one in session.exec(select(Execution))] == ["done"]
    undone = session.exec(select(OutboxRow).where(OutboxRow.state != OutboxState.DONE)).all()
    assert not [(row.kind, row.key, row.state, row.error) for row in undone]
    _count, damage = trail.verify(session, TRAIL_KEY)
    assert damage is None
    actions = [entry.action for entry in trail.read(session, "INC-1")]
    assert actions.count("incident.opened") == 1


def check_slack(world: World) -> None:
    """Every message stands once."""
    texts = [one.text for one in world.workspace.happenings if one.kind == "post"]
    assert len(texts) == len(set(texts)), "something was posted twice"
    pages = [text for text in texts if "Sam Taylor" in text and "Priya Raman" in text]
    assert len(pages) == 1, pages


@pytest.mark.parametrize("every", [12, 14, 17, 1_000])
async def test_dying_again_and_again_loses_and_doubles_nothing(tmp_path: Path, every: int) -> None:
    """P1-P4, P20, F1: acknowledged means present; one card, one page, one vote, one execution, the right version."""
    async with world_of(tmp_path, strict=False) as world:
        first, mortal = world.process, Mortal(world, every)
        await play(mortal)
        world.process = first
        await world.settle(PATIENCE)
        assert world.models.versions("support-bot") == ["41"]
        check_slack(world)
        await first.store.read(check_the_database, world.person("leo"))
        assert (mortal.deaths == 0) == (every == 1_000)
