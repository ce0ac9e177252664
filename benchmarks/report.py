"""How every benchmark reports: its figures with their goals, the seed, and the machine's fsync time beside them.

A benchmark measures, makes `Figure`s, and ends with `sys.exit(report("crash points", figures, seed=7))`. That prints a
table, replaces this benchmark's line in `benchmarks/results.md`, and returns 1 when a goal is missed.
"""

import os
import platform
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).with_name("results.md")
HEAD = """# Results

One line for each benchmark, replaced whenever it runs: `python -m benchmarks.<name>` prints the same figures. A figure
with a goal says whether the goal was met. fsync is the median time to write 4 KB durably on the same machine; a disk
whose fsync is ten times slower will show slower durable figures.

| benchmark | figures | seed | fsync | machine | when |
|---|---|---|---|---|---|
"""


@dataclass(frozen=True)
class Figure:
    """One measured number.

    Attributes:
        name: What was measured.
        value: How much, in `unit`.
        unit: For example `ms`, `/s`, `%`; empty for a count.
        at_most: The goal, if smaller is better.
        at_least: The goal, if more is better.
    """

    name: str
    value: float
    unit: str = ""
    at_most: float | None = None
    at_least: float | None = None

    @property
    def is_met(self) -> bool:
        """Say whether the goals are met; without a goal there is nothing to miss."""
        return (self.at_most is None or self.value <= self.at_most) and (
            self.at_least is None or self.value >= self.at_least
        )

    @property
    def goal(self) -> str:
        """Return the goal in words, empty if there is none."""
        if self.at_most is not None:
            return f"at most {number(self.at_most)}"
        return f"at least {number(self.at_least)}" if self.at_least is not None else ""

    def __str__(self) -> str:
        shown = f"{self.name} {number(self.value)}{f' {self.unit}' if self.unit else ''}"
        return f"{shown} ({self.goal}: {'met' if self.is_met else 'MISSED'})" if self.goal else shown


def number(value: float) -> str:
    """Return a number as people read it: whole if it is or if it is large, otherwise three digits that count."""
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 1_000 else f"{value:.3g}"


def report(name: str, figures: Sequence[Figure], *, seed: int | None = None, results: Path = RESULTS) -> int:
    """Print the figures and keep them in the results; returns the exit status: 1 when a goal is missed."""
    fsync = fsync_milliseconds()
    for figure in figures:
        print(figure)
    print(f"fsync of 4 KB: {fsync:.2f} ms (median); seed: {seed if seed is not None else 'none'}; {machine()}")
    shown = "; ".join(str(figure) for figure in figures)
    seed_shown, today = "–" if seed is None else seed, datetime.now(UTC).date().isoformat()
    keep(f"| {name} | {shown} | {seed_shown} | {fsync:.2f} ms | {machine()} | {today} |", results)
    return int(not all(figure.is_met for figure in figures))


def keep(line: str, results: Path) -> None:
    """Put a benchmark's line into the results, in the place of its last one."""
    name = line.split("|")[1]
    text = results.read_text(encoding="utf-8") if results.exists() else HEAD
    lines = [old for old in text.removeprefix(HEAD).splitlines() if old.split("|")[1:2] != [name]]
    results.write_text(HEAD + "\n".join(sorted([*lines, line])) + "\n", encoding="utf-8")


def machine() -> str:
    """Say on what kind of machine this runs."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{cores} cores, {platform.machine()}, Python {platform.python_version()}"


def fsync_milliseconds(times: int = 200) -> float:
    """Return the median time of writing 4 KB durably here."""
    with tempfile.NamedTemporaryFile(dir=Path.cwd()) as file:
        taken = []
        for _ in range(times):
            began = time.perf_counter()
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
            taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value below which so many percent of the values lie (ValueError for none)."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]
