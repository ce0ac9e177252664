"""Abnormal scores hit loan approvals: high, four roles decide, compliance and leadership among them."""

from pathlib import Path

import pytest
from sqlmodel import select

from bot.rollback.models import Execution
from tests.stories.acts import CREDIT, acknowledge, ask, report, vote
from tests.support.world import World, world_of

REASON = "Scores of unchanged applicants moved by more than 100 points; loans are being declined."


async def play(world: World) -> None:
    """From the alert to the verified rollback."""
    await report(world, CREDIT)
    await acknowledge(world, CREDIT, "hana")
    await ask(world, CREDIT, "hana", REASON)
    for who in ("tomas", "aisha", "grace"):
        await vote(world, CREDIT, who, "Approve", f"{who} agrees")
        assert world.models.versions("credit-scoring") == ["2026.11"]
    await vote(world, CREDIT, "elena", "Approve", "Wrong declines are worse than an older model.")
    assert world.models.versions("credit-scoring") == ["2026.10"]
    assert "5 of 5" in world.card(CREDIT.channel).visible_text


async def test_four_roles_have_to_agree(tmp_path: Path) -> None:
    """R040, R049, R050, R052, R063, R064, R068, R133, R167."""
    async with world_of(tmp_path) as world:
        await play(world)
        text = world.card(CREDIT.channel).visible_text
        assert "Loan approval" in text
        assert "Regulated decision" in text


async def test_over_socket_mode(tmp_path: Path) -> None:
    """The same gestures over a websocket that Backout opens."""
    async with world_of(tmp_path, socket_mode=True) as world:
        await play(world)
        assert world.workspace.request_url == ""


@pytest.mark.postgres
@pytest.mark.xdist_group("postgres")
async def test_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    """The same code on PostgreSQL."""
    async with world_of(tmp_path, database=postgres_url) as world:
        await play(world)


async def test_nobody_acknowledges_so_it_climbs_to_the_last_tier(tmp_path: Path) -> None:
    """R075-R079, R081, R085, R086: each tier is paged once, in its time; nobody left is said, too."""
    async with world_of(tmp_path) as world:
        await report(world, CREDIT)
        await world.pass_time(minutes=5)
        world.expect("post", CREDIT.channel, "Nina Kowalska", "Grace O'Neill", "Aisha Bello")
        await world.pass_time(minutes=5)
        world.expect("post", CREDIT.channel, "Elena Petrova", "Ben Adeyemi", "Ruth Vogel")
        await world.pass_time(minutes=30)
        world.threads(CREDIT.channel)
        world.updates(CREDIT.channel)


async def test_acknowledged_but_nobody_decides_so_it_climbs_again(tmp_path: Path) -> None:
    """R079, R081: an acknowledgement buys the time to decide, no more."""
    async with world_of(tmp_path) as world:
        await report(world, CREDIT)
        await acknowledge(world, CREDIT, "hana")
        await world.pass_time(minutes=19)
        world.expect("post", "hana", "nothing was asked or changed since")
        world.threads(CREDIT.channel)
        world.nothing_else()
        await world.pass_time(minutes=2)
        world.expect("post", CREDIT.channel, "Nina Kowalska", "Grace O'Neill", "Aisha Bello")
        world.threads(CREDIT.channel)
        world.updates(CREDIT.channel)


async def test_a_rollback_that_cannot_be_checked_is_unknown_not_done(tmp_path: Path) -> None:
    """R100: unknown is a state, said to the lead with what to do."""
    async with world_of(tmp_path) as world:
        await report(world, CREDIT)
        await acknowledge(world, CREDIT, "hana")
        await ask(world, CREDIT, "hana", REASON)
        world.models.down("credit-scoring")
        for who in ("tomas", "aisha", "grace", "elena"):
            await vote(world, CREDIT, who, "Approve", f"{who} agrees")
        await world.pass_time(minutes=2)
        world.expect("post", CREDIT.channel, "Hana Kobayashi")
        world.threads(CREDIT.channel)
        world.updates(CREDIT.channel)
        assert "unknown" in world.card(CREDIT.channel).visible_text.lower()
        states = await world.process.store.read(lambda r: [one.state for one in r.session.exec(select(Execution))])
        assert states == ["unknown"]
