"""How well the sender keeps Slack's pace (`python -m benchmarks.pacing`; figure F4).

Plays busy channels for four virtual minutes against the strict workspace, over real HTTP: notes, card updates and
requests for a decision, while half of the channels are told to wait again and again (429, 1 to 60 seconds). Every
seed is played a second time without those 429s, to see what they cost the other channels. Counts, over all seeds:

- calls that were made before `Retry-After` had ended (in the channel of a post, or of the same method otherwise);
- posts that followed another in the same channel in less than a second;
- by how many seconds a post in a channel that nobody slowed down came later than without the 429s;
- updates and notes that went before a decision which was waiting in the same channel;
- messages that never arrived, arrived twice or out of order.
"""

import asyncio
import contextlib
import itertools
import random
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.report import Figure, report
from bot.foundation.blocks import Message, section
from bot.foundation.db import Store
from bot.foundation.outbox import Kinds, Payload, Post
from bot.foundation.sender import Sender
from bot.foundation.slack_port import SlackClient
from bot.foundation.work import Actor, Lane, Reading, Work
from bot.workspace.server import create_app, serving
from bot.workspace.state import Call
from bot.workspace.workspace import Workspace
from tests.support.clock import VirtualClock
from tests.support.stores import fresh_store

SEEDS = range(1, 5)
MINUTES = 4.0
BUSY = [f"C0BUSY000{number}" for number in range(1, 7)]
SLOWED = frozenset(BUSY[:3])
SPARE = "C0SPARE001"
TOKEN = "xoxb-pacing"
SCOPES = ["chat:write", "channels:history", "channels:join", "channels:read", "users:read"]
LANES = {"note": Lane.NOTE, "card": Lane.CARD, "ask": Lane.DECISION}
EVERY = {"note": 3.0, "card": 6.0, "ask": 25.0}
"""Mean seconds between two of a kind in one channel: together below one a second."""
ACTOR = Actor("system", "pacing", "Pacing")


@dataclass(frozen=True)
class Wish:
    """One message that somebody wants, and when."""

    at: datetime
    channel: str
    kind: str
    number: int

    @property
    def text(self) -> str:
        """What it says: like nothing else in its channel."""
        return f"{self.kind} {self.number}"

    @property
    def key(self) -> str:
        """A card is one message that changes; anything else is a message of its own."""
        return f"card:{self.channel}" if self.kind == "card" else f"{self.kind}:{self.channel}:{self.number}"


@dataclass
class Counts:
    """What was seen, in numbers that should be 0, and the worst delay in seconds."""

    calls: int = 0
    limited: int = 0
    early: int = 0
    crowded: int = 0
    overtaken: int = 0
    wrong: int = 0
    delay: float = 0.0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.calls + other.calls,
            self.limited + other.limited,
            self.early + other.early,
            self.crowded + other.crowded,
            self.overtaken + other.overtaken,
            self.wrong + other.wrong,
            max(self.delay, other.delay),
        )


@dataclass
class Play:
    """Busy channels, a sender, and the strict workspace between them."""

    clock: VirtualClock
    store: Store
    sender: Sender
    workspace: Workspace
    wishes: list[Wish]

    async def run(self, waits: Iterator[tuple[datetime, str, str, int]]) -> list[Call]:
        """Let every wish be made at its moment and Slack say 429 at its own; returns every call."""
        moments: list[tuple[datetime, Any]] = sorted(
            [*((wish.at, wish) for wish in self.wishes), *((told[0], told) for told in waits)], key=lambda one: one[0]
        )
        for at, happening in moments:
            await self._until(at)
            if isinstance(happening, Wish):
                await self.store.submit(ACTOR, wish, happening)
            else:
                self._slow_down(*happening[1:])
        self.workspace.faults.clear()  # a 429 that met no call meets none afterwards
        await self._until(self.clock.now() + timedelta(hours=1))
        return self.workspace.calls

    async def _until(self, end: datetime) -> None:
        while True:
            due = await self._quiet()
            if due is None or due > end:
                break
            self.clock.set(max(due, self.clock.now()))
        self.clock.set(end)

    async def _quiet(self) -> datetime | None:
        """Let the sender do all it can at this moment; returns when it can do more."""
        while True:
            seen = len(self.workspace.calls)
            due = await self.sender.tick()
            await self.sender.idle()
            if len(self.workspace.calls) == seen and (due is None or due > self.clock.now()):
                return due

    def _slow_down(self, method: str, channel: str, seconds: int) -> None:
        self.workspace.faults.add(
            method=method,
            kind="rate_limited",
            retry_after=seconds,
            match=lambda arguments: bool(arguments.get("channel") == channel),
        )


def main() -> int:
    """Report the counts over all seeds; exit status 1 when one of them misses its goal."""
    found = asyncio.run(play_all(SEEDS, MINUTES))
    figures = [
        Figure("calls", found.calls),
        Figure("429s", found.limited, at_least=50),
        Figure("calls before Retry-After ended", found.early, at_most=0),
        Figure("posts within a second of another", found.crowded, at_most=0),
        Figure("delay of other channels", found.delay, "s", at_most=1),
        Figure("updates before a waiting decision", found.overtaken, at_most=0),
        Figure("lost, double or out of order", found.wrong, at_most=0),
    ]
    return report("pacing", figures, seed=SEEDS[0])


async def play_all(seeds: range, minutes: float) -> Counts:
    """Play every seed, with and without 429s."""
    found = Counts()
    for seed in seeds:
        found += await play(seed, minutes)
    return found


async def play(seed: int, minutes: float) -> Counts:
    """Play one seed with and without 429s, and count what should not have happened."""
    async with stage(seed, minutes) as plain:
        undisturbed = await plain.run(iter(()))
    async with stage(seed, minutes) as slowed:
        calls = await slowed.run(waits(seed, minutes))
        wishes = slowed.wishes
    posts = arrivals(calls)
    return Counts(
        calls=len(calls),
        limited=sum(call.status == 429 for call in calls),
        early=early(calls),
        crowded=crowded(calls),
        overtaken=overtaken(wishes, posts),
        wrong=wrong(wishes, calls),
        delay=delay(arrivals(undisturbed), posts),
    )


@contextlib.asynccontextmanager
async def stage(seed: int, minutes: float) -> AsyncIterator[Play]:
    """Yield a play that is ready to run."""
    clock = VirtualClock()
    workspace = Workspace(
        people=[],
        channels=[{"id": one, "name": one.lower(), "bot_is_member": True} for one in [*BUSY, SPARE]],
        manifest={"oauth_config": {"scopes": {"bot": SCOPES}}},
        signing_secret="",
        bot_token=TOKEN,
        clock=clock,
    )
    with tempfile.TemporaryDirectory() as directory:
        store = fresh_store(Path(directory), clock=clock)
        async with serving(create_app(workspace)) as address:
            builders = dict.fromkeys((f"pacing.{kind}" for kind in LANES), build)
            sender = Sender(store, Kinds(builders), SlackClient(TOKEN, f"{address}/api/", clock), SPARE)
            yield Play(clock, store, sender, workspace, wishes(seed, minutes, clock.now()))
        store.close()


def wishes(seed: int, minutes: float, start: datetime) -> list[Wish]:
    """Return what is wanted, in the order of time: the same for the same seed."""
    dice, found = random.Random(seed), list[Wish]()
    for channel, (kind, every) in itertools.product(BUSY, EVERY.items()):
        at = start
        for number in itertools.count(1):
            at += timedelta(seconds=dice.expovariate(1 / every))
            if at > start + timedelta(minutes=minutes):
                break
            found.append(Wish(at, channel, kind, number))
    return sorted(found, key=lambda wish: wish.at)


def waits(seed: int, minutes: float) -> Iterator[tuple[datetime, str, str, int]]:
    """Yield when Slack says 429 the next time, to which method, in which channel, for how many seconds."""
    dice, clock = random.Random(-seed), VirtualClock()
    end = clock.now() + timedelta(minutes=minutes)
    while True:
        clock.pass_time(seconds=dice.expovariate(1 / 6))
        if clock.now() > end:
            return
        method = dice.choice(["chat.postMessage", "chat.postMessage", "chat.update"])
        yield clock.now(), method, dice.choice(sorted(SLOWED)), dice.randint(1, 60)


def wish(work: Work, wanted: Wish) -> None:
    """Put a wish into the outbox."""
    payload = {"channel": wanted.channel, "text": wanted.text, "frozen": wanted.kind != "card"}
    work.enqueue(f"pacing.{wanted.kind}", wanted.key, payload, lane=LANES[wanted.kind])


def build(_reading: Reading, payload: Payload) -> Post:
    """Build a message from its wish."""
    text = str(payload["text"])
    return Post(payload["channel"], Message(text, [section(text)]), frozen=bool(payload["frozen"]))


# --- what is counted --------------------------------------------------------------------------------------------------


def early(calls: list[Call]) -> int:
    """Count calls before the end of what a 429 asked for: of a post in its channel, of any other in its method."""
    ends: dict[tuple[str, str], datetime] = {}
    count = 0
    for call in calls:
        where = (call.method, call.args["channel"] if call.method == "chat.postMessage" else "")
        count += call.at < ends.get(where, call.at)
        if call.retry_after is not None:
            ends[where] = call.at + timedelta(seconds=call.retry_after)
    return count


def crowded(calls: list[Call]) -> int:
    """Count posts that Slack took less than a second after another one in the same channel."""
    moments: dict[str, list[datetime]] = {}
    for call in calls:
        if call.method == "chat.postMessage" and call.result.get("ok"):
            moments.setdefault(call.args["channel"], []).append(call.at)
    pairs = (pair for at in moments.values() for pair in itertools.pairwise(at))
    return sum(later - earlier < timedelta(seconds=1) for earlier, later in pairs)


def arrivals(calls: list[Call]) -> dict[tuple[str, str], datetime]:
    """Return when each message first stood in its channel."""
    found: dict[tuple[str, str], datetime] = {}
    for call in calls:
        if call.result.get("ok") and call.method in ("chat.postMessage", "chat.update"):
            found.setdefault((call.args["channel"], call.args["text"]), call.at)
    return found


def overtaken(wishes: list[Wish], posts: dict[tuple[str, str], datetime]) -> int:
    """Count notes and updates that went to a channel in which a decision was waiting already."""
    count = 0
    for ask in (one for one in wishes if one.kind == "ask"):
        sent = posts.get((ask.channel, ask.text))
        count += sum(
            sent is not None and ask.at < at < sent
            for (channel, text), at in posts.items()
            if channel == ask.channel and not text.startswith("ask")
        )
    return count


def wrong(wishes: list[Wish], calls: list[Call]) -> int:
    """Count messages that did not arrive exactly once, or not in the order of their kind; a card by its last state."""
    said = [(one.args["channel"], one.args["text"]) for one in calls if one.result.get("ok")]
    times, count = Counter(said), 0
    for channel, kind in itertools.product(BUSY, LANES):
        wanted = [one.text for one in wishes if (one.channel, one.kind) == (channel, kind)]
        seen = [text for where, text in said if where == channel and text.startswith(kind)]
        count += (seen[-1:] != wanted[-1:]) if kind == "card" else (seen != wanted)
        count += sum(times[channel, text] > 1 for text in wanted)
    return count


def delay(before: dict[tuple[str, str], datetime], after: dict[tuple[str, str], datetime]) -> float:
    """Return by how many seconds a post in a channel that was not slowed down came later than undisturbed."""
    late = [
        (after[what] - at).total_seconds()
        for what, at in before.items()
        if what[0] not in SLOWED and not what[1].startswith("card") and what in after
    ]
    return max([0.0, *late])


if __name__ == "__main__":
    sys.exit(main())
