"""What every change of an execution brings with it."""

from bot.incidents import service as incidents
from bot.rollback.targets import Applied, Outcome
from tests.rollback.rehearsal import Rehearsal, ScriptedTarget


async def test_an_alarm_names_who_leads_and_who_asked(played: Rehearsal, target: ScriptedTarget) -> None:
    """R100: an alarm is addressed to somebody."""
    target.applied = Applied(Outcome.FAILED, None, None, "no such file; nothing was changed")
    played.people.opens()
    played.people.does("maya", incidents.acknowledge, "INC-1")
    await played.carry_out(by="jonas", incident="INC-1")
    assert [(alarm["lead"], alarm["requester"]) for alarm in played.alarms()] == [("U0MAYA0001", "U0JONAS002")]


async def test_an_incident_cannot_be_closed_while_its_rollback_runs(played: Rehearsal, target: ScriptedTarget) -> None:
    """R098: while it runs the incident says so."""
    target.answers = [["8"]]
    await played.carry_out()
    assert played.people.incident().containing
    await played.tick(seconds=5)
    await played.tick(seconds=5)
    assert not played.people.incident().containing
