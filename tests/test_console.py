"""What the commands share: one line that says why not, and status 1."""

from pathlib import Path

import pytest
import sqlalchemy

from bot import console
from tests.foundation.conftest import prepared_sqlite


def test_a_database_that_cannot_be_opened_is_one_line_and_status_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left, console.opened(f"sqlite:///{tmp_path}/none.db"):
        pass
    assert left.value.code == 1
    assert "backout migrate" in capsys.readouterr().err


def test_what_goes_wrong_inside_a_command_is_said_the_same_way(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    error = sqlalchemy.exc.OperationalError("SELECT", {}, OSError("disk I/O error\nmore"))
    assert console.about_database(error).startswith("The database cannot be used (OSError: disk I/O error).")
    monkeypatch.setattr(console, "require_newest", lambda _url: None)
    monkeypatch.setenv("BACKOUT_TRAIL_KEY", "k3y")
    with pytest.raises(SystemExit), console.opened(prepared_sqlite(tmp_path)):
        raise ValueError("this is why")
    assert capsys.readouterr().err == "this is why\n"


def test_the_key_comes_from_the_environment_if_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BACKOUT_TRAIL_KEY", raising=False)
    assert console.given_key() is None
    monkeypatch.setenv("BACKOUT_TRAIL_KEY", "k3y")
    assert console.key_of("postgresql://db/backout").at(1) == b"k3y"


def test_mistakes_in_the_configuration_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        console.loaded(tmp_path, tmp_path)
    assert "to mend before Backout starts" in capsys.readouterr().err
