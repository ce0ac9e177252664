"""What Slack does with the app's acknowledgement: answers to commands, and what becomes of a submitted modal.

A submitted modal:

    shown --empty ack--> closed            the modal below shows again
    shown --errors--> shown                each sentence under its field
    shown --update--> shown                new content in the same place
    shown --push--> covered                another modal on top, at most three
    shown --clear--> all closed
    shown --anything else, late, no ack--> shown, with "We had some trouble connecting. Try again?"
"""

from bot.workspace import forms, wire
from bot.workspace.hooks import Hooks
from bot.workspace.methods.request import ApiError
from bot.workspace.methods.views import problems_of
from bot.workspace.modals import STACK_LIMIT, Modals
from bot.workspace.state import Delivery, Json, View
from bot.workspace.store import Store

TROUBLE = "We had some trouble connecting. Try again?"


def explain(delivery: Delivery) -> str:
    """What Slack tells a person whose action was not acknowledged; empty when all is well."""
    if delivery.acked:
        return ""
    if delivery.kind == "command":
        error = "operation_timeout" if delivery.late else "dispatch_failed"
        return f'{delivery.payload["command"]} failed with the error "{error}"'
    if delivery.kind == "view_submission":
        return TROUBLE
    if delivery.late:
        return "The app did not answer within 3 seconds."
    return f"This app responded with Status Code {delivery.status}." if delivery.status else TROUBLE


def command_answered(hooks: Hooks, delivery: Delivery) -> None:
    """Show what the acknowledgement of a command says, if anything."""
    delivery.notice = explain(delivery)
    answer = {"text": delivery.answer} if isinstance(delivery.answer, str) else delivery.answer
    if not delivery.acked or not answer:
        return
    try:
        hooks.answer(delivery.user, delivery.payload["channel_id"], answer, None)
    except ApiError as refusal:
        delivery.notice = f'{delivery.payload["command"]} failed with the error "{refusal.code}"'


class Submissions:
    """What becomes of submitted modals."""

    def __init__(self, store: Store, modals: Modals) -> None:
        self._store = store
        self._modals = modals

    def answered(self, view: View, delivery: Delivery) -> None:
        """Do what the acknowledgement of a submission says."""
        now_shown = self._modals.find(view_id=view.id)
        if now_shown is None:
            delivery.closed = True
            return
        delivery.notice = explain(delivery)
        if not delivery.notice:
            delivery.notice = self._obey(now_shown, delivery)
        if delivery.notice:
            self._modals.remark(now_shown, errors={}, notice=delivery.notice)
        delivery.closed = self._modals.find(view_id=view.id) is None

    def _obey(self, view: View, delivery: Delivery) -> str:
        """Carry out the response action; answers Slack's complaint about a wrong one."""
        answer = delivery.answer
        if not answer:
            self._modals.remove(view)
            return ""
        if not isinstance(answer, dict):
            return TROUBLE
        match answer.get("response_action"):
            case "clear":
                self._modals.close(view.user, everything=True)
                return ""
            case "errors":
                return self._errors(view, delivery, answer.get("errors"))
            case "update" | "push" as action:
                return self._replace(view, action, answer.get("view"))
            case _:
                return TROUBLE

    def _errors(self, view: View, delivery: Delivery, errors: object) -> str:
        known = set(forms.input_block_ids(view))
        if not isinstance(errors, dict) or not errors or not set(errors) <= known:
            return TROUBLE
        if not all(isinstance(sentence, str) and sentence for sentence in errors.values()):
            return TROUBLE
        delivery.errors = dict(errors)
        self._modals.remark(view, errors=delivery.errors, by_app=True)
        return ""

    def _replace(self, view: View, action: str, content: Json | None) -> str:
        if content is None or problems_of(content, "modal"):
            return TROUBLE
        completed = {**content, "blocks": list(wire.completed(self._store, content["blocks"]))}
        if action == "update":
            self._modals.update(view, completed)
        elif len(self._modals.stack(view.user)) >= STACK_LIMIT:
            return TROUBLE
        else:
            self._modals.push(view.user, completed)
        return ""
