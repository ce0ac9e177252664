"""`backout demo`: Backout as it is, beside a workspace, on one machine. Nothing here is known to the product.

workspace (page, Slack's Web API, model servers) ◀──SLACK_API_URL── Backout ◀── alerts from the page's stories
                    ╰── var/demo/flags.json ◀── the rollback's target ──╯
"""

import contextlib
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from bot import app
from bot.foundation.clock import SystemClock
from bot.foundation.config import Config, Settings, digest
from bot.foundation.config import fit as fit_document
from bot.foundation.config import read as read_document
from bot.foundation.environment import Environment
from bot.foundation.ids import RandomIds
from bot.foundation.migrations import migrate
from bot.foundation.process import Process, alone_with, open_process_store
from bot.foundation.slack_port import SlackClient
from bot.incidents.models import System, Systems
from bot.people.models import Directory
from bot.rollback.targets import default_targets
from bot.workspace.demo import Example, Secrets, build, select_newest, serving_example
from bot.workspace.state import Channel, Team, User

ALERT_SECRET = "demo-alertmanager"  # noqa: S105 - printed for everybody to use; guards nothing but this machine's demo


class DemoChannel(Settings):
    """A channel of the example workspace."""

    name: str
    topic: str = ""


class DemoStory(Settings):
    """A situation, and the alert that starts it."""

    title: str
    system: str
    situation: str
    alert: dict[str, str]
    steps: list[dict[str, str]]


class DemoSettings(Settings):
    """`config/demo.yaml`: what only the demo needs."""

    channels: dict[str, DemoChannel]
    strangers: list[dict[str, Any]]
    answers: dict[str, dict[str, str]]
    stories: list[DemoStory]


@dataclass(frozen=True)
class Places:
    """Where the demo listens and keeps its files."""

    port: int
    bot_port: int
    directory: Path
    config: Path
    messages: Path
    keep: bool = False

    @property
    def flags(self) -> Path:
        """The flag file that decides which versions are served."""
        return self.directory / "flags.json"

    @property
    def database(self) -> str:
        """The demo's database."""
        return f"sqlite:///{self.directory / 'backout.db'}"


async def play(config: Config, places: Places, say: Callable[[str], None]) -> None:
    """Serve workspace and Backout until interrupted (OSError: a port is taken)."""
    settings = fit_document(read_document(places.config / "demo.yaml"), DemoSettings)
    config = config.replace(retargeted(config[Systems], places.flags, f"http://127.0.0.1:{places.port}"))
    _prepare(places, config[Systems])
    secrets = _secrets()
    example = example_of(config, settings, places)
    workspace = build(example, secrets, request_url=f"http://127.0.0.1:{places.bot_port}/slack/events")
    async with serving_example(workspace, example, places.flags, port=places.port) as (address, _models):
        with alone_with(places.database):
            process = _process(config, places, secrets, address)
            await process.run(web=True, worker=True, when_open=lambda: say(_invitation(address, places)))


def retargeted(systems: Systems, flags: Path, address: str) -> Systems:
    """Return the systems with the demo's own flag file and model servers as their targets."""

    def aimed(name: str, system: System) -> System:
        target = system.target.model_copy(update={"file": str(flags), "serving_url": f"{address}/models/{name}"})
        return system.model_copy(update={"target": target})

    return systems.model_copy(update={"systems": {name: aimed(name, one) for name, one in systems.systems.items()}})


def example_of(config: Config, settings: DemoSettings, places: Places) -> Example:
    """Turn the configuration into the plain data that the workspace is built from."""
    directory = config[Directory]
    people = [
        User(id=person.slack, name=key, real_name=person.name, title=person.title, tz=person.zone)
        for key, person in directory.people.items()
    ]
    people += [User(**stranger) for stranger in settings.strangers]
    return Example(
        team=Team(id=directory.team.slack, name=directory.team.name),
        people=people,
        channels=[Channel(id=key, name=one.name, topic=one.topic) for key, one in settings.channels.items()],
        manifest=yaml.safe_load((places.config / "slack-manifest.yaml").read_text(encoding="utf-8")),
        answers=settings.answers,
        stories=[_story(story, directory, places.bot_port) for story in settings.stories],
    )


def alert_body(system: str, alert: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """Return an Alertmanager v4 body with one firing alert, as Alertmanager would send it."""
    labels = {
        "alertname": alert["alertname"],
        "system": system,
        "version": alert["version"],
        "metric": alert["metric"],
        "severity": "critical",
    }
    annotations = {"summary": alert["summary"], "value": alert["value"]}
    firing = {
        "status": "firing",
        "labels": labels,
        "annotations": annotations,
        "startsAt": now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "",
        "fingerprint": digest(labels).removeprefix("sha256:")[:16],
    }
    return {
        "version": "4",
        "groupKey": f'{{}}:{{alertname="{alert["alertname"]}"}}',
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "backout",
        "groupLabels": {"alertname": alert["alertname"]},
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "externalURL": "",
        "alerts": [firing],
    }


def _story(story: DemoStory, directory: Directory, bot_port: int) -> dict[str, Any]:
    return {
        "title": story.title,
        "situation": story.situation,
        "steps": [
            {"text": step["text"], "act_as": directory.people[step["as"]].slack, "where": step["in"]}
            for step in story.steps
        ],
        "request": {
            "method": "POST",
            "url": f"http://127.0.0.1:{bot_port}/alerts/alertmanager",
            "headers": {"Authorization": f"Bearer {ALERT_SECRET}"},
            "body": alert_body(story.system, story.alert, SystemClock().now()),
        },
    }


def _invitation(address: str, places: Places) -> str:
    return (
        f"\n  Open {address} and send the first alert.\n  Backout takes alerts on port {places.bot_port}.\n"
        f"  Afterwards: .venv/bin/backout export INC-1 --database {places.database}\n  Stop with Ctrl-C.\n"
    )


def _prepare(places: Places, systems: Systems) -> None:
    if not places.keep:
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(places.directory)
    places.directory.mkdir(parents=True, exist_ok=True)
    if not places.flags.exists():
        select_newest(places.flags, {name: system.versions for name, system in systems.systems.items()})
    migrate(places.database)


def _secrets() -> Secrets:
    ids = RandomIds()
    return Secrets(signing_secret=ids.salt().hex(), bot_token=f"xoxb-{ids.salt().hex()}")


def _process(config: Config, places: Places, secrets: Secrets, address: str) -> Process:
    environment = Environment.read(
        {
            "SLACK_BOT_TOKEN": secrets.bot_token,
            "SLACK_SIGNING_SECRET": secrets.signing_secret,
            "SLACK_API_URL": f"{address}/api/",
            "DATABASE_URL": places.database,
            "PORT": str(places.bot_port),
            "BACKOUT_SECRET_ALERTMANAGER": ALERT_SECRET,
        }
    )
    store = open_process_store(environment, config, SystemClock(), RandomIds())
    slack = SlackClient(secrets.bot_token, environment.slack_api_url, SystemClock())
    return Process(environment, store, slack, app.wiring(config, slack, default_targets()))
