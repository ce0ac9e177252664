"""The door for time: statements, notes told together, and what helps while Slack is away and when it is back."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict

from bot.comms import service, views
from bot.comms.routes import Batch, Delivered, Route
from bot.foundation.outbox import Effect, Outgoing, Payload, Post, Sweep, build_note
from bot.foundation.work import Reading, Work

log = logging.getLogger(__name__)
SECONDS_FOR_A_BATCH = 300.0


def build_statement(reading: Reading, payload: Payload) -> Post:
    """Build a posted statement: exactly the words that were kept, sent once."""
    said = service.statement(reading, payload["statement"])
    return Post(said.channel, views.message(said.text), frozen=True)


def effects(routes: Mapping[str, Route]) -> Mapping[str, Effect]:
    """Return the effect `comms.fallback`, which hands a batch of messages to one of the fallback routes."""

    async def act(payload: Payload, _key: str) -> Payload:
        route = routes.get(payload["route"])
        if route is None:  # the configuration has changed since
            return asdict(Delivered(refused={"": "there is no such route any more"}))
        return asdict(await route.deliver(Batch.from_json(payload["batch"])))

    def settle(work: Work, payload: Payload, outcome: Payload) -> None:
        for why in dict.fromkeys([*outcome["refused"].values(), *outcome["failed"].values()]):
            log.warning("the fallback route %s did not work: %s", payload["route"], why)
        service.settle_batch(work, payload, Delivered(**outcome))

    return {"comms.fallback": Effect(act, settle, lease=SECONDS_FOR_A_BATCH)}


MESSAGES: Mapping[str, Callable[[Reading, Payload], Outgoing | None]] = {
    "comms.statement": build_statement,
    service.GATHERED: build_note,
}
SWEEPS = (
    Sweep("comms.outage", service.over, service.sum_up),
    Sweep("comms.crowd", service.crowded, service.thin_out),
    Sweep("comms.fallback", service.next_batch, service.send_batch),
)
