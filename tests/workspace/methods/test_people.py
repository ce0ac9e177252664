from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.workspace import Workspace
from tests.workspace.methods.test_chat import refusal


async def test_auth_test_says_whose_token_it_is(client: AsyncWebClient, ws: Workspace) -> None:
    answer = await client.auth_test()
    assert (answer["team_id"], answer["user_id"], answer["bot_id"]) == (ws.team.id, ws.team.bot_user, ws.team.bot_id)
    assert "chat:write" in answer.headers["x-oauth-scopes"]
    assert (await client.bots_info(bot=ws.team.bot_id))["bot"]["app_id"] == ws.team.app_id
    assert (await refusal(client.bots_info(bot="B9")))["error"] == "bot_not_found"


async def test_api_test_needs_no_token(ws: Workspace) -> None:
    nobody = AsyncWebClient(base_url=f"{ws.base_url}/api/")
    assert (await nobody.api_test(foo="bar"))["args"] == {"foo": "bar"}
    assert (await refusal(nobody.api_test(error="my_error")))["error"] == "my_error"


async def test_users_info_tells_flags_zone_and_mail_only_with_its_scope(client: AsyncWebClient, ws: Workspace) -> None:
    ben = (await client.users_info(user="U2"))["user"]
    assert "email" not in ben["profile"]
    ws.manifest["oauth_config"]["scopes"]["bot"].append("users:read.email")
    assert (await client.users_info(user="U2"))["user"]["profile"]["email"] == "ben@example.org"
    ada = (await client.users_info(user="U1"))["user"]
    assert (ada["tz"], ada["tz_offset"], ada["profile"]["title"]) == ("Europe/London", 0, "SRE")
    assert (await client.users_info(user="U3"))["user"]["is_restricted"] is True
    gone = (await client.users_info(user="U4"))["user"]
    assert (gone["deleted"], "tz" in gone) == (True, False)
    stranger = (await client.users_info(user="U5"))["user"]
    assert (stranger["is_stranger"], stranger["team_id"]) == (True, "TOTHER")
    assert (await client.users_info(user=ws.team.bot_user))["user"]["is_bot"] is True
    assert (await refusal(client.users_info(user="U9")))["error"] == "user_not_found"


async def test_users_list_has_everybody(client: AsyncWebClient, ws: Workspace) -> None:
    members = (await client.users_list())["members"]
    assert [member["id"] for member in members] == ["U1", "U2", "U3", "U4", "U5", ws.team.bot_user]


async def test_presence_and_user_groups(client: AsyncWebClient, ws: Workspace) -> None:
    ws.people["U2"].presence = "away"
    assert (await client.users_getPresence(user="U2"))["presence"] == "away"
    assert (await client.usergroups_users_list(usergroup="S1"))["users"] == ["U1", "U2"]
    assert (await refusal(client.usergroups_users_list(usergroup="S9")))["error"] == "no_such_subteam"
    ws.groups["S1"].disabled = True
    assert (await refusal(client.usergroups_users_list(usergroup="S1")))["error"] == "no_such_subteam"
    assert (await client.usergroups_users_list(usergroup="S1", include_disabled=True))["users"] == ["U1", "U2"]
