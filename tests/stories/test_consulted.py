"""A loan model goes wrong: safety is consulted and answers, data engineering does not, and nobody waits for it."""

from pathlib import Path

from tests.stories.acts import CREDIT, SUMMARY, acknowledge, ask, report, vote
from tests.support.world import world_of


async def test_advice_is_asked_for_shown_and_never_waited_for(tmp_path: Path) -> None:
    """R063: consulted people are asked once, with a time; informed people get one summary, when it is decided."""
    async with world_of(tmp_path) as world:
        await report(world, CREDIT)
        await acknowledge(world, CREDIT, "hana")
        await ask(world, CREDIT, "hana", "Loans are being declined.")
        (question,) = world.workspace.messages(f"D{world.person('nina')[1:]}")
        assert "Your advice on INC-1" in question.visible_text
        assert "Safety" in question.visible_text
        await world.click("nina", question, "Answer")
        assert "You are asked as Safety" in world.modal("nina").visible_text
        await world.submit("nina", {"text": "Nobody is in danger; wrong declines can be repaired."})
        world.expect("modal", "nina", "Those who decide see your answer on the card.")
        world.threads(CREDIT.channel)
        world.updates(CREDIT.channel)
        assert "Safety (@Nina Kowalska): “Nobody is in danger" in world.card(CREDIT.channel).visible_text
        assert "Data engineering lead: not answered, asked until" in world.card(CREDIT.channel).visible_text
        for who in ("tomas", "aisha", "grace", "elena"):
            await vote(world, CREDIT, who, "Approve", f"{who} agrees")
        assert world.models.versions("credit-scoring") == ["2026.10"]
        for who in ("carla", "ben"):
            (told,) = world.workspace.messages(f"D{world.person(who)[1:]}")
            for part in ("Approved INC-1", "“Nobody is in danger", "Data engineering lead: not answered", SUMMARY):
                assert part in told.visible_text
