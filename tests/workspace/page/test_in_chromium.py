"""The page's script in a real browser: live, several windows at once, by keyboard, gentle with what is typed."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect
from slack_sdk.web.async_client import AsyncWebClient
from starlette.responses import Response

from bot.workspace.workspace import Workspace
from tests.workspace.conftest import FakeApp, Received
from tests.workspace.page.conftest import Elsewhere
from tests.workspace.page.test_actions import MODAL
from tests.workspace.page.test_routes import BLOCKS

CHROMIUM = Path("/usr/bin/chromium")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("chromium"),
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs /usr/bin/chromium"),
]


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        await running.close()


class Windows:
    """One browser context per person; whatever the page complains about is kept."""

    def __init__(self, chromium: Browser, base: str) -> None:
        self._chromium = chromium
        self._base = base
        self.complaints: list[str] = []

    async def open(self, person: str, where: str = "C1", context: BrowserContext | None = None) -> Page:
        page = await (context or await self._chromium.new_context(reduced_motion="reduce")).new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda line: self.complaints.append(line.text) if line.type == "error" else None)
        await page.goto(f"{self._base}/?as={person}&in={where}")
        await expect(page.locator("html")).to_have_attribute("data-live", "on")
        return page


@pytest.fixture
async def windows(chromium: Browser, ws: Workspace) -> AsyncIterator[Windows]:
    opened = Windows(chromium, ws.base_url)
    yield opened
    assert opened.complaints == []


async def test_two_people_at_once_see_each_other_live_and_keep_what_they_type(
    windows: Windows, app: FakeApp, ws: Workspace
) -> None:
    ada, ben = await windows.open("U1"), await windows.open("U2")
    await ada.get_by_role("combobox", name="Message #ops").fill("half a thought")
    await ben.get_by_role("combobox", name="Message #ops").fill("hello @ada")
    await ben.keyboard.press("Enter")
    await expect(ada.get_by_role("log").first).to_contain_text("hello @Ada Byron")
    await expect(ada.get_by_role("combobox", name="Message #ops")).to_have_value("half a thought")
    await expect(ada.get_by_role("combobox", name="Message #ops")).to_be_focused()
    await expect(ben.get_by_role("combobox", name="Message #ops")).to_have_value("")


async def test_a_card_changes_in_place_and_the_focus_stays_on_its_button(
    windows: Windows, app: FakeApp, client: AsyncWebClient
) -> None:
    posted = await client.chat_postMessage(channel="C1", text="card", blocks=BLOCKS)
    page = await windows.open("U1")
    button = page.get_by_role("button", name="Acknowledge")
    await button.focus()
    changed = [{"type": "header", "text": {"type": "plain_text", "text": "Now resolved"}}, *BLOCKS]
    await client.chat_update(channel="C1", ts=str(posted["ts"]), text="card", blocks=changed)
    await expect(page.get_by_role("heading", name="Now resolved")).to_be_visible()
    await expect(button).to_be_focused()
    async with page.expect_response("**/page/do/click"):
        await page.keyboard.press("Enter")
    assert app.last["actions"][0]["action_id"] == "ack"


async def test_a_form_by_keyboard_error_under_the_field_escape_closes(
    windows: Windows, app: FakeApp, ws: Workspace, client: AsyncWebClient
) -> None:
    page = await windows.open("U1")
    await page.get_by_role("combobox", name="Message #ops").fill("/roll")
    await expect(page.get_by_role("option", name="/rollback")).to_contain_text("[system] [reason]")
    await page.keyboard.press("Tab")
    await page.keyboard.type("scoring")
    async with page.expect_response("**/page/do/say"):
        await page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Report")
    await expect(page.get_by_role("combobox", name="Message #ops")).to_have_value("")
    await client.views_open(trigger_id=app.last["trigger_id"], view=MODAL)
    await expect(dialog).to_be_visible()
    await expect(page.get_by_label("Reason")).to_be_focused()
    await page.keyboard.type("it broke")
    app.answer({"response_action": "errors", "errors": {"why": "Say more."}})
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(page.get_by_role("alert").filter(has_text="Say more.")).to_be_visible()
    await expect(page.get_by_label("Reason")).to_have_value("it broke")
    await expect(page.get_by_label("Reason")).to_have_accessible_description("Say more.")
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)
    assert ws.modal("U1") is None


async def test_a_confirm_dialog_asks_first(windows: Windows, app: FakeApp, client: AsyncWebClient) -> None:
    text = {"type": "plain_text", "text": "Approve"}
    confirm = {
        "title": text | {"text": "Roll back?"},
        "text": text,
        "confirm": text | {"text": "Yes"},
        "deny": text | {"text": "No"},
    }
    button = {"type": "button", "action_id": "yes", "text": text, "confirm": confirm}
    await client.chat_postMessage(channel="C1", text="card", blocks=[{"type": "actions", "elements": [button]}])
    arrived = asyncio.Event()

    async def take(_got: Received) -> Response:
        arrived.set()
        return Response()

    app.reply = take
    page = await windows.open("U1")
    for answer in ("No", "Yes"):
        await page.get_by_role("button", name="Approve").click()
        await expect(page.get_by_role("alertdialog", name="Roll back?")).to_be_visible()
        assert app.received == []
        await page.get_by_role("button", name=answer, exact=True).click()
        await expect(page.get_by_role("alertdialog")).to_have_count(0)
    await arrived.wait()
    assert app.last["actions"][0]["action_id"] == "yes"


async def test_becoming_somebody_else_by_keyboard_and_back(windows: Windows, app: FakeApp) -> None:
    page = await windows.open("U1")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("okri")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Acting as Ben Okri")).to_be_visible()
    assert "as=U2" in page.url
    await page.go_back()
    await expect(page.get_by_role("button", name="Acting as Ada Byron")).to_be_visible()


async def test_a_story_and_what_it_changes(windows: Windows, elsewhere: Elsewhere) -> None:
    page = await windows.open("U1")
    await page.get_by_role("button", name="Send this alert").first.click()
    await expect(page.get_by_text("Taken: HTTP 202")).to_be_visible()
    elsewhere.model = {"version": "0.9", "answer": "granted"}
    await expect(page.get_by_role("region", name="What is being served now")).to_contain_text("0.9")
    await expect(page.locator("#served-1")).to_have_class("served-item flash")


async def test_colours_are_chosen_and_remembered(windows: Windows, chromium: Browser) -> None:
    context = await chromium.new_context(color_scheme="dark")
    page = await windows.open("U1", context=context)
    background = "getComputedStyle(document.querySelector('.main')).backgroundColor"
    assert await page.evaluate(background) == "rgb(26, 29, 33)"
    await page.get_by_role("button", name="Colours: as on this device").click()
    assert await page.evaluate(background) == "rgb(255, 255, 255)"
    again = await windows.open("U1", context=context)
    assert await again.evaluate(background) == "rgb(255, 255, 255)"
