"""From a gesture to a Work to an answer, the same way over HTTP and Socket Mode."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncBoltRequest
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.response import BoltResponse
from slack_sdk.models.views import View

from bot.foundation import block_rules, metrics
from bot.foundation.blocks import Message, as_dicts, modal, plain, section
from bot.foundation.db import Store
from bot.foundation.errors import Refusal, StoreUnavailableError
from bot.foundation.models import Nonce
from bot.foundation.outbox import whisper
from bot.foundation.router import Answer, Open, Replace, Router, Say, Show, together
from bot.foundation.slack_door import payloads
from bot.foundation.slack_port import Identity, SlackError, SlackPort
from bot.foundation.work import Actor, Work

log = logging.getLogger(__name__)
Identify = Callable[[Work, str, str], Actor]
Handle = Callable[[Work], Answer]
Body = Mapping[str, Any]
BROKE = "Something broke on our side. Nothing was changed."
AWAY = "The database cannot take this right now. Nothing was changed; please try again."


class Repeated(Exception):  # noqa: N818 - an answer, not a defect
    """This very request has been taken already."""


class SlackDoor:
    """Answers gestures. `dispatch` takes one clean payload and returns Bolt's response."""

    def __init__(
        self, store: Store, slack: SlackPort, routers: Sequence[Router], identify: Identify, who: Identity
    ) -> None:
        self._store = store
        self._slack = slack
        self._identify = identify
        self._bolt = _bolt(who)
        self._listen(together(routers))

    async def dispatch(self, payload: Mapping[str, Any], nonce: str, headers: Mapping[str, str]) -> BoltResponse:
        """Let Bolt find who answers an authentic payload. `nonce` marks this request: a second one has no effect."""
        started = time.perf_counter()
        payload = payloads.storable(payload)
        if not payloads.is_sound(payload):
            metrics.gestures.labels(outcome="malformed").inc()
            return BoltResponse(status=400, body="")
        request = AsyncBoltRequest(
            body=dict(payload), headers=dict(headers), context={"nonce": nonce}, mode="socket_mode"
        )
        try:
            response = await self._bolt.async_dispatch(request)
        except Exception as error:  # noqa: BLE001 - of the payload: what a listener raises, Bolt has caught
            metrics.gestures.labels(outcome="malformed").inc()
            log.warning("a payload that cannot be read was turned away (%s)", type(error).__name__)
            return BoltResponse(status=400, body="")
        metrics.gesture_seconds.observe(time.perf_counter() - started)
        return response

    def _listen(self, router: Router) -> None:
        for action, on_click in router.buttons.items():
            self._bolt.action(action)(self._click_listener(on_click))
        for callback, on_form in router.forms.items():
            self._bolt.view(callback)(self._form_listener(on_form))
        for name in router.commands:
            self._bolt.command(name)(self._command_listener(router.answer))
        for callback, on_shortcut in router.shortcuts.items():
            self._bolt.shortcut(callback)(self._shortcut_listener(on_shortcut))
        for kind, on_event in router.events.items():
            self._bolt.event(kind)(self._event_listener(on_event))

    def _click_listener(self, handler: Callable[..., Answer]) -> Callable[..., Any]:
        async def listener(ack: AsyncAck, body: dict[str, Any], context: dict[str, Any]) -> None:
            click = payloads.click(body)
            answer = await self._run(body, context, click.action, partial(_call, handler, click))
            await ack()
            await self._show(body, answer)

        return listener

    def _shortcut_listener(self, handler: Callable[..., Answer]) -> Callable[..., Any]:
        async def listener(ack: AsyncAck, body: dict[str, Any], context: dict[str, Any]) -> None:
            shortcut = payloads.shortcut(body)
            answer = await self._run(body, context, shortcut.callback, partial(_call, handler, shortcut))
            await ack()
            await self._show(body, answer)

        return listener

    def _command_listener(self, handler: Callable[..., Answer]) -> Callable[..., Any]:
        async def listener(ack: AsyncAck, body: dict[str, Any], context: dict[str, Any]) -> None:
            command = payloads.command(body)
            answer = await self._run(body, context, command.name, partial(_call, handler, command), speak=False)
            if isinstance(answer, Say):
                await ack(text=str(Message(answer.text).fallback), response_type="ephemeral")
            elif isinstance(answer, Show):
                blocks = [block.to_dict() for block in answer.message.blocks]
                await ack(text=str(answer.message.fallback), blocks=blocks, response_type="ephemeral")
            else:
                await ack()
                await self._show(body, answer)

        return listener

    def _form_listener(self, handler: Callable[..., Answer]) -> Callable[..., Any]:
        async def listener(ack: AsyncAck, body: dict[str, Any], context: dict[str, Any]) -> None:
            form = payloads.form(body)
            try:
                answer = await self._attempt(body, context, form.callback, partial(_call, handler, form))
            except Refusal as refusal:
                await _ack_refusal(ack, body, refusal)
                return
            match answer:
                case Replace(view=view):
                    await ack(response_action="update", view=view.to_dict())
                case Open(view=view):
                    await ack(response_action="push", view=view.to_dict())
                case Say(text=text):
                    await ack(response_action="update", view=_notice([section(text)]).to_dict())
                case Show(message=message):
                    await ack(
                        response_action="update", view=_notice(message.blocks or [section(message.text)]).to_dict()
                    )
                case None:
                    await ack()

        return listener

    def _event_listener(self, handler: Callable[[Mapping[str, Any], Work], None]) -> Callable[..., Any]:
        async def listener(body: dict[str, Any], context: dict[str, Any]) -> None:
            _team, user = payloads.person(body)
            nonce = f"event:{body.get('event_id') or context['nonce']}"

            def verb(work: Work) -> None:
                _claim(work, nonce)
                handler(body["event"], work)

            try:
                await self._store.submit(Actor("person", user, user), verb)
            except Repeated:
                log.info("event delivered twice, taken once")
            except Refusal as refusal:
                log.info("event refused: %s", refusal)  # there is nobody to tell; asking again would not help

        return listener

    async def _run(
        self, body: Body, context: Mapping[str, Any], what: str, handle: Handle, *, speak: bool = True
    ) -> Answer:
        """Run a handler; a Refusal becomes a private answer."""
        try:
            return await self._attempt(body, context, what, handle, speak=speak)
        except Refusal as refusal:
            return None if speak and _channel(body) else Say(refusal.message)

    async def _attempt(
        self, body: Body, context: Mapping[str, Any], what: str, handle: Handle, *, speak: bool = True
    ) -> Answer:
        """Run a handler as one Work of the person who acted.

        Raises:
            Refusal: what the handler refused, after it has been recorded in a Work of its own.
        """
        team, user = payloads.person(body)
        actor = Actor("person", user, user)
        channel = _channel(body) if speak else None
        try:
            answer = await self._store.submit(actor, self._gesture, context["nonce"], (team, user), handle, channel)
        except Repeated:
            metrics.gestures.labels(outcome="repeated").inc()
            return None
        except Refusal as refusal:
            metrics.gestures.labels(outcome="refused").inc()
            await self._record_refusal(actor, context["nonce"], channel, what, refusal)
            raise
        metrics.gestures.labels(outcome="done").inc()
        return answer

    def _gesture(self, work: Work, nonce: str, who: tuple[str, str], handle: Handle, channel: str | None) -> Answer:
        _claim(work, nonce)
        work.actor = self._identify(work, *who)
        answer = handle(work)
        _refuse_defective(answer)
        if isinstance(answer, Say) and channel:
            whisper(work, channel, work.actor.id, answer.text)
            return None
        return answer

    async def _record_refusal(self, actor: Actor, nonce: str, channel: str | None, what: str, refusal: Refusal) -> None:
        def verb(work: Work) -> None:
            _claim(work, nonce)
            work.record("gesture.refused", what, why=refusal.message)
            if channel:
                whisper(work, channel, actor.id, refusal.message)

        try:
            await self._store.submit(actor, verb)
        except Repeated:
            log.info("refused gesture delivered twice, recorded once")

    async def _show(self, body: Body, answer: Answer) -> None:
        """Open what a click, a command or a shortcut asked for, while its trigger lives (three seconds)."""
        trigger, view = str(body.get("trigger_id", "")), body.get("view") or {}
        in_modal = view.get("type") == "modal"
        try:
            match answer:
                case Open(view=wanted):
                    await self._slack.open_view(trigger, wanted, on_top=in_modal)
                case Replace(view=wanted):
                    await self._slack.replace_view(str(view.get("id", "")), wanted)
                case Say(text=text):
                    await self._slack.open_view(trigger, _notice([section(text)]), on_top=in_modal)
                case Show(message=message):
                    await self._slack.open_view(
                        trigger, _notice(message.blocks or [section(message.text)]), on_top=in_modal
                    )
                case None:
                    return
        except SlackError as error:
            log.warning("cannot open a modal: %s", error)
            await self._say_late(body)

    async def _say_late(self, body: Body) -> None:
        channel, (_team, user) = _channel(body), payloads.person(body)
        if channel:
            text = "Slack closed the window before I could open it. Nothing was changed. Please try again."
            await self._store.submit(Actor("system", "slack_door", "Backout"), whisper, channel, user, text)


def _bolt(who: Identity) -> AsyncApp:
    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=None,
            team_id=who.team_id,
            bot_user_id=who.bot_user_id,
            bot_id=who.bot_id,
            bot_token="-",  # noqa: S106 - Bolt is given no token: it never calls Slack
        )

    app = AsyncApp(
        authorize=authorize,
        logger=logging.getLogger("slack_bolt"),  # its children take this one's level
        process_before_response=True,  # Bolt would acknowledge events before the listener has run
        request_verification_enabled=False,  # the edge did, over the raw bytes
        ssl_check_enabled=False,
        url_verification_enabled=False,
    )

    @app.error
    async def on_error(error: Exception, body: dict[str, Any]) -> BoltResponse:
        metrics.gestures.labels(outcome="failed").inc()
        if isinstance(error, StoreUnavailableError):
            log.warning("a gesture could not be taken: %s", error)
            return _not_taken(body, AWAY, 503)
        log.error("a gesture failed", exc_info=error)
        return _not_taken(body, BROKE, 500)

    return app


def _not_taken(body: Body, why: str, status: int) -> BoltResponse:
    """Say why where Slack shows a text; elsewhere the status says it, which Slack marks with a warning."""
    if body.get("command"):
        return BoltResponse(status=200, body={"response_type": "ephemeral", "text": why})
    if body.get("type") == "view_submission" and (field := payloads.first_field(body)):
        return BoltResponse(status=200, body={"response_action": "errors", "errors": {field: why}})
    return BoltResponse(status=status, body="")


def _call(handler: Callable[..., Answer], gesture: object, work: Work) -> Answer:
    return handler(gesture, work)


def _refuse_defective(answer: Answer) -> None:
    """Raise for an answer that Slack would refuse, while nothing is committed yet (ValueError, a defect of ours)."""
    defects: list[str] = []
    match answer:
        case Open(view=view) | Replace(view=view):
            defects = block_rules.problems("modal", view.to_dict())
        case Show(message=message):
            defects = block_rules.problems("message", as_dicts(message.blocks))
    if defects:
        raise ValueError("; ".join(defects))


def _claim(work: Work, nonce: str) -> None:
    if not work.add_once(Nonce(value=nonce, seen_at=work.now)):
        raise Repeated


def _channel(body: Body) -> str | None:
    if body.get("view"):
        return None
    return (body.get("channel") or {}).get("id") or body.get("channel_id")


async def _ack_refusal(ack: AsyncAck, body: Body, refusal: Refusal) -> None:
    field = refusal.field if payloads.has_field(body, refusal.field) else payloads.first_field(body)
    if field:
        await ack(response_action="errors", errors={field: plain(refusal.message, 2000)})
    else:
        await ack(response_action="update", view=_notice([section(refusal.message)]).to_dict())


def _notice(blocks: Sequence[Any]) -> View:
    return modal("backout.notice", "Backout", blocks, close="Close")
