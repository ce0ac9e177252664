"""A door with a real Bolt behind it, a Slack that keeps what it is told, and people who may act."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from slack_bolt.response import BoltResponse
from sqlmodel import col, select

from bot.foundation import trail
from bot.foundation.blocks import modal, section, text_input
from bot.foundation.db import Store
from bot.foundation.errors import Refusal
from bot.foundation.models import Nonce, OutboxRow
from bot.foundation.router import Answer, Click, Command, Form, Router, Shortcut
from bot.foundation.slack_door import SlackDoor
from bot.foundation.work import Actor, Reading, Work
from tests.support.clock import VirtualClock
from tests.support.slack import ME, FakeSlack

MAYA, STRANGER = "U0MAYA0001", "U0STRANGER"


def _entries(reading: Reading, subject: str) -> list[trail.Entry]:
    return trail.read(reading.session, subject)


def identify(_work: Work, team: str, user: str) -> Actor:
    if team != ME.team_id or user == STRANGER:
        raise Refusal("I do not know you. Ask your admin.")
    return Actor("person", user, user.title(), "Europe/Stockholm")


@dataclass
class Entrance:
    """What a test of the door touches. Handlers answer as `answers` says, by name; each notes that it ran."""

    store: Store
    slack: FakeSlack
    answers: dict[str, Answer | Exception] = field(default_factory=dict)
    seen: list[Any] = field(default_factory=list)
    count: int = 0

    def __post_init__(self) -> None:
        self.door = SlackDoor(self.store, self.slack, [self._router()], identify, ME)

    async def send(self, body: dict[str, Any], nonce: str | None = None) -> BoltResponse:
        self.count += 1
        full = {"api_app_id": ME.app_id, "team_id": ME.team_id, "trigger_id": "1.2.t", **body}
        return await self.door.dispatch(full, nonce or f"nonce-{self.count}", {"content-type": "application/json"})

    async def click(
        self, action: str = "act", *, user: str = MAYA, channel: str | None = "C1", **more: Any
    ) -> BoltResponse:
        nonce = more.pop("nonce", None)
        body = {
            "type": "block_actions",
            "user": {"id": user, "team_id": more.pop("team", ME.team_id)},
            "team": {"id": ME.team_id},
            "actions": [{"type": "button", "action_id": action, "block_id": "b", "value": json.dumps({"n": 1})}],
            **({"channel": {"id": channel}} if channel else {}),
            **more,
        }
        return await self.send(body, nonce)

    async def submit(
        self, *, fields: tuple[str, ...] = ("reason",), user: str = MAYA, nonce: str | None = None
    ) -> BoltResponse:
        view = modal(
            "form", "Form", [text_input(name, name) for name in fields], metadata={"incident": "INC-1"}
        ).to_dict()
        values = {name: {name: {"type": "plain_text_input", "value": "because"}} for name in fields}
        body = {
            "type": "view_submission",
            "user": {"id": user, "team_id": ME.team_id},
            "team": {"id": ME.team_id},
            "view": {**view, "id": "V1", "state": {"values": values}},
        }
        return await self.send(body, nonce)

    async def command(self, text: str = "", *, user: str = MAYA, nonce: str | None = None) -> BoltResponse:
        return await self.send({"command": "/do", "text": text, "channel_id": "C1", "user_id": user}, nonce)

    async def shortcut(self) -> BoltResponse:
        body = {
            "type": "message_action",
            "callback_id": "report",
            "user": {"id": MAYA, "team_id": ME.team_id},
            "team": {"id": ME.team_id},
            "channel": {"id": "C1"},
            "message": {"type": "message", "user": "U2", "text": "odd", "ts": "1.2"},
            "message_ts": "1.2",
            "response_url": "https://hooks.slack.com/x",
        }
        return await self.send(body)

    async def event(self, kind: str = "app_home_opened", *, event_id: str = "Ev1") -> BoltResponse:
        event = {"type": kind, "user": MAYA, "tab": "home", "channel": "D1"}
        return await self.send({"type": "event_callback", "event_id": event_id, "event": event})

    # --- what came of it ----------------------------------------------------------------------------------------------

    def actions(self) -> list[tuple[str, str, str]]:
        """(action, actor, why) of everything in the trail about the subject `thing` or a refused gesture."""
        found = []
        for subject in ("thing", "act", "form", "/do", "report"):
            found += [(entry.action, entry.actor, entry.why) for entry in self.store.read_now(_entries, subject)]
        return found

    def whispers(self) -> list[str]:
        query = select(OutboxRow).where(col(OutboxRow.kind) == "foundation.whisper").order_by(col(OutboxRow.sequence))
        rows = self.store.read_now(lambda reading: list(reading.session.exec(query)))
        return [row.payload["text"] for row in rows]

    def nonces(self) -> int:
        return self.store.read_now(lambda reading: len(reading.session.exec(select(Nonce)).all()))

    # --- handlers -----------------------------------------------------------------------------------------------------

    def _router(self) -> Router:
        router = Router()

        @router.button("act")
        def act(click: Click, work: Work) -> Answer:
            return self._answer("act", click, work)

        @router.form("form")
        def form(given: Form, work: Work) -> Answer:
            return self._answer("form", given, work)

        @router.command("/do")
        def command(given: Command, work: Work) -> Answer:
            return self._answer("/do", given, work)

        @router.shortcut("report")
        def shortcut(given: Shortcut, work: Work) -> Answer:
            return self._answer("report", given, work)

        @router.event("app_home_opened")
        def event(given: Any, work: Work) -> None:
            self._answer("event", given, work)

        return router

    def _answer(self, name: str, gesture: Any, work: Work) -> Answer:
        self.seen.append((gesture, work.actor))
        work.record("thing.done", "thing")
        answer = self.answers.get(name)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def entrance(sqlite_store: Store, clock: VirtualClock) -> Entrance:
    return Entrance(sqlite_store, FakeSlack(clock))


@pytest.fixture
def any_entrance(store: Store, clock: VirtualClock) -> Entrance:
    """On either database."""
    return Entrance(store, FakeSlack(clock))


VIEW = modal("next", "Next", [section("x")])
