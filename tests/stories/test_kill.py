"""`kill -9` between any two steps of a story, and right after each answer: nothing is lost and nothing doubled."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from bot import demo
from bot.approvals.models import Vote
from bot.foundation import trail
from bot.foundation.db import open_engine
from bot.foundation.environment import trail_key
from bot.rollback.models import Execution
from bot.workspace.state import Message
from tests.support.running import Running, running_backout

SUPPORT = "#support-bot"
Step = Callable[[Running], Awaitable[None]]


async def send_the_alert(backout: Running) -> None:
    said = {"alertname": "WrongAnswers", "version": "42", "metric": "wrong_answer_rate", "value": "60", "summary": "60"}
    assert await backout.alert(demo.alert_body("support-bot", said, datetime(2026, 11, 21, 9, tzinfo=UTC))) == 202


async def acknowledge(backout: Running) -> None:
    card = await backout.card(SUPPORT, "INC-1")
    assert (await backout.workspace.click(backout.person("sam"), card, "Acknowledge")).acked
    await backout.card(SUPPORT, "Acknowledged")


async def ask(backout: Running) -> None:
    sam = backout.person("sam")
    assert (await backout.workspace.command(sam, "/rollback", "support-bot", channel=SUPPORT)).acked
    answer = await backout.workspace.submit(sam, {"reason": "Customers are told that returns are not possible."})
    assert answer.acked, answer
    assert not answer.errors
    await backout.workspace.close_modal(sam)


async def approve(backout: Running) -> None:
    leo = backout.person("leo")
    card = await backout.until(lambda: _card_with(backout, "Approve"))
    assert (await backout.workspace.click(leo, card, "Approve")).acked
    answer = await backout.workspace.submit(leo, {"reason": "Wrong promises to customers."})
    assert answer.acked
    assert not answer.errors


async def see_it_done(backout: Running) -> None:
    await backout.card(SUPPORT, "5 of 5")


STEPS: tuple[Step, ...] = (send_the_alert, acknowledge, ask, approve, see_it_done)


def _card_with(backout: Running, button: str) -> Message | None:
    messages = backout.workspace.messages(SUPPORT)
    return messages[0] if messages and button in messages[0].buttons else None


@pytest.mark.timeout(300)
async def test_kill_after_every_step_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """P1-P4, P20: what was answered is there after the restart; one card, one page, one vote, one execution."""
    async with running_backout(tmp_path) as backout:
        for step in STEPS:
            await step(backout)
            await backout.kill()
            await backout.start()
        await see_it_done(backout)
        posts = [one for one in backout.workspace.happenings if one.kind == "post"]
        assert len({one.text for one in posts}) == len(posts), "something was posted twice"
        assert await backout.terminate() == 0
    _check_the_database(backout)


def _check_the_database(backout: Running) -> None:
    key, _made = trail_key(backout.database, None)
    with Session(open_engine(backout.database, reading=True)) as session:
        assert [vote.person for vote in session.exec(select(Vote))] == [backout.person("leo")]
        assert [one.state for one in session.exec(select(Execution).order_by(col(Execution.round)))] == ["done"]
        count, damage = trail.verify(session, key)
        assert damage is None
        entries = trail.read(session, "INC-1")
    assert count >= len(entries) > 0
    assert [entry.action for entry in entries].count("incident.opened") == 1
