"""T1, T2, T3: what is not from our Slack app goes no further, whatever is wrong with it."""

import contextlib
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.signature import SignatureVerifier

from bot.foundation.slack_door.edge import MAX_AGE_SECONDS, Edge, Turned, read
from tests.support.slack import ME

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
EDGE = Edge(SECRET, ME.team_id, ME.app_id)
BODY = b"payload=%7B%22type%22%3A%22block_actions%22%7D"


def signed(body: bytes = BODY, *, at: datetime = NOW, secret: str = SECRET) -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    mac = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    return {"x-slack-request-timestamp": stamp, "x-slack-signature": f"v0={mac}"}


def turned(edge: Edge, headers: dict[str, str], body: bytes = BODY, now: datetime = NOW) -> int | None:
    try:
        edge.verify(headers, body, now)
    except Turned as error:
        return error.status
    return None


def test_slacks_own_example_is_authentic() -> None:
    """The vector of docs.slack.dev/authentication/verifying-requests-from-slack."""
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V"
        b"&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text="
        b"&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    headers = {
        "x-slack-request-timestamp": "1531420618",
        "x-slack-signature": "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    }
    assert turned(EDGE, headers, body, datetime.fromtimestamp(1531420618, UTC)) is None


def test_what_slacks_own_library_signs_is_authentic() -> None:
    stamp = str(int(NOW.timestamp()))
    signature = SignatureVerifier(SECRET).generate_signature(timestamp=stamp, body=BODY)
    assert signature is not None
    assert turned(EDGE, {"x-slack-request-timestamp": stamp, "x-slack-signature": signature}) is None


@pytest.mark.parametrize(
    ("seconds", "status"),
    [(0, None), (MAX_AGE_SECONDS, None), (-MAX_AGE_SECONDS, None), (301, 401), (-301, 401), (10**9, 401)],
)
def test_five_minutes_either_way_and_no_more(seconds: int, status: int | None) -> None:
    assert turned(EDGE, signed(), now=NOW + timedelta(seconds=seconds)) == status


@pytest.mark.parametrize(
    "timestamp",
    ["", "abc", "1e3", "1e9", "9" * 5000, "-179500000", "+179500000", " 1795000000", "1795000000\n", "179500000",
     "17950000000", "1_95000000", "0x6b000000", "１７９５００００００", "١٧٩٥٠٠٠٠٠٠", "null", "1795000000.0"],
)  # fmt: skip
def test_odd_timestamps_are_turned_away_and_not_choked_on(timestamp: str) -> None:
    assert turned(EDGE, {**signed(), "x-slack-request-timestamp": timestamp}) == 401


@pytest.mark.parametrize(
    "signature",
    ["", "v0=", "v0=" + "0" * 64, "v1=" + "0" * 64, "é" * 67, "v0=" + "é" * 64, "v0=" + "0" * 64 + "\n", "0" * 100_000],
)
def test_odd_signatures_are_turned_away_and_not_choked_on(signature: str) -> None:
    assert turned(EDGE, {**signed(), "x-slack-signature": signature}) == 401


@pytest.mark.parametrize("missing", ["x-slack-request-timestamp", "x-slack-signature"])
def test_both_headers_are_needed(missing: str) -> None:
    headers = signed()
    del headers[missing]
    assert turned(EDGE, headers) == 401


def test_an_upper_case_signature_is_not_slacks() -> None:
    headers = signed()
    headers["x-slack-signature"] = headers["x-slack-signature"].upper().replace("V0", "v0")
    assert turned(EDGE, headers) == 401


@given(st.integers(0, len(BODY) - 1), st.integers(1, 255))
def test_any_flipped_byte_of_the_body_is_noticed(position: int, flip: int) -> None:
    body = bytearray(BODY)
    body[position] ^= flip
    assert turned(EDGE, signed(), bytes(body)) == 401


@given(st.sampled_from(sorted(signed())), st.integers(0, 66), st.characters(codec="latin-1"))
def test_any_changed_character_of_a_header_is_noticed(name: str, position: int, character: str) -> None:
    headers = signed()
    value = headers[name]
    position %= len(value)
    changed = value[:position] + character + value[position + 1 :]
    assert (turned(EDGE, {**headers, name: changed}) is None) == (changed == value)


@given(st.text(max_size=40))
def test_any_other_secret_signs_nothing(secret: str) -> None:
    assert (turned(EDGE, signed(secret=secret)) is None) == (secret == SECRET)


@given(st.binary(max_size=80), st.dictionaries(st.sampled_from(sorted(signed())), st.text(max_size=80)))
def test_anything_at_all_is_turned_away(body: bytes, headers: dict[str, str]) -> None:
    assert turned(EDGE, headers, body) == 401


@pytest.mark.parametrize("secret", ["", "x", SECRET])
def test_without_a_signing_secret_nothing_is_authentic(secret: str) -> None:
    """Socket Mode needs none; then nobody may sign with an empty one."""
    assert turned(Edge("", ME.team_id, ME.app_id), signed(secret=secret)) == 401


def test_the_same_request_has_the_same_nonce_and_another_has_another() -> None:
    first, second = EDGE.verify(signed(), BODY, NOW), EDGE.verify(signed(), BODY, NOW)
    other = EDGE.verify(signed(b"x"), b"x", NOW)
    assert first == second != other
    assert SECRET not in first


@pytest.mark.parametrize(
    ("payload", "ours"),
    [
        ({"team_id": ME.team_id, "api_app_id": ME.app_id}, True),
        ({"team": {"id": ME.team_id}, "api_app_id": ME.app_id}, True),
        ({"team": {"id": ME.team_id}}, True),
        ({"team": {"id": "T0OTHER"}, "api_app_id": ME.app_id}, False),
        ({"team_id": "T0OTHER", "api_app_id": ME.app_id}, False),
        ({"team_id": ME.team_id, "api_app_id": "A0OTHER"}, False),
        ({"team_id": ME.team_id, "api_app_id": ""}, False),
        ({"api_app_id": ME.app_id}, False),
        ({"team": None, "api_app_id": ME.app_id}, False),
        ({"team": ME.team_id}, False),
        ({"team": [ME.team_id]}, False),
        ({"team_id": [ME.team_id]}, False),
        ({"team_id": {"id": ME.team_id}}, False),
        ({}, False),
    ],
)
def test_only_our_app_in_our_workspace_is_ours(payload: dict[str, Any], ours: bool) -> None:
    assert EDGE.is_ours(payload) is ours


def test_the_three_kinds_of_bodies_are_read() -> None:
    payload = {"type": "block_actions", "value": "ä & =;"}
    assert read("application/json; charset=utf-8", json.dumps(payload).encode()) == payload
    form = "application/x-www-form-urlencoded"
    assert read(form, urlencode({"payload": json.dumps(payload)}).encode()) == payload
    assert read(form, urlencode({"command": "/rollback", "text": ""}).encode()) == {"command": "/rollback", "text": ""}


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b""),
        ("application/json", b"{"),
        ("application/json", b"[1]"),
        ("application/json", b"null"),
        ("application/json", b'"text"'),
        ("application/json", b"\xff\xfe"),
        ("application/json", b"[" * 100_000),
        ("", b"payload=["),
        ("", b"payload=null"),
        ("", b"payload=" + b"[" * 100_000),
        ("", b"\xff"),
        ("", "&".join(f"a{n}=1" for n in range(101)).encode()),
    ],
)
def test_what_is_none_of_them_is_a_bad_request(content_type: str, body: bytes) -> None:
    with pytest.raises(Turned) as caught:
        read(content_type, body)
    assert caught.value.status == 400


@given(st.binary(max_size=200), st.sampled_from(["application/json", "application/x-www-form-urlencoded", "text/x"]))
def test_any_bytes_are_read_or_turned_away(body: bytes, content_type: str) -> None:
    with contextlib.suppress(Turned):
        assert isinstance(read(content_type, body), dict)
