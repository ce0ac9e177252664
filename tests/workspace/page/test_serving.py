"""What is being served now."""

import asyncio
from typing import Any

import pytest

from bot.workspace.page.serving import Served, ServedModel, Serving
from tests.workspace.page.conftest import Elsewhere


def serving(elsewhere: Elsewhere) -> Serving:
    return Serving([ServedModel(system="scoring", url=f"{elsewhere.address}/models/scoring")])


@pytest.mark.parametrize(
    ("told", "version", "answer"),
    [
        ({"version": "2.1", "answer": "granted"}, "2.1", "granted"),
        ({"version": 7, "sample": {"score": 1}}, "7", "{'score': 1}"),
        ({"output": "x"}, "unknown", "x"),
        (["not", "an", "object"], "", "not answering (HTTP 200)"),
    ],
)
async def test_what_a_model_server_tells(told: Any, version: str, answer: str, elsewhere: Elsewhere) -> None:
    elsewhere.model = told
    assert await serving(elsewhere).ask() == [Served(system="scoring", version=version, answer=answer)]


async def test_a_silent_server_is_shown_as_such() -> None:
    (served,) = await Serving([ServedModel(system="gone", url="http://127.0.0.1:1/")]).ask()
    assert not served.ok
    assert served.answer.startswith("not answering")


async def test_nothing_to_watch() -> None:
    assert await Serving([]).ask() == []


async def test_many_listeners_share_one_round(elsewhere: Elsewhere) -> None:
    watched = serving(elsewhere)
    first, second = await asyncio.gather(watched.ask(), watched.ask())
    assert first is second
