"""What is sane JSON, and what is refused before it can harm anything."""

import json
import re
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.rules.body import MAX_BYTES, MAX_DEPTH, BadBodyError, check, parse

MAYBE_JSON = re.compile(
    rb"""(\[|\{|"|\\u0000|\\ud83d|\\ude00|1e400|-?[0-9]{1,400}|NaN|Infinity|true|:|,|\}|\]|\x00| |")*""", re.DOTALL
)
texts = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_sane_json_comes_back_as_it_is(value: object) -> None:
    assert parse(json.dumps(value).encode()) == value
    assert parse(json.dumps(value, ensure_ascii=False).encode()) == value


@given(st.binary(max_size=300))
def test_whatever_the_bytes_are_the_answer_is_a_value_or_a_reason(body: bytes) -> None:
    refused = refusal(parse, body)
    assert refused is None or refused.reason in {"encoding", "depth", "json", "number", "text"}
    assert len(str(refused)) < 200


def refusal(look: Callable[[bytes], object], body: bytes) -> BadBodyError | None:
    try:
        look(body)
    except BadBodyError as error:
        return error
    return None


@given(st.binary(max_size=300) | values.map(lambda value: json.dumps(value).encode()) | st.from_regex(MAYBE_JSON))
def test_the_door_and_the_reader_refuse_the_same(body: bytes) -> None:
    assert repr(refusal(check, body)) == repr(refusal(parse, body))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "json"),
        (b"{", "json"),
        (b'{"a": 1} x', "json"),
        (b"\xff\xfe", "encoding"),
        (b'{"a": "\xc3\x28"}', "encoding"),
        (b"\xef\xbb\xbf{}", "json"),
        (b"NaN", "number"),
        (b'{"a": Infinity}', "number"),
        (b'{"a": [-Infinity]}', "number"),
        (b'{"a": 1e999}', "number"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "number"),
        (b'{"a": "\\ud800"}', "text"),
        (b'{"\\udfff": 1}', "text"),
        (b'{"a": "\\u0000"}', "text"),
        (b'{"a\\u0000": 1}', "text"),
        (b'{"a": "\x00"}', "json"),
        (b"[" * 33 + b"]" * 33, "depth"),
        (b'{"a":' * 33 + b"1" + b"}" * 33, "depth"),
        (b"[" * MAX_BYTES, "depth"),
        (b'["' + b"[" * 100_000, "json"),
    ],
)
def test_what_is_refused_and_why(body: bytes, reason: str) -> None:
    for look in (check, parse):
        refused = refusal(look, body)
        assert refused is not None
        assert refused.reason == reason


def test_the_deepest_that_is_taken() -> None:
    assert parse(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    assert parse(json.dumps({"text": "[[[{{{" * 50}).encode())
    assert parse(json.dumps({"text": '\\"[' * 50}).encode())


@given(values, st.integers(0, MAX_DEPTH + 2), st.booleans())
def test_what_is_nested_too_deep_is_refused_and_nothing_else(value: object, more: int, listed: bool) -> None:
    for _ in range(more):
        value = [value] if listed else {"a": value}
    body = json.dumps(value).encode()
    for look in (check, parse):
        refused = refusal(look, body)
        assert (refused is not None and refused.reason == "depth") == (nesting(value) > MAX_DEPTH)


@pytest.mark.parametrize(
    "body",
    [
        b'"' + b'\\"' * 100_000 + b"\\",
        b'"\\' * 100_000,
        b'"' * 200_000,
        b"\\" * 200_000,
        b'["' + b"a" * 200_000,
        b'"a":' * 50_000,
    ],
    ids=["open string", "quote and backslash", "quotes", "backslashes", "long string", "keys"],
)
def test_no_body_makes_the_scan_slow(body: bytes) -> None:
    before = time.process_time()
    with pytest.raises(BadBodyError):
        parse(body)
    assert time.process_time() - before < 1.0


def nesting(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max((nesting(one) for one in value.values()), default=0)
    if isinstance(value, list):
        return 1 + max((nesting(one) for one in value), default=0)
    return 0
