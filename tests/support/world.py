"""A whole world for stories: the real app over real HTTP against the workspace, on a clock that the story moves.

    async with world_of(tmp_path) as world:
        await world.alert("support-bot", "42", "wrong_answer_rate", "60")
        card = world.expect("post", "#support-bot", "INC-1", "low")
        await world.click("sam", card, "Acknowledge")
        ...

Leaving the block fails when anything happened in Slack that the story did not expect.
"""

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import aiohttp

from bot import app, demo
from bot.foundation.config import Config, fit, read
from bot.foundation.db import open_store
from bot.foundation.environment import Environment
from bot.foundation.process import Process
from bot.foundation.sender import waiting
from bot.foundation.slack_port import SlackClient
from bot.incidents.models import Systems
from bot.people.models import Directory
from bot.rollback.targets import default_targets
from bot.workspace.demo import Secrets, build, select_newest, serving_example
from bot.workspace.models import ModelServers
from bot.workspace.server import serving
from bot.workspace.state import Delivery, Ephemeral, Happening, Message, View
from bot.workspace.workspace import Workspace
from tests.support.clock import VirtualClock
from tests.support.ids import CountedIds
from tests.support.stores import TRAIL_KEY, prepare

ALERT_SECRET = "a secret for tests"
SECRETS = Secrets(signing_secret="signing secret for tests", bot_token="xoxb-tests", app_token="xapp-tests")
SETTLE_WITHIN = timedelta(seconds=30)
Surface = Message | Ephemeral | View


@dataclass
class World:
    """Everything a story touches. People and channels are named as in `config/`."""

    clock: VirtualClock
    config: Config
    workspace: Workspace
    models: ModelServers
    process: Process
    address: str
    flags: Path
    database: str

    # --- what comes from outside ------------------------------------------------------------------------------------

    async def send(self, body: Any, *, source: str = "alertmanager", secret: str = ALERT_SECRET) -> int:
        """Post a body to the alerts door and let everything settle; returns the HTTP status."""
        headers = {"Authorization": f"Bearer {secret}"}
        async with aiohttp.ClientSession() as session:
            content = {"data": body} if isinstance(body, bytes) else {"json": body}
            async with session.post(f"{self.address}/alerts/{source}", headers=headers, **content) as answer:
                status = answer.status
        await self.settle()
        return status

    async def alert(self, system: str, version: str, metric: str, value: str, *, resolved: bool = False) -> None:
        """Let Alertmanager report something, as it would."""
        said = {
            "alertname": metric,
            "version": version,
            "metric": metric,
            "value": value,
            "summary": f"{metric} {value}",
        }
        body = demo.alert_body(system, said, self.clock.now())
        if resolved:
            body["alerts"][0] |= {"status": "resolved", "endsAt": body["alerts"][0]["startsAt"]}
            body["status"] = "resolved"
        assert await self.send(body) == 202

    # --- what people do ---------------------------------------------------------------------------------------------

    def person(self, key: str) -> str:
        """Somebody's Slack id."""
        known = self.config[Directory].people.get(key)
        return known.slack if known else key

    async def click(self, who: str, surface: Surface, label: str, **options: Any) -> Delivery:
        delivery = await self.workspace.click(self.person(who), self.newest(surface), label, **options)
        return await self._after(delivery)

    async def choose(self, who: str, surface: Surface, field: str, value: str) -> Delivery:
        return await self._after(await self.workspace.choose(self.person(who), self.newest(surface), field, value))

    async def submit(self, who: str, values: Mapping[str, Any]) -> Delivery:
        return await self._after(await self.workspace.submit(self.person(who), values))

    async def command(self, who: str, text: str, *, channel: str) -> Delivery:
        name, _, rest = text.partition(" ")
        return await self._after(await self.workspace.command(self.person(who), name, rest, channel=channel))

    async def open_home(self, who: str) -> View:
        await self._after(await self.workspace.open_home(self.person(who)))
        home = self.workspace.home(self.person(who))
        assert home is not None
        for happening in self.workspace.unexpected:
            if happening.kind == "home" and happening.user == self.person(who):
                happening.expected = True
        return home

    def modal(self, who: str) -> View:
        """The modal on somebody's screen, expected."""
        self.expect("modal", who)
        view = self.workspace.modal(self.person(who))
        assert view is not None
        return view

    # --- what is seen -----------------------------------------------------------------------------------------------

    def newest(self, surface: Surface) -> Surface:
        """The newest version of a message; anything else as it is."""
        if isinstance(surface, Message):
            current = self.workspace.current(surface)
            assert current is not None, "the message is gone"
            return current
        if isinstance(surface, View) and surface.type == "modal":
            return self.workspace.modal(surface.user) or surface
        return surface

    def card(self, channel: str) -> Message:
        """The first message of a channel: the incident's card, as it stands now."""
        return self.workspace.messages(channel)[0]

    def expect(self, kind: str, where: str, *texts: str) -> Any:
        """Take the oldest unexpected happening of this kind, place and text; returns its message or view."""
        for happening in self.workspace.unexpected:
            if happening.kind == kind and self._is_at(happening, where) and all(t in happening.text for t in texts):
                happening.expected = True
                return happening.message or happening.view
        seen = "\n\n".join(f"{one.kind} {one.channel} {one.user}: {one.text}" for one in self.workspace.unexpected)
        raise AssertionError(f"no {kind} at {where} with {texts}; unexpected so far:\n\n{seen}")

    def threads(self, channel: str) -> list[str]:
        """Expect everything posted into threads of a channel so far (they notify nobody); returns the texts."""
        found = [one for one in self.workspace.unexpected if self._is_reply(one) and self._is_at(one, channel)]
        for happening in found:
            happening.expected = True
        return [one.text for one in found]

    def updates(self, channel: str) -> None:
        """Expect that messages of a channel were brought up to date, however often."""
        for happening in self.workspace.unexpected:
            if happening.kind == "update" and self._is_at(happening, channel):
                happening.expected = True

    def homes(self) -> None:
        """Expect that App Homes were brought up to date."""
        for happening in self.workspace.unexpected:
            if happening.kind == "home":
                happening.expected = True

    def nothing_else(self) -> None:
        """Fail on any happening that nobody expected."""
        left = [f"{one.kind} {one.channel} {one.user}: {one.text}" for one in self.workspace.unexpected]
        assert not left, "nobody expected:\n\n" + "\n\n".join(left)

    # --- time -------------------------------------------------------------------------------------------------------

    async def settle(self, within: timedelta = SETTLE_WITHIN) -> None:
        """Let everything that is due happen; time moves by at most `within`, as far as pacing needs it."""
        limit = self.clock.now() + within
        while True:
            next_due = await self._quiet()
            if next_due is None or next_due > limit or not await self._is_paced():
                return
            self.clock.set(max(next_due, self.clock.now()))

    async def pass_time(self, **units: float) -> None:
        """Let time pass, stopping at each thing that comes due on the way."""
        target = self.clock.now() + timedelta(**units)
        while True:
            next_due = await self._quiet()
            if next_due is None or next_due > target:
                break
            self.clock.set(max(next_due, self.clock.now()))
        self.clock.set(max(target, self.clock.now()))
        await self.settle()

    async def _quiet(self) -> Any:
        """Tick until nothing more happens at this moment; returns when the next thing is due."""
        while True:
            commits = self._commits
            next_due = await self.process.worker.tick()
            await self.process.sender.idle()
            if self._commits == commits:
                return next_due

    async def _is_paced(self) -> bool:
        """Say whether something waits in the outbox for its turn (rather than for a deadline of people)."""
        return await self.process.store.read(waiting) > 0

    async def _after(self, delivery: Delivery) -> Delivery:
        assert delivery.acked or not delivery.sent, delivery
        await self.settle()
        return delivery

    @staticmethod
    def _is_reply(happening: Happening) -> bool:
        message = happening.message
        return happening.kind == "post" and isinstance(message, Message) and bool(message.thread_ts)

    def _is_at(self, happening: Happening, where: str) -> bool:
        if where.startswith("#"):
            return happening.channel == self.workspace.channel(where).id and happening.user is None
        person = self.person(where)
        return happening.user == person or (happening.user is None and happening.channel == f"D{person[1:]}")

    _commits: int = 0

    def count_commit(self) -> None:
        """Note that something was committed."""
        self._commits += 1


@cache
def example_config() -> Config:
    """The example organisation as shipped, read once."""
    return app.load_config(Path("config"), Path("messages"))


@contextlib.asynccontextmanager
async def world_of(
    tmp_path: Path,
    *,
    database: str | None = None,
    socket_mode: bool = False,
    strict: bool = True,
    change: Callable[[Config], Config] = lambda config: config,
    variables: Mapping[str, str] = MappingProxyType({}),
) -> AsyncIterator[World]:
    """Build the example organisation's world; at the end nothing unexpected may have happened (`strict`).

    `change` is what the organisation has configured otherwise than the example, `variables` what else stands in the
    environment.
    """
    flags, clock = tmp_path / "flags.json", VirtualClock()
    config = example_config()
    settings = fit(read(Path("config/demo.yaml")), demo.DemoSettings)
    select_newest(flags, {name: system.versions for name, system in config[Systems].systems.items()})
    example = demo.example_of(config, settings, demo.Places(0, 0, tmp_path, Path("config"), Path("messages")))
    example.manifest["settings"]["socket_mode_enabled"] = socket_mode
    workspace = build(example, SECRETS, request_url="", clock=clock, ack_deadline=30.0)
    url = database or f"sqlite:///{tmp_path / 'backout.db'}"
    prepare(url)
    async with serving_example(workspace, example, flags) as (slack_address, models):
        config = change(config.replace(demo.retargeted(config[Systems], flags, slack_address)))
        environment = environment_of(slack_address, url, socket_mode=socket_mode, more=variables)
        store = open_store(url, clock=clock, ids=CountedIds(), config=config, trail_key=TRAIL_KEY)
        slack = SlackClient(SECRETS.bot_token, environment.slack_api_url, clock)
        password = environment.smtp_password.get_secret_value() if environment.smtp_password else ""
        process = Process(environment, store, slack, app.wiring(config, slack, default_targets(), password))
        async with serving(process.web) as address:
            workspace.request_url = "" if socket_mode else f"{address}/slack/events"
            world = World(clock, config, workspace, models, process, address, flags, url)
            store.after_commit = world.count_commit
            await process.connect()
            try:
                await world.settle()
                yield world
                await world.settle()
            finally:
                await process.disconnect()
        store.close()
    if strict:
        world.nothing_else()


def environment_of(
    address: str, url: str, *, socket_mode: bool = False, more: Mapping[str, str] = MappingProxyType({})
) -> Environment:
    """What the environment of a process beside this Slack and on this database says."""
    variables = {
        "SLACK_BOT_TOKEN": SECRETS.bot_token,
        "SLACK_SIGNING_SECRET": SECRETS.signing_secret,
        "SLACK_API_URL": f"{address}/api/",
        "DATABASE_URL": url,
        "BACKOUT_SECRET_ALERTMANAGER": ALERT_SECRET,
        **more,
    }
    if socket_mode:
        variables["SLACK_APP_TOKEN"] = SECRETS.app_token
    return Environment.read(variables)
