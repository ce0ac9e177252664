"""Conversion drops after a new recommendation model: medium, engineering and product decide (the first example)."""

import json
from pathlib import Path

from bot.foundation import trail
from bot.learning.reports import service as reports
from bot.learning.reports import views as report_views
from tests.stories.acts import SHOP, acknowledge, ask, report, vote
from tests.support.stores import TRAIL_KEY
from tests.support.world import world_of

CHANNEL = SHOP.channel
REASON = "Conversion fell from 3.1 % to 1.9 % within an hour of version 8."


async def test_from_the_alert_to_a_rollback_that_is_proved(tmp_path: Path) -> None:
    """R024, R041, R071, R076, R088, R099, R103, R104, R109, R163, R167, R169, R178."""
    async with world_of(tmp_path) as world:
        await report(world, SHOP)
        await acknowledge(world, SHOP, "maya")
        await ask(world, SHOP, "maya", REASON)
        assert "No compliance issue" in world.card(CHANNEL).visible_text
        await vote(world, SHOP, "tomas", "Approve", "The drop began with the deployment.")
        assert world.models.versions("shop-recommender") == ["8"]
        await vote(world, SHOP, "aisha", "Approve", "Revenue first; we lose nothing by going back.")
        assert world.models.versions("shop-recommender") == ["7"]
        text = world.card(CHANNEL).visible_text
        assert "5 of 5" in text
        assert "Tomás Ferreira" in text
        assert "The drop began with the deployment." in text

        export = await world.process.store.read(reports.export, "INC-1")
        json.dumps(export)
        words = report_views.markdown(export)
        assert REASON.replace("%", "%") in words
        assert "Revenue first" in words
        count, damage = await world.process.store.read(lambda r: trail.verify(r.session, TRAIL_KEY))
        assert damage is None
        assert count > 10


async def test_comms_posts_the_prepared_message(tmp_path: Path) -> None:
    """R116-R123, R125: choose incident, audience and stage; see the words; post them, word for word, once."""
    async with world_of(tmp_path) as world:
        await report(world, SHOP)
        await world.command("carla", "/comms", channel=CHANNEL)
        form = world.modal("carla")
        assert "INC-1" in form.visible_text
        posted = await world.submit("carla", {})
        assert not posted.errors
        world.expect("modal", "carla", "customer-status")
        world.expect("post", "#customer-status")
        world.threads(CHANNEL)
        world.updates(CHANNEL)


async def test_somebody_without_the_right_may_read_but_not_post(tmp_path: Path) -> None:
    """R087, R116: the refusal says who may."""
    async with world_of(tmp_path) as world:
        await report(world, SHOP)
        await world.command("jonas", "/comms", channel=CHANNEL)
        assert "Carla Rossi" in world.modal("jonas").visible_text


async def test_who_asked_cannot_approve(tmp_path: Path) -> None:
    """R072, T5: the engineering lead asks, so the deputy for engineering decides at once."""
    async with world_of(tmp_path) as world:
        await report(world, SHOP)
        await ask(world, SHOP, "tomas", REASON, approvers=("Priya Raman", "Aisha Bello"))
        await world.click("tomas", world.card(CHANNEL), "Approve")
        world.expect("ephemeral", "tomas", "You asked for this")
        await vote(world, SHOP, "priya", "Approve", "I stand in for Tomás.")
        await vote(world, SHOP, "aisha", "Approve", "Agreed.")
        assert world.models.versions("shop-recommender") == ["7"]


async def test_one_no_closes_the_round(tmp_path: Path) -> None:
    """R079, T10: a rejection by an approver ends the round; later clicks change nothing."""
    async with world_of(tmp_path) as world:
        await report(world, SHOP)
        await ask(world, SHOP, "maya", REASON)
        before = world.card(CHANNEL)
        await vote(world, SHOP, "aisha", "Reject", "The campaign ended today; the drop was planned.")
        await world.click("tomas", world.card(CHANNEL), "Approve", stale=before)
        world.expect("ephemeral", "tomas")
        assert world.models.versions("shop-recommender") == ["8"]
        assert "The campaign ended today" in world.card(CHANNEL).visible_text


async def test_a_click_delivered_twice_counts_once(tmp_path: Path) -> None:
    """T2, T8: the same signed request again has no effect, not even a second answer."""
    async with world_of(tmp_path) as world:
        await report(world, SHOP)
        await world.click("maya", world.card(CHANNEL), "Acknowledge")
        world.updates(CHANNEL)
        world.threads(CHANNEL)
        await world.workspace.redeliver(world.workspace.deliveries[-1])
        await world.settle()


async def test_strangers_guests_and_the_deactivated_decide_nothing(tmp_path: Path) -> None:
    """R087, T3, T4: refused to their face, recorded, and nothing changes."""
    async with world_of(tmp_path) as world:
        await report(world, SHOP)
        await world.click("U0TINA0021", world.card(CHANNEL), "Acknowledge")
        world.expect("ephemeral", "U0TINA0021", "config/people.yaml")
        await world.workspace.change_person(world.person("jonas"), is_restricted=True)
        await world.settle()
        await world.click("jonas", world.card(CHANNEL), "Acknowledge")
        world.expect("ephemeral", "jonas", "Guests")
        assert "Acknowledge" in world.card(CHANNEL).buttons
        refused = await world.process.store.read(lambda r: trail.read(r.session, "incidents.acknowledge"))
        assert [entry.action for entry in refused] == ["gesture.refused", "gesture.refused"]
