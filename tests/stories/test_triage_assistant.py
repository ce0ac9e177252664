"""Clinicians report inconsistent predictions: high, medical, technical and compliance decide with leadership."""

from pathlib import Path

from tests.stories.acts import TRIAGE, acknowledge, ask, report, vote
from tests.support.world import world_of

REASON = "The same case was rated urgent and, minutes later, routine."


async def test_medical_technical_and_compliance_decide(tmp_path: Path) -> None:
    """R025, R053, R069, R167, R168: harm to people is high by itself; the product lead has no say here."""
    async with world_of(tmp_path) as world:
        await report(world, TRIAGE)
        await acknowledge(world, TRIAGE, "wei")
        await ask(world, TRIAGE, "wei", REASON)
        await world.click("aisha", world.card(TRIAGE.channel), "Approve")
        world.expect("ephemeral", "aisha")
        for who in ("ines", "tomas", "grace", "elena"):
            await vote(world, TRIAGE, who, "Approve", "Patients come first.")
        assert world.models.versions("triage-assistant") == ["3.1"]
        assert "10 of 10" in world.card(TRIAGE.channel).visible_text


async def test_the_deputy_decides_for_a_medical_director_who_does_not_answer(tmp_path: Path) -> None:
    """R084: after the time in raci.yaml the deputy may vote, and the record says for whom."""
    async with world_of(tmp_path) as world:
        await report(world, TRIAGE)
        await acknowledge(world, TRIAGE, "wei")
        await ask(world, TRIAGE, "wei", REASON)
        await world.click("omar", world.card(TRIAGE.channel), "Approve")
        world.expect("ephemeral", "omar")
        await world.pass_time(minutes=10)
        await vote(world, TRIAGE, "omar", "Approve", "The director is in surgery; I agree.")
        text = world.card(TRIAGE.channel).visible_text
        assert "Omar Siddiqui" in text
        assert "Inés Castillo" in text


async def test_the_lead_is_handed_over_with_a_reason(tmp_path: Path) -> None:
    """R079, R084: from, to and why stand in the thread."""
    async with world_of(tmp_path) as world:
        await report(world, TRIAGE)
        await acknowledge(world, TRIAGE, "wei")
        await world.click("wei", world.card(TRIAGE.channel), "Hand over")
        world.modal("wei")
        answer = await world.submit("wei", {"to": world.person("jonas"), "reason": "My shift ends; the plan is open."})
        assert not answer.errors, answer.errors
        told = " ".join(world.threads(TRIAGE.channel))
        assert "My shift ends" in told
        world.expect("post", "jonas", "Wei Zhang asks you to take over the lead of INC-1")
        world.updates(TRIAGE.channel)
        assert "Owner of the escalation: Wei Zhang" in world.card(TRIAGE.channel).visible_text
        await world.click("jonas", world.card(TRIAGE.channel), "Take the lead")
        assert "Jonas Weber accepts, and leads INC-1 now." in " ".join(world.threads(TRIAGE.channel))
        world.updates(TRIAGE.channel)
        assert "Owner of the escalation: Jonas Weber" in world.card(TRIAGE.channel).visible_text
