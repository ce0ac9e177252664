"""What looks like a secret is hidden before it is stored as a signal or shown."""

import pytest

from bot.alerts.rules import redaction

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
