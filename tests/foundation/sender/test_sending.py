"""What starts when, and in which order; and that nothing is done twice, whoever dies or competes."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.foundation.db import Store
from bot.foundation.errors import StoreUnavailableError
from bot.foundation.models import OutboxState
from bot.foundation.outbox import Payload
from bot.foundation.sender.pace import AT_ONCE
from bot.foundation.sender.sending import ROUND
from bot.foundation.slack_port import Unreachable
from bot.foundation.work import Lane, Work
from tests.foundation.conftest import opened
from tests.foundation.sender.conftest import ALERTS, CREDIT, MAYA, SHOP, Desk
from tests.support.clock import VirtualClock
from tests.support.postgres import POSTGRES
from tests.support.slack import FakeSlack

# --- order and pace ---------------------------------------------------------------------------------------------------


async def test_decisions_go_before_pages_before_cards_before_notes(desk: Desk) -> None:
    for lane in (Lane.NOTE, Lane.CARD, Lane.PAGE, Lane.DECISION):
        desk.show(f"1:{lane.name}", lane.name, lane=lane)
        desk.show(f"2:{lane.name}", lane.name, lane=lane)
    await desk.run()
    assert desk.slack.texts(SHOP) == ["DECISION"] * 2 + ["PAGE"] * 2 + ["CARD"] * 2 + ["NOTE"] * 2


async def test_one_post_a_second_in_a_channel_and_channels_beside_each_other(desk: Desk) -> None:
    """F4: never more than one a second in a channel."""
    for n in range(5):
        for channel in (SHOP, CREDIT):
            desk.show(f"{channel}:{n}", str(n), channel)
    start = desk.clock.now()
    await desk.run()
    for channel in (SHOP, CREDIT):
        moments = [(call.at - start).total_seconds() for call in desk.slack.made("post") if call.channel == channel]
        assert moments == [0, 1, 2, 3, 4]


async def test_what_is_due_later_leaves_later(desk: Desk) -> None:
    at = desk.clock.now() + timedelta(minutes=2)
    desk.show("card:1", "later", due_at=at)
    assert await desk.sender.tick() == at
    await desk.run()
    assert [call.at for call in desk.slack.calls] == [at]


async def test_nothing_waiting_means_nothing_due(desk: Desk) -> None:
    assert await desk.sender.tick() is None


async def test_a_full_channel_hides_nothing_that_waits_for_another(desk: Desk) -> None:
    def flood(work: Work) -> None:
        for n in range(ROUND + 50):
            work.enqueue("card", f"flood:{n}", {"key": f"flood:{n}", "channel": SHOP}, lane=Lane.NOTE)

    desk.store.submit_now(MAYA, flood)
    desk.show("card:1", "elsewhere", CREDIT, lane=Lane.NOTE)
    start = desk.clock.now()
    await desk.run(within=5)
    assert desk.only(CREDIT).text == "elsewhere"
    assert [call.at - start for call in desk.slack.calls if call.channel == CREDIT] == [timedelta()]


async def test_notes_that_wait_for_a_card_hide_nothing_either(desk: Desk) -> None:
    def flood(work: Work) -> None:
        for n in range(ROUND + 50):
            payload = {"key": f"n:{n}", "channel": SHOP, "thread_of": "card:later"}
            work.enqueue("card", f"n:{n}", payload, lane=Lane.CARD)

    desk.store.submit_now(MAYA, flood)
    desk.show("card:later", "later", due_at=desk.clock.now() + timedelta(hours=1))
    desk.show("card:1", "now")
    await desk.run(within=5)
    assert desk.only().text == "now"


async def test_not_everything_is_sent_at_the_same_moment(desk: Desk) -> None:
    running, most = 0, 0
    full, release = asyncio.Event(), asyncio.Event()
    post = desk.slack.post

    async def slow(*given: object, **named: object) -> str:
        nonlocal running, most
        running += 1
        most = max(most, running)
        if running == AT_ONCE:
            full.set()
        await release.wait()
        running -= 1
        return await post(*given, **named)  # type: ignore[arg-type]

    desk.slack.post = slow  # type: ignore[method-assign]
    for n in range(AT_ONCE * 2):
        desk.show(f"card:{n}", "x", f"C{n:09}")
    await desk.sender.tick()
    await full.wait()
    await desk.sender.tick()
    release.set()
    await desk.run()
    assert most == AT_ONCE
    assert len(desk.slack.messages) == AT_ONCE * 2


# --- defects of ours --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["broken", "step", "effect"])
async def test_what_always_fails_is_parked_after_five_times_and_stops_nobody(desk: Desk, kind: str) -> None:
    """P24: parked, the rest goes on, people are told."""

    def fail(payload: Payload, _key: str) -> Payload:
        raise ValueError(payload["name"])

    desk.act = fail
    desk.want("bad", kind=kind, fails=True, name="bad")
    desk.show("card:1", "good")
    await desk.run(within=600)
    row = desk.row("bad")
    assert row.state == OutboxState.PARKED
    assert row.error.startswith(("KeyError", "ZeroDivisionError", "ValueError"))
    assert desk.only().text == "good"
    assert "bad" in desk.only(ALERTS).text
    assert max(Counter(desk.ran).values(), default=5) == 5
    assert len(desk.acted) in (0, 5)
    assert desk.actions("bad") == ["outbox.parked"], "what a failing step recorded went with it"


async def test_a_database_that_is_away_counts_as_nobodys_failure(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.want("step:1", kind="step")

    def away(*_given: object) -> None:
        raise StoreUnavailableError("away")

    for _ in range(10):
        with monkeypatch.context() as patch:
            patch.setattr("bot.foundation.sender.rows.finish_step", away)
            with pytest.raises(StoreUnavailableError):
                await desk.sender.tick()
    await desk.run()
    assert desk.ran == ["step:1"]


# --- steps ------------------------------------------------------------------------------------------------------------


async def test_a_step_runs_once_for_each_time_it_was_wanted(any_desk: Desk) -> None:
    desk = any_desk
    desk.want("step:1", kind="step")
    await desk.run()
    await desk.run()
    assert desk.ran == ["step:1"]
    desk.want("step:1", kind="step")
    await desk.run()
    assert desk.ran == ["step:1", "step:1"]
    assert desk.actions("step:1") == ["step.ran", "step.ran"]


async def test_a_step_that_wants_another_step_has_it_run_in_the_same_tick(desk: Desk) -> None:
    desk.want("step:1", kind="step")
    inner = desk.sender.kinds.steps["step"]

    def chain(work: Work, payload: Payload) -> None:
        inner(work, payload)
        if payload["key"] == "step:1":
            work.enqueue("step", "step:2", {"key": "step:2"})

    desk.sender.kinds.steps["step"] = chain  # type: ignore[index]
    await desk.sender.tick()
    assert desk.ran == ["step:1", "step:2"]


# --- effects ----------------------------------------------------------------------------------------------------------


async def test_an_effect_acts_with_no_transaction_open_and_then_settles(any_desk: Desk) -> None:
    desk = any_desk

    def act(payload: Payload, _key: str) -> Payload:
        desk.show("card:1", "written meanwhile")  # would wait for ever behind an open transaction
        return {"done": payload["name"]}

    desk.act = act
    desk.want("effect:1", kind="effect", name="roll back")
    await desk.run()
    assert (len(desk.acted), desk.settled) == (1, [{"done": "roll back"}])
    assert desk.actions("effect:1") == ["effect.settled"]


async def test_an_effect_that_raised_is_tried_again_with_the_same_key(desk: Desk) -> None:
    def fail_twice(payload: Payload, _key: str) -> Payload:
        if len(desk.acted) < 3:
            raise OSError("away")
        return {"done": payload["name"]}

    desk.act = fail_twice
    desk.want("effect:1", kind="effect", name="roll back")
    await desk.run()
    assert len(desk.acted) == 3
    assert len({key for _name, key in desk.acted}) == 1
    assert desk.settled == [{"done": "roll back"}]


async def test_an_effect_whose_process_died_is_taken_over_after_its_lease_with_the_same_key(any_desk: Desk) -> None:
    """P20: the key stays, so that the other system can tell."""
    desk = any_desk
    begun, never = asyncio.Event(), asyncio.Event()

    async def hang(payload: Payload, key: str) -> Payload:
        desk.acted.append((payload["name"], key))
        begun.set()
        await never.wait()
        return {}

    dying = desk.new_sender()
    dying.kinds.effects["effect"] = replace(dying.kinds.effects["effect"], act=hang)  # type: ignore[index]
    desk.want("effect:1", kind="effect", name="roll back")
    await dying.tick()
    await begun.wait()
    await desk.run(within=59)
    assert len(desk.acted) == 1, "while the lease lasts nobody else takes it"
    await desk.run()
    assert len(desk.acted) == 2
    assert len({key for _name, key in desk.acted}) == 1
    never.set()
    await dying.idle()
    assert desk.settled == [{"done": "roll back"}], "the late answer of whoever lost the claim changes nothing"


async def test_an_effect_wanted_again_is_another_one_with_a_key_of_its_own(desk: Desk) -> None:
    for _ in range(2):
        desk.want("effect:1", kind="effect", name="roll back")
        await desk.run()
    assert len({key for _name, key in desk.acted}) == 2


async def test_a_settlement_that_fails_leaves_nothing_half_done(desk: Desk) -> None:
    def fail_once(_work: Work, _payload: Payload, _outcome: Payload) -> None:
        if len(desk.settled) == 1:
            raise ZeroDivisionError

    desk.settle = fail_once
    desk.want("effect:1", kind="effect", name="roll back")
    await desk.run()
    assert len(desk.acted) == 2
    assert desk.actions("effect:1") == ["effect.settled"]


# --- several processes, and the end -----------------------------------------------------------------------------------


@pytest.mark.parametrize("url", [pytest.param("postgresql", marks=POSTGRES)], indirect=True)
async def test_three_processes_on_one_database_do_everything_once(store: Store, url: str, clock: VirtualClock) -> None:
    """F5: claimed by compare-and-set, so any number of processes is safe."""
    slack = FakeSlack(clock)
    stores = [store, opened(url, clock), opened(url, clock)]
    desks = [Desk(each, clock, slack) for each in stores]
    for n in range(30):
        desks[0].show(f"card:{n}", f"{n}", f"C{n % 10:09}")
        for desk in desks[1:]:
            desk.state[f"card:{n}"] = f"{n}"
        desks[0].want(f"step:{n}", kind="step")
        desks[0].want(f"effect:{n}", kind="effect", name=f"{n}")
    for _ in range(60):
        await asyncio.gather(*(desk.sender.tick() for desk in desks))
        await asyncio.gather(*(desk.sender.idle() for desk in desks))
        clock.pass_time(seconds=1)
    assert sorted(int(message.text) for message in slack.messages) == list(range(30))
    assert sorted(step for desk in desks for step in desk.ran) == sorted(f"step:{n}" for n in range(30))
    assert sum(len(desk.acted) for desk in desks) == 30
    assert desks[0].undone() == []
    for each in stores[1:]:
        each.close()


async def test_stopping_waits_for_what_is_running_and_starts_nothing_more(desk: Desk) -> None:
    desk.show("card:1", "one")
    await desk.sender.tick()
    desk.show("card:2", "two", CREDIT)
    await desk.sender.stop(10)
    await desk.sender.tick()
    assert [message.text for message in desk.slack.messages] == ["one"]
    assert desk.undone() == ["card:2"]


async def test_stopping_does_not_wait_for_ever_and_what_was_cut_off_is_looked_up(desk: Desk) -> None:
    """P21: out within seconds, nothing lost."""
    post = desk.slack.post
    begun = asyncio.Event()

    async def hang(*given: object, **named: object) -> str:
        await post(*given, **named)  # type: ignore[arg-type]
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    desk.slack.post = hang  # type: ignore[method-assign]
    desk.show("card:1", "one")
    await desk.sender.tick()
    await begun.wait()
    await asyncio.wait_for(desk.sender.stop(0.05), 10)
    desk.slack.post = post  # type: ignore[method-assign]
    restarted = desk.new_sender()
    await restarted.recover()
    await desk.run(restarted)
    assert desk.only().text == "one"
    assert len(desk.slack.made("find")) == 1


async def test_what_a_dead_process_was_sending_is_not_overtaken_in_its_channel(desk: Desk) -> None:
    """F2: a thread keeps its order: what may have been sent is looked up first; other channels do not wait for it."""

    async def hang(*_given: object, **_named: object) -> str:
        await asyncio.Event().wait()
        raise AssertionError

    post, desk.slack.post = desk.slack.post, hang  # type: ignore[method-assign]
    dying = desk.new_sender()
    desk.show("card:1", "first")
    await dying.tick()
    await dying.stop(0.05)
    desk.slack.post = post  # type: ignore[method-assign]
    desk.show("card:2", "second")
    desk.show("card:3", "elsewhere", CREDIT)
    restarted = desk.new_sender()
    await restarted.recover()
    await desk.run(restarted)
    assert [message.text for message in desk.slack.messages] == ["elsewhere", "first", "second"]


async def test_recovering_takes_effects_back_at_once(desk: Desk) -> None:
    async def hang(payload: Payload, key: str) -> Payload:
        desk.acted.append((payload["name"], key))
        await asyncio.Event().wait()
        return {}

    dying = desk.new_sender()
    dying.kinds.effects["effect"] = replace(dying.kinds.effects["effect"], act=hang)  # type: ignore[index]
    desk.want("effect:1", kind="effect", name="roll back")
    await dying.tick()
    await dying.stop(0.05)
    await desk.sender.recover()
    await desk.run(within=1)
    assert len({key for _name, key in desk.acted}) == 1
    assert desk.settled == [{"done": "roll back"}]


async def test_whoever_hangs_the_alarm_clock_is_woken_when_something_ended(desk: Desk) -> None:
    woken: list[int] = []
    ends = asyncio.Event()

    async def fail(*_given: object, **_named: object) -> str:
        await ends.wait()
        raise Unreachable("away")

    desk.slack.post = fail  # type: ignore[method-assign]
    desk.show("card:1", "one")
    await desk.sender.tick()
    desk.store.after_commit = lambda: woken.append(1)
    ends.set()
    await desk.sender.idle()
    assert woken
