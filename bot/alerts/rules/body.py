"""Is a body sane JSON? Asked at the door, so that nothing stored can crash what reads it later (threat T14)."""

import json
import math
from collections.abc import Callable
from typing import Any

import orjson

MAX_BYTES = 256 * 1024
MAX_DEPTH = 32
NESTS = frozenset({dict, list})

TOO_DEEP = f"The body is nested deeper than {MAX_DEPTH} levels."


class BadBodyError(ValueError):
    """This body is refused. `reason` is one short word for counters, the message is for whoever sent it."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def check(body: bytes) -> None:
    """Refuse exactly what `parse` refuses, four times as fast for what it does not: the door does this for every alert.

    Raises:
        BadBodyError: as `parse` does.
    """
    try:
        value = orjson.loads(body)  # strict about UTF-8, NaN, surrogates and numbers; long integers lose digits
    except orjson.JSONDecodeError:
        parse(body)  # says what it is, in our words
        return
    if body.count(b"{") + body.count(b"[") > MAX_DEPTH:  # else it cannot be deeper: a short look at most bodies
        _need_shallow(value)
    if b"\\" in body and b"\\u0000" in body:  # most bodies have no backslash, and one byte is found faster than six
        _need_storable(value)


def parse(body: bytes, made_of: Callable[[list[tuple[str, Any]]], dict[str, Any]] = dict) -> Any:
    """Return the JSON value of a body.

    Args:
        body: The bytes as they came.
        made_of: Makes each object of its names and values.

    Raises:
        BadBodyError: for what is not UTF-8 or not JSON, for NaN and Infinity, for nesting deeper than 32, and for
            text that cannot be stored (NUL, lone surrogates).
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadBodyError("encoding", f"The body is not UTF-8 at byte {error.start}.") from None
    try:
        value = _decoder(made_of).decode(text)
    except BadBodyError:
        raise
    except RecursionError:
        raise BadBodyError("depth", TOO_DEEP) from None
    except json.JSONDecodeError as error:
        raise BadBodyError("json", f"The body is not JSON: {error.msg} at character {error.pos}.") from None
    except ValueError:
        raise BadBodyError("number", "The body has a number too long to be one.") from None
    _need_shallow(value)
    if "\\u" in text:  # what cannot be stored cannot stand in sound UTF-8 and JSON unless it is written as an escape
        _need_storable(value)
    return value


def _need_shallow(value: Any) -> None:
    """Go down level by level, at little cost: the door does this, too."""
    level, depth = [value] if type(value) in NESTS else [], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise BadBodyError("depth", TOO_DEEP)
        level = [
            inner for one in level for inner in (one.values() if type(one) is dict else one) if type(inner) in NESTS
        ]


def _no_constant(name: str) -> Any:
    raise BadBodyError("number", f"The body has {name}, which is not JSON.")


def _finite(written: str) -> float:
    number = float(written)
    if not math.isfinite(number):
        raise BadBodyError("number", "The body has a number too large to be one.")
    return number


def _need_storable(value: Any) -> None:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += one.keys()
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, str):
            _need_storable_text(one)


def _need_storable_text(text: str) -> None:
    if "\x00" in text:
        raise BadBodyError("text", "The body has a NUL character in a text.")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise BadBodyError("text", "The body has half a surrogate pair in a text.") from None


def _decoder(made_of: Callable[[list[tuple[str, Any]]], dict[str, Any]]) -> json.JSONDecoder:
    hook = None if made_of is dict else made_of  # without one it is twice as fast
    return json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite, object_pairs_hook=hook)
