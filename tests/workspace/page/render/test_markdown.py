"""The Markdown of `markdown` blocks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.workspace.page.render.markdown import markdown
from tests.workspace.page.outline import active_parts

LINK = '<a href="{0}" title="{0}" target="_blank" rel="noopener noreferrer nofollow">{1}</a>'


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("## What happened", '<p class="md-heading md-heading-2">What happened</p>'),
        ("one\ntwo\n\nthree", "<p>one<br>two</p><p>three</p>"),
        ("- a\n- **b**", "<ul><li>a</li><li><strong>b</strong></li></ul>"),
        ("1. a\n2) b", "<ol><li>a</li><li>b</li></ol>"),
        ("> said", "<blockquote>said</blockquote>"),
        ("```py\nx < 1\n```", "<pre><code>x &lt; 1</code></pre>"),
        ("---", "<hr>"),
        ("*i* _i_ ~~s~~ `c*c`", "<p><em>i</em> <em>i</em> <s>s</s> <code>c*c</code></p>"),
        ("[l **b**](https://a.b)", "<p>" + LINK.format("https://a.b", "l <strong>b</strong>") + "</p>"),
        ("[x](javascript:alert)", "<p>&lt;javascript:alert|x&gt;</p>"),
        ("<b>raw</b> 1 * 2 * 3", "<p>&lt;b&gt;raw&lt;/b&gt; 1 * 2 * 3</p>"),
        ("", ""),
    ],
)
def test_meaning(text: str, html: str) -> None:
    assert markdown(text) == html


PIECES = st.sampled_from(
    [
        "# ",
        "- ",
        "1. ",
        "> ",
        "```\n",
        "`",
        "**",
        "*",
        "_",
        "~~",
        "[",
        "](",
        ")",
        "<script>",
        "javascript:x",
        "https://a.b",
        "\n",
    ]
)


@given(st.lists(PIECES | st.text(max_size=6), max_size=25).map("".join))
def test_hostile_text_never_yields_active_html(text: str) -> None:
    assert active_parts(markdown(text)) == []
