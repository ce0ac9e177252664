"""The model of the directory."""

from pathlib import Path

import pytest

from bot.foundation.config import fit, read
from bot.foundation.errors import ConfigError
from bot.people.models import Directory

EXAMPLE = """\
team: {slack: T0MERIDIAN, name: Meridian}
people:
  maya: {slack: U0MAYA0001, name: Maya, title: Owner, zone: ZONE}
roles:
  on_call:
    title: On call
    rota: {people: [maya], zone: Europe/Berlin, handover: monday, at: TIME, start: 2026-11-02}
"""


def _fit(tmp_path: Path, text: str) -> Directory:
    file = tmp_path / "people.yaml"
    file.write_text(text)
    return fit(read(file), Directory)


def test_the_shipped_directory_fits() -> None:
    directory = fit(read(Path("config/people.yaml")), Directory)
    assert len(directory.people) == 19
    assert directory.team.name == "Meridian"


@pytest.mark.parametrize(
    ("zone", "time", "line", "words"),
    [
        ("Europe/Berlinn", '"09:00"', 3, "is not an IANA time zone"),
        ("Europe/Berlin", "10:00", 7, "write the time in quotes"),
    ],
)
def test_a_wrong_zone_or_an_unquoted_time_is_named_with_its_line(
    tmp_path: Path, zone: str, time: str, line: int, words: str
) -> None:
    """An unquoted 10:00 is the number 600 in YAML 1.1, which pydantic would take for ten minutes past midnight."""
    with pytest.raises(ConfigError) as caught:
        _fit(tmp_path, EXAMPLE.replace("ZONE", zone).replace("TIME", time))
    (problem,) = caught.value.problems
    assert problem.line == line
    assert words in problem.what


def test_a_quoted_time_is_a_wall_clock_time(tmp_path: Path) -> None:
    directory = _fit(tmp_path, EXAMPLE.replace("ZONE", "Europe/Berlin").replace("TIME", '"10:00"'))
    rota = directory.roles["on_call"].rota
    assert rota is not None
    assert rota.at.hour == 10


def test_a_changed_copy_knows_its_own_people(tmp_path: Path) -> None:
    directory = _fit(tmp_path, EXAMPLE.replace("ZONE", "UTC").replace("TIME", '"09:00"'))
    assert (directory.key_of("U0MAYA0001"), directory.key_of("U0STRANGER")) == ("maya", None)
    moved = directory.people["maya"].model_copy(update={"slack": "U0MAYA0002"})
    changed = directory.model_copy(update={"people": {"first": moved, "second": moved}})
    assert (changed.key_of("U0MAYA0001"), changed.key_of("U0MAYA0002")) == (None, "first")
    assert directory.key_of("U0MAYA0001") == "maya"
