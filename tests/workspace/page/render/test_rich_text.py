"""The `rich_text` block."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.workspace.page.render.rich_text import rich_text
from bot.workspace.page.render.viewer import Viewer
from tests.workspace.page.outline import Outline, active_parts


def section(*runs: dict[str, Any], kind: str = "rich_text_section", **more: Any) -> dict[str, Any]:
    return {"type": kind, "elements": list(runs), **more}


def run(text: str, **style: bool) -> dict[str, Any]:
    return {"type": "text", "text": text, "style": style}


@pytest.mark.parametrize(
    ("part", "html"),
    [
        (section(run("a\n<b>")), "<p>a<br>&lt;b&gt;</p>"),
        (section(run("x", bold=True, italic=True)), "<p><em><strong>x</strong></em></p>"),
        (section(run("x", code=True, strike=True)), "<p><s><code>x</code></s></p>"),
        (section(run("q"), kind="rich_text_quote"), "<blockquote>q</blockquote>"),
        (section(run("a\nb"), kind="rich_text_preformatted"), "<pre><code>a\nb</code></pre>"),
        (
            section(section(run("one")), kind="rich_text_list", style="ordered", indent=1),
            '<ol class="indent-1"><li>one</li></ol>',
        ),
        (section({"type": "user", "user_id": "U1"}), '<p><span class="mention mention-me">@Ada Byron</span></p>'),
        (section({"type": "usergroup", "usergroup_id": "S1"}), '<p><span class="mention">@oncall</span></p>'),
        (section({"type": "broadcast", "range": "here"}), '<p><span class="mention mention-me">@here</span></p>'),
        (section({"type": "emoji", "name": "nope"}), "<p>:nope:</p>"),
        (section({"type": "link", "url": "javascript:x", "text": "t"}), "<p>&lt;javascript:x|t&gt;</p>"),
        (section({"type": "color", "value": "#ff0000"}), "<p>#ff0000</p>"),
    ],
)
def test_meaning(part: dict[str, Any], html: str, viewer: Viewer) -> None:
    assert rich_text({"elements": [part]}, viewer) == html


def test_dates_and_channels(viewer: Viewer) -> None:
    part = section(
        {"type": "channel", "channel_id": "C1"}, {"type": "date", "timestamp": 1795251900, "format": "{time}"}
    )
    outline = Outline(rich_text({"elements": [part]}, viewer))
    assert outline.all("a")[0].text == "#ops"
    assert outline.all("time")[0].text == "10:05"


@given(st.text(), st.text(), st.dictionaries(st.sampled_from(["bold", "code"]), st.booleans()))
def test_hostile_text_never_yields_active_html(viewer: Viewer, text: str, url: str, style: dict[str, bool]) -> None:
    part = section({"type": "text", "text": text, "style": style}, {"type": "link", "url": url, "text": text})
    assert active_parts(rich_text({"elements": [part]}, viewer)) == []
