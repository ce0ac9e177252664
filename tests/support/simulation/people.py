"""What the organisation does: people who click, type and answer, and a monitor that sends alerts.

Mostly those act who are meant to, and mostly they bring the story forward; sometimes it is anybody, with anything.
"""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import aiohttp

from bot import demo
from bot.workspace import inputs
from bot.workspace.inputs import Found
from bot.workspace.state import Delivery, Message, NotPossibleError, Surface, View
from bot.workspace.workspace import Workspace

METRICS: Mapping[str, tuple[tuple[str, str, str], ...]] = {
    "shop-recommender": (("conversion_rate", "1.9", "3.4"), ("engagement_rate", "7", "12")),
    "credit-scoring": (("abnormal_score_rate", "7.4", "1"), ("selection_rate_ratio", "0.7", "0.9")),
    "triage-assistant": (("inconsistent_prediction_reports", "2", "0"), ("latency_p95", "9000", "300")),
    "support-bot": (("wrong_answer_rate", "6.1", "2"), ("moderation_failure_rate", "14", "3")),
}
"""By system: a metric, a value over its limit, one within (`config/triggers.yaml`)."""
VERSIONS = {"shop-recommender": "8", "credit-scoring": "2026.11", "triage-assistant": "3.2", "support-bot": "42"}
OWNERS = {"shop-recommender": "maya", "credit-scoring": "hana", "triage-assistant": "wei", "support-bot": "sam"}
APPROVERS = {
    "shop-recommender": ("tomas", "aisha", "priya", "leo"),
    "credit-scoring": ("tomas", "aisha", "grace", "elena", "david", "samuel"),
    "triage-assistant": ("tomas", "ines", "grace", "elena", "omar"),
    "support-bot": ("leo", "aisha"),
}
URGES = {
    "Acknowledge": 6.0, "Approve": 45.0, "Reject": 0.5, "Ask for more information": 0.7, "Roll back": 20.0,
    "Hand over": 0.8, "Change severity": 0.8, "Close": 0.4, "Check again": 2.0, "Tell people": 1.0,
    "I have looked at these": 1.0, "Take the lead": 2.0, "Decline": 0.5, "Take over": 0.4,
    "Lower to low": 1.0, "Lower to medium": 1.0, "Leave it as it is": 0.3,
}  # fmt: skip
ASKS = "Ask for a rollback"
REASONS = ("It has to be.", "Customers notice it.", "no", " ", "*Now*, <!channel> & <@U0MAYA0001>", "Because " * 40)
COMMANDS = (
    "/rollback help", "/rollback status", "/rollback INC-1", "/rollback {system} It is bad", "/rollback {system}",
    "/rollback INC-999", "/rollback teh-bot", "/comms", "/comms INC-1",
)  # fmt: skip


@dataclass
class Crowd:
    """Everybody in the workspace, strangers included. `act` lets one of them do one thing."""

    workspace: Workspace
    rng: random.Random
    note: Callable[[str], None]
    ids: Mapping[str, str]
    deliveries: list[Delivery] = field(default_factory=list)
    _asked: Counter[str] = field(default_factory=Counter)

    async def act(self) -> None:
        """Somebody does something; what Slack's client would not let them do is not done."""
        kinds = (self._press, self._press_at_home, self._type, self._report, self._account)
        try:
            await self.rng.choices(kinds, (84, 4, 6, 2, 4))[0]()
        except NotPossibleError as error:
            self.note(f"  not possible: {str(error)[:100]}")

    # --- what they do -----------------------------------------------------------------------------------------------

    async def _press(self) -> None:
        surface = self._card()
        if surface is None:
            return
        found = self._button(surface)
        if found is None:
            return
        who = self._who(found.label, surface.channel)
        await self._click(who, surface, found)

    async def _press_at_home(self) -> None:
        who = self.rng.choice(list(self.ids.values()))
        self._note(await self.workspace.open_home(who), "opens Home")
        await asyncio.sleep(2)
        home = self.workspace.home(who)
        found = self._button(home) if home is not None else None
        if home is not None and found is not None:
            await self._click(who, home, found)

    async def _type(self) -> None:
        who = self._anybody()
        system = self.rng.choice(list(OWNERS))
        name, _, rest = self.rng.choice(COMMANDS).format(system=system).partition(" ")
        channel = self.workspace.channel(f"#{system}").id
        self._note(await self.workspace.command(who, name, rest, channel=channel), f"types {name} {rest}")
        await self._answer(who)

    async def _report(self) -> None:
        who, system = self._anybody(), self.rng.choice(list(OWNERS))
        message = await self.workspace.say(who, f"#{system}", "The answers look wrong since this morning")
        self._note(await self.workspace.shortcut(who, "incidents.report", message), "reports a problem")
        await self._answer(who)

    async def _account(self) -> None:
        who = self.rng.choice(list(self.ids.values()))
        gone = not self.workspace.people[who].deleted
        self.note(f"{self._name(who)} is {'deactivated' if gone else 'active again'}")
        await self.workspace.change_person(who, deleted=gone)

    async def _click(self, who: str, surface: Surface, found: Found) -> None:
        options: dict[str, Any] = {"block_id": found.block_id, "value": found.element.get("value")}
        if isinstance(surface, Message) and self.rng.random() < 0.1:
            surface = await self._hesitate(surface)
            options["stale"] = surface
        note = f"presses {found.label} in {self._place(surface)}"
        twice = self.rng.random() < 0.15
        clicks = [self.workspace.click(who, surface, found.action_id, **options) for _ in range(1 + twice)]
        for delivery in await asyncio.gather(*clicks):
            self._note(delivery, note)
        if self.rng.random() < 0.1:
            options.pop("stale", None)
            again = self.workspace.click(who, surface, found.action_id, **options, again=True)
            self._note(await again, f"the same bytes again: {note}")
        if await self._answer(who) == ASKS and isinstance(surface, Message) and self.rng.random() < 0.85:
            await self._decide(surface.channel)

    async def _decide(self, channel: str) -> None:
        """Let those who were asked answer one after the other, most of them at once and with yes."""
        approvers = APPROVERS.get(self.workspace.channels[channel].name, ())
        for key in self.rng.sample(approvers, len(approvers)):
            await asyncio.sleep(self.rng.expovariate(1 / 240))
            asked = [(card, each) for card in self._cards(channel) for each in inputs.elements(card)]
            yes = [(card, each) for card, each in asked if each.label == "Approve"]
            if not yes or self.rng.random() < 0.04:
                return
            await self._click(self.ids[key], *yes[-1])

    async def _hesitate(self, seen: Message) -> Message:
        """Look at a card, and press its button when it may have changed."""
        await asyncio.sleep(self.rng.uniform(5, 900))
        return seen

    async def _answer(self, who: str) -> str:
        """Fill in the modal that opened, at once or late, send it, sometimes twice, or close it.

        Returns its title if it was sent and taken, else nothing.
        """
        await asyncio.sleep(self.rng.choice((1, 5, 5, 20, 20, 60, 60, 900)))
        view, taken = self.workspace.modal(who), ""
        if view is None:
            return taken
        if view.submit_label and self.rng.random() < 0.92:
            sends = [self.workspace.submit(who, self._filled(view)) for _ in range(1 + (self.rng.random() < 0.1))]
            for delivery in await asyncio.gather(*sends, return_exceptions=True):
                if isinstance(delivery, Delivery):
                    errors = f": {list(delivery.errors.values())}" if delivery.errors else ""
                    self._note(delivery, f"sends “{view.title}”{errors}")
                    taken = view.title if delivery.acked and not delivery.errors else taken
        while self.workspace.modal(who) is not None:
            await self.workspace.close_modal(who)
        return taken

    def _filled(self, view: View) -> dict[Any, Any]:
        values: dict[Any, Any] = {}
        for found in inputs.elements(view):
            kind, given = found.element["type"], None
            if found.block["type"] != "input" or found.block.get("dispatch_action"):
                continue
            if kind == "plain_text_input" and ("initial_value" not in found.element or self.rng.random() < 0.2):
                given = self.rng.choices(REASONS, (12, 12, 1, 1, 1, 1))[0]
            elif kind == "users_select":
                given = self.rng.choice(list(self.ids.values()))
            elif kind in ("static_select", "radio_buttons") and not found.element.get("initial_option"):
                given = self.rng.choice(found.element.get("options") or [{"value": None}])["value"]
            elif kind in ("static_select", "radio_buttons") and self.rng.random() < 0.25:
                given = self.rng.choice(found.element.get("options") or [found.element["initial_option"]])["value"]
            if given is not None:
                values[found.block_id, found.action_id] = given
        return values

    # --- whom, where, what ------------------------------------------------------------------------------------------

    def _card(self) -> Message | None:
        """One of the newest messages with buttons, of any channel."""
        channels = [channel.id for channel in self.workspace.channels.values() if not channel.is_im]
        found = [card for channel in channels for card in self._cards(channel)]
        return self.rng.choice(found) if found else None

    def _cards(self, channel: str) -> list[Message]:
        return [one for one in self.workspace.messages(channel)[-8:] if one.by_bot and one.buttons]

    def _button(self, surface: Surface) -> Found | None:
        found = [each for each in inputs.elements(surface) if each.element["type"] == "button"]
        weights = [URGES.get(each.label, 0.3) for each in found]
        return self.rng.choices(found, weights)[0] if found else None

    def _who(self, label: str, channel: str) -> str:
        system = self.workspace.channels[channel].name
        if system not in OWNERS or self.rng.random() < 0.12:
            return self._anybody()
        if label in ("Approve", "Reject", "Ask for more information"):
            self._asked[system] += 1  # one after the other, as they read it
            return self.ids[APPROVERS[system][self._asked[system] % len(APPROVERS[system])]]
        return self.ids[self.rng.choice((OWNERS[system], OWNERS[system], "priya", "jonas"))]

    def _anybody(self) -> str:
        return self.rng.choice(list(self.workspace.people))

    def _place(self, surface: Surface) -> str:
        return "Home" if isinstance(surface, View) else f"#{self.workspace.channels[surface.channel].name}"

    def _name(self, who: str) -> str:
        return self.workspace.people[who].name

    def _note(self, delivery: Delivery, what: str) -> None:
        self.deliveries.append(delivery)
        came = "" if delivery.acked else f" (not acknowledged: {delivery.status or 'no answer'})"
        self.note(f"{self._name(delivery.user)} {what}{came}")


Ask = Callable[[str, bytes, Mapping[str, str]], Awaitable[Any]]


@dataclass
class Monitor:
    """The source of alerts: sends again until it is told 202, and sometimes although it was.

    Attributes:
        accepted: Every body that was answered with 202.
    """

    ask: Ask
    rng: random.Random
    note: Callable[[str], None]
    secret: str
    accepted: list[bytes] = field(default_factory=list)

    async def trouble(self, now: datetime) -> None:
        """One episode: it fires, is repeated, may change or be over, in whatever order it arrives."""
        system = self.rng.choice(list(METRICS))
        metric, bad, good = self.rng.choice(METRICS[system])
        value = bad if self.rng.random() < 0.85 else good
        said = {"alertname": metric, "version": VERSIONS[system], "metric": metric, "value": value, "summary": metric}
        firing = demo.alert_body(system, said, now)
        self._spoil(firing)
        bodies = [firing] * self.rng.choice((1, 1, 2))
        if self.rng.random() < 0.5:
            bodies.append(_over(firing))
        if self.rng.random() < 0.2:
            self.rng.shuffle(bodies)
        for body in bodies:
            await self._send(json.dumps(body).encode(), f"{system} {metric}={value} {body.get('status')}")
            await asyncio.sleep(self.rng.choice((0, 1, 30, 300, 4000)))

    def _spoil(self, body: dict[str, Any]) -> None:
        """Sometimes an alert is not what it should be."""
        labels = body["alerts"][0]["labels"]
        match self.rng.randrange(20):
            case 0:
                labels.pop("version")
            case 1:
                labels["system"] = "nobody-knows"
            case 2:
                body.pop("alerts")
                body["status"] = "odd"
            case 3:
                labels["metric"] = "no_such_metric"

    async def _send(self, body: bytes, what: str) -> None:
        headers = {"Authorization": f"Bearer {self.secret}", "content-type": "application/json"}
        for _ in range(60):
            try:
                status = (await self.ask("/alerts/alertmanager", body, headers)).status_code
            except aiohttp.ClientConnectionError:
                status = 0
            self.note(f"alert: {what} → {status or 'no answer'}")
            if status == 202:
                self.accepted.append(body)
                return
            await asyncio.sleep(60)


def _over(firing: dict[str, Any]) -> dict[str, Any]:
    alerts = [alert | {"status": "resolved", "endsAt": alert["startsAt"]} for alert in firing.get("alerts", [])]
    return firing | {"status": "resolved", "alerts": alerts}
