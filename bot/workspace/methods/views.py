"""views.* and blocks.validate: modals and Home tabs."""

import json
from typing import Any

from bot.workspace import blocks as block_rules
from bot.workspace import inputs, wire
from bot.workspace.checks import Problem, Problems
from bot.workspace.methods.request import ApiError, Request, invalid_arguments
from bot.workspace.modals import STACK_LIMIT
from bot.workspace.state import Json, View


def open_view(request: Request) -> Json:
    """views.open: a modal for the person whose trigger this is. Any other modals of theirs go away."""
    content = checked(request, "modal")
    user = _spend_trigger(request)
    return _answer(request, request.modals.open(user, content))


def push(request: Request) -> Json:
    """views.push: another modal on top, at most three."""
    content = checked(request, "modal")
    user = _spend_trigger(request)
    depth = len(request.modals.stack(user))
    if depth == 0:
        raise ApiError("not_found")
    if depth >= STACK_LIMIT:
        raise ApiError("push_limit_reached")
    return _answer(request, request.modals.push(user, content))


def update(request: Request) -> Json:
    """views.update: new content for a view on somebody's screen, by `view_id` or `external_id`."""
    if not request.text("view_id") and not request.text("external_id"):
        raise invalid_arguments(["either view_id or external_id is required"])
    view = request.modals.find(view_id=request.text("view_id"), external_id=request.text("external_id"))
    if view is None:
        raise ApiError("not_found")
    content = checked(request, view.type, replaces=view)
    _check_hash(request, view)
    return _answer(request, request.modals.update(view, content))


def publish(request: Request) -> Json:
    """views.publish: a person's Home tab."""
    if not request.store.manifest.get("features", {}).get("app_home", {}).get("home_tab_enabled"):
        raise ApiError("not_enabled")
    person = request.person("user_id")
    old = request.modals.home(person.id)
    content = checked(request, "home", replaces=old)
    if old is not None:
        _check_hash(request, old)
    return _answer(request, request.modals.publish(person.id, content))


def validate(request: Request) -> Json:
    """blocks.validate: what Slack would refuse about `blocks`, a `message` or a `view`."""
    problems: Problems = []
    blocks, message, view = (request.decoded(name, "invalid_json") for name in ("blocks", "message", "view"))
    if blocks is None and message is None and view is None:
        raise invalid_arguments(["one of blocks, message or view is required"])
    if blocks is not None:
        problems += block_rules.check_message(blocks)
    if isinstance(message, dict) and message.get("blocks") is not None:
        problems += block_rules.check_message(message["blocks"], "/message/blocks")
    if view is not None:
        problems += block_rules.check_view(view)
    if problems:
        lines = [str(each) for each in problems]
        raise ApiError(
            "invalid_blocks", errors=lines, response_metadata={"messages": [f"[ERROR] {line}" for line in lines]}
        )
    return {}


def problems_of(content: Any, kind: str) -> Problems:
    """What Slack would refuse about a view of `kind` (modal or home)."""
    problems = block_rules.check_view(content)
    if not problems and content["type"] != kind:
        problems.append(Problem(f"must be a {kind} view", "/view/type"))
    return problems


def checked(request: Request, kind: str, replaces: View | None = None) -> Json:
    """The argument `view`, judged and completed.

    Raises:
        ApiError: `invalid_arguments` with JSON pointers, `view_too_large`, `duplicate_external_id`.
    """
    content = request.decoded("view", "invalid_arguments")
    problems = problems_of(content, kind)
    if problems:
        raise invalid_arguments([str(each) for each in problems])
    if len(json.dumps(content)) > block_rules.VIEW_BYTES:
        raise ApiError("view_too_large")
    external = content.get("external_id")
    holder = request.modals.find(external_id=external) if external else None
    if holder is not None and (replaces is None or holder.id != replaces.id):
        raise ApiError("duplicate_external_id")
    return {**content, "blocks": list(wire.completed(request.store, content["blocks"]))}


def _spend_trigger(request: Request) -> str:
    user, error = request.modals.use_trigger(request.needed("trigger_id"))
    if error:
        raise ApiError(error)
    return user


def _check_hash(request: Request, view: View) -> None:
    if request.text("hash") and request.text("hash") != view.hash:
        raise ApiError("hash_conflict")


def _answer(request: Request, view: View) -> Json:
    values = inputs.values(request.store, view, view.user)
    return {"view": wire.view(request.store.team, view, values)}
