"""conversations.*: where the app is, and what was written there."""

from bot.workspace import wire
from bot.workspace.methods.request import ApiError, Request
from bot.workspace.state import Channel, Json, Message


def info(request: Request) -> Json:
    """conversations.info."""
    return {"channel": wire.channel(request.store.team, request.channel())}


def list_channels(request: Request) -> Json:
    """conversations.list: public channels, and private ones the app is in, as `types` asks."""
    types = request.text("types", "public_channel").replace(" ", "").split(",")
    without_archived = request.flag("exclude_archived")
    found = [
        wire.channel(request.store.team, channel)
        for channel in request.store.channels.values()
        if _kind(channel) in types
        and not (channel.is_archived and without_archived)
        and (channel.is_im or channel.bot_is_member or not channel.is_private)
    ]
    page, cursor = request.page(found)
    return {"channels": page, "response_metadata": {"next_cursor": cursor}}


def _kind(channel: Channel) -> str:
    if channel.is_im:
        return "im"
    return "private_channel" if channel.is_private else "public_channel"


def join(request: Request) -> Json:
    """conversations.join: the app enters a public channel."""
    channel = request.channel()
    if channel.is_archived:
        raise ApiError("is_archived")
    if channel.is_private:
        raise ApiError("method_not_supported_for_channel_type")
    known = {"warning": "already_in_channel"} if channel.bot_is_member else {}
    channel.bot_is_member = True
    request.store.notices.tell("channel", channel=channel.id)
    return {"channel": wire.channel(request.store.team, channel), **known}


def members(request: Request) -> Json:
    """conversations.members: ids of everybody in a channel, the app's bot user included."""
    channel = request.channel()
    ids = sorted(channel.members or ())
    if channel.bot_is_member:
        ids.append(request.store.team.bot_user)
    page, cursor = request.page([{"id": each} for each in ids])
    return {"members": [each["id"] for each in page], "response_metadata": {"next_cursor": cursor}}


def open_direct(request: Request) -> Json:
    """conversations.open: the direct conversation with one person."""
    users = [each for each in request.needed("users").split(",") if each]
    if len(users) != 1:
        raise ApiError("invalid_user_combination")
    person = request.store.people.get(users[0])
    if person is None:
        raise ApiError("user_not_found")
    if person.deleted:
        raise ApiError("user_disabled")
    existed = "D" + person.id[1:] in request.store.channels
    return {
        "channel": {"id": request.store.dm(person.id).id},
        **({"no_op": True, "already_open": True} if existed else {}),
    }


def history(request: Request) -> Json:
    """conversations.history: top-level messages (and replies sent to the channel), newest first."""
    channel = _readable(request)
    found = [
        message
        for message in request.store.messages[channel.id].values()
        if (message.thread_ts is None or message.broadcast) and _within(request, message)
    ]
    page, cursor = request.page(_described(request, found[::-1]))
    return {"messages": page, "has_more": bool(cursor), "response_metadata": {"next_cursor": cursor}}


def replies(request: Request) -> Json:
    """conversations.replies: a thread's parent, then its replies, oldest first."""
    channel = _readable(request)
    named = request.store.messages[channel.id].get(request.needed("ts"))
    if named is None:
        raise ApiError("thread_not_found")
    parent = request.store.messages[channel.id].get(named.thread_ts or named.ts, named)
    inside = [reply for reply in request.store.replies(channel.id, parent.ts) if _within(request, reply)]
    page, cursor = request.page(_described(request, [parent, *inside]), default_limit=1000)
    return {"messages": page, "has_more": bool(cursor), "response_metadata": {"next_cursor": cursor}}


def _readable(request: Request) -> Channel:
    channel = request.channel()
    if not channel.bot_is_member and not channel.is_im:
        raise ApiError("not_in_channel")
    return channel


def _within(request: Request, message: Message) -> bool:
    """Whether a message lies between `oldest` and `latest` (the ends count only with `inclusive`)."""
    oldest, latest = request.text("oldest") or "0", request.text("latest")
    ts = message.ts
    if request.flag("inclusive"):
        return float(ts) >= float(oldest) and (not latest or float(ts) <= float(latest))
    return float(ts) > float(oldest) and (not latest or float(ts) < float(latest))


def _described(request: Request, messages: list[Message]) -> list[Json]:
    everything = request.flag("include_all_metadata")
    return [wire.message(request.store, message, all_metadata=everything) for message in messages]
