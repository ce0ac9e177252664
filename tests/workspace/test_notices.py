import asyncio

from bot.workspace.notices import Notices


async def test_everybody_hears_of_every_change_in_order() -> None:
    notices = Notices()
    one, two = notices.subscribe(), notices.subscribe()
    notices.tell("message", channel="C1", ts="1.1", user=None)
    notices.tell("modal", user="U1")
    for listener in (one, two):
        assert await anext(listener) == {"kind": "message", "channel": "C1", "ts": "1.1"}
        assert await anext(listener) == {"kind": "modal", "user": "U1"}


async def test_a_closed_subscription_ends_after_what_it_had() -> None:
    notices = Notices()
    listener = notices.subscribe()
    notices.tell("home", user="U1")
    listener.close()
    notices.tell("home", user="U2")
    assert [notice["user"] async for notice in listener] == ["U1"]
    listener.close()


async def test_closing_ends_whoever_waits() -> None:
    notices = Notices()
    waiting = asyncio.create_task(collect(notices))
    await asyncio.sleep(0)
    notices.close()
    assert await waiting == []


async def collect(notices: Notices) -> list[object]:
    return [notice async for notice in notices.subscribe()]
