"""The Web API: which method does what, who may call it and how often.

`call` is the whole API for one request, after the HTTP layer has decoded it: token, scopes, rate limit, method.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from bot.workspace.limits import RULES, Limiter
from bot.workspace.methods import chat, conversations, files, people, views
from bot.workspace.methods.request import ApiError, Request
from bot.workspace.modals import Modals
from bot.workspace.state import Json
from bot.workspace.store import Store

Method = Callable[[Request], Json]

METHODS: dict[str, Method] = {
    "api.test": people.api_test,
    "auth.test": people.auth_test,
    "blocks.validate": views.validate,
    "bots.info": people.bot_info,
    "chat.delete": chat.delete,
    "chat.getPermalink": chat.get_permalink,
    "chat.postEphemeral": chat.post_ephemeral,
    "chat.postMessage": chat.post_message,
    "chat.update": chat.update,
    "conversations.history": conversations.history,
    "conversations.info": conversations.info,
    "conversations.join": conversations.join,
    "conversations.list": conversations.list_channels,
    "conversations.members": conversations.members,
    "conversations.open": conversations.open_direct,
    "conversations.replies": conversations.replies,
    "files.completeUploadExternal": files.complete_upload,
    "files.getUploadURLExternal": files.get_upload_url,
    "reactions.add": chat.add_reaction,
    "usergroups.users.list": people.group_users,
    "users.getPresence": people.presence,
    "users.info": people.info,
    "users.list": people.list_users,
    "views.open": views.open_view,
    "views.publish": views.publish,
    "views.push": views.push,
    "views.update": views.update,
}


@dataclass
class Answer:
    """What a call is answered: HTTP status, headers and JSON body."""

    body: Json
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Tokens:
    """The tokens Slack gave out, and what has become of them."""

    bot: str
    app: str = ""
    revoked: bool = False
    """The bot token was revoked: `token_revoked`."""
    inactive: bool = False
    """The app was removed or its owner deactivated: `account_inactive`."""


@dataclass
class WebApi:
    """The Web API of one workspace."""

    store: Store
    modals: Modals
    limiter: Limiter
    tokens: Tokens
    open_socket: Callable[[], str]
    """Makes the address of a new Socket Mode connection."""

    def call(self, method: str, args: Json, token: str, base_url: str) -> Answer:
        """Carry out one call."""
        try:
            request = Request(self.store, self.modals, self.limiter, method, args, self.scopes, base_url)
            self._admit(request, token)
            result = {"url": self.open_socket()} if method == "apps.connections.open" else METHODS[method](request)
        except ApiError as refusal:
            return self._refused(refusal)
        return Answer({"ok": True, **result}, headers={"x-oauth-scopes": ",".join(self.scopes)})

    @property
    def scopes(self) -> tuple[str, ...]:
        """The bot scopes in the manifest."""
        return tuple(self.store.manifest.get("oauth_config", {}).get("scopes", {}).get("bot", ()))

    def _refused(self, refusal: ApiError) -> Answer:
        answer = Answer({"ok": False, "error": refusal.code, **refusal.more})
        if refusal.code == "ratelimited":
            answer.status, answer.headers = 429, {"Retry-After": str(answer.body.pop("retry_after"))}
        return answer

    def _admit(self, request: Request, token: str) -> None:
        if request.method not in RULES:
            raise ApiError("unknown_method", req_method=request.method)
        if RULES[request.method].token != "none":  # noqa: S105 - the kind of token
            self._check_token(request.method, token)
            self._check_scopes(request)
        wait = self.limiter.wait(request.method, self._limited_channel(request))
        if wait:
            raise ApiError("ratelimited", retry_after=wait)

    def _check_token(self, method: str, token: str) -> None:
        wanted = RULES[method].token
        if not token:
            raise ApiError("not_authed")
        kinds = {self.tokens.bot: "bot", **({self.tokens.app: "app"} if self.tokens.app else {})}
        if token not in kinds:
            raise ApiError("invalid_auth")
        if kinds[token] != wanted:
            raise ApiError("not_allowed_token_type")
        if self.tokens.revoked:
            raise ApiError("token_revoked")
        if self.tokens.inactive:
            raise ApiError("account_inactive")

    def _check_scopes(self, request: Request) -> None:
        """One of the method's scopes must be granted (an app-level token always carries connections:write)."""
        rule = RULES[request.method]
        needed = [scope.format(kind=self._family(request)) for scope in rule.scopes]
        if rule.token == "bot" and needed and not set(needed) & set(self.scopes):  # noqa: S105 - the kind of token
            raise ApiError("missing_scope", needed=",".join(needed), provided=",".join(self.scopes))

    def _family(self, request: Request) -> str:
        channel = self.store.channel(request.text("channel"))
        if channel is None or not channel.is_private:
            return "channels"
        return "im" if channel.is_im else "groups"

    def _limited_channel(self, request: Request) -> str:
        """The channel whose pace counts; a person's id and their direct conversation are one."""
        reference = request.text("channel")
        if reference in self.store.people:
            return self.store.dm(reference).id
        channel = self.store.channel(reference)
        return channel.id if channel else reference
