from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.workspace import Workspace
from tests.workspace.methods.test_chat import refusal


async def test_upload_in_two_steps_shows_the_file(client: AsyncWebClient, ws: Workspace) -> None:
    await client.files_upload_v2(
        channel="C1", content="a,b\n1,2\n", filename="trail.csv", title="Trail", initial_comment="Here:"
    )
    (message,) = ws.messages("C1")
    assert message.visible_text == "Here:\nTrail"
    (file,) = message.files
    assert (file["name"], file["size"]) == ("trail.csv", 8)
    assert ws.files[file["id"]]["content"] == b"a,b\n1,2\n"


async def test_what_was_not_uploaded_cannot_be_shared(client: AsyncWebClient) -> None:
    ticket = await client.files_getUploadURLExternal(filename="x.txt", length=3)
    early = client.files_completeUploadExternal(files=[{"id": ticket["file_id"]}], channel_id="C1")
    assert (await refusal(early))["error"] == "file_not_found"
    empty = client.files_getUploadURLExternal(filename="x.txt", length=0)
    assert (await refusal(empty))["error"] == "missing_argument"
    nothing = client.api_call("files.completeUploadExternal", json={"files": []})
    assert (await refusal(nothing))["error"] == "invalid_arguments"
