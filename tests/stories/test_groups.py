"""A role is a Slack user group, and the group changes while people decide."""

from pathlib import Path

from bot.foundation.config import Config
from bot.people.models import Directory
from bot.workspace.state import UserGroup
from tests.stories.acts import SHOP, ask, report
from tests.support.world import world_of

GROUP = "S0PRODUCT"


def by_group(config: Config) -> Config:
    directory = config[Directory]
    role = directory.roles["product_lead"].model_copy(update={"people": [], "group": GROUP})
    return config.replace(directory.model_copy(update={"roles": {**directory.roles, "product_lead": role}}))


async def test_a_group_emptied_mid_round_fails_closed_and_is_said(tmp_path: Path) -> None:
    """R072, T3: whoever is not in the group any more decides nothing, and nobody waits in silence."""
    async with world_of(tmp_path, change=by_group) as world:
        world.workspace.groups[GROUP] = UserGroup(GROUP, "product", users=[world.person("aisha")])
        await world.pass_time(minutes=6)
        await report(world, SHOP)
        await ask(world, SHOP, "maya", "Conversion fell within an hour of version 8.")
        world.workspace.groups[GROUP].users.clear()
        await world.pass_time(minutes=6)
        await world.click("aisha", world.card(SHOP.channel), "Approve")
        world.expect("ephemeral", "aisha", "You were an approver when this was asked, but not any more.")
        world.expect(
            "post", SHOP.channel, "cannot be approved as things stand", "Aisha Bello does not hold this role now"
        )
        world.expect("post", SHOP.channel, "Nina Kowalska")
        world.threads(SHOP.channel)
        world.updates(SHOP.channel)
        assert world.models.versions("shop-recommender") == ["8"]
