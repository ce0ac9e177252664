"""What can be asked, as a page: complete, and nothing in it does anything."""

import base64
import hashlib
import re

from bot.foundation.api_page import POLICY, page

DESCRIPTION = {
    "info": {"title": "Backout", "summary": "a <b>summary</b>"},
    "paths": {
        "/x/{y}": {
            "post": {
                "summary": "Take <script>alert(1)</script>",
                "description": "As it came.",
                "parameters": [{"name": "y", "description": "Which one"}],
                "responses": {"503": {"description": "Later."}, "202": {"description": "Taken."}},
            }
        },
        "/plain": {"get": {}},
    },
}


def test_everything_stands_on_the_page_as_text() -> None:
    shown = page(DESCRIPTION)
    for words in (
        "POST /x/{y}",
        "As it came.",
        "<code>y</code>: Which one",
        "GET /plain",
        "&lt;script&gt;",
        "&lt;b&gt;",
    ):
        assert words in shown
    assert shown.index("Taken.") < shown.index("Later.")
    assert "<script" not in shown


def test_the_policy_allows_exactly_the_style_that_is_there() -> None:
    """T22."""
    (style,) = re.findall(r"<style>(.*?)</style>", page(DESCRIPTION), re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in POLICY
    assert "unsafe" not in POLICY
