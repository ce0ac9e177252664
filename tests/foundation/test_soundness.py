"""A damaged database is refused at the start, in one line that says what to do."""

import contextlib
import sqlite3
from pathlib import Path

import pytest

from bot.foundation.soundness import DamagedError, require_sound
from tests.support.stores import prepare


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database that has been written to the file whole."""
    path = tmp_path / "backout.db"
    prepare(f"sqlite:///{path}")
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


def test_a_whole_one_a_new_one_and_a_server_are_no_trouble(file: Path) -> None:
    require_sound(f"sqlite:///{file}")
    require_sound(f"sqlite:///{file.with_name('none.db')}")
    require_sound("postgresql://somewhere/backout")
    assert not file.with_name("none.db").exists()


@pytest.mark.parametrize(("offset", "length"), [(0, 100), (4096, 4096), (100, 300)])
def test_flipped_bytes_are_found_and_nothing_is_changed(file: Path, offset: int, length: int) -> None:
    """P13: whatever part of the file it is."""
    content = bytearray(file.read_bytes())
    content[offset : offset + length] = bytes(byte ^ 0xFF for byte in content[offset : offset + length])
    file.write_bytes(content)
    with pytest.raises(DamagedError) as caught:
        require_sound(f"sqlite:///{file}")
    assert "\n" not in str(caught.value)
    assert "backout verify" in str(caught.value)
    assert file.read_bytes() == bytes(content)


def test_a_locked_one_is_not_called_damaged(file: Path) -> None:
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        require_sound(f"sqlite:///{file}")
