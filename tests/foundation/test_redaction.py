"""T17: what looks like a secret is hidden before it is kept, logged or shown; what is evidence stays."""

import random
import string
import time
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.foundation import redaction

SLACK = "xox" + "b-1234567890-abcdefghij"


@pytest.mark.parametrize(
    "secret",
    [
        SLACK,
        "ghp_" + "a1" * 18,
        "AKIA" + "ABCDEFGHIJKLMNOP",
        "sk-" + "a1B2" * 8,
        "eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_secrets_by_their_looks(secret: str) -> None:
    assert secret not in redaction.text(f"before {secret} after")
    assert redaction.text(f"before {secret} after").endswith(" after")


@pytest.mark.parametrize(
    ("written", "hidden"),
    [
        ("password=hunter2 x", "password=••• x"),
        ('{"routing_key": "R0123", "a": 1}', '{"routing_key": •••, "a": 1}'),
        ("Authorization: Bearer abc.def-123456", "Authorization: Bearer •••"),
        ("postgresql://bot:hunter2@db/x", "postgresql://•••@db/x"),
        ("my_api_key: 'abc' and more", "my_api_key: ••• and more"),
    ],
)
def test_secrets_by_what_stands_before_them(written: str, hidden: str) -> None:
    assert redaction.text(written) == hidden


@pytest.mark.parametrize(
    "text", ["Conversion is down to 2.1 %", "tokens per second: low", "http://host:9090/x?y=1", ""]
)
def test_plain_words_stay(text: str) -> None:
    assert redaction.text(text) == text


def test_labels_by_their_name() -> None:
    assert redaction.mapping({"system": "shop", "db_password": "x", "url": f"https://x/{SLACK}"}) == {
        "system": "shop",
        "db_password": "•••",
        "url": "https://x/•••",
    }


NUMBERS = random.Random(7)
LETTERS = string.ascii_letters + string.digits + "+/"
RANDOM = ["".join(NUMBERS.choices(LETTERS, k=length)) for length in (40, 43, 44, 64) for _ in range(5)]


@pytest.mark.parametrize("secret", RANDOM)
def test_long_and_random_words_are_hidden_under_any_name(secret: str) -> None:
    assert secret not in redaction.text(f"the value is {secret}.")


@pytest.mark.parametrize(
    "evidence",
    [
        "3f786850e387550fdab836ed7e6dc881de23001b",
        "sha256:" + "ab12" * 16,
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "123e4567-e89b-42d3-a456-426614174000",
        "shop-recommender-7d9f8b6c5d-x2x8z",
        "ShopRecommenderV2ConversionRateTooLow",
        "https://grafana.example.com/d/AbCdEf123/model-quality-dashboard?orgId=1&viewPanel=7",
        "/opt/Models/Shop_Recommender/V8/Weights2026.safetensors",
        "histogram_quantile(0.99, sum(rate(request_seconds_bucket[5m])) by (le)) > 0.5",
        "token_rate: 31.4, tokens: 4096, max_tokens=512",
        "2026-11-21T08:43:44.892000001Z",
    ],
)
def test_evidence_stays(evidence: str) -> None:
    assert redaction.text(evidence) == evidence


@pytest.mark.parametrize(
    ("name", "held", "kept"),
    [
        ("password", "1234", "•••"),
        ("token", "abc", "•••"),
        ("token_rate", "31.4 %", "31.4 %"),
        ("token_rate", 31.4, 31.4),
        ("password", 1234, "•••"),
        ("secret", True, True),
        ("secret", None, None),
        ("tokens", "many", "many"),
        ("credentials", {"user": "bo", "password": "x1"}, {"user": "bo", "password": "•••"}),
        ("cookies", ["a=b", ""], ["•••", ""]),
    ],
)
def test_values_by_their_name(name: str, held: Any, kept: Any) -> None:
    assert redaction.value([{name: held}]) == [{name: kept}]


def test_a_secret_as_a_name_is_hidden_too() -> None:
    assert redaction.value({SLACK: {"a": SLACK}}) == {"•••": {"a": "•••"}}


@given(st.from_regex(redaction._PLAIN, fullmatch=True) | st.text("AKIasxobpgh-_. earBb1", max_size=19))
def test_what_is_taken_for_plain_at_once_is_plain(written: str) -> None:
    """T17: the short way out gives the answer of the long one."""
    if redaction._PLAIN.fullmatch(written):
        patterns = redaction._SHAPE, redaction._BEARER, redaction._LONG
        assert not any(pattern.search(written) for pattern in patterns)
        assert len(written) <= 5 or not redaction._PAIR.search(written)


@pytest.mark.parametrize(
    "secret", ["xox" + "b-12345678", "xapp" + "-12345678", "a:b@", "basic abcdefgh", "AKIA" + "A" * 16]
)
def test_the_shortest_secrets_are_not_plain(secret: str) -> None:
    assert not redaction._PLAIN.fullmatch(f"://{secret}" if "@" in secret else secret)


ANY = st.recursive(
    st.none() | st.integers() | st.text(max_size=50),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=20), inner, max_size=3),
    max_leaves=6,
)


@given(ANY)
def test_hiding_twice_hides_no_more(value: Any) -> None:
    once = redaction.value(value)
    assert redaction.value(once) == once


@pytest.mark.parametrize(
    "text",
    ["a" * 250_000, "password" * 30_000, "token" + "-" * 250_000, "eyJ" + "a" * 250_000, "://" + "a:" * 120_000,
     "-----BEGIN " * 20_000, "password=" + '"' * 240_000, "bearer " * 35_000, "aB3" * 80_000, "://a:" * 50_000],
    ids=range(10),
)  # fmt: skip
def test_no_text_makes_the_search_slow(text: str) -> None:
    before = time.process_time()
    redaction.text(text)
    assert time.process_time() - before < 5.0


def test_invented_names_are_not_kept_in_memory() -> None:
    """F7: 200 names of 100 kB each; 20 MB if they were."""
    tracemalloc.start()
    try:
        for number in range(200):
            redaction.value({f"{number}" + "x" * 100_000: "1"})
        held, _most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 2_000_000


@pytest.mark.parametrize("name", ["password", "x" * 200 + "password"])
def test_a_name_of_any_length_names_a_secret(name: str) -> None:
    """T17."""
    assert redaction.value({name: "correct horse"})[name] == redaction.HIDDEN
