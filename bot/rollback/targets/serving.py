"""Ask the process that really serves which version answers: a registry or a flag only says which one should.

Only the address in `systems.yaml` is asked: no redirects, no proxies of the environment, no link-local addresses
however they are spelled, three seconds and 64 KiB for each answer.
"""

import asyncio
import json
import socket

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from bot.foundation.addresses import why_not_askable, why_not_reachable

SECONDS = 3.0
LONGEST_ANSWER = 64 * 1024
LONGEST_VERSION = 100
AT_ONCE = 10
CHUNK = 8 * 1024


class ServingProcess:
    """The process behind one address. Each question is a connection of its own, so that every instance has its turn."""

    def __init__(self, url: str, *, seconds: float = SECONDS) -> None:
        self._url = url
        self._seconds = seconds

    async def ask(self, times: int) -> list[str | None]:
        """Return the version in each answer, None for each that does not come or cannot be read."""
        if why_not_askable(self._url):
            return [None] * times
        turns = asyncio.Semaphore(AT_ONCE)
        async with self._session() as session:
            return list(await asyncio.gather(*(self._ask_once(session, turns) for _ in range(times))))

    def _session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=CarefulResolver(), force_close=True, limit=0),
            timeout=aiohttp.ClientTimeout(total=self._seconds),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            auto_decompress=False,
            trust_env=False,
        )

    async def _ask_once(self, session: aiohttp.ClientSession, turns: asyncio.Semaphore) -> str | None:
        try:
            async with turns, session.get(self._url, allow_redirects=False) as response:
                return version_in(await _body(response)) if response.status == 200 else None
        except (aiohttp.ClientError, TimeoutError, OSError, UnicodeError):
            return None  # an answer that does not come is counted as one that could not be read


def version_in(body: bytes) -> str | None:
    """Return the version that an answer names: `{"version": "7"}`, None if it names none."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    version = answer.get("version") if isinstance(answer, dict) else None
    if isinstance(version, int) and not isinstance(version, bool):
        version = str(version)
    return version if isinstance(version, str) and 0 < len(version) <= LONGEST_VERSION else None


async def _body(response: aiohttp.ClientResponse) -> bytes:
    """Read an answer; one that is too long comes back empty."""
    body = b""
    async for chunk in response.content.iter_chunked(CHUNK):
        body += chunk
        if len(body) > LONGEST_ANSWER:
            return b""
    return body


class CarefulResolver(AbstractResolver):
    """Resolves names, and refuses those that lead where no model is served."""

    def __init__(self, inner: AbstractResolver | None = None) -> None:
        self._inner = inner or aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return a name's addresses (OSError if one of them is none that serves models)."""
        found = await self._inner.resolve(host, port, family)
        for address in found:
            if why := why_not_reachable(address["host"]):
                raise OSError(why)
        return found

    async def close(self) -> None:
        """Let go of what the resolver holds."""
        await self._inner.close()
