"""The lead changes hands at night: nobody accepts, somebody leaves the company, and somebody forgets."""

from pathlib import Path

from tests.stories.acts import SHOP, TRIAGE, acknowledge, report
from tests.support.world import world_of


async def test_a_hand_over_that_nobody_accepts_brings_in_the_next_tier(tmp_path: Path) -> None:
    """R079, R081: the lead goes on leading, and the people above learn why they are called."""
    async with world_of(tmp_path) as world:
        await report(world, TRIAGE)
        await acknowledge(world, TRIAGE, "wei")
        await world.click("wei", world.card(TRIAGE.channel), "Hand over")
        world.modal("wei")
        await world.submit("wei", {"to": world.person("jonas"), "reason": "My shift ends.", "still_open": "The plan."})
        world.expect("post", "jonas", "Accept or decline on its card in #triage-assistant")
        assert "Still open: The plan." in world.card(TRIAGE.channel).visible_text
        await world.pass_time(minutes=5)
        page = world.expect("post", TRIAGE.channel, "Nina Kowalska", "Grace O'Neill", "Aisha Bello")
        assert page.visible_text.count("Nina Kowalska") == 1
        said = " ".join(world.threads(TRIAGE.channel))
        assert "Jonas Weber was asked to take over the lead and has not answered." in said
        assert "Take the lead" not in world.card(TRIAGE.channel).buttons
        assert "Owner of the escalation: Wei Zhang" in world.card(TRIAGE.channel).visible_text
        world.updates(TRIAGE.channel)


async def test_the_lead_leaves_the_company_mid_incident(tmp_path: Path) -> None:
    """R084, T3: their account is closed, their deputy takes over, and nothing they say counts any more."""
    async with world_of(tmp_path) as world:
        await report(world, SHOP)
        await acknowledge(world, SHOP, "maya")
        await world.workspace.change_person(world.person("maya"), deleted=True)
        await world.settle()
        await world.click("jonas", world.card(SHOP.channel), "Take over")
        assert "Maya Lindqvist leads" in world.modal("jonas").visible_text
        answer = await world.submit("jonas", {"reason": "Maya has left, and I am her deputy."})
        assert not answer.errors, answer.errors
        assert "takes over the lead of INC-1" in " ".join(world.threads(SHOP.channel))
        shown = world.card(SHOP.channel).visible_text
        assert "Owner of the escalation: Jonas Weber. Deputy: Priya Raman." in shown
        world.updates(SHOP.channel)


async def test_a_lead_who_fell_asleep_is_called_again_before_others_are(tmp_path: Path) -> None:
    """R081: once, half-way to the deadline, in the thread and by a direct message."""
    async with world_of(tmp_path) as world:
        await report(world, SHOP)
        await acknowledge(world, SHOP, "maya")
        await world.pass_time(minutes=30)
        world.expect("post", "maya", "you lead INC-1, and nothing was asked or changed since", "#shop-recommender")
        assert "nothing was asked or changed since" in " ".join(world.threads(SHOP.channel))
        await world.pass_time(minutes=29)
        world.nothing_else()
