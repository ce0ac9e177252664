"""files.getUploadURLExternal and files.completeUploadExternal: the two-step upload."""

from bot.workspace.methods.chat import thread_of, writable
from bot.workspace.methods.request import ApiError, Request, invalid_arguments
from bot.workspace.state import Json


def get_upload_url(request: Request) -> Json:
    """files.getUploadURLExternal: where to send the bytes of one file."""
    name, length = request.needed("filename"), request.number("length", 0)
    if length <= 0:
        raise ApiError("missing_argument")
    file_id = request.store.next_id("F")
    request.store.files[file_id] = {"id": file_id, "name": name, "title": name, "size": length, "content": None}
    return {"upload_url": f"{request.base_url}/upload/{file_id}", "file_id": file_id}


def complete_upload(request: Request) -> Json:
    """files.completeUploadExternal: share uploaded files in a channel, if one is named."""
    files = request.decoded("files", "invalid_arguments")
    if not isinstance(files, list) or not files or not all(isinstance(each, dict) for each in files):
        raise invalid_arguments(["files must be a list of {id, title}"])
    shared = [_uploaded(request, each) for each in files]
    if request.text("channel_id"):
        channel = writable(request.channel("channel_id"), request)
        thread = thread_of(request, channel)
        store = request.store
        store.post(
            channel.id,
            store.team.bot_user,
            request.text("initial_comment"),
            by_bot=True,
            thread_ts=thread,
            files=tuple(shared),
        )
    return {"files": [{"id": each["id"], "title": each["title"]} for each in shared]}


def _uploaded(request: Request, named: Json) -> Json:
    held = request.store.files.get(str(named.get("id")))
    if held is None or held["content"] is None:
        raise ApiError("file_not_found")
    held["title"] = str(named.get("title") or held["name"])
    return {key: held[key] for key in ("id", "name", "title", "size")}
