"""A rollback to play through, with a scripted target or a real flag file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rollback.rehearsal import Rehearsal, ScriptedTarget, rehearsal


@pytest.fixture
def target() -> ScriptedTarget:
    return ScriptedTarget()


@pytest.fixture
def played(tmp_path: Path, target: ScriptedTarget) -> Iterator[Rehearsal]:
    found = rehearsal(tmp_path, lambda _approved: target)
    yield found
    found.people.store.close()
