"""Every view of the product with what it was really given: gestures and alerts are played, and the calls remembered.

calls = await remember(tmp_path, Random(7))
for call in calls:
    call.function(*call.given.args, **call.given.kwargs)
"""

import contextlib
import importlib
import inspect
import json
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from sqlmodel import select

from bot.approvals.models import Request
from bot.foundation.models import OutboxRow
from bot.learning.reports import service as reports
from tests.alerts.samples import alert, raw
from tests.support import gestures
from tests.support.front import ALERT_HEADERS, Front, front_of
from tests.support.slack import ME

CAPABILITIES = ("alerts", "approvals", "comms", "escalation", "incidents", "people", "rollback")
DECIDERS = ("tomas", "aisha", "maya")
LAST = ("approvals.approve", "incidents.close")
"""Buttons after which there is no more to ask, and no more to do."""
KEPT = 6
"""So many of a view's calls are remembered, the latest ones."""


@dataclass(frozen=True)
class Call:
    """One call of a view: the function, what it was given, and what it returned."""

    function: Callable[..., Any]
    given: inspect.BoundArguments
    shown: Any

    @property
    def name(self) -> str:
        """Which view it is: `approvals.card`."""
        return _name(self.function)


@dataclass(frozen=True)
class Remembered:
    """Calls of every view that was asked, the names of those that were not, and an export of the incident."""

    calls: dict[str, list[Call]]
    never_asked: list[str]
    export: dict[str, Any]


async def remember(directory: Path, random: Random, gestures_of_chance: int = 150) -> Remembered:
    """Play what machines and people do, on purpose and at random."""
    async with front_of(directory) as front:
        with _remembering() as calls:
            await _alerts(front)
            await _people(front, random)
            for _ in range(gestures_of_chance):
                await _send(front, *gestures.sent(random, front))
            await _work(front)
            _build(front)
        export = json.loads(json.dumps(front.people.reads(reports.export, "INC-1"), default=str))
    missing = sorted(name for name in (_name(one) for _m, _n, one in _views()) if name not in calls)
    return Remembered({name: list(kept) for name, kept in calls.items()}, missing, export)


async def _alerts(front: Front) -> None:
    for number, metric in enumerate(("conversion_rate", "unwatched", "x")):
        body = raw(alert(fingerprint=str(number), labels={"metric": metric}))
        await front.ask("POST", "/alerts/alertmanager", ALERT_HEADERS, body)
    await front.ask("POST", "/alerts/alertmanager", ALERT_HEADERS, b'{"version": "9"}')
    await front.process.worker.tick()


async def _people(front: Front, random: Random) -> None:
    """Let some press every button and type every command, and send each form that opens; what closes comes last."""
    _build(front)
    *others, closing = sorted(
        gestures.ROUTER.buttons, key=lambda name: (LAST.index(name) if name in LAST else -1, name)
    )
    for name in others:
        await _press(front, random, name, DECIDERS)
    for text in ("", "help", "status", "INC-1", "nonsense", "support-bot it lies"):
        for name in gestures.ROUTER.commands:
            await _type(front, random, "carla", name, text)
    await _roll_back(front, random)
    await _press(front, random, closing, DECIDERS)
    for name in gestures.ROUTER.shortcuts:
        user = {"id": _id(front, "carla"), "team_id": ME.team_id}
        message = {"type": "message", "user": _id(front, "sam"), "text": "it lies", "ts": "1.2"}
        used = gestures.shortcut(random, front, callback_id=name, user=user, message=message)
        await _send(front, *gestures.encoded("shortcut", used))
        await _answer_form(front, random, "carla")
    for who in ("sam", "U0STRANGER"):
        event = {"type": "app_home_opened", "user": _id(front, who), "tab": "home", "channel": "D1"}
        await _send(front, *gestures.encoded("event", gestures.event(random, front, event=event)))


async def _roll_back(front: Front, random: Random) -> None:
    """Ask for a rollback and approve it; it fails, because nothing serves here, and people are told."""
    await _type(front, random, "sam", "/rollback", "support-bot it lies")
    await _work(front)
    asked = front.people.reads(lambda reading: reading.session.exec(select(Request)).all())[-1]
    value = {"request": asked.id, "round": asked.round}
    _build(front)
    await _press(front, random, "approvals.approve", ("leo", "tomas", "aisha"), **value)
    for _ in range(3):
        await _work(front)


async def _press(front: Front, random: Random, action: str, people: Iterable[str], **value: Any) -> None:
    for who in people:
        about = json.dumps(gestures.about(front) | value)
        press = {"type": "button", "action_id": action, "block_id": "b", "value": about}
        user = {"id": _id(front, who), "team_id": ME.team_id}
        await _send(front, *gestures.encoded("click", gestures.click(random, front, actions=[press], user=user)))
        await _answer_form(front, random, who)
    await _work(front)


async def _type(front: Front, random: Random, who: str, name: str, text: str) -> None:
    whose = {"user_id": _id(front, who), "command": name, "text": text}
    await _send(front, *gestures.encoded("command", gestures.command(random, front, **whose)))
    await _answer_form(front, random, who)


async def _answer_form(front: Front, random: Random, who: str) -> None:
    """Send the form that has just opened, with something in every field, as a person would."""
    if not front.slack.opened:
        return
    view = front.slack.opened.pop()[1].to_dict()
    front.slack.opened.clear()
    values = {
        block["block_id"]: {block["element"]["action_id"]: _filled(front, block, changes=who == DECIDERS[0])}
        for block in view["blocks"]
        if block["type"] == "input"
    }
    view |= {"id": "V1", "team_id": ME.team_id, "state": {"values": values}}
    user = {"id": _id(front, who), "team_id": ME.team_id}
    await _send(front, *gestures.encoded("submit", gestures.submit(random, front, view=view, user=user)))


def _filled(front: Front, block: Mapping[str, Any], *, changes: bool) -> dict[str, Any]:
    """Return what a field holds once somebody has filled it: what stands there, the first choice if they change it."""
    element = block["element"]
    kind = element["type"]
    if kind == "static_select":
        standing = element.get("initial_option") or element["options"][-1]
        return {"type": kind, "selected_option": element["options"][0] if changes else standing}
    if kind == "users_select":
        return {"type": kind, "selected_user": _id(front, "priya")}
    return {"type": kind, "value": element.get("initial_value") or (None if block.get("optional") else "it lies")}


def _id(front: Front, who: str) -> str:
    return front.people.actor(who).id


async def _send(front: Front, kind: bytes, body: bytes) -> None:
    await front.ask("POST", "/slack/events", [*front.signed(body), (b"content-type", kind)], body)


async def _work(front: Front) -> None:
    """Let the worker do what is due, and the sender send it."""
    await front.process.worker.tick()
    await front.process.sender.idle()


def _build(front: Front) -> None:
    """Build whatever was ever wanted of the sender, as it stands now."""
    kinds = front.process.sender.kinds.messages
    for row in front.people.reads(lambda reading: list(reading.session.exec(select(OutboxRow)).all())):
        if row.kind in kinds:
            front.people.reads(kinds[row.kind], row.payload)


def _views() -> list[tuple[Any, str, Callable[..., Any]]]:
    """Every public function of every module of views."""
    modules = [importlib.import_module(f"bot.{name}.views") for name in CAPABILITIES]
    return [
        (module, name, function)
        for module in modules
        for name, function in vars(module).items()
        if inspect.isfunction(function) and function.__module__ == module.__name__ and not name.startswith("_")
    ]


@contextlib.contextmanager
def _remembering() -> Iterator[dict[str, deque[Call]]]:
    """Remember the latest calls of every view while this lasts."""
    calls: dict[str, deque[Call]] = defaultdict(lambda: deque(maxlen=KEPT))
    originals = _views()
    for module, name, function in originals:
        setattr(module, name, _noting(calls, function))
    try:
        yield calls
    finally:
        for module, name, function in originals:
            setattr(module, name, function)


def _noting(calls: dict[str, deque[Call]], function: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(function)

    def noted(*args: Any, **kwargs: Any) -> Any:
        call = Call(function, signature.bind(*args, **kwargs), function(*args, **kwargs))
        calls[call.name].append(call)
        return call.shown

    return noted


def _name(function: Callable[..., Any]) -> str:
    return f"{function.__module__.split('.')[1]}.{function.__name__}"
