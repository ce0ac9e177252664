"""chat.* and reactions.add: what the app writes."""

from typing import Any

from bot.workspace import blocks as block_rules
from bot.workspace import wire
from bot.workspace.checks import Problems
from bot.workspace.methods.request import ApiError, Request
from bot.workspace.state import Channel, Ephemeral, Json, Message

TEXT_LIMIT = 40_000
UPDATE_TEXT_LIMIT = 4_000
MARKDOWN_LIMIT = 12_000
METADATA_LIMIT = 8_000
ATTACHMENTS = 100
_ATTACHMENT_KEYS = {
    "blocks", "color", "fallback", "text", "pretext", "title", "title_link", "footer", "fields", "mrkdwn_in", "ts",
    "author_name", "author_link", "author_icon", "image_url", "thumb_url", "footer_icon", "id",
}  # fmt: skip


def post_message(request: Request) -> Json:
    """chat.postMessage: a message that everybody in the channel sees; a person's id as `channel` means a direct one."""
    channel = writable(_target(request), request)
    content = content_of(request)
    thread = thread_of(request, channel)
    message = request.store.post(
        channel.id,
        request.store.team.bot_user,
        content.pop("text"),
        by_bot=True,
        thread_ts=thread,
        broadcast=bool(thread) and request.flag("reply_broadcast"),
        metadata=metadata_of(request),
        unfurl_links=request.flag("unfurl_links", default=False),
        unfurl_media=request.flag("unfurl_media", default=True),
        **content,
    )
    return {"channel": channel.id, "ts": message.ts, "message": wire.message(request.store, message, all_metadata=True)}


def update(request: Request) -> Json:
    """chat.update: what is not given is removed (text alone removes the blocks); metadata stays unless given."""
    channel = request.channel()
    message = own_message(request, channel, "cant_update_message")
    if channel.is_archived:
        raise ApiError("is_inactive")
    if not channel.bot_is_member and not channel.is_im:
        raise ApiError("not_in_channel")
    if len(request.text("text")) > UPDATE_TEXT_LIMIT:
        raise ApiError("msg_too_long")
    changes = content_of(request)
    if request.args.get("metadata") is not None:
        changes["metadata"] = metadata_of(request)
    changed = request.store.change(
        message,
        edited_ts=request.store.next_ts(),
        broadcast=message.broadcast or bool(message.thread_ts and request.flag("reply_broadcast")),
        **changes,
    )
    described = wire.message(request.store, changed, all_metadata=True)
    return {"channel": channel.id, "ts": changed.ts, "text": changed.text, "message": described}


def delete(request: Request) -> Json:
    """chat.delete: only the app's own messages."""
    message = own_message(request, request.channel(), "cant_delete_message")
    request.store.delete(message)
    return {"channel": message.channel, "ts": message.ts}


def post_ephemeral(request: Request) -> Json:
    """chat.postEphemeral: seen by `user` only, who must be active and in the channel."""
    channel = writable(request.channel(), request)
    user = request.needed("user")
    person = request.store.people.get(user)
    if person is None or person.deleted or user not in (channel.members or ()):
        raise ApiError("user_not_in_channel")
    content = content_of(request)
    thread = thread_of(request, channel)
    shown = request.store.whisper(Ephemeral(channel.id, user, request.store.next_ts(), thread_ts=thread, **content))
    return {"message_ts": shown.ts}


def get_permalink(request: Request) -> Json:
    """chat.getPermalink: a link to a message."""
    message = message_of(request, request.channel(), "message_ts")
    link = f"https://{request.store.team.domain}.slack.com/archives/{message.channel}/p{message.ts.replace('.', '')}"
    if message.thread_ts:
        link += f"?thread_ts={message.thread_ts}&cid={message.channel}"
    return {"channel": message.channel, "permalink": link}


def add_reaction(request: Request) -> Json:
    """reactions.add: an emoji of the app under a message."""
    channel = request.channel()
    if channel.is_archived:
        raise ApiError("is_archived")
    message = message_of(request, channel, "timestamp")
    name = request.needed("name").strip(":")
    reactions, bot = dict(message.reactions), request.store.team.bot_user
    if bot in reactions.get(name, ()):
        raise ApiError("already_reacted")
    reactions[name] = (*reactions.get(name, ()), bot)
    changed = request.store.react(message, tuple(reactions.items()))
    request.store.happen("reaction", name, channel=channel.id, message=changed)
    return {}


# -- shared ---------------------------------------------------------------------------------------------------------
def _target(request: Request) -> Channel:
    person = request.store.people.get(request.needed("channel"))
    if person is None:
        return request.channel()
    if person.deleted:
        raise ApiError("channel_not_found")
    return request.store.dm(person.id)


def writable(channel: Channel, request: Request) -> Channel:
    """The channel, if the app may write there.

    Raises:
        ApiError: `is_archived`, `not_in_channel`.
    """
    if channel.is_archived:
        raise ApiError("is_archived")
    public = not channel.is_private and "chat:write.public" in request.scopes
    if not channel.bot_is_member and not channel.is_im and not (public and request.method == "chat.postMessage"):
        raise ApiError("not_in_channel")
    return channel


def content_of(request: Request) -> dict[str, Any]:
    """Text, blocks and attachments of a message, judged and completed.

    Raises:
        ApiError: `no_text`, `msg_too_long`, `invalid_blocks_format`, `invalid_blocks`, `msg_blocks_too_long`,
            `too_many_attachments`, `markdown_text_conflict`.
    """
    blocks = checked_blocks(request, request.decoded("blocks", "invalid_blocks_format"))
    attachments = _attachments(request)
    markdown, text = request.text("markdown_text"), request.text("text")
    if markdown and (text or blocks):
        raise ApiError("markdown_text_conflict")
    if len(markdown) > MARKDOWN_LIMIT:
        raise ApiError("msg_too_long")
    if not (text.strip() or markdown.strip() or blocks or attachments):
        raise ApiError("no_text")
    return {"text": (markdown or text)[:TEXT_LIMIT], "blocks": blocks, "attachments": attachments}


def checked_blocks(request: Request, blocks: Any, where: str = "/blocks") -> tuple[Json, ...]:
    """Blocks as Slack stores them.

    Raises:
        ApiError: `invalid_blocks_format`, `invalid_blocks` with JSON pointers, `msg_blocks_too_long`.
    """
    if blocks is None:
        return ()
    if not isinstance(blocks, list):
        raise ApiError("invalid_blocks_format")
    problems = block_rules.check_message(blocks, where)
    if problems:
        raise invalid_blocks(problems)
    if block_rules.visible_characters(blocks) > block_rules.VISIBLE_CHARACTERS:
        raise ApiError("msg_blocks_too_long")
    return wire.completed(request.store, blocks)


def invalid_blocks(problems: Problems) -> ApiError:
    """The error `invalid_blocks`, saying what is wrong and where."""
    lines = [str(problem) for problem in problems]
    return ApiError(
        "invalid_blocks", errors=lines, response_metadata={"messages": [f"[ERROR] {each}" for each in lines]}
    )


def _attachments(request: Request) -> tuple[Json, ...]:
    given = request.decoded("attachments", "invalid_attachments") or []
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise ApiError("invalid_attachments")
    if len(given) > ATTACHMENTS:
        raise ApiError("too_many_attachments")
    completed = []
    for index, attachment in enumerate(given):
        if unknown := sorted(set(attachment) - _ATTACHMENT_KEYS):
            raise ApiError("invalid_attachments", errors=[f"invalid additional property: {name}" for name in unknown])
        blocks = checked_blocks(request, attachment.get("blocks"), f"/attachments/{index}/blocks")
        completed.append({**attachment, "blocks": list(blocks)} if blocks else attachment)
    return tuple(completed)


def thread_of(request: Request, channel: Channel) -> str | None:
    """The parent a reply goes under.

    Raises:
        ApiError: `thread_not_found` for no such message, `cannot_reply_to_message` for a reply's own timestamp.
    """
    ts = request.text("thread_ts")
    if not ts:
        return None
    parent = request.store.messages[channel.id].get(ts)
    if parent is None:
        raise ApiError("thread_not_found")
    if parent.thread_ts:
        raise ApiError("cannot_reply_to_message")
    return ts


def metadata_of(request: Request) -> Json | None:
    """Message metadata {event_type, event_payload}; an empty object means none.

    Raises:
        ApiError: `invalid_metadata_format`, `metadata_too_large`.
    """
    metadata = request.decoded("metadata", "invalid_metadata_format")
    if not metadata:
        return None
    right = isinstance(metadata, dict) and set(metadata) <= {"event_type", "event_payload", "entities"}
    if not right or not metadata.get("event_type") or not isinstance(metadata.get("event_payload"), dict):
        raise ApiError("invalid_metadata_format")
    if len(str(metadata)) > METADATA_LIMIT:
        raise ApiError("metadata_too_large")
    return dict(metadata)


def message_of(request: Request, channel: Channel, argument: str) -> Message:
    """The message an argument names by its timestamp.

    Raises:
        ApiError: `message_not_found`.
    """
    message = request.store.messages[channel.id].get(request.needed(argument))
    if message is None:
        raise ApiError("message_not_found")
    return message


def own_message(request: Request, channel: Channel, refusal: str) -> Message:
    """The app's own message with the timestamp `ts`.

    Raises:
        ApiError: `message_not_found`, or `refusal` for somebody else's message.
    """
    message = message_of(request, channel, "ts")
    if not message.by_bot:
        raise ApiError(refusal)
    return message
