"""The page over HTTP: what each person sees at each place, and that nothing of it is open to other sites."""

from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.workspace.page import create_page
from bot.workspace.page.looks import NEWEST
from bot.workspace.workspace import Workspace
from tests.workspace.conftest import VirtualClock
from tests.workspace.page.conftest import OWN_PAGE, Browser, Elsewhere
from tests.workspace.page.outline import barriers

BLOCKS: list[dict[str, Any]] = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "*INC-1* for <@U1>"}},
    {
        "type": "actions",
        "block_id": "decide",
        "elements": [{"type": "button", "action_id": "ack", "text": {"type": "plain_text", "text": "Acknowledge"}}],
    },
]


async def test_the_url_says_who_acts_and_what_is_open(browser: Browser) -> None:
    page = await browser.page(**{"as": "U2", "in": "C2"})
    (body,) = page.all("body")
    assert (body.attributes["data-as"], body.attributes["data-in"]) == ("U2", "C2")
    assert page.all("title")[0].text == "#elsewhere · Ben Okri · Example"


@pytest.mark.parametrize(
    "query",
    [
        {"as": "U1", "in": "C1"},
        {"as": "U1", "in": "home"},
        {"as": "U3"},
        {"as": "U1", "in": "C3"},
        {"as": "U1", "in": "C1", "thread": "1"},
    ],
)
async def test_every_page_is_usable_without_eyes_or_mouse(
    query: dict[str, str], browser: Browser, ws: Workspace, client: AsyncWebClient
) -> None:
    await ws.say("U1", "C1", "hello *all*")
    posted = await client.chat_postMessage(channel="C1", text="card", blocks=BLOCKS)
    if "thread" in query:
        await client.chat_postMessage(channel="C1", text="in thread", thread_ts=posted["ts"])
        query = query | {"thread": posted["ts"]}
    page = await browser.page(**query)
    assert barriers(page.html) == []
    assert page.all("html")[0].attributes["lang"] == "en"
    assert page.all("a")[0].attributes["href"] == "#main"
    assert len(page.all("main")) == len(page.all("h1")) == 1
    assert page.by_id("part-messages").attributes["role"] == "log"


async def test_a_message_is_shown_with_author_time_in_the_readers_zone_and_buttons(
    browser: Browser, ws: Workspace, client: AsyncWebClient, clock: VirtualClock
) -> None:
    ws.people["U2"].tz = "Asia/Tokyo"
    await client.chat_postMessage(channel="C1", text="card", blocks=BLOCKS)
    shown = await browser.part("messages", **{"as": "U2", "in": "C1"})
    assert "INC-1 for @Ada Byron" in " ".join(shown.text.split())
    (stamp,) = shown.all("time")
    assert (stamp.text, stamp.attributes["title"]) == ("18:00", "Saturday, November 21st, 2026 at 18:00:00 JST")
    assert [each.text for each in shown.all("button") if "data-press" in each.attributes] == ["Acknowledge"]
    assert [each.text for each in shown.elements if each.attributes.get("class") == "app-badge"] == ["App"]


async def test_messages_of_one_author_in_one_breath_share_a_head(
    browser: Browser, ws: Workspace, clock: VirtualClock
) -> None:
    for text, minutes in (("one", 1), ("two", 6), ("three", 0)):
        await ws.say("U1", "C1", text)
        clock.advance(minutes=minutes)
    shown = await browser.part("messages", **{"as": "U1", "in": "C1"})
    classes = [each.attributes["class"] for each in shown.all("li") if "message" in each.attributes["class"].split()]
    assert ["message-compact" in each for each in classes] == [False, True, False]


async def test_a_long_history_is_one_link_away(browser: Browser, ws: Workspace) -> None:
    for number in range(NEWEST + 2):
        await ws.say("U1", "C1", f"line {number}.")
    newest = await browser.part("messages", **{"as": "U1", "in": "C1"})
    whole = await browser.part("messages", **{"as": "U1", "in": "C1", "all": "1"})
    assert newest.by_id("earlier").text == "Show 2 earlier messages"
    assert "line 1." not in newest.text
    assert "line 2." in newest.text
    assert "line 0." in whole.text
    assert "earlier" not in {each.id for each in whole.elements}


async def test_an_ephemeral_message_is_seen_only_by_its_addressee(browser: Browser, client: AsyncWebClient) -> None:
    await client.chat_postEphemeral(channel="C1", user="U1", text="between us")
    mine = await browser.part("messages", **{"as": "U1", "in": "C1"})
    theirs = await browser.part("messages", **{"as": "U2", "in": "C1"})
    assert "between us" in mine.text
    assert "Only visible to you" in mine.text
    assert "between us" not in theirs.text


async def test_a_thread_counts_its_replies_and_opens_beside_the_channel(
    browser: Browser, ws: Workspace, client: AsyncWebClient
) -> None:
    root = await ws.say("U1", "C1", "look")
    await client.chat_postMessage(channel="C1", text="the reply", thread_ts=root.ts)
    listed = await browser.part("messages", **{"as": "U1", "in": "C1"})
    opened = await browser.part("thread", **{"as": "U1", "in": "C1", "thread": root.ts})
    (link,) = [each for each in listed.all("a") if each.attributes.get("class") == "replies"]
    assert "1 reply" in link.text
    assert f"thread={root.ts}" in link.attributes["href"]
    assert "the reply" not in listed.text
    assert "look" in opened.text
    assert "the reply" in opened.text


async def test_unread_messages_are_counted_until_they_are_seen(browser: Browser, ws: Workspace) -> None:
    await ws.say("U2", "C1", "one")
    await ws.say("U2", "C1", "two")
    await ws.say("U1", "C1", "my own")
    query = {"as": "U1", "in": "C2"}
    before = await browser.part("sidebar", **query)
    await browser.part("messages", **{"as": "U1", "in": "C1"})
    after = await browser.part("sidebar", **query)
    assert "2" in before.by_id("nav-C1").text
    assert "unread" not in after.by_id("nav-C1").text


async def test_private_channels_are_listed_only_for_their_members(browser: Browser) -> None:
    assert "secret" in (await browser.part("sidebar", **{"as": "U1"})).text
    assert "secret" not in (await browser.part("sidebar", **{"as": "U2"})).text
    assert (await browser.parts(**{"as": "U2", "in": "C4"}))["where"] != "C4"


async def test_an_archived_channel_takes_no_messages(browser: Browser) -> None:
    assert (await browser.part("header", **{"as": "U1", "in": "C3"})).by_id("head").attributes["data-writable"] == "no"


async def test_the_picker_offers_everybody_with_group_and_title(browser: Browser) -> None:
    picker = await browser.part("people", **{"as": "U1"})
    options = {each.id: each for each in picker.elements if each.attributes.get("role") == "option"}
    assert set(options) == {f"picker-U{number}" for number in range(1, 6)}
    assert options["picker-U1"].attributes["data-words"] == "Ada Byron ada SRE @oncall"
    assert options["picker-U1"].attributes["aria-selected"] == "true"
    assert "deactivated" in options["picker-U4"].text


async def test_empty_places_say_what_to_do_next(browser: Browser) -> None:
    channel = await browser.part("messages", **{"as": "U1", "in": "C1"})
    home = await browser.part("messages", **{"as": "U1", "in": "home"})
    thread = await browser.part("thread", **{"as": "U1", "in": "C1", "thread": "12.5"})
    assert "#ops is quiet" in channel.text
    assert "has not published a Home tab" in home.text
    assert "No such thread" in thread.text


async def test_the_home_tab_is_the_persons_own(browser: Browser, client: AsyncWebClient) -> None:
    await client.views_publish(user_id="U1", view={"type": "home", "blocks": BLOCKS})
    mine = await browser.part("messages", **{"as": "U1", "in": "home"})
    theirs = await browser.part("messages", **{"as": "U2", "in": "home"})
    assert "INC-1" in mine.text
    assert "INC-1" not in theirs.text


async def test_stories_show_the_steps_and_the_same_request_with_curl(browser: Browser, elsewhere: Elsewhere) -> None:
    shown = await browser.part("stories", **{"as": "U1", "in": "C1"})
    assert "Act as Ben Okri" in shown.text
    curl = shown.by_id("curl-0").text
    assert curl.startswith(f"curl -i -X POST {elsewhere.address}/alerts/test -H 'X-Secret: s'")
    assert """--data-raw '{"status": "firing"}'""" in curl


async def test_what_is_served_is_shown_with_version_and_answer(browser: Browser, elsewhere: Elsewhere) -> None:
    assert "scoring1.0granted" in (await browser.part("served", **{"as": "U1"})).text.replace("\n", "")
    elsewhere.status = 503
    assert "not answering (HTTP 503)" in (await browser.part("served", **{"as": "U1"})).text


async def test_a_refresh_answers_only_what_was_asked_for(browser: Browser) -> None:
    told = await browser.parts(**{"as": "U1", "in": "C1", "only": "messages,header,nonsense"})
    assert set(told["parts"]) == {"messages", "header"}
    assert (told["where"], told["title"]) == ("C1", "#ops · Ada Byron · Example")


# ---- safety ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/", "/page/parts", "/page/static/page.css", "/page/static/page.js"])
async def test_nothing_inline_and_nothing_from_elsewhere(path: str, browser: Browser) -> None:
    async with browser.session.get(browser.base + path) as got:
        policy = got.headers["content-security-policy"]
        assert policy.startswith("default-src 'self'")
        assert "unsafe" not in policy
        assert got.headers["x-content-type-options"] == "nosniff"
    page = await browser.page()
    assert [each.attributes for each in page.elements if "style" in each.attributes or each.tag == "style"] == []
    assert all(each.attributes["src"].startswith("/page/static/") for each in page.all("script"))
    assert all(each.attributes["href"].startswith("/page/static/") for each in page.all("link"))


async def test_style_and_script_are_validated_not_fetched_again(browser: Browser) -> None:
    address = f"{browser.base}/page/static/page.css"
    async with browser.session.get(address) as first:
        assert first.headers["cache-control"] == "no-cache"
        etag = first.headers["etag"]
    async with browser.session.get(address, headers={"If-None-Match": etag}) as second:
        assert second.status == 304


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/page/do/say", {}, 403),
        ("/page/do/say", {"Origin": "https://evil.example"}, 403),
        ("/page/do/fly", OWN_PAGE, 404),
        ("/page/stories/0", {}, 403),
        ("/page/stories/1", OWN_PAGE, 404),
        ("/page/stories/99", OWN_PAGE, 404),
    ],
)
async def test_only_this_page_acts_and_only_what_there_is(
    path: str, headers: dict[str, str], status: int, browser: Browser, ws: Workspace, elsewhere: Elsewhere
) -> None:
    asked = {"as": "U1", "in": "C1", "text": "hi"}
    async with browser.session.post(browser.base + path, json=asked, headers=headers) as got:
        assert got.status == status
    assert ws.messages("C1") == []
    assert elsewhere.alerts == []


async def test_nobody_unknown_acts(browser: Browser) -> None:
    assert (await browser.do("say", {"as": "U404", "in": "C1", "text": "hi"}))["notice"] == "Nobody here has that id."


async def test_a_story_is_sent_by_the_server_and_its_answer_shown(browser: Browser, elsewhere: Elsewhere) -> None:
    async with browser.session.post(f"{browser.base}/page/stories/0", headers=OWN_PAGE) as got:
        assert await got.json() == {"ok": True, "status": 202, "text": '{"accepted":1}'}
    ((headers, body),) = elsewhere.alerts
    assert (headers["x-secret"], headers["content-type"]) == ("s", "application/json")
    assert b"firing" in body
    async with browser.session.post(f"{browser.base}/page/stories/2", headers=OWN_PAGE) as got:
        told = await got.json()
    assert (told["ok"], told["status"]) == (False, 0)
    assert told["text"].startswith("Could not reach http://127.0.0.1:1/")


def test_a_story_of_the_wrong_form_is_refused_at_once(workspace: Workspace) -> None:
    with pytest.raises(ValueError, match="situation"):
        create_page(workspace, [{"title": "no situation"}])


async def test_everything_the_page_loads_is_there(browser: Browser) -> None:
    page = await browser.page()
    addresses = [each.attributes["src"] for each in page.all("script")]
    addresses += [each.attributes["href"] for each in page.all("link")]
    async with aiohttp.ClientSession(browser.base) as session:
        for address in addresses:
            async with session.get(address) as got:
                assert got.status == 200, address
