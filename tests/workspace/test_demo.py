"""The parts of the demo put together: what is served before anything went wrong, and one address for everything."""

import json
import socket
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.workspace.demo import Example, Secrets, build, select_newest, serving_example
from bot.workspace.state import Channel, Team, User
from bot.workspace.workspace import Workspace
from tests.workspace.conftest import APP_TOKEN, BOT_TOKEN, SECRET, VirtualClock, manifest

STORY = {"title": "Refusals rise", "situation": "A new version went live.", "steps": [{"text": "Look."}]}
EXAMPLE = Example(
    team=Team(id="T1", name="Office"),
    people=[User(id="U1", name="ada", real_name="Ada Byron"), User(id="U2", name="ben", real_name="Ben Okri")],
    channels=[Channel(id="C1", name="ops")],
    manifest=manifest(),
    answers={"scoring": {"7": "score 640", "8": "score 312"}},
    stories=[STORY],
)
SECRETS = Secrets(signing_secret=SECRET, bot_token=BOT_TOKEN, app_token=APP_TOKEN)


@pytest.fixture
def flags(tmp_path: Path) -> Path:
    path = tmp_path / "deep" / "flags.json"
    select_newest(path, {"scoring": ["7", "8"]})
    return path


@pytest.fixture
def example_workspace(clock: VirtualClock) -> Workspace:
    return build(EXAMPLE, SECRETS, request_url="http://127.0.0.1:1/slack/events", clock=clock, ack_deadline=9.0)


async def fetched(address: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(address) as answer:
        return answer.status, await answer.text()


def test_at_first_every_system_serves_its_newest_version(tmp_path: Path) -> None:
    flags = tmp_path / "not" / "there" / "flags.json"
    select_newest(flags, {"scoring": ["7", "8"], "search": ["1"]})
    found: dict[str, Any] = json.loads(flags.read_text())["flags"]
    assert found["scoring"] == {"state": "ENABLED", "variants": {"v7": "7", "v8": "8"}, "defaultVariant": "v8"}
    assert found["search"]["defaultVariant"] == "v1"


def test_what_was_selected_before_is_forgotten(flags: Path) -> None:
    select_newest(flags, {"search": ["1", "2"]})
    assert list(json.loads(flags.read_text())["flags"]) == ["search"]


def test_the_workspace_is_the_example_s(example_workspace: Workspace) -> None:
    assert {user.id for user in example_workspace.people.values() if not user.is_bot} == {"U1", "U2"}
    assert example_workspace.channels["C1"].name == "ops"
    assert example_workspace.team.name == "Office"
    assert example_workspace.request_url == "http://127.0.0.1:1/slack/events"


async def test_one_address_serves_page_web_api_and_models(example_workspace: Workspace, flags: Path) -> None:
    async with serving_example(example_workspace, EXAMPLE, flags) as (address, models):
        _status, page = await fetched(f"{address}/")
        assert "Refusals rise" in page
        assert "ops" in page
        async with (
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {BOT_TOKEN}"}) as session,
            session.post(f"{address}/api/auth.test") as answer,
        ):
            who = await answer.json()
        assert (who["ok"], who["team_id"]) == (True, "T1")
        status, served = await fetched(f"{address}/models/scoring")
        assert (status, json.loads(served)["version"], json.loads(served)["answer"]) == (200, "8", "score 312")
        assert models.versions("scoring") == ["8"]


async def test_the_models_follow_the_flag_file(example_workspace: Workspace, flags: Path) -> None:
    async with serving_example(example_workspace, EXAMPLE, flags) as (address, _models):
        document = json.loads(flags.read_text())
        document["flags"]["scoring"]["defaultVariant"] = "v7"
        replacement = flags.with_suffix(".new")
        replacement.write_text(json.dumps(document))
        replacement.replace(flags)
        _status, served = await fetched(f"{address}/models/scoring")
        assert json.loads(served)["version"] == "7"


async def test_a_chosen_port_is_kept_and_a_taken_one_refused(example_workspace: Workspace, flags: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="ddress already in use"):
            async with serving_example(example_workspace, EXAMPLE, flags, port=port):
                pass
    async with serving_example(example_workspace, EXAMPLE, flags, port=port) as (address, _models):
        assert address == f"http://127.0.0.1:{port}"
        assert example_workspace.base_url == address
