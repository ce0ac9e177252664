"""A ladder for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.escalation.ladder import Ladder
from tests.escalation.ladder import ladder as new_ladder


@pytest.fixture
def ladder(tmp_path: Path) -> Iterator[Ladder]:
    found = new_ladder(tmp_path)
    yield found
    found.store.close()


@pytest.fixture
def unapproved(tmp_path: Path) -> Iterator[Ladder]:
    """A ladder whose templates nobody has approved."""
    found = new_ladder(tmp_path, approved=False)
    yield found
    found.store.close()
