"""Change notices for whoever watches the workspace (the web page's live updates)."""

import asyncio
from collections.abc import AsyncIterator, Callable

from bot.workspace.state import Json


class Subscription:
    """Change notices for one listener, oldest first: `async for notice in subscription`. Close it when done."""

    def __init__(self, leave: "Callable[[Subscription], None]") -> None:
        self._queue: asyncio.Queue[Json | None] = asyncio.Queue()
        self._leave = leave

    def __aiter__(self) -> AsyncIterator[Json]:
        return self

    async def __anext__(self) -> Json:
        """The next notice; ends when the subscription or the workspace is closed."""
        notice = await self._queue.get()
        if notice is None:
            raise StopAsyncIteration
        return notice

    def put(self, notice: Json | None) -> None:
        """Hand over a notice; None ends the subscription."""
        self._queue.put_nowait(notice)

    def close(self) -> None:
        """Stop listening."""
        self._leave(self)
        self.put(None)


class Notices:
    """The listeners."""

    def __init__(self) -> None:
        self._listeners: list[Subscription] = []

    def subscribe(self) -> Subscription:
        """A new listener, who hears of everything from now on."""
        subscription = Subscription(self._forget)
        self._listeners.append(subscription)
        return subscription

    def tell(self, kind: str, **about: str | None) -> None:
        """Tell every listener that something of `kind` changed."""
        notice: Json = {"kind": kind, **{key: value for key, value in about.items() if value is not None}}
        for listener in self._listeners:
            listener.put(notice)

    def close(self) -> None:
        """End every subscription."""
        for listener in list(self._listeners):
            listener.close()

    def _forget(self, subscription: Subscription) -> None:
        if subscription in self._listeners:
            self._listeners.remove(subscription)
