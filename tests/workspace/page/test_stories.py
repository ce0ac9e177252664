"""Requests of stories, and the same as a command line."""

import shlex

import pytest

from bot.workspace.page.stories import StoryRequest


@pytest.mark.parametrize(
    ("request_", "content", "headers"),
    [
        (StoryRequest(url="http://x"), b"", {}),
        (StoryRequest(url="http://x", body="raw"), b"raw", {"Content-Type": "application/json"}),
        (StoryRequest(url="http://x", body={"a": 1}), b'{\n  "a": 1\n}', {"Content-Type": "application/json"}),
        (
            StoryRequest(url="http://x", body="t", headers={"content-type": "text/plain"}),
            b"t",
            {"content-type": "text/plain"},
        ),
    ],
)
def test_what_is_sent(request_: StoryRequest, content: bytes, headers: dict[str, str]) -> None:
    assert request_.content() == content
    assert request_.all_headers() == headers


def test_curl_survives_quotes() -> None:
    words = shlex.split(StoryRequest(url="http://x/'y", headers={"A": "it's"}, body={"q": "don't"}).curl())
    assert words[:5] == ["curl", "-i", "-X", "POST", "http://x/'y"]
    assert "A: it's" in words
    assert words[-1] == '{"q": "don\'t"}'
