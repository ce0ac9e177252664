from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.workspace import Workspace
from tests.workspace.conftest import FakeApp, VirtualClock
from tests.workspace.methods.test_chat import refusal

Json = dict[str, Any]


def modal(title: str = "One", **more: Any) -> Json:
    return {"type": "modal", "title": {"type": "plain_text", "text": title}, "blocks": [], **more}


def home(text: str = "Welcome") -> Json:
    return {"type": "home", "blocks": [{"type": "header", "text": {"type": "plain_text", "text": text}}]}


@pytest.fixture
def trigger(ws: Workspace, app: FakeApp) -> Any:
    async def fresh(user: str = "U1") -> str:
        await ws.command(user, "/rollback")
        return str(app.last["trigger_id"])

    return fresh


async def test_a_trigger_opens_one_modal_within_three_seconds(
    client: AsyncWebClient, trigger: Any, clock: VirtualClock
) -> None:
    first = await trigger()
    clock.advance(seconds=3)
    assert (await client.views_open(trigger_id=first, view=modal()))["view"]["type"] == "modal"
    assert (await refusal(client.views_open(trigger_id=first, view=modal())))["error"] == "exchanged_trigger_id"
    second = await trigger()
    clock.advance(seconds=3.001)
    assert (await refusal(client.views_open(trigger_id=second, view=modal())))["error"] == "expired_trigger_id"
    assert (await refusal(client.views_open(trigger_id="1.2.3", view=modal())))["error"] == "invalid_trigger_id"


async def test_a_refused_view_does_not_spend_the_trigger(client: AsyncWebClient, trigger: Any) -> None:
    ticket = await trigger()
    answer = await refusal(client.views_open(trigger_id=ticket, view={"type": "modal", "blocks": []}))
    assert answer["error"] == "invalid_arguments"
    assert answer["response_metadata"]["messages"] == ["[ERROR] missing required field: title [json-pointer:/view]"]
    assert (await refusal(client.views_open(trigger_id=ticket, view=home())))["error"] == "invalid_arguments"
    assert (await client.views_open(trigger_id=ticket, view=modal()))["ok"]


async def test_at_most_three_modals_on_top_of_each_other(client: AsyncWebClient, trigger: Any, ws: Workspace) -> None:
    assert (await refusal(client.views_push(trigger_id=await trigger(), view=modal())))["error"] == "not_found"
    root = (await client.views_open(trigger_id=await trigger(), view=modal()))["view"]
    second = (await client.views_push(trigger_id=await trigger(), view=modal("Two")))["view"]
    assert (second["root_view_id"], second["previous_view_id"]) == (root["id"], root["id"])
    await client.views_push(trigger_id=await trigger(), view=modal("Three"))
    fourth = client.views_push(trigger_id=await trigger(), view=modal("Four"))
    assert (await refusal(fourth))["error"] == "push_limit_reached"
    assert [view.title for view in ws.modals("U1")] == ["One", "Two", "Three"]
    assert ws.modals("U2") == []


async def test_opening_replaces_what_was_open(client: AsyncWebClient, trigger: Any, ws: Workspace) -> None:
    await client.views_open(trigger_id=await trigger(), view=modal())
    await client.views_open(trigger_id=await trigger(), view=modal("Other"))
    assert [view.title for view in ws.modals("U1")] == ["Other"]


async def test_update_by_id_or_external_id_guarded_by_hash(client: AsyncWebClient, trigger: Any, ws: Workspace) -> None:
    opened = (await client.views_open(trigger_id=await trigger(), view=modal(external_id="inc-1")))["view"]
    new = await client.views_update(view_id=opened["id"], hash=opened["hash"], view=modal("New", external_id="inc-1"))
    stale = client.views_update(view_id=opened["id"], hash=opened["hash"], view=modal("Newer"))
    assert (await refusal(stale))["error"] == "hash_conflict"
    await client.views_update(external_id="inc-1", hash=new["view"]["hash"], view=modal("Newest"))
    top = ws.modal("U1")
    assert top is not None
    assert (top.title, top.version) == ("Newest", 3)
    assert (await refusal(client.views_update(view_id="V9", view=modal())))["error"] == "not_found"
    await ws.close_modal("U1")
    assert (await refusal(client.views_update(view_id=opened["id"], view=modal())))["error"] == "not_found"
    assert (await refusal(client.api_call("views.update", json={"view": modal()})))["error"] == "invalid_arguments"


async def test_an_external_id_is_unique(client: AsyncWebClient, trigger: Any) -> None:
    await client.views_open(trigger_id=await trigger(), view=modal(external_id="inc-1"))
    again = client.views_open(trigger_id=await trigger("U2"), view=modal(external_id="inc-1"))
    assert (await refusal(again))["error"] == "duplicate_external_id"


async def test_a_view_of_more_than_250_kb_is_refused(client: AsyncWebClient, trigger: Any) -> None:
    heavy = [{"type": "section", "fields": [{"type": "mrkdwn", "text": "x" * 2000}] * 10}] * 13
    assert (await refusal(client.views_open(trigger_id=await trigger(), view=modal(blocks=heavy))))[
        "error"
    ] == "view_too_large"


async def test_home_belongs_to_one_person(client: AsyncWebClient, ws: Workspace) -> None:
    first = (await client.views_publish(user_id="U1", view=home()))["view"]
    shown = ws.home("U1")
    assert shown is not None
    assert shown.visible_text == "Welcome"
    assert ws.home("U2") is None
    second = (await client.views_publish(user_id="U1", hash=first["hash"], view=home("Again")))["view"]
    assert second["id"] == first["id"]
    stale = client.views_publish(user_id="U1", hash=first["hash"], view=home())
    assert (await refusal(stale))["error"] == "hash_conflict"
    assert (await refusal(client.views_publish(user_id="U9", view=home())))["error"] == "user_not_found"
    ws.manifest["features"]["app_home"]["home_tab_enabled"] = False
    assert (await refusal(client.views_publish(user_id="U1", view=home())))["error"] == "not_enabled"


async def test_blocks_validate_judges_without_showing(client: AsyncWebClient, ws: Workspace) -> None:
    assert (await client.blocks_validate(blocks=[{"type": "divider"}]))["ok"]
    assert (await client.blocks_validate(view=modal()))["ok"]
    for wrong in ({"blocks": [{"type": "x"}]}, {"message": {"blocks": [{"type": "x"}]}}, {"view": {"type": "modal"}}):
        answer = await refusal(client.blocks_validate(**wrong))
        assert answer["error"] == "invalid_blocks"
        assert "json-pointer:/" in answer["errors"][0]
    assert (await refusal(client.blocks_validate()))["error"] == "invalid_arguments"
    assert ws.happenings == []
