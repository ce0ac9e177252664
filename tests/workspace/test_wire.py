from bot.workspace import wire
from bot.workspace.workspace import Workspace
from tests.workspace.surfaces import CARD, FORM


def test_completing_leaves_what_was_sent_alone(workspace: Workspace) -> None:
    sent = [{"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Go"}}]}]
    (block,) = wire.completed(workspace.api.store, sent)
    assert block["block_id"]
    assert block["elements"][0]["action_id"]
    assert "block_id" not in sent[0]
    again = wire.completed(workspace.api.store, [block])
    assert again == (block,)


def test_a_thread_is_counted_on_its_parent(workspace: Workspace) -> None:
    store = workspace.api.store
    parent = store.post("C1", store.team.bot_user, "parent", by_bot=True, blocks=tuple(CARD))
    assert "reply_count" not in wire.message(store, parent)
    store.post("C1", "U1", "one", thread_ts=parent.ts)
    last = store.post("C1", "U2", "two", thread_ts=parent.ts, broadcast=True)
    described = wire.message(store, parent)
    assert (described["reply_count"], described["reply_users"], described["latest_reply"]) == (2, ["U1", "U2"], last.ts)
    assert (described["bot_id"], described["app_id"]) == (store.team.bot_id, store.team.app_id)
    reply = wire.message(store, last)
    assert (reply["thread_ts"], reply["parent_user_id"], reply["subtype"]) == (
        parent.ts,
        store.team.bot_user,
        "thread_broadcast",
    )
    assert "bot_id" not in reply


def test_a_view_has_every_documented_field(workspace: Workspace) -> None:
    view = workspace.api.modals.open("U1", FORM)
    described = wire.view(workspace.team, view, {"a": {}})
    assert described["state"] == {"values": {"a": {}}}
    assert (described["hash"], described["root_view_id"], described["previous_view_id"]) == (view.hash, view.id, None)
    assert (described["submit_disabled"], described["notify_on_close"], described["external_id"]) == (False, False, "")
    home = workspace.api.modals.publish("U1", {"type": "home", "blocks": []})
    assert "submit_disabled" not in wire.view(workspace.team, home)


def test_a_zone_comes_with_its_offset_of_today(workspace: Workspace) -> None:
    workspace.people["U1"].tz = "Asia/Kolkata"
    described = wire.user(workspace.api.store, workspace.people["U1"], with_email=False)
    assert (described["tz"], described["tz_offset"]) == ("Asia/Kolkata", 19_800)
