"""Small checks of JSON values that combine into a schema; each reports problems with a JSON pointer.

A check is `check(value, where, problems)`: it appends a `Problem` for everything wrong with `value`, found at the JSON
pointer `where`. Wording follows what Slack answers ("must be less than 151 characters").
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlsplit

Json = dict[str, Any]


@dataclass(frozen=True)
class Problem:
    """Something Slack would refuse: what, and where as a JSON pointer."""

    what: str
    where: str

    def __str__(self) -> str:
        return f"{self.what} [json-pointer:{self.where}]"


Problems = list[Problem]
Check = Callable[[Any, str, Problems], None]


def string(most: int, least: int = 1, pattern: str = "") -> Check:
    """A string of `least` to `most` characters."""
    shape = re.compile(pattern) if pattern else None

    def check(value: Any, where: str, problems: Problems) -> None:
        if not isinstance(value, str):
            problems.append(Problem("must be a string", where))
        elif len(value) > most:
            problems.append(Problem(f"must be less than {most + 1} characters", where))
        elif len(value) < least:
            problems.append(Problem(f"must be more than {least - 1} characters", where))
        elif shape and not shape.fullmatch(value):
            problems.append(Problem("value did not match the expected format", where))

    return check


def boolean(value: Any, where: str, problems: Problems) -> None:
    """True or false."""
    if not isinstance(value, bool):
        problems.append(Problem("must be a boolean", where))


def integer(least: int, most: int) -> Check:
    """A whole number between `least` and `most`."""

    def check(value: Any, where: str, problems: Problems) -> None:
        if not isinstance(value, int) or isinstance(value, bool):
            problems.append(Problem("must be an integer", where))
        elif not least <= value <= most:
            problems.append(Problem(f"must be between {least} and {most}", where))

    return check


def choice(*allowed: str) -> Check:
    """One of some words."""

    def check(value: Any, where: str, problems: Problems) -> None:
        if value not in allowed:
            problems.append(Problem(f"must be one of {', '.join(allowed)}", where))

    return check


def address(most: int, schemes: Collection[str] = ("http", "https")) -> Check:
    """A URL with one of `schemes`, at most `most` characters."""
    length = string(most)

    def check(value: Any, where: str, problems: Problems) -> None:
        before = len(problems)
        length(value, where, problems)
        if len(problems) == before and (_scheme(value) not in schemes or any(map(str.isspace, value))):
            problems.append(Problem("must be a valid url", where))

    return check


def _scheme(url: str) -> str:
    try:
        return urlsplit(url).scheme
    except ValueError:
        return ""


def day(value: Any, where: str, problems: Problems) -> None:
    """A date, `2026-11-21`."""
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        problems.append(Problem("must be a date in the format YYYY-MM-DD", where))
        return
    try:
        date.fromisoformat(value)
    except ValueError:
        problems.append(Problem("must be a valid date", where))


def listed(each: Check, least: int, most: int) -> Check:
    """A list of `least` to `most` items that pass `each`."""

    def check(value: Any, where: str, problems: Problems) -> None:
        if not isinstance(value, list):
            problems.append(Problem("must be an array", where))
            return
        if len(value) < least:
            problems.append(Problem(f"must be more than {least - 1} items", where))
        if len(value) > most:
            problems.append(Problem(f"no more than {most} items allowed", where))
        for index, item in enumerate(value[:most]):
            each(item, f"{where}/{index}", problems)

    return check


def thing(required: Mapping[str, Check], optional: Mapping[str, Check], *extra: Check) -> Check:
    """An object with exactly these fields; `extra` checks look at it as a whole."""
    fields = {**required, **optional}

    def check(value: Any, where: str, problems: Problems) -> None:
        if not isinstance(value, dict):
            problems.append(Problem("must be an object", where))
            return
        problems += [Problem(f"missing required field: {name}", where) for name in required if name not in value]
        for name, held in value.items():
            if name not in fields:
                problems.append(Problem(f"invalid additional property: {name}", where))
            else:
                fields[name](held, f"{where}/{name}", problems)
        for whole in extra:
            whole(value, where, problems)

    return check


def typed(kinds: Mapping[str, Check], called: str = "type") -> Check:
    """An object whose `type` selects the check."""

    def check(value: Any, where: str, problems: Problems) -> None:
        if not isinstance(value, dict):
            problems.append(Problem("must be an object", where))
        elif not isinstance(value.get("type"), str):
            problems.append(Problem("missing required field: type", where))
        elif value["type"] not in kinds:
            problems.append(Problem(f"unsupported {called}: {value['type']}", f"{where}/type"))
        else:
            kinds[value["type"]](value, where, problems)

    return check


def anything(_value: Any, _where: str, _problems: Problems) -> None:
    """No demand (for `type`, which has been looked at already)."""


def exactly_one_of(*names: str) -> Check:
    """Exactly one of some fields must be there (for `thing(..., extra)`)."""

    def check(value: Any, where: str, problems: Problems) -> None:
        present = [name for name in names if name in value]
        if len(present) != 1:
            problems.append(Problem(f"must have exactly one of {', '.join(names)}", where))

    return check


def at_least_one_of(*names: str) -> Check:
    """At least one of some fields must be there (for `thing(..., extra)`)."""

    def check(value: Any, where: str, problems: Problems) -> None:
        if not any(name in value for name in names):
            problems.append(Problem(f"must have at least one of {', '.join(names)}", where))

    return check
