"""F7 in small: what is sent to the doors, however bad, is answered, cheaply and without a word too many in the log."""

from pathlib import Path

import pytest

from benchmarks import bad_inputs
from tests.support.soak import SOAKING

INPUTS = 100_000 if SOAKING else 3_000


async def test_no_input_is_too_bad_to_be_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """F7, T1, T14, T20."""
    monkeypatch.setattr(bad_inputs, "POOL", 200)
    tally = await bad_inputs.attack(tmp_path, 7, INPUTS, warm_up=0)
    assert tally.worst == {}
    assert sum(tally.inputs.values()) == sum(tally.statuses.values()) == INPUTS
    assert {200, 202, 400, 401, 404} <= set(tally.statuses)
    assert max(tally.statuses) < 500
    assert tally.longest_log <= 512


async def test_the_same_seed_makes_the_same_inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bad_inputs, "POOL", 50)
    seen = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        tally = await bad_inputs.attack(tmp_path / name, 11, 100, warm_up=0)
        seen.append((tally.inputs, tally.statuses))
    assert seen[0] == seen[1]


def test_a_missed_goal_is_said() -> None:
    bad = bad_inputs.Tally(slowest=1.5, longest_log=600, grown=65 * bad_inputs.MIB)
    bad.statuses[500] = 1
    assert [figure.name for figure in bad_inputs.figures([bad_inputs.Tally(), bad]) if not figure.is_met] == [
        "answered 5xx", "slowest answer", "more memory", "most log for one input",
    ]  # fmt: skip
