"""The workspace as `backout demo` starts it: an example organisation's people, its alerts to send, its model servers.

Everything that is particular to the example is plain data handed in; this file only puts the parts together.
"""

import contextlib
import json
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.workspace.clock import Clock
from bot.workspace.models import ModelServers
from bot.workspace.page import create_page
from bot.workspace.server import create_app, serving
from bot.workspace.state import Channel, Team, User
from bot.workspace.workspace import Workspace


@dataclass(frozen=True)
class Example:
    """What makes a workspace an example organisation's.

    Attributes:
        answers: What each version of each system predicts: {system: {version: text}}.
        stories: Situations to play through, as `page.stories.Story` takes them.
    """

    team: Team
    people: Sequence[User]
    channels: Sequence[Channel]
    manifest: Mapping[str, Any]
    answers: Mapping[str, Mapping[str, str]]
    stories: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Secrets:
    """What the workspace and the app share."""

    signing_secret: str
    bot_token: str
    app_token: str = ""


def select_newest(flags: Path, versions: Mapping[str, Sequence[str]]) -> None:
    """Write a flagd file in which every system serves its newest version: the state before anything went wrong."""
    document = {
        "flags": {
            system: {
                "state": "ENABLED",
                "variants": {f"v{version}": version for version in known},
                "defaultVariant": f"v{known[-1]}",
            }
            for system, known in versions.items()
        }
    }
    flags.parent.mkdir(parents=True, exist_ok=True)
    flags.write_text(json.dumps(document, indent=2) + "\n")


def build(
    example: Example, secrets: Secrets, *, request_url: str, clock: Clock | None = None, ack_deadline: float = 3.0
) -> Workspace:
    """Make the workspace; `request_url` is where the app listens, `ack_deadline` how many real seconds it has."""
    return Workspace(
        people=example.people,
        channels=example.channels,
        team=example.team,
        manifest=dict(example.manifest),
        signing_secret=secrets.signing_secret,
        bot_token=secrets.bot_token,
        app_token=secrets.app_token,
        request_url=request_url,
        clock=clock,
        ack_deadline=ack_deadline,
    )


@contextlib.asynccontextmanager
async def serving_example(
    workspace: Workspace, example: Example, flags: Path, *, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[tuple[str, ModelServers]]:
    """Serve the workspace with its page and model servers; yields the address and the servers (OSError: port taken)."""
    models = ModelServers(flags, example.answers, clock=workspace.clock)
    port = port or _free_port(host)  # the page must know the model servers' addresses before it is served
    base = f"http://{host}:{port}"
    watched = [{"system": system, "url": f"{base}/models/{system}"} for system in example.answers]
    page = create_page(workspace, example.stories, watched)
    async with serving(create_app(workspace, models.app(), page), host, port) as address:
        yield address, models


def _free_port(host: str) -> int:
    with socket.create_server((host, 0)) as listening:
        return int(listening.getsockname()[1])
