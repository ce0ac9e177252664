"""Response URLs: five answers within half an hour, to the place where a person did something.

https://docs.slack.dev/interactivity/handling-user-interaction/#message_responses. They need no token and no membership.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.workspace.limits import Limiter
from bot.workspace.methods import chat
from bot.workspace.methods.request import ApiError, Request
from bot.workspace.modals import Modals
from bot.workspace.state import Ephemeral, Json, Message
from bot.workspace.store import Store

LIFETIME = timedelta(minutes=30)
USES = 5


@dataclass
class Hook:
    """One response URL."""

    user: str
    channel: str
    made: datetime
    original: Message | Ephemeral | None
    uses: int = 0


class Hooks:
    """The response URLs given out."""

    def __init__(self, store: Store, modals: Modals, limiter: Limiter) -> None:
        self._store = store
        self._modals = modals
        self._limiter = limiter
        self._hooks: dict[str, Hook] = {}

    def make(self, base_url: str, user: str, channel: str, original: Message | Ephemeral | None = None) -> str:
        """A new response URL."""
        hook_id = self._store.next_id("hook-")
        self._hooks[hook_id] = Hook(user, channel, self._store.now(), original)
        return f"{base_url}/response/{self._store.team.id}/{hook_id}"

    def respond(self, hook_id: str, body: Any) -> tuple[int, Json | str]:
        """The app's answer to a response URL: (HTTP status, body)."""
        hook = self._hooks.get(hook_id)
        try:
            if hook is None or self._store.now() - hook.made > LIFETIME:
                raise ApiError("expired_url")
            hook.uses += 1
            if hook.uses > USES:
                raise ApiError("used_url")
            if not isinstance(body, dict):
                raise ApiError("invalid_payload")
            self.answer(hook.user, hook.channel, body, hook.original)
        except ApiError as refusal:
            status = 404 if refusal.code in ("expired_url", "used_url") else 400
            return status, {"ok": False, "error": refusal.code, **refusal.more}
        return 200, "ok"

    def answer(self, user: str, channel: str, body: Json, original: Message | Ephemeral | None) -> None:
        """Show what an app answered, in a response or in its acknowledgement of a command.

        Raises:
            ApiError: The content is refused, or the channel is archived.
        """
        if self._store.channels[channel].is_archived:
            raise ApiError("is_archived")
        if _truth(body, "delete_original") and original is not None:
            self._delete(original)
            return
        request = Request(self._store, self._modals, self._limiter, "response_url", body, (), "")
        content = chat.content_of(request)
        if _truth(body, "replace_original") and original is not None:
            self._replace(original, content)
        elif body.get("response_type") == "in_channel":
            self._post(request, channel, content)
        else:
            thread = body.get("thread_ts")
            self._store.whisper(Ephemeral(channel, user, self._store.next_ts(), thread_ts=thread, **content))

    def _post(self, request: Request, channel: str, content: dict[str, Any]) -> None:
        thread = chat.thread_of(request, self._store.channels[channel])
        text = content.pop("text")
        self._store.post(channel, self._store.team.bot_user, text, by_bot=True, thread_ts=thread, **content)

    def _replace(self, original: Message | Ephemeral, content: dict[str, Any]) -> None:
        if isinstance(original, Message):
            self._store.change(self._still(original), edited_ts=self._store.next_ts(), **content)
            return
        shown = self._store.whispered(original.user, original.channel, original.ts)
        if shown is not None:
            self._store.change_whisper(shown, **content)

    def _delete(self, original: Message | Ephemeral) -> None:
        if isinstance(original, Message):
            self._store.delete(self._still(original))
            return
        shown = self._store.whispered(original.user, original.channel, original.ts)
        if shown is not None:
            self._store.hush(shown, by_app=True)

    def _still(self, original: Message) -> Message:
        current = self._store.current(original)
        if current is None:
            raise ApiError("message_not_found")
        if not current.by_bot:
            raise ApiError("cant_update_message")
        return current


def _truth(body: Json, name: str) -> bool:
    return str(body.get(name, "")).lower() == "true"
