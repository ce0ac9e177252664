"""Slack's markup as HTML: what it means, and that nothing hostile survives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.workspace.page.render.blocks import text_of
from bot.workspace.page.render.mrkdwn import is_safe, mrkdwn
from bot.workspace.page.render.viewer import Viewer
from tests.workspace.page.outline import Outline, active_parts

LINK = '<a href="{0}" title="{0}" target="_blank" rel="noopener noreferrer nofollow">{1}</a>'

MEANING = [
    ("*bold* _italic_ ~gone~", "<strong>bold</strong> <em>italic</em> <s>gone</s>"),
    ("*a* *b*, (*c*)", "<strong>a</strong> <strong>b</strong>, (<strong>c</strong>)"),
    ("*_both_*", "<strong><em>both</em></strong>"),
    ("*Severity:* 2", "<strong>Severity:</strong> 2"),
    ("2*3*4 snake_case_name a~b", "2*3*4 snake_case_name a~b"),
    ("* not * _ this _", "* not * _ this _"),
    ("`*code* <@U1>`", "<code>*code* &lt;@U1&gt;</code>"),
    ("a\n```\nx *y*\n```\nb", "a<pre><code>x *y*</code></pre>b"),
    ("> one\n&gt; two\nthree", "<blockquote>one<br>two</blockquote>three"),
    ("one\ntwo", "one<br>two"),
    ("1 &lt; 2 &amp;&amp; 3 &gt; 2", "1 &lt; 2 &amp;&amp; 3 &gt; 2"),
    ("&amp;lt;b&amp;gt;", "&amp;lt;b&amp;gt;"),
    ("<https://a.b/c?d=1&amp;e=2|the label>", LINK.format("https://a.b/c?d=1&amp;e=2", "the label")),
    ("<mailto:a@b.c>", LINK.format("mailto:a@b.c", "a@b.c").replace('title="a@b.c"', 'title="mailto:a@b.c"')),
    ("see https://a.b/c.", "see " + LINK.format("https://a.b/c", "https://a.b/c") + "."),
    ("*<https://a.b|x>*", "<strong>" + LINK.format("https://a.b", "x") + "</strong>"),
    ("<@U1>", '<span class="mention mention-me">@Ada Byron</span>'),
    ("<@U2>", '<span class="mention">@Ben &lt;Okri&gt;</span>'),
    ("<@U404|fallback>", '<span class="mention">@fallback</span>'),
    ("<@U404>", '<span class="mention">@U404</span>'),
    ("<#C1>", '<a class="mention" data-nav href="/?in=C1">#ops</a>'),
    ("<!here>", '<span class="mention mention-me">@here</span>'),
    ("<!subteam^S1>", '<span class="mention">@oncall</span>'),
    ("<!subteam^S404|@team>", '<span class="mention">@team</span>'),
    ("<!unknown|words>", "words"),
    (":fire:", '<span class="emoji" role="img" aria-label="fire" title=":fire:">🔥</span>'),
    (":no_such: 12:30:45", ":no_such: 12:30:45"),
    ("<javascript:alert(1)|click>", "&lt;javascript:alert(1)|click&gt;"),
    ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
    ("", ""),
]


@pytest.mark.parametrize(("text", "html"), MEANING)
def test_meaning(text: str, html: str, viewer: Viewer) -> None:
    assert mrkdwn(text, viewer) == html


def test_a_verbatim_text_has_links_only_where_it_says_so(viewer: Viewer) -> None:
    """T15: what people wrote is sent verbatim, so that an address in it is only words."""
    html = mrkdwn("see https://a.b/c *or* <https://a.b|x>", viewer, verbatim=True)
    assert html == "see https://a.b/c <strong>or</strong> " + LINK.format("https://a.b", "x")
    shown = text_of({"type": "mrkdwn", "text": "https://a.b/c", "verbatim": True}, viewer)
    assert shown == "https://a.b/c"


def test_a_date_is_shown_in_the_viewers_zone_with_the_full_time_on_hover(viewer: Viewer) -> None:
    html = mrkdwn("<!date^1795251900^{date_short_pretty} at {time}|fallback>", viewer)
    (shown,) = Outline(html).all("time")
    assert shown.text == "today at 10:05"
    assert shown.attributes["title"] == "Saturday, November 21st, 2026 at 10:05:00 CET"
    assert shown.attributes["datetime"] == "2026-11-21T10:05:00+01:00"


def test_a_date_without_a_moment_shows_its_fallback(viewer: Viewer) -> None:
    assert mrkdwn("<!date^never^{time}|later &amp; later>", viewer) == "later &amp; later"
    assert mrkdwn("<!date^1e999^{time}|later>", viewer) == "later"


def test_a_link_names_its_true_address_whatever_its_label_says(viewer: Viewer) -> None:
    (shown,) = Outline(mrkdwn("<https://evil.example|https://bank.example>", viewer)).all("a")
    assert (shown.attributes["title"], shown.text) == ("https://evil.example", "https://bank.example")


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        " javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "//host/path",
        "/path",
        "",
        "http://[bad",
        "\x01http://a.b",
    ],
)
def test_only_three_schemes_become_links(address: str) -> None:
    assert not is_safe(address)


PIECES = st.sampled_from(
    [
        "<",
        ">",
        "&lt;",
        "&gt;",
        "&amp;",
        "*",
        "_",
        "~",
        "`",
        "```",
        "\n",
        "|",
        "^",
        "!",
        "@",
        "#",
        ":",
        '"',
        "'",
        " ",
        "<script>",
        "</script>",
        "<img src=x onerror=alert(1)>",
        "javascript:alert(1)",
        "<javascript:alert(1)|x>",
        "https://a.b/",
        '<https://a.b/"onmouseover="x|y>',
        "<@U1>",
        "<!date^1795251900^{time}^javascript:x|z>",
        "> ",
        "<@U1|<b>>",
        "<!subteam^S1|<i>>",
        "fire",
        ":fire:",
        "mailto:",
        "word",
        "\x00",
        "é",
    ]
)


@given(st.lists(PIECES | st.text(max_size=8), max_size=25).map("".join))
def test_hostile_text_never_yields_active_html(viewer: Viewer, text: str) -> None:
    assert active_parts(mrkdwn(text, viewer)) == []


@given(st.text(alphabet=st.characters(exclude_characters="<>&*_~`:\n/\r")))
def test_plain_text_is_shown_as_it_is(viewer: Viewer, text: str) -> None:
    assert Outline(f"<p>{mrkdwn(text, viewer)}</p>").text == text


def test_long_nested_marks_end_quickly(viewer: Viewer) -> None:
    assert "x" in mrkdwn("*_~" * 4_000 + "x" + "~_*" * 4_000, viewer)
