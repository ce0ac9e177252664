"""One story from the alert to the export, played in Chromium by four people in windows of their own.

With BACKOUT_PICTURES set to a directory, the pictures of the README are taken along the way.
"""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect
from typer.testing import CliRunner

from bot.__main__ import cli
from tests.support.running import Running, running_backout

CHANNEL = "C0SHOPREC1"
CHROMIUM = "/usr/bin/chromium"
PICTURES = os.environ.get("BACKOUT_PICTURES")
SIZE = {"width": 1440, "height": 1000}
HEAD_OF_CARD = """() => {
  const card = document.querySelector("[role=log] li.message");
  const { x, y, width } = card.getBoundingClientRect();
  return { x, y, width, height: card.querySelector("hr").getBoundingClientRect().y - y };
}"""
"""Measured in one go: a card that is brought up to date between two questions is another element."""

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("chromium"), pytest.mark.timeout(240)]


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        await running.close()


class Window:
    """One person's browser window."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @classmethod
    async def open(
        cls, chromium: Browser, backout: Running, who: str, *, where: str = CHANNEL, dark: bool = False, scale: int = 1
    ) -> "Window":
        context = await chromium.new_context(
            viewport={"width": SIZE["width"], "height": SIZE["height"]},
            device_scale_factor=scale,
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
        )
        page = await context.new_page()
        await page.goto(f"{backout.page}/?as={backout.person(who)}&in={where}")
        await expect(page.locator("html")).to_have_attribute("data-live", "on")
        return cls(page)

    async def press(self, name: str) -> None:
        await self.page.get_by_role("button", name=name, exact=True).last.click()

    async def type_command(self, text: str) -> None:
        box = self.page.get_by_role("combobox", name="Message #")
        await box.fill(text)
        await box.press("Enter")

    async def answer(self, button: str, **fields: str) -> None:
        """Fill the open dialog by its labels and submit it."""
        dialog = self.page.get_by_role("dialog").last
        await expect(dialog).to_be_visible()
        for label, text in fields.items():
            await dialog.get_by_label(label).fill(text)
        await dialog.get_by_role("button", name=button).click()

    async def sees(self, *texts: str) -> None:
        for text in texts:
            await expect(self.page.locator("body")).to_contain_text(text, timeout=30_000)

    async def shows_card(self) -> None:
        """Bring the head of the card to the top of what is seen."""
        await self.page.mouse.move(0, 0)  # what only shows under the pointer is no part of the card
        await self.page.locator("#scroll").evaluate("conversation => { conversation.scrollTop = 0 }")

    async def picture_of_card(self, name: str) -> None:
        """The part of the card that must be seen: from its head to the line above the detail."""
        await self.page.set_viewport_size({"width": SIZE["width"], "height": 2 * SIZE["height"]})
        await self.shows_card()
        head = await self.page.evaluate(HEAD_OF_CARD)
        assert 300 < head["height"] < 800, "what must be decided first takes more than a screen"
        if PICTURES:
            await self.page.screenshot(path=str(Path(PICTURES) / f"{name}.png"), clip=head)

    async def picture(self, name: str) -> None:
        if PICTURES:
            await self.page.screenshot(path=str(Path(PICTURES) / f"{name}.png"))


async def test_four_people_play_an_incident_from_alert_to_export(
    chromium: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R024, R071, R103, R104, R109, R116, R143, R160, R163, R167."""
    async with running_backout(tmp_path) as backout:
        maya = await Window.open(chromium, backout, "maya")
        await maya.press("Send this alert")
        await maya.sees("INC-1", "Visitors buy less")
        await maya.press("Acknowledge")
        await maya.sees("Maya Lindqvist leads")

        await maya.type_command("/rollback shop-recommender")
        await expect(maya.page.get_by_role("dialog")).to_contain_text("Why?")
        await maya.picture("rollback-form")
        await maya.answer("Ask for approval", **{"Why?": "Conversion fell right after version 8."})
        await maya.sees("Nothing is changed until these have approved")
        await maya.page.keyboard.press("Escape")

        tomas = await Window.open(chromium, backout, "tomas")
        await tomas.press("Approve")
        await tomas.answer("Approve", Why="The drop began with the deployment.")
        await maya.sees("The drop began with the deployment.")
        await maya.shows_card()
        await maya.picture("workspace")
        light = await Window.open(chromium, backout, "maya", scale=2)
        await light.picture_of_card("card")
        dark = await Window.open(chromium, backout, "maya", dark=True, scale=2)
        await dark.picture_of_card("card-dark")

        aisha = await Window.open(chromium, backout, "aisha", dark=True)
        await aisha.press("Approve")
        await aisha.answer("Approve", Why="Revenue first.")
        await aisha.sees("5 of 5")
        await aisha.picture("workspace-dark")
        await maya.sees("5 of 5")

        carla = await Window.open(chromium, backout, "carla")
        await carla.type_command("/comms")
        await expect(carla.page.get_by_role("dialog")).to_contain_text("INC-1")
        await carla.picture("comms-form")
        await carla.page.get_by_role("dialog").get_by_role("button", name="Post to #").click()
        await carla.sees("It is on its way to #customer-status")
        await carla.page.keyboard.press("Escape")
        home = await Window.open(chromium, backout, "aisha", where="home")
        await home.sees("Open incidents")
        await home.picture("home")

        monkeypatch.setenv("BACKOUT_CONFIG", str(tmp_path / "config"))
        record = CliRunner().invoke(cli, ["export", "INC-1", "--database", backout.database])
    assert record.exit_code == 0, record.output
    for words in ("Conversion fell right after version 8.", "The drop began with the deployment.", "Revenue first."):
        assert words in record.output
