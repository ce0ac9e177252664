"""Somebody takes over a turn of the rota for a night: by a command, seen by everybody, and over when it says."""

from pathlib import Path

from tests.support.world import World, world_of

CHANNEL = "#shop-recommender"


async def says(world: World, who: str, typed: str, *texts: str) -> None:
    await world.command(who, f"/rollback on-call {typed}".rstrip(), channel=CHANNEL)
    world.expect("ephemeral", who, *texts)


async def test_a_night_is_taken_over_and_ends_by_itself(tmp_path: Path) -> None:
    """R072, R084: a stand-in gives nobody a right, is seen at once, and needs nobody to end it."""
    async with world_of(tmp_path) as world:
        await says(world, "maya", "", "ML on call: @Maya Lindqvist", "To put somebody on duty out of turn")
        await says(
            world, "priya", "ml_on_call me 10h", "@Priya Raman is on duty as ML on call until 2026-11-21 19:00 UTC"
        )
        await says(world, "carla", "", "ML on call: @Priya Raman")
        home = await world.open_home("carla")
        assert "ML on call: @Priya Raman" in home.visible_text
        await says(world, "carla", "ml_on_call me 10h", "Only people of the rota ML on call change who is on duty")
        await says(world, "priya", "ml_on_call priya", "To put somebody on duty out of turn")
        await says(world, "priya", "pager me 4h", "There is no rota “pager”")
        await world.pass_time(hours=10)
        await says(world, "carla", "", "ML on call: @Maya Lindqvist")
        world.homes()
