"""A report says which goals are met, and keeps one line for each benchmark."""

from pathlib import Path

import pytest

from benchmarks.report import HEAD, Figure, keep, number, percentile, report


@pytest.mark.parametrize(
    ("figure", "shown", "met"),
    [
        (Figure("lost", 0, at_most=0), "lost 0 (at most 0: met)", True),
        (Figure("lost", 1, at_most=0), "lost 1 (at most 0: MISSED)", False),
        (Figure("appends", 1234.5, "/s", at_least=1000), "appends 1,234 /s (at least 1,000: met)", True),
        (Figure("appends", 999, "/s", at_least=1000), "appends 999 /s (at least 1,000: MISSED)", False),
        (Figure("p99", 0.2468, "ms"), "p99 0.247 ms", True),
    ],
)
def test_a_figure_says_whether_its_goal_is_met(figure: Figure, shown: str, met: bool) -> None:
    assert (str(figure), figure.is_met) == (shown, met)


def test_a_missed_goal_is_the_exit_status(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = tmp_path / "results.md"
    assert report("good", [Figure("lost", 0, at_most=0)], seed=7, results=results) == 0
    assert report("bad", [Figure("lost", 3, at_most=0)], results=results) == 1
    assert "fsync of 4 KB" in capsys.readouterr().out
    lines = results.read_text(encoding="utf-8").removeprefix(HEAD).splitlines()
    assert [line.split(" | ")[:3] for line in lines] == [
        ["| bad", "lost 3 (at most 0: MISSED)", "–"],
        ["| good", "lost 0 (at most 0: met)", "7"],
    ]


def test_a_benchmark_that_runs_again_replaces_its_line(tmp_path: Path) -> None:
    results = tmp_path / "results.md"
    for line in ("| a | 1 |", "| ab | 1 |", "| a | 2 |"):
        keep(line, results)
    assert results.read_text(encoding="utf-8") == f"{HEAD}| a | 2 |\n| ab | 1 |\n"


def test_numbers_and_percentiles() -> None:
    assert [number(value) for value in (3, 3.14159, 1234.5, 0.001234)] == ["3", "3.14", "1,234", "0.00123"]
    assert percentile(range(1, 101), 99) == 100
    assert percentile([5], 50) == 5
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)
