"""R107, T23: a trail in a file is checked like one in a database, and stays exactly as damaged as it is."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.foundation import trail
from bot.foundation.db import Store
from bot.foundation.trail.export import FileSource, write
from tests.foundation.conftest import opened
from tests.foundation.trail.days import LAST, OPEN, checked, first_key, forge
from tests.support.clock import VirtualClock


def exported(store: Store, path: Path) -> Path:
    with path.open("w", encoding="ascii") as file:
        store.read_now(lambda reading: write(trail.DatabaseSource(reading.session), file))
    return path


def test_a_file_says_the_same_as_its_database(lived: Store, tmp_path: Path) -> None:
    path = exported(lived, tmp_path / "trail.jsonl")
    for keys in (first_key(), None):
        assert trail.check(FileSource(path), keys) == checked(lived, keys)
    assert trail.check(FileSource(path), None).open == OPEN


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE trail_entry SET body = CAST(x'ff00fe' AS TEXT) WHERE seq = 4",
        "UPDATE trail_payload SET body = CAST(x'ff' AS TEXT) WHERE seq = 4",
        "DELETE FROM trail_payload WHERE seq = 4",
        "DELETE FROM trail_head",
        "DELETE FROM trail_checkpoint",
        "UPDATE trail_payload SET salt = x'', body = '' WHERE seq = 4",
    ],
)
def test_a_damaged_trail_stays_as_damaged_in_a_file(lived: Store, tmp_path: Path, statement: str) -> None:
    forge(lived, statement)
    path = exported(lived, tmp_path / "trail.jsonl")
    found = trail.check(FileSource(path), first_key())
    assert found.damage is not None
    assert found == checked(lived, first_key())


@pytest.fixture(scope="session")
def lines(lived_file: Path, tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    store = opened(f"sqlite:///{lived_file}", VirtualClock())
    path = exported(store, tmp_path_factory.mktemp("export") / "trail.jsonl")
    store.close()
    return path.read_bytes().splitlines(keepends=True)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_other_line_or_byte_is_found(lines: list[bytes], tmp_path: Path, data: st.DataObject) -> None:
    """With the first key: every byte of every line counts, and every line is needed in its place."""
    changed, at = list(lines), data.draw(st.integers(0, len(lines) - 1))
    match data.draw(st.sampled_from(["byte", "drop", "double", "swap"])):
        case "byte":
            place = data.draw(st.integers(0, len(changed[at]) - 2))
            line = bytearray(changed[at])
            line[place] ^= 1 << data.draw(st.integers(0, 6))
            changed[at] = bytes(line)
        case "drop":
            del changed[at]
        case "double":
            changed.insert(at, changed[at])
        case "swap":
            other = data.draw(st.integers(0, len(lines) - 1))
            changed[at], changed[other] = changed[other], changed[at]
    path = tmp_path / "changed.jsonl"
    path.write_bytes(b"".join(changed))
    found = trail.check(FileSource(path), first_key())
    assert (found.damage is not None) == means_something_else(lines, changed)
    assert found.damage is not None or found.whole == LAST


def means_something_else(lines: list[bytes], changed: list[bytes]) -> bool:
    """A hexadecimal digit may be written large, and the three kinds of lines may stand in any order between them."""

    def meaning(given: list[bytes]) -> list[object]:
        said = []
        for line in given:
            try:
                values = json.loads(line)
            except ValueError:
                return [line]
            if not isinstance(values, dict):
                return [line]
            said.append(
                {
                    k: v.lower() if k in ("mac", "salt", "signature") and isinstance(v, str) else v
                    for k, v in values.items()
                }
            )
        return [[one for one in said if one.get("kind") == kind] for kind in ("head", "checkpoint", "entry")]

    return meaning(lines) != meaning(changed)
