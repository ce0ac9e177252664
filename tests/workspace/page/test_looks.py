"""Names, faces and zones."""

import pytest

from bot.workspace.page.looks import HUES, face_of, hue, initials, zone_of
from bot.workspace.state import User
from bot.workspace.workspace import Workspace


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Ada Byron", "AB"),
        ("ada", "A"),
        ("Radia von Perlman-Hohenburg", "RH"),
        ("", "?"),
        ("… ?", "?"),
        ("élan vital", "ÉV"),
    ],
)
def test_initials(name: str, letters: str) -> None:
    assert initials(name) == letters


def test_a_zone_that_does_not_exist_is_utc() -> None:
    assert zone_of(User("U1", "x", tz="Europe/Berlin")).key == "Europe/Berlin"
    assert zone_of(User("U1", "x", tz="Mars/Olympus")).key == "UTC"
    assert zone_of(User("U1", "x", tz="../etc/passwd")).key == "UTC"


def test_everybody_has_a_face(workspace: Workspace) -> None:
    assert face_of(workspace, "U1").initials == "AB"
    assert face_of(workspace, workspace.team.bot_user).is_app
    assert face_of(workspace, "U404").name == "U404"


def test_a_colour_stays_the_same() -> None:
    assert hue("U1") == hue("U1")
    assert {hue(f"U{number}") for number in range(500)} == set(range(HUES))
