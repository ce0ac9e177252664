"""Small checks of JSON values, and what combines them; each yields what is wrong, with its place."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any
from urllib.parse import urlsplit

Check = Callable[[Any, str], Iterator[str]]


def string(most: int, least: int = 1) -> Check:
    """Check for a text of so many characters."""

    def check(value: Any, place: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield f"{place}: not a text"
        elif len(value) < least:
            yield f"{place}: empty"
        elif len(value) > most:
            yield f"{place}: {len(value)} characters, {most} allowed"

    return check


def matching(pattern: str) -> Check:
    """Check for a text that a pattern describes."""

    def check(value: Any, place: str) -> Iterator[str]:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            yield f"{place}: not of the form {pattern}"

    return check


def address(*schemes: str) -> Check:
    """Check a link: one of these schemes, at most 3,000 characters, no white space."""

    def check(value: Any, place: str) -> Iterator[str]:
        if not isinstance(value, str) or not 1 <= len(value) <= 3000:
            yield f"{place}: no address of at most 3000 characters"
        elif _scheme(value) not in schemes or any(map(str.isspace, value)):
            yield f"{place}: no address that begins with {', '.join(schemes)}"

    return check


def _scheme(address: str) -> str:
    try:
        return urlsplit(address).scheme
    except ValueError:  # a bracket that is not closed, for example
        return ""


def day(value: Any, place: str) -> Iterator[str]:
    """Check for a day like `2026-11-21`."""
    try:
        is_day = isinstance(value, str) and len(value) == 10 and bool(date.fromisoformat(value))
    except ValueError:
        is_day = False
    if not is_day:
        yield f"{place}: no day like 2026-11-21"


def one_of(*values: str) -> Check:
    """Check for one of some words."""

    def check(value: Any, place: str) -> Iterator[str]:
        if value not in values:
            yield f"{place}: none of {', '.join(values)}"

    return check


def between(least: int, most: int) -> Check:
    """Check for a whole number in a range, both ends included."""

    def check(value: Any, place: str) -> Iterator[str]:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            yield f"{place}: no number from {least} to {most}"

    return check


def boolean(value: Any, place: str) -> Iterator[str]:
    """Check for true or false."""
    if not isinstance(value, bool):
        yield f"{place}: neither true nor false"


def listed(item: Check, least: int, most: int) -> Check:
    """Check for a list of so many entries that pass a check each."""

    def check(value: Any, place: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield f"{place}: not a list"
            return
        if not least <= len(value) <= most:
            yield f"{place}: {len(value)} entries, {least} to {most} allowed"
        for index, one in enumerate(value):
            yield from item(one, f"{place}/{index}")

    return check


def thing(required: Mapping[str, Check], optional: Mapping[str, Check]) -> Check:
    """Check for an object with these keys and no others."""
    known = {**optional, **required}

    def check(value: Any, place: str) -> Iterator[str]:
        if not isinstance(value, Mapping):
            yield f"{place}: not an object"
            return
        yield from (f"{place}/{key}: missing" for key in required if key not in value)
        for key, one in value.items():
            yield from known[key](one, f"{place}/{key}") if key in known else (f"{place}/{key}: unknown key",)

    return check


def typed(kinds: Mapping[str, Check], what: str) -> Check:
    """Check an object by its `type`, which must be one of these."""

    def check(value: Any, place: str) -> Iterator[str]:
        kind = value.get("type") if isinstance(value, Mapping) else None
        if not isinstance(kind, str) or kind not in kinds:
            yield f"{place}: {what} of unknown type {kind!r}"
        else:
            yield from kinds[kind](value, place)

    return check


def anything(_value: Any, _place: str) -> Iterator[str]:
    """Ask for nothing (of a `type` that has been looked at already)."""
    return iter(())
