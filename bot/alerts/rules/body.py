"""Is a body sane JSON? Asked at the door, so that nothing stored can crash what reads it later (threat T14)."""

import json
import math
import re
from typing import Any

MAX_BYTES = 256 * 1024
MAX_DEPTH = 32

# A string ends at its quote, or at the end of the text: never unmatched, so the scan is linear for every input.
_TOKEN = re.compile(r'"(?:[^"\\]++|\\.?)*+(?:"|\Z)|[\[{]|[\]}]', re.DOTALL)


class BadBodyError(ValueError):
    """This body is refused. `reason` is one short word for counters, the message is for whoever sent it."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def parse(body: bytes) -> Any:
    """Return the JSON value of a body.

    Raises:
        BadBodyError: for what is not UTF-8 or not JSON, for NaN and Infinity, for nesting deeper than 32, and for
            text that cannot be stored (NUL, lone surrogates).
    """
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadBodyError("encoding", f"The body is not UTF-8 at byte {error.start}.") from None
    if _depth(text) > MAX_DEPTH:
        raise BadBodyError("depth", f"The body is nested deeper than {MAX_DEPTH} levels.")
    try:
        value = json.loads(text, parse_constant=_no_constant, parse_float=_finite)
    except BadBodyError:
        raise
    except json.JSONDecodeError as error:
        raise BadBodyError("json", f"The body is not JSON: {error.msg} at character {error.pos}.") from None
    except ValueError:
        raise BadBodyError("number", "The body has a number too long to be one.") from None
    _need_storable(value)
    return value


def _depth(text: str) -> int:
    """Return how deep brackets are nested, without ever recursing; for text that is no JSON: at least as deep."""
    deepest = depth = 0
    for token in _TOKEN.finditer(text):
        if token[0] in ("[", "{"):
            depth += 1
            deepest = max(deepest, depth)
        elif token[0] in ("]", "}"):
            depth -= 1
    return deepest


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
