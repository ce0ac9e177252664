"""Stories as plays: what people do in turn, each with how they see that it is done.

People do nothing again that they see has been done, and whatever was not acknowledged they try again, as Slack's own
client and Alertmanager let them: an open form is sent once more, a button pressed once more, a body posted once more.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from bot import demo
from bot.workspace.state import Message, NotPossibleError
from tests.stories.acts import CREDIT, SHOP, SUPPORT, TRIAGE, Plot
from tests.support.world import ALERT_SECRET, World

Do = Callable[[World], Awaitable[bool]]
IsDone = Callable[[World], bool]


@dataclass(frozen=True)
class Act:
    """Something that somebody does.

    Attributes:
        do: Does it once; says whether it was acknowledged.
        is_done: Says whether its effect can be seen.
        minutes: So much time passes afterwards.
    """

    name: str
    do: Do
    is_done: IsDone
    minutes: int = 0


@dataclass(frozen=True)
class Play:
    """A whole story."""

    name: str
    acts: tuple[Act, ...]


def alert(plot: Plot, *, resolved: bool = False, shows: str = "INC-1") -> Act:
    """Alertmanager reports something."""

    async def do(world: World) -> bool:
        said = {"alertname": plot.metric, "version": plot.version, "metric": plot.metric, "value": plot.value}
        body = demo.alert_body(plot.system, said | {"summary": plot.metric}, world.clock.now())
        if resolved:
            body["alerts"][0] |= {"status": "resolved", "endsAt": body["alerts"][0]["startsAt"]}
            body["status"] = "resolved"
        return await posted(world, body)

    return Act(f"{plot.system}: {'resolved' if resolved else 'alert'}", do, card_shows(plot.channel, shows))


def garbage() -> Act:
    """Something that is no alert arrives."""

    async def do(world: World) -> bool:
        return await posted(world, {"hello": "there"})

    return Act("something else", do, card_shows("#ai-alerts", "Not understood"))


async def posted(world: World, body: Mapping[str, Any]) -> bool:
    """Post a body to the door for alerts; says whether it was accepted."""
    headers = {"Authorization": f"Bearer {ALERT_SECRET}"}
    try:
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{world.address}/alerts/alertmanager", json=body, headers=headers) as answer,
        ):
            return answer.status == 202
    except aiohttp.ClientError:
        return False


def press(who: str, channel: str, label: str, is_done: IsDone, form: Mapping[str, Any] | None = None) -> Act:
    """Press a button of the card, and fill in the form that it opens, if any."""

    async def do(world: World) -> bool:
        if form is not None and is_form(world, who):
            return await sent(world, who, form)
        cards = [one for one in world.workspace.messages(channel) if label in one.buttons]
        if not cards:
            return False
        delivery = await world.workspace.click(world.person(who), cards[0], label)
        return delivery.acked if form is None else await sent(world, who, form)

    return Act(f"{who}: {label}", do, is_done)


def tell(who: str, channel: str, command: str, form: Mapping[str, Any], is_done: IsDone) -> Act:
    """Type a command, and fill in the form that it opens."""

    async def do(world: World) -> bool:
        if not is_form(world, who):
            name, _, rest = command.partition(" ")
            await world.workspace.command(world.person(who), name, rest, channel=channel)
        return await sent(world, who, form)

    return Act(f"{who}: {command}", do, is_done)


def shortcut(who: str, channel: str, said: str, form: Mapping[str, Any], is_done: IsDone) -> Act:
    """Report a message by its shortcut."""

    async def do(world: World) -> bool:
        if not is_form(world, who):
            messages = [one for one in world.workspace.messages(channel) if said in one.text]
            message = messages[0] if messages else await world.workspace.say(world.person("leo"), channel, said)
            await world.workspace.shortcut(world.person(who), "incidents.report", message)
        return await sent(world, who, form)

    return Act(f"{who}: report", do, is_done)


def wait(minutes: int, is_done: IsDone) -> Act:
    """Nobody does anything for a while."""

    async def do(world: World) -> bool:
        return False

    return Act(f"{minutes} minutes", do, is_done, minutes)


def is_form(world: World, who: str) -> bool:
    """Say whether a person has a form open that can be sent."""
    view = world.workspace.modal(world.person(who))
    return view is not None and bool(view.content.get("submit"))


async def sent(world: World, who: str, form: Mapping[str, Any]) -> bool:
    """Send the form that a person has open; says whether it was acknowledged without a mistake. Close what it says."""
    try:
        answer = await world.workspace.submit(world.person(who), form)
    except NotPossibleError:
        return False
    if answer.acked and not answer.errors:
        while world.workspace.modal(world.person(who)) is not None:
            await world.workspace.close_modal(world.person(who))
    return answer.acked and not answer.errors


def card_shows(channel: str, *texts: str) -> IsDone:
    """Say whether the first message of a channel says or offers all this."""
    return lambda world: all(text in _seen(world, channel) for text in texts)


def card_hides(channel: str, text: str) -> IsDone:
    """Say whether the first message of a channel no longer says or offers this."""
    return lambda world: bool(_seen(world, channel)) and text not in _seen(world, channel)


def stands(channel: str, *texts: str) -> IsDone:
    """Say whether some message of a channel says all this."""

    def is_done(world: World) -> bool:
        return any(all(text in one.visible_text for text in texts) for one in world.workspace.messages(channel))

    return is_done


def in_thread(channel: str, text: str) -> IsDone:
    """Say whether a thread of a channel says this."""

    def is_done(world: World) -> bool:
        workspace = world.workspace
        threads = (workspace.replies(one) for one in workspace.messages(channel))
        return any(text in reply.visible_text for replies in threads for reply in replies)

    return is_done


def _seen(world: World, channel: str) -> str:
    messages: list[Message] = world.workspace.messages(channel)
    return f"{messages[0].visible_text} {messages[0].buttons}" if messages else ""


def acknowledge(plot: Plot, who: str) -> Act:
    return press(who, plot.channel, "Acknowledge", card_hides(plot.channel, "'Acknowledge'"))


def ask(plot: Plot, who: str) -> Act:
    form = {"reason": f"{plot.metric} is {plot.value}."}
    return tell(who, plot.channel, f"/rollback {plot.system}", form, card_shows(plot.channel, "'Approve'"))


def approve(plot: Plot, who: str, shows: str) -> Act:
    reason = f"{who} agrees."
    return press(who, plot.channel, "Approve", card_shows(plot.channel, shows), {"reason": reason})


PLAYS = (
    Play(
        "one approver",
        (alert(SUPPORT), acknowledge(SUPPORT, "sam"), ask(SUPPORT, "sam"), approve(SUPPORT, "leo", "5 of 5")),
    ),
    Play(
        "two approvers",
        (
            alert(SHOP),
            ask(SHOP, "maya"),
            approve(SHOP, "tomas", "tomas agrees."),
            approve(SHOP, "aisha", "5 of 5"),
        ),
    ),
    Play(
        "four approvers",
        (
            alert(CREDIT),
            acknowledge(CREDIT, "hana"),
            ask(CREDIT, "hana"),
            *(approve(CREDIT, who, f"{who} agrees.") for who in ("tomas", "aisha", "grace")),
            approve(CREDIT, "elena", "5 of 5"),
        ),
    ),
    Play(
        "one no",
        (
            alert(SHOP),
            ask(SHOP, "maya"),
            press("aisha", SHOP.channel, "Reject", card_shows(SHOP.channel, "A campaign ended."),
                  {"reason": "A campaign ended."}),
        ),
    ),
    Play(
        "nobody acknowledges",
        (
            alert(CREDIT),
            wait(5, stands(CREDIT.channel, "Nina Kowalska")),
            wait(5, stands(CREDIT.channel, "Ruth Vogel")),
            acknowledge(CREDIT, "hana"),
        ),
    ),
    Play(
        "prepared words",
        (alert(SHOP), tell("carla", SHOP.channel, "/comms", {}, stands("#customer-status", "recommend"))),
    ),
    Play(
        "raised, handed over, closed",
        (
            alert(TRIAGE),
            acknowledge(TRIAGE, "wei"),
            press("wei", TRIAGE.channel, "Hand over", in_thread(TRIAGE.channel, "My shift ends"),
                  {"to": "jonas", "reason": "My shift ends."}),
            press("wei", TRIAGE.channel, "Close", card_shows(TRIAGE.channel, "A false alarm"),
                  {"reason": "A false alarm."}),
        ),
    ),
    Play(
        "again, resolved, and something else",
        (alert(SUPPORT), alert(SUPPORT, resolved=True, shows="resolved"), garbage()),
    ),
    Play(
        "reported by a person",
        (
            shortcut("jonas", SUPPORT.channel, "Returns are impossible", {"system": "support-bot", "harm": "no"},
                     stands(SUPPORT.channel, "INC-1")),
            press("sam", SUPPORT.channel, "Acknowledge", in_thread(SUPPORT.channel, "cknowledged")),
        ),
    ),
)  # fmt: skip
