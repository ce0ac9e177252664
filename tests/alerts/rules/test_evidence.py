"""What is kept of a body: everything, but for what looks like a secret."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.rules import body, evidence
from tests.alerts.rules.test_body import values
from tests.alerts.samples import alert, raw


def test_a_body_without_secrets_is_kept_byte_for_byte() -> None:
    came = raw() + b"\n "
    read = evidence.read(came)
    assert (read.kept, read.digest) == (came, hashlib.sha256(came).hexdigest())
    assert read.value == json.loads(came)


def test_of_a_body_with_secrets_all_else_is_kept() -> None:
    """T17."""
    read = evidence.read(raw(alert(labels={"api_key": "R0123456"}, annotations={"summary": "é password=hunter2"})))
    (one,) = json.loads(read.kept)["alerts"]
    assert one["labels"] | {"api_key": "•••"} == one["labels"]
    assert one["annotations"]["summary"] == "é password=•••"
    assert one["fingerprint"] == "c1f0a6de5b5e7d11"
    assert json.loads(read.kept) == read.value


@pytest.mark.parametrize("came", [b"password: hunter2 {", b"\xff password: hunter2", b"[" * 100 + b"password: hunter2"])
def test_what_is_no_json_is_kept_without_secrets_too(came: bytes) -> None:
    read = evidence.read(came)
    assert read.trouble
    assert b"hunter2" not in read.kept


@given(st.binary(max_size=300) | values.map(lambda value: json.dumps(value).encode()))
def test_it_never_raises_and_what_is_kept_reads_the_same_again(came: bytes) -> None:
    read = evidence.read(came)
    if not read.trouble:
        assert body.parse(read.kept) == read.value
    again = evidence.read(read.kept)
    assert (again.kept, again.value) == (read.kept, read.value)


def test_a_repeated_name_is_noticed_wherever_it_stands() -> None:
    assert "twice" in evidence.read(b'{"a": [{"b": 1, "b": 1}]}').note
    assert evidence.read(b'{"a": [{"b": 1}, {"b": 1}]}').note == ""
