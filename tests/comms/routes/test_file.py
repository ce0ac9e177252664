"""A file that only grows."""

import json
from pathlib import Path

from bot.comms.routes import FileRoute
from tests.comms.routes.samples import ASK, PAGE, batch


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


async def test_each_message_is_one_line_that_people_can_read(tmp_path: Path) -> None:
    """F3, R114."""
    path = tmp_path / "new" / "fallback.jsonl"
    assert (await FileRoute(path).deliver(batch())).done == [str(path)]
    assert lines(path) == [
        {
            "id": "page:INC-1:1",
            "at": "2026-11-21T09:00:00+00:00",
            "incident": "INC-1",
            "to": ["Maya Lindqvist", "Priya Raman"],
            "text": "🔔 INC-1: please acknowledge by ten.",
        },
        lines(path)[1],
    ]
    assert path.stat().st_mode & 0o777 == 0o600
    assert "🔔" in path.read_text()


async def test_the_same_batch_again_adds_nothing_and_a_torn_line_harms_nothing(tmp_path: Path) -> None:
    """F2: a crash in the middle of writing leaves half a line; the message is written whole after it."""
    path = tmp_path / "fallback.jsonl"
    route = FileRoute(path)
    await route.deliver(batch(PAGE))
    await route.deliver(batch(PAGE))
    assert len(lines(path)) == 1
    with path.open("a") as file:
        file.write('{"id": "ask:req_1:1", "at"')
    await route.deliver(batch(PAGE, ASK))
    first, torn, last = path.read_text().splitlines()
    assert json.loads(first)["id"] == PAGE.id
    assert torn.endswith('"at"')
    assert json.loads(last)["id"] == ASK.id


async def test_a_file_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    outcome = await FileRoute(tmp_path).deliver(batch())
    assert outcome.failed == {str(tmp_path): "IsADirectoryError: Is a directory"}
