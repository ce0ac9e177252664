"""One call of a method: its arguments, as forms, query strings or JSON bring them, and how it fails."""

import json
from dataclasses import dataclass
from typing import Any

from bot.workspace.limits import Limiter
from bot.workspace.modals import Modals
from bot.workspace.state import Channel, Json, User
from bot.workspace.store import Store


class ApiError(Exception):
    """The answer `{"ok": false, "error": code}` with further fields."""

    def __init__(self, code: str, **more: Any) -> None:
        super().__init__(code)
        self.code = code
        self.more = more


@dataclass
class Request:
    """What a method works on: the workspace's memory and the caller's arguments."""

    store: Store
    modals: Modals
    limiter: Limiter
    method: str
    args: Json
    scopes: tuple[str, ...]
    base_url: str

    def text(self, name: str, default: str = "") -> str:
        """An argument as a string."""
        value = self.args.get(name)
        return default if value is None else str(value)

    def needed(self, name: str) -> str:
        """An argument that must be there.

        Raises:
            ApiError: `invalid_arguments`, naming it.
        """
        if not self.text(name):
            raise invalid_arguments([f"missing required field: {name}"])
        return self.text(name)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """An argument as a truth value (`true`, `1`, True)."""
        value = self.args.get(name)
        return default if value is None else str(value).lower() in ("1", "true")

    def number(self, name: str, default: int) -> int:
        """An argument as a whole number.

        Raises:
            ApiError: `invalid_arguments` for anything else.
        """
        try:
            return int(self.text(name) or default)
        except ValueError:
            raise invalid_arguments([f"must be an integer [json-pointer:/{name}]"]) from None

    def decoded(self, name: str, error: str) -> Any:
        """An argument that is JSON, or a string holding JSON; None when absent.

        Raises:
            ApiError: `error` when the string is not JSON.
        """
        value = self.args.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value else None
        except ValueError:
            raise ApiError(error) from None

    def channel(self, name: str = "channel") -> Channel:
        """The channel an argument names, if the app can know of it.

        Raises:
            ApiError: `channel_not_found`.
        """
        found = self.store.channel(self.text(name)) if self.text(name) else None
        if found is None or (found.is_private and not found.is_im and not found.bot_is_member):
            raise ApiError("channel_not_found")
        return found

    def person(self, name: str = "user") -> User:
        """The person an argument names.

        Raises:
            ApiError: `user_not_found`.
        """
        found = self.store.people.get(self.text(name))
        if found is None:
            raise ApiError("user_not_found")
        return found

    def page(self, items: list[Json], default_limit: int = 100) -> tuple[list[Json], str]:
        """The page of `items` that `cursor` and `limit` ask for, and the next cursor ("" at the end)."""
        limit = max(1, min(self.number("limit", default_limit), 1000))
        cursor = self.text("cursor")
        if cursor and not cursor.startswith("page:"):
            raise ApiError("invalid_cursor")
        start = int(cursor.removeprefix("page:") or 0)
        more = f"page:{start + limit}" if start + limit < len(items) else ""
        return items[start : start + limit], more


def invalid_arguments(messages: list[str]) -> ApiError:
    """The error `invalid_arguments` with its explanations."""
    return ApiError("invalid_arguments", response_metadata={"messages": [f"[ERROR] {each}" for each in messages]})
