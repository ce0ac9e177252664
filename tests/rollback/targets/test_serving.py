"""Which version answers: asked of a real server, with all the ways in which a server can misbehave."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.rollback.targets.serving import LONGEST_ANSWER, CarefulResolver, ServingProcess, version_in
from tests.foundation.test_addresses import SPELT

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def served(handler: Handler) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_get("/{rest:.*}", handler)
    runner = web.AppRunner(app, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port = runner.addresses[0][1]
        yield f"http://127.0.0.1:{port}/models/shop"
    finally:
        await runner.cleanup()


async def test_every_answer_counts() -> None:
    """R099, R100: several instances behind one address show."""
    turns = iter(["7", "8", "7"])

    async def handler(_request: web.Request) -> web.Response:
        return web.json_response({"version": next(turns), "answer": "ten products"})

    async with served(handler) as url:
        assert sorted(await ServingProcess(url).ask(3), key=str) == ["7", "7", "8"]


async def test_each_question_is_a_connection_of_its_own() -> None:
    ports: set[int] = set()

    async def handler(request: web.Request) -> web.Response:
        assert request.transport is not None
        ports.add(request.transport.get_extra_info("peername")[1])
        return web.json_response({"version": "7"})

    async with served(handler) as url:
        assert await ServingProcess(url).ask(12) == ["7"] * 12
    assert len(ports) == 12


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (503, b'{"version": "7"}'),
        (404, b'{"version": "7"}'),
        (200, b""),
        (200, b"<html>7</html>"),
        (200, b"[7]"),
        (200, b'{"version": null}'),
        (200, b'{"version": true}'),
        (200, b'{"version": ""}'),
        (200, b'{"version": "' + b"7" * 101 + b'"}'),
        (200, b'{"version": "7", "pad": "' + b"x" * LONGEST_ANSWER + b'"}'),
        (200, b"[" * 60_000),
    ],
)
async def test_answers_that_cannot_be_read(status: int, body: bytes) -> None:
    """R100: what cannot be read is never counted as the wanted version."""

    async def handler(_request: web.Request) -> web.Response:
        return web.Response(status=status, body=body)

    async with served(handler) as url:
        assert await ServingProcess(url).ask(2) == [None, None]


async def test_redirects_are_not_followed() -> None:
    paths: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        paths.append(request.path)
        if request.path != "/elsewhere":
            raise web.HTTPFound("/elsewhere")
        return web.json_response({"version": "7"})

    async with served(handler) as url:
        assert await ServingProcess(url).ask(1) == [None]
    assert paths == ["/models/shop"]


async def test_a_server_that_does_not_answer_in_time() -> None:
    async def handler(_request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError("never")

    async with served(handler) as url:
        assert await ServingProcess(url, seconds=0.2).ask(3) == [None] * 3


async def test_a_server_that_is_not_there() -> None:
    assert await ServingProcess("http://127.0.0.1:9/").ask(2) == [None, None]


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "http://169.254.169.254/", "http://", "nothing"])
async def test_addresses_that_are_not_asked(url: str) -> None:
    assert await ServingProcess(url).ask(2) == [None, None]


class Rebinding(AbstractResolver):
    """A name that leads to a harmless address when it is first asked for, and inside afterwards."""

    def __init__(self) -> None:
        self.addresses = ["127.0.0.1", "169.254.169.254"]

    async def resolve(self, host: str, port: int = 0, family: Any = socket.AF_INET) -> list[ResolveResult]:
        found = {"hostname": host, "host": self.addresses.pop(0), "port": port, "family": family}
        return [cast("ResolveResult", {**found, "proto": 0, "flags": 0})]

    async def close(self) -> None:
        pass


async def test_a_name_that_leads_elsewhere_the_next_time_is_looked_at_each_time() -> None:
    """T18: what is connected to is the very address that was looked at."""
    resolver = CarefulResolver(Rebinding())
    assert (await resolver.resolve("models.example", 80))[0]["host"] == "127.0.0.1"
    with pytest.raises(OSError, match="is not an address that serves models"):
        await resolver.resolve("models.example", 80)


@pytest.mark.parametrize("host", SPELT)
async def test_spellings_of_such_addresses_are_refused_once_they_are_resolved(host: str) -> None:
    """T18: nothing is connected to; the address is looked at between resolving and connecting."""
    resolver = CarefulResolver()
    with pytest.raises(OSError, match="is not an address that serves models"):
        await resolver.resolve(host, 80)
    assert await ServingProcess(f"http://{host}/", seconds=30).ask(1) == [None]


async def test_names_of_this_machine_resolve() -> None:
    assert {found["host"] for found in await CarefulResolver().resolve("localhost", 80)} == {"127.0.0.1"}


async def test_an_address_of_the_environment_s_proxy_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")

    async def handler(_request: web.Request) -> web.Response:
        return web.json_response({"version": 7})

    async with served(handler) as url:
        assert await ServingProcess(url).ask(1) == ["7"]


def test_numbers_are_versions_too() -> None:
    assert version_in(b'{"version": 41}') == "41"
