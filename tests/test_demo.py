"""`backout demo`: what its stories promise is true, and the real command starts, takes an alert and stops."""

import asyncio
import json
import re
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process, create_subprocess_exec
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot import app, demo
from bot.alerts.models import Finding, Triggers
from bot.alerts.rules import alertmanager
from bot.alerts.rules.judgement import judge
from bot.alerts.rules.mapping import dedup_key, subject_of
from bot.demo import DemoSettings, DemoStory, Places
from bot.foundation.config import Config, fit, read
from bot.incidents.models import Systems
from bot.people.models import Directory
from bot.workspace.demo import Example
from bot.workspace.page import Story
from tests.support.running import PATIENCE_SECONDS, free_port

CONFIG, MESSAGES = Path("config"), Path("messages")
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
SETTINGS = fit(read(CONFIG / "demo.yaml"), DemoSettings)
each_story = pytest.mark.parametrize("story", SETTINGS.stories, ids=lambda story: story.system)


@pytest.fixture(scope="module")
def config() -> Config:
    return app.load_config(CONFIG, MESSAGES)


@pytest.fixture(scope="module")
def example(config: Config) -> Example:
    return demo.example_of(config, SETTINGS, Places(1, 3000, Path("var"), CONFIG, MESSAGES))


def read_alert(story: DemoStory, now: datetime = NOW) -> alertmanager.Alert:
    """A story's alert as our own alerts door reads it."""
    batch = alertmanager.read(json.loads(json.dumps(demo.alert_body(story.system, story.alert, now))))
    assert isinstance(batch, alertmanager.Batch)
    assert batch.note == ""
    (alert,) = batch.alerts
    return alert


# --- the alert --------------------------------------------------------------------------------------------------------


@each_story
def test_each_alert_crosses_a_trigger_of_its_system(config: Config, story: DemoStory) -> None:
    """R013: sent by the page, it opens an incident."""
    triggers, alert = config[Triggers], read_alert(story)
    subject = subject_of(alert, triggers.mapping)
    found = judge(triggers, subject, story.system)
    assert (found.finding, found.note) == (Finding.BREACHED, "")
    assert found.trigger is not None
    assert found.value == float(story.alert["value"])
    assert (subject.system, subject.version) == (story.system, story.alert["version"])
    assert subject.summary == story.alert["summary"]
    assert alert.is_firing


@each_story
def test_each_alert_is_about_the_newest_version_and_an_older_one_to_go_back_to(
    config: Config, story: DemoStory
) -> None:
    versions = config[Systems].systems[story.system].versions
    assert story.alert["version"] == versions[-1]
    assert len(versions) > 1


def test_the_same_alert_has_the_same_fingerprint_and_another_one_another() -> None:
    """Sent twice about one moment it is a redelivery, sent later an episode of its own."""
    first, second = SETTINGS.stories[:2]
    again, later = read_alert(first), read_alert(first, NOW + timedelta(minutes=1))
    assert dedup_key("alertmanager", read_alert(first)) == dedup_key("alertmanager", again)
    assert again.fingerprint == later.fingerprint
    assert dedup_key("alertmanager", again) != dedup_key("alertmanager", later)
    assert again.fingerprint != read_alert(second).fingerprint


@pytest.mark.parametrize("hours", [0, 9, -5])
def test_an_alert_says_its_moment_in_utc(hours: int) -> None:
    alert = read_alert(SETTINGS.stories[0], NOW.astimezone(timezone(timedelta(hours=hours))))
    assert (alert.starts_at, alert.ends_at) == (NOW, None)


# --- the example ------------------------------------------------------------------------------------------------------


def test_whom_and_what_the_stories_name_is_in_the_workspace(example: Example) -> None:
    people, channels = {one.id for one in example.people}, {one.id for one in example.channels}
    assert len(example.stories) == 4
    for story in (Story.model_validate(one) for one in example.stories):
        assert story.steps
        for step in story.steps:
            assert step.act_as in people, step
            assert step.where in channels, step
        assert story.request is not None
        assert story.request.url == "http://127.0.0.1:3000/alerts/alertmanager"
        assert story.request.headers == {"Authorization": f"Bearer {demo.ALERT_SECRET}"}


@each_story
def test_each_story_plays_in_its_system_s_channel(config: Config, story: DemoStory) -> None:
    assert {step["in"] for step in story.steps} == {config[Systems].systems[story.system].channel}


def test_every_person_and_stranger_can_be_played(config: Config, example: Example) -> None:
    directory = config[Directory]
    known = {person.slack for person in directory.people.values()}
    strangers = {one["id"] for one in SETTINGS.strangers}
    assert strangers
    assert known.isdisjoint(strangers), "a stranger is somebody whom people.yaml does not know"
    assert {one.id for one in example.people} == known | strangers
    assert example.team.id == directory.team.slack


def test_every_channel_that_the_configuration_names_is_there(config: Config, example: Example) -> None:
    files = [path.read_text(encoding="utf-8") for path in CONFIG.glob("*.yaml") if path.name != "demo.yaml"]
    named = set(re.findall(r"\bC0[A-Z0-9]{8}\b", "\n".join(files)))
    assert config[Systems].default_channel in named
    assert named <= {one.id for one in example.channels}


def test_every_version_of_every_system_has_an_answer(config: Config, example: Example) -> None:
    versions = {name: set(system.versions) for name, system in config[Systems].systems.items()}
    assert {name: set(answers) for name, answers in example.answers.items()} == versions


def test_the_example_s_commands_are_the_manifest_s(example: Example) -> None:
    commands = {one["command"] for one in example.manifest["features"]["slash_commands"]}
    typed = {word for story in SETTINGS.stories for step in story.steps for word in re.findall(r"/\w+", step["text"])}
    assert typed
    assert typed <= commands


# --- where it listens and keeps its files -----------------------------------------------------------------------------


def test_only_the_targets_are_the_demo_s_own(config: Config) -> None:
    systems = config[Systems]
    aimed = demo.retargeted(systems, Path("here/flags.json"), "http://127.0.0.1:9")
    for name, system in systems.systems.items():
        found = aimed.systems[name]
        assert found.target.file == "here/flags.json"
        assert found.target.serving_url == f"http://127.0.0.1:9/models/{name}"
        assert found.target.flag == system.target.flag
        assert found.model_copy(update={"target": system.target}) == system
        assert system.target.file != "here/flags.json", "the configuration that was given stays as it is"
    assert aimed.default_channel == systems.default_channel


def test_database_and_flag_file_lie_in_the_demo_s_directory(tmp_path: Path) -> None:
    places = Places(1, 2, tmp_path, CONFIG, MESSAGES)
    assert places.flags == tmp_path / "flags.json"
    assert places.database == f"sqlite:///{tmp_path}/backout.db"


# --- the real command -------------------------------------------------------------------------------------------------


@dataclass
class Demo:
    """`python -m bot demo` as a process of its own."""

    process: Process
    directory: Path
    page: str
    bot: str

    async def text(self, address: str) -> tuple[int, str]:
        """Fetch something; status 0 while nobody listens."""
        try:
            async with aiohttp.ClientSession() as session, session.get(address) as answer:
                return answer.status, await answer.text()
        except aiohttp.ClientConnectionError:
            return 0, ""

    async def until(self, address: str, status: int, *texts: str) -> str:
        """Ask again until the answer is this one."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                found, text = await self.text(address)
                if found == status and all(one in text for one in texts):
                    return text
                assert self.process.returncode is None, "the demo ended by itself"
                await asyncio.sleep(0.05)

    async def plays(self, story: int) -> dict[str, Any]:
        """Send a story's alert as the page does."""
        async with (
            aiohttp.ClientSession(headers={"X-Workspace-Page": "1"}) as session,
            session.post(f"{self.page}/page/stories/{story}") as answer,
        ):
            found: dict[str, Any] = await answer.json()
            return found

    async def stop(self) -> tuple[int, str, str]:
        """Stop it as an operator does; returns its exit status and what it said on both outputs."""
        self.process.send_signal(signal.SIGTERM)
        return await ended(self.process)


async def ended(process: Process) -> tuple[int, str, str]:
    async with asyncio.timeout(PATIENCE_SECONDS):
        said, complained = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode(), complained.decode()


async def started(directory: Path, port: int, bot_port: int, *more: str) -> Process:
    where = ("--port", str(port), "--bot-port", str(bot_port), "--directory", str(directory))
    return await create_subprocess_exec(sys.executable, "-m", "bot", "demo", *where, *more, stdout=PIPE, stderr=PIPE)


@asynccontextmanager
async def running_demo(directory: Path, *more: str) -> AsyncIterator[Demo]:
    port, bot_port = free_port(), free_port()
    process = await started(directory, port, bot_port, *more)
    found = Demo(process, directory, f"http://127.0.0.1:{port}", f"http://127.0.0.1:{bot_port}")
    try:
        await found.until(f"{found.bot}/readyz", 200)
        yield found
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def test_it_takes_the_first_story_s_alert_shows_the_card_and_stops(tmp_path: Path) -> None:
    """P21 R013 R040 R049."""
    async with running_demo(tmp_path / "demo") as running:
        story, channel = SETTINGS.stories[0], SETTINGS.stories[0].steps[0]["in"]
        assert "INC-1" not in await running.until(f"{running.page}/?in={channel}", 200, "shop-recommender")
        answer = await running.plays(0)
        assert (answer["ok"], answer["status"]) == (True, 202), answer
        card = await running.until(f"{running.page}/?in={channel}", 200, "INC-1 · Shop recommender", "Acknowledge")
        assert "Roll back" in card
        _status, served = await running.text(f"{running.page}/models/{story.system}")
        assert json.loads(served)["version"] == story.alert["version"], "what goes wrong is really served"
        status, said, complained = await running.stop()
        assert status == 0, complained
        assert f"Open {running.page}" in said
        assert "Traceback" not in complained


async def test_it_begins_afresh_unless_told_to_keep(tmp_path: Path) -> None:
    directory = tmp_path / "demo"
    channel = SETTINGS.stories[0].steps[0]["in"]
    async with running_demo(directory) as first:
        await first.plays(0)
        await first.until(f"{first.page}/?in={channel}", 200, "INC-1 ·")
        await first.stop()
    (directory / "mark").touch()
    async with running_demo(directory, "--keep") as kept:
        assert (await kept.stop())[0] == 0
    assert (directory / "mark").exists()
    async with running_demo(directory) as afresh:
        assert (await afresh.stop())[0] == 0
    assert not (directory / "mark").exists()


@pytest.mark.parametrize("taken", ["page", "alerts"])
async def test_a_taken_port_is_said_in_one_line(tmp_path: Path, taken: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ports = (port, free_port()) if taken == "page" else (free_port(), port)
        status, said, complained = await ended(await started(tmp_path / "demo", *ports))
    words = [line for line in complained.splitlines() if not line.startswith("{")]
    assert status == 1
    assert said == "", "nobody is invited to what does not start"
    assert len(words) == 1, complained
    assert words[0].startswith("The demo cannot start: ")
    assert "in use" in words[0]
    assert str(port) in words[0]
    assert "Traceback" not in complained
