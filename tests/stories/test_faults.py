"""What Slack does to us on a bad day: every message arrives, once, or people are told where it went instead."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.stories.acts import SHOP, SUPPORT, acknowledge, ask, report, vote
from tests.support.soak import sample
from tests.support.world import World, world_of

REASON = "Customers are told that returns are not possible."


def relax(world: World) -> None:
    """Expect all that happened: these stories count for themselves."""
    for happening in world.workspace.unexpected:
        happening.expected = True


def posts(world: World, channel: str) -> list[str]:
    """What was posted into a channel, threads aside."""
    place = world.workspace.channel(channel).id
    return [
        one.message.visible_text
        for one in world.workspace.happenings
        if one.kind == "post" and one.channel == place and one.message and not one.message.thread_ts
    ]


FAULTS: Mapping[str, Mapping[str, Any]] = {
    "rate limited": {"kind": "rate_limited", "retry_after": 17},
    "rate limited in the body": {"kind": "ratelimited_body"},
    "503": {"kind": "server_error", "times": 3},
    "500": {"kind": "server_error", "status": 500, "times": 3},
    "a page of HTML": {"kind": "html"},
    "reply lost": {"kind": "accepted_reply_lost", "times": 2},
    "cut": {"kind": "cut", "times": 3},
    "internal_error": {"kind": "refuse", "error": "internal_error", "times": 2},
    "token revoked": {"kind": "refuse", "error": "token_revoked", "times": 3},
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("method", sample(["chat.postMessage", "*"], 2))
async def test_a_fault_delays_and_doubles_nothing(tmp_path: Path, method: str, fault: Mapping[str, Any]) -> None:
    """P4-P6, P10: one card and one page, in order, whatever became of the first calls."""
    async with world_of(tmp_path) as world:
        struck = world.workspace.faults.add(method=method, **fault)
        await world.alert(SUPPORT.system, SUPPORT.version, SUPPORT.metric, SUPPORT.value)
        await world.pass_time(minutes=4)
        assert struck.struck == fault.get("times", 1)
        card, page = posts(world, SUPPORT.channel)
        assert "INC-1" in card
        assert "Sam Taylor" in page
        relax(world)
        await acknowledge(world, SUPPORT, "sam")
        assert "Acknowledge" not in world.card(SUPPORT.channel).buttons
        relax(world)


async def test_nothing_is_sent_before_slack_allows_it(tmp_path: Path) -> None:
    """P5: 429 waits exactly Retry-After."""
    async with world_of(tmp_path) as world:
        world.workspace.faults.add(method="chat.postMessage", kind="rate_limited", retry_after=45)
        start = world.clock.now()
        await world.alert(SUPPORT.system, SUPPORT.version, SUPPORT.metric, SUPPORT.value)
        assert posts(world, SUPPORT.channel) == []
        await world.pass_time(minutes=2)
        sent = [call.at for call in world.workspace.calls if call.method == "chat.postMessage"]
        assert (sent[0] - start).total_seconds() <= 1
        assert (sent[1] - sent[0]).total_seconds() == 45
        relax(world)


async def test_an_hour_without_slack(tmp_path: Path) -> None:
    """P7: alerts are taken, tiers go on counting, and afterwards everything arrives once, in order."""
    async with world_of(tmp_path) as world:
        world.workspace.faults.outage = True
        await world.alert(SHOP.system, SHOP.version, SHOP.metric, SHOP.value)
        await world.pass_time(hours=1)
        assert posts(world, SHOP.channel) == []
        world.workspace.faults.outage = False
        await world.pass_time(minutes=3)
        card, *pages = posts(world, SHOP.channel)
        assert "INC-1" in card
        assert len(pages) == len(set(pages)) >= 1
        relax(world)


async def test_an_archived_channel_is_replaced_by_the_one_for_alerts(tmp_path: Path) -> None:
    """P8: card and page go to #ai-alerts and say why."""
    async with world_of(tmp_path) as world:
        world.workspace.channel(SUPPORT.channel).is_archived = True
        await world.alert(SUPPORT.system, SUPPORT.version, SUPPORT.metric, SUPPORT.value)
        card, *others = posts(world, "#ai-alerts")
        assert "INC-1" in card
        assert "#support-bot" in card
        page, notice = sorted(others, key=lambda text: "I cannot post in" in text)  # whichever came first
        assert "Sam Taylor" in page
        assert "I cannot post in #support-bot (is_archived)" in notice
        assert posts(world, SUPPORT.channel) == []
        relax(world)


async def test_a_channel_archived_in_the_middle_of_an_incident(tmp_path: Path) -> None:
    """P8: the card moves, its buttons work there."""
    async with world_of(tmp_path) as world:
        await report(world, SUPPORT)
        world.workspace.channel(SUPPORT.channel).is_archived = True
        await world.command("sam", "/rollback support-bot", channel="#ai-alerts")
        await world.submit("sam", {"reason": REASON})
        await world.pass_time(minutes=1)
        card = next(one for one in world.workspace.messages("#ai-alerts") if "Approve" in one.buttons)
        assert "Approve" in card.buttons
        await world.click("leo", card, "Approve")
        assert not (await world.submit("leo", {"reason": "Agreed."})).errors
        assert world.models.versions("support-bot") == ["41"]
        relax(world)


async def test_the_bot_was_removed_from_the_channel(tmp_path: Path) -> None:
    """P8: it joins a public channel again, once, and goes on there."""
    async with world_of(tmp_path) as world:
        channel = world.workspace.channel(SUPPORT.channel)
        assert channel.members is not None
        channel.members.discard(world.workspace.team.bot_user)
        await world.alert(SUPPORT.system, SUPPORT.version, SUPPORT.metric, SUPPORT.value)
        told = posts(world, SUPPORT.channel) or posts(world, "#ai-alerts")
        assert len(told) == 2
        relax(world)


async def test_an_approver_is_deactivated_in_the_middle_of_a_round(tmp_path: Path) -> None:
    """P9: the vote no longer counts on them; the deputy takes the slot at once or the card says what is missing."""
    async with world_of(tmp_path) as world:
        await report(world, SHOP)
        await acknowledge(world, SHOP, "maya")
        await ask(world, SHOP, "maya", REASON)
        await world.workspace.change_person(world.person("tomas"), deleted=True)
        await world.settle()
        relax(world)
        await vote(world, SHOP, "priya", "Approve", "Tomás has left; I am his deputy.")
        await vote(world, SHOP, "aisha", "Approve", "Agreed.")
        assert world.models.versions("shop-recommender") == ["7"]
        relax(world)


async def test_nobody_is_left_who_could_approve(tmp_path: Path) -> None:
    """P9: approver and deputy are deactivated: it is said at once who is missing, and the next tier is brought in."""
    async with world_of(tmp_path) as world:
        await report(world, SUPPORT)
        await acknowledge(world, SUPPORT, "sam")
        await ask(world, SUPPORT, "sam", REASON)
        pages = len(posts(world, SUPPORT.channel))
        await world.workspace.change_person(world.person("leo"), deleted=True)
        await world.settle()
        assert len(posts(world, SUPPORT.channel)) == pages, "the deputy can"
        await world.workspace.change_person(world.person("aisha"), deleted=True)
        await world.settle()
        assert any("cannot be approved as things stand" in text for text in world.threads(SUPPORT.channel))
        (page,) = posts(world, SUPPORT.channel)[pages:]
        assert "Nina Kowalska" in page
        assert "Aisha Bello" not in page
        await world.workspace.change_person(world.person("leo"), deleted=False)
        await world.settle()
        await vote(world, SUPPORT, "leo", "Approve", "I am back.")
        assert world.models.versions("support-bot") == ["41"]
        relax(world)


@pytest.mark.parametrize("error", ["expired_trigger_id", "internal_error", "invalid_trigger_id", "token_revoked"])
async def test_a_modal_that_does_not_open_is_said_privately(tmp_path: Path, error: str) -> None:
    """The person is told in a sentence, nothing has changed, and the same click works the next time."""
    async with world_of(tmp_path) as world:
        await report(world, SUPPORT)
        await acknowledge(world, SUPPORT, "sam")
        await ask(world, SUPPORT, "sam", REASON)
        before = world.card(SUPPORT.channel).visible_text
        world.workspace.faults.add(method="views.open", kind="refuse", error=error)
        await world.click("leo", world.card(SUPPORT.channel), "Approve")
        world.expect("ephemeral", "leo", "try again")
        assert world.card(SUPPORT.channel).visible_text == before
        await vote(world, SUPPORT, "leo", "Approve", "Now it opened.")


async def test_a_click_that_was_lost_or_came_late_changes_nothing(tmp_path: Path) -> None:
    """T2: five minutes on the road is too old; the person clicks again."""
    async with world_of(tmp_path) as world:
        await report(world, SUPPORT)
        for kind in ("lost", "late", "forged"):
            world.workspace.faults.add(delivery="block_actions", kind=kind)
            await world.workspace.click(world.person("sam"), world.card(SUPPORT.channel), "Acknowledge")
            await world.settle()
            assert "Acknowledge" in world.card(SUPPORT.channel).buttons
        await acknowledge(world, SUPPORT, "sam")
