"""Filling in a modal: which field a value is for, and what Slack's client itself checks before it sends anything."""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlsplit

from bot.workspace import inputs, reading
from bot.workspace.inputs import KINDS, Found
from bot.workspace.state import Json, NotPossibleError, View
from bot.workspace.store import Store

REQUIRED = "Please complete this required field."
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def fill(store: Store, view: View, given: Mapping[Any, Any]) -> None:
    """Type `given` into a person's modal: keys are block ids, (block id, action id) or labels.

    Raises:
        NotPossibleError: No such field, or a value that is not offered.
    """
    for key, value in given.items():
        found = _field(view, key)
        inputs.remember(store, view, view.user, found, inputs.picked(store, found.element, value))


def _field(view: View, key: Any) -> Found:
    fields = [found for found in inputs.elements(view) if found.element["type"] not in inputs.STATELESS]
    matching = [found for found in fields if key in _names(found)]
    if len(matching) == 1:
        return matching[0]
    present = ", ".join(f"{found.block_id}/{found.action_id} {_label(found)!r}" for found in fields)
    raise NotPossibleError(
        f"{'several fields are' if matching else 'no field is'} called {key!r}; there are: {present}"
    )


def _names(found: Found) -> tuple[Any, ...]:
    return (found.block_id, (found.block_id, found.action_id), _label(found))


def _label(found: Found) -> str:
    return reading.text_of(found.block.get("label") or found.block.get("text"), {})


def complaints(view: View, values: Json) -> dict[str, str]:
    """What Slack's client says under the fields, by block id; empty when the form may be sent."""
    found = {each.block_id: _complaint(each, values) for each in inputs.elements(view) if each.block["type"] == "input"}
    return {block_id: sentence for block_id, sentence in found.items() if sentence}


def _complaint(found: Found, values: Json) -> str:
    if found.element["type"] in inputs.STATELESS:
        return ""
    held = values[found.block_id][found.action_id][KINDS[found.element["type"]].holds]
    if held in (None, "", []):
        return "" if found.block.get("optional") else REQUIRED
    check = _CHECKS.get(found.element["type"])
    return check(found.element, str(held)) if check else ""


def _text(element: Json, typed: str) -> str:
    least, most = element.get("min_length", 0), element.get("max_length", 3000)
    if len(typed) < least:
        return f"Please enter at least {least} characters."
    return f"Please enter at most {most} characters." if len(typed) > most else ""


def _number(element: Json, typed: str) -> str:
    try:
        number = Decimal(typed)
    except InvalidOperation:
        return "Please enter a valid number."
    if not number.is_finite() or (not element["is_decimal_allowed"] and number != number.to_integral_value()):
        return "Please enter a valid number."
    if "min_value" in element and number < Decimal(element["min_value"]):
        return f"Please enter a number of at least {element['min_value']}."
    if "max_value" in element and number > Decimal(element["max_value"]):
        return f"Please enter a number of at most {element['max_value']}."
    return ""


def _email(_element: Json, typed: str) -> str:
    return "" if _EMAIL.fullmatch(typed) else "Please enter a valid email address."


def _url(_element: Json, typed: str) -> str:
    return "" if urlsplit(typed).scheme in ("http", "https") else "Please enter a valid URL."


_CHECKS = {"plain_text_input": _text, "number_input": _number, "email_text_input": _email, "url_text_input": _url}


def input_block_ids(view: View) -> Iterable[str]:
    """The ids of the input blocks, which alone can carry errors."""
    return [block["block_id"] for block in view.blocks if block["type"] == "input"]
