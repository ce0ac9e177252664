import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.workspace.models import ModelServers
from bot.workspace.server import create_app, serving
from bot.workspace.workspace import Workspace
from tests.workspace.conftest import VirtualClock

ANSWERS = {"credit-scoring": {"7": "score 640: approve", "8": "score 312: decline"}, "search": {"1": "ten results"}}


def select(flags: Path, variant: str, state: str = "ENABLED") -> None:
    flag = {"state": state, "variants": {"v7": "7", "v8": "8"}, "defaultVariant": variant}
    replacement = flags.with_suffix(".new")
    replacement.write_text(json.dumps({"flags": {"credit-scoring": flag}}))
    replacement.replace(flags)


@pytest.fixture
def flags(tmp_path: Path) -> Path:
    path = tmp_path / "flags.json"
    select(path, "v8")
    return path


@pytest.fixture
def models(flags: Path, clock: VirtualClock) -> ModelServers:
    return ModelServers(flags, ANSWERS, instances=3, clock=clock)


@pytest.fixture
async def base(workspace: Workspace, models: ModelServers) -> AsyncIterator[str]:
    async with serving(create_app(workspace, models=models.app())) as address:
        yield f"{address}/models"


async def ask(address: str) -> tuple[int, dict[str, Any]]:
    async with aiohttp.ClientSession() as session, session.get(address) as response:
        return response.status, await response.json()


async def test_answers_with_the_version_the_flag_selects(base: str, flags: Path) -> None:
    first = (200, {"system": "credit-scoring", "version": "8", "instance": "credit-scoring-1"})
    status, body = await ask(f"{base}/credit-scoring")
    assert (status, {**body, "answer": None}) == (first[0], {**first[1], "answer": None})
    assert body["answer"] == "score 312: decline"
    select(flags, "v7")
    _, body = await ask(f"{base}/credit-scoring")
    assert (body["version"], body["instance"], body["answer"]) == ("7", "credit-scoring-2", "score 640: approve")


async def test_unknown_system_is_404_and_an_unselected_one_503(base: str) -> None:
    assert (await ask(f"{base}/nothing"))[0] == 404
    assert (await ask(f"{base}/search"))[0] == 503


async def test_lists_the_versions_of_every_instance(base: str) -> None:
    _, body = await ask(f"{base}/")
    assert body["systems"][0] == {"system": "credit-scoring", "versions": ["8", "8", "8"]}


async def test_down_answers_503_until_it_is_up_again(base: str, models: ModelServers) -> None:
    models.down("credit-scoring")
    assert (await ask(f"{base}/credit-scoring"))[0] == 503
    models.down("credit-scoring", is_down=False)
    assert (await ask(f"{base}/credit-scoring"))[0] == 200


async def test_a_slow_server_outlasts_an_impatient_caller(base: str, models: ModelServers) -> None:
    models.slow("credit-scoring", 60)
    with pytest.raises(TimeoutError):
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(0.2)) as session:
            await session.get(f"{base}/credit-scoring")
    models.slow("credit-scoring", 0)


def test_lag_keeps_the_old_version_until_the_clock_passes(
    models: ModelServers, flags: Path, clock: VirtualClock
) -> None:
    models.lag("credit-scoring", timedelta(minutes=2))
    assert models.versions("credit-scoring") == ["8"] * 3
    select(flags, "v7")
    assert models.versions("credit-scoring") == ["8"] * 3
    clock.advance(seconds=119)
    assert models.versions("credit-scoring") == ["8"] * 3
    clock.advance(seconds=1)
    assert models.versions("credit-scoring") == ["7"] * 3


def test_a_change_taken_back_within_the_lag_leaves_the_old_version(
    models: ModelServers, flags: Path, clock: VirtualClock
) -> None:
    models.lag("credit-scoring", timedelta(minutes=2))
    assert models.versions("credit-scoring") == ["8"] * 3
    select(flags, "v7")
    assert models.versions("credit-scoring") == ["8"] * 3
    select(flags, "v8")
    clock.advance(minutes=5)
    assert models.versions("credit-scoring") == ["8"] * 3


def test_stuck_instances_make_a_rollback_partial(models: ModelServers, flags: Path) -> None:
    models.stick("credit-scoring", 1)
    select(flags, "v7")
    assert models.versions("credit-scoring") == ["8", "7", "7"]
    models.unstick("credit-scoring")
    assert models.versions("credit-scoring") == ["7", "7", "7"]


@pytest.mark.parametrize(
    "broken",
    [
        "{",
        "[]",
        '{"flags": {"credit-scoring": {"state": "DISABLED"}}}',
        '{"other": 1}',
        '{"flags": {"credit-scoring": 1}}',
    ],
)
def test_what_cannot_be_read_changes_nothing(models: ModelServers, flags: Path, broken: str) -> None:
    assert models.versions("credit-scoring") == ["8"] * 3
    flags.write_text(broken)
    assert models.versions("credit-scoring") == ["8"] * 3
    flags.unlink()
    assert models.versions("credit-scoring") == ["8"] * 3
    select(flags, "v7")
    assert models.versions("credit-scoring") == ["7"] * 3
