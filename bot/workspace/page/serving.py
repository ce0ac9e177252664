"""What is being served now: per system the version and a sample answer, asked from a model server.

Each entry's address answers `GET` with a JSON object holding `version` and a sample `answer` (also read: `sample`,
`output`). A server that does not answer is shown as such; the strip never guesses.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import aiohttp
from pydantic import BaseModel, ConfigDict

PATIENCE = aiohttp.ClientTimeout(total=2)


class ServedModel(BaseModel):
    """A system to watch: its name and where to ask what it serves."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    system: str
    url: str


class Served(BaseModel):
    """What one system serves at this moment; `version` is empty when it could not be asked."""

    model_config = ConfigDict(frozen=True)

    system: str
    version: str = ""
    answer: str = ""

    @property
    def ok(self) -> bool:
        """Whether the model server answered."""
        return bool(self.version)


class Serving:
    """Asks all systems at once; listeners asking at the same moment share one round.

    Args:
        models: what to watch.
        every: seconds between two rounds of a live page.
    """

    def __init__(self, models: Sequence[ServedModel], every: float = 2.0) -> None:
        self.models = tuple(models)
        self.every = every
        self._round: asyncio.Task[list[Served]] | None = None

    async def ask(self) -> list[Served]:
        """What every system serves now, in the given order."""
        if not self.models:
            return []
        if self._round is None or self._round.done():
            self._round = asyncio.create_task(self._ask_all())
        return await asyncio.shield(self._round)

    async def _ask_all(self) -> list[Served]:
        async with aiohttp.ClientSession(timeout=PATIENCE) as session:
            return list(await asyncio.gather(*(_ask(session, model) for model in self.models)))


async def _ask(session: aiohttp.ClientSession, model: ServedModel) -> Served:
    try:
        async with session.get(model.url) as got:
            told = await got.json(content_type=None)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        return Served(system=model.system, answer=f"not answering ({type(error).__name__})")
    if got.status != 200 or not isinstance(told, dict):
        return Served(system=model.system, answer=f"not answering (HTTP {got.status})")
    answer = next((told[key] for key in ("answer", "sample", "output") if key in told), "")
    return Served(system=model.system, version=str(told.get("version", "unknown")), answer=str(answer))
