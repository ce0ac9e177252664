import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.workspace import Workspace
from tests.workspace.conftest import FakeApp


async def test_opening_home_tells_tab_channel_and_view(ws: Workspace, app: FakeApp, client: AsyncWebClient) -> None:
    await ws.open_home("U1")
    event = app.last["event"]
    assert (event["type"], event["user"], event["tab"]) == ("app_home_opened", "U1", "home")
    assert (event["channel"], "view" in event) == (ws.dm("U1").id, False)
    await client.views_publish(user_id="U1", view={"type": "home", "blocks": []})
    await ws.open_home("U1")
    assert app.last["event"]["view"]["type"] == "home"


async def test_the_envelope_is_slacks(ws: Workspace, app: FakeApp) -> None:
    await ws.open_home("U1")
    sent = app.last
    assert (sent["type"], sent["team_id"], sent["api_app_id"]) == ("event_callback", ws.team.id, ws.team.app_id)
    assert sent["event_id"].startswith("Ev")
    assert sent["authorizations"][0]["user_id"] == ws.team.bot_user
    await ws.open_home("U1")
    assert app.last["event_id"] != sent["event_id"]


async def test_a_mention_is_told_besides_the_message(ws: Workspace, app: FakeApp) -> None:
    message = await ws.say("U1", "C1", f"<@{ws.team.bot_user}> help")
    events = [got.payload["event"] for got in app.received]
    assert [event["type"] for event in events] == ["message", "app_mention"]
    assert {event["ts"] for event in events} == {message.ts}
    assert (events[0]["channel"], events[0]["channel_type"]) == ("C1", "channel")


async def test_the_app_hears_nothing_from_where_it_is_not(ws: Workspace, app: FakeApp) -> None:
    await ws.say("U1", "C2", f"<@{ws.team.bot_user}> help")
    assert app.received == []


async def test_only_what_was_subscribed_to_is_sent(ws: Workspace, app: FakeApp) -> None:
    await ws.say("U1", ws.dm("U1").id, "hello")
    message = await ws.say("U1", "C4", "private")
    await ws.react("U1", message, "eyes")
    assert app.received == []
    ws.manifest["settings"]["event_subscriptions"]["bot_events"] += ["message.im", "message.groups", "reaction_added"]
    await ws.say("U1", ws.dm("U1").id, "hello")
    await ws.say("U1", "C4", "private")
    await ws.react("U1", message, "eyes")
    sent = [(got.payload["event"]["type"], got.payload["event"].get("channel_type")) for got in app.received]
    assert sent == [("message", "im"), ("message", "group"), ("reaction_added", None)]
    ws.manifest["settings"]["event_subscriptions"]["bot_events"].clear()
    assert not (await ws.open_home("U1")).sent


@pytest.mark.parametrize("name", ["title", "tz", "real_name"])
async def test_a_changed_profile_is_told(ws: Workspace, app: FakeApp, name: str) -> None:
    value = "Asia/Tokyo" if name == "tz" else "New"
    await ws.change_person("U1", **{name: value})
    user = app.last["event"]["user"]
    assert value in (user.get(name), user["profile"].get(name))
