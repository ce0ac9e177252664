"""A committee for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.approvals.committee import Committee
from tests.approvals.committee import committee as new_committee


@pytest.fixture
def committee(tmp_path: Path) -> Iterator[Committee]:
    found = new_committee(tmp_path)
    yield found
    found.store.close()
