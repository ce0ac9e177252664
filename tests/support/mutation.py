"""Damage to things that were in order: bytes, JSON values, texts. The same Random does the same damage."""

import copy
import json
from random import Random
from typing import Any

TEXTS = [
    "", " ", "\0", "\ud800", "\udfff\ud800", "\u202e\u2066", "\ufeff", "a" * 9_000, "<!channel>", "<@U0LEO00001>",
    "' OR 1=1 --",
    "${jndi:ldap://x}", "{{7*7}}", "%s%n%x", "../../etc/passwd", "🏴‍☠️" * 50, "ﷺ" * 200, "1e999", "NaN", "null", "INC-1",
    "INC-99999999999999999999", "U0LEO00001", "\r\nHTTP/1.1 200 OK", "\x1b[31m", "￿", "0x7f", "٣", "İ" * 300,
]  # fmt: skip
VALUES: list[Any] = [
    None, True, False, 0, -1, 1.5, 2**31, 2**53, 2**63, -(2**63) - 1, 10**400, 1e308, [], {}, [[]], [{}], {"": ""},
    [None], {"id": None}, {"type": "plain_text", "text": "x"}, *TEXTS,
]  # fmt: skip
SPLICES = [
    b"NaN", b"Infinity", b"-", b"1e999", b"9" * 5_000, b"[" * 500, b'{"a":' * 500,
    b"\x00", b"\xff\xfe", b"\xc3\x28", b'"',
    b"\\", b'"\\ud800"', b'"\\u0000"', b"\xef\xbb\xbf", b"\x1f\x8b\x08", b"%00", b"&payload=",
    b"=", b"+", b"\r\n\r\n", b"'", b"}]", b",,",
]  # fmt: skip


def damaged_bytes(random: Random, good: bytes) -> bytes:
    """Return bytes with one to three kinds of damage."""
    body = bytearray(good)
    for _ in range(random.choice((1, 1, 2, 3))):
        at = random.randrange(len(body) + 1)
        end = min(len(body), at + random.choice((1, 1, 2, 8, 64, 1_000)))
        match random.randrange(6):
            case 0 if body:
                body[at % len(body)] ^= 1 << random.randrange(8)
            case 1:
                del body[at:end]
            case 2:
                body[at:at] = body[at:end] * random.choice((1, 2, 50))
            case 3:
                body[at:at] = random.choice(SPLICES)
            case 4:
                body[at:end] = random.randbytes(end - at)
            case _:
                del body[at:]
    return bytes(body)


def damaged(random: Random, good: Any) -> Any:
    """Return a JSON value with one to four places replaced, removed, doubled, added to or wrapped."""
    holder: list[Any] = [copy.deepcopy(good)]
    for _ in range(random.choice((1, 1, 2, 4))):
        _damage(random, *_place(random, holder))
    return holder[0]


def written(random: Random, value: Any) -> bytes:
    """Return a JSON value as bytes, in one of the ways in which it can be written (also some that nobody should)."""
    text = json.dumps(value, ensure_ascii=random.random() < 0.5, indent=random.choice((None, None, 1)))
    if random.random() < 0.05 and text.startswith("{") and len(text) > 2:
        text = "{" + random.choice(('"version":"4",', '"type":"shortcut",', '"alerts":[],')) + text[1:]
    return text.encode(random.choice(("utf-8",) * 30 + ("utf-16", "utf-32", "utf-7")), "surrogatepass")


def _place(random: Random, holder: list[Any]) -> tuple[Any, Any]:
    """Return a container and a key in it, deeper ones as likely as higher ones."""
    where: tuple[Any, Any] = (holder, 0)
    while True:
        inside = where[0][where[1]]
        if not isinstance(inside, dict | list) or not inside or random.random() < 0.25:
            return where
        key = random.choice(list(inside)) if isinstance(inside, dict) else random.randrange(len(inside))
        where = (inside, key)


def _damage(random: Random, holder: Any, key: Any) -> None:
    value = copy.deepcopy(random.choice(VALUES))
    match random.randrange(6):
        case 0 if isinstance(holder, dict):
            del holder[key]
        case 1 if isinstance(holder, list):
            holder.extend([copy.deepcopy(holder[key])] * random.choice((1, 3, 60)))
        case 2 if isinstance(holder, dict):
            holder[random.choice(TEXTS)] = value
        case 3:
            holder[key] = [holder[key]]
        case 4:
            holder[key] = {str(key): holder[key]}
        case _:
            holder[key] = value
