"""A test that is left out is said in one line, and fails in CI."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TESTS = """
import pytest

@pytest.mark.browser
def test_in_a_browser(): pass

@pytest.mark.browser
def test_in_another_browser(): pass

def test_anywhere(): pass

@pytest.mark.xfail(reason="known")
def test_expected_to_fail(): assert False
"""
SKIPS_ITSELF = 'import pytest\npytest.skip("not today", allow_module_level=True)\n'


def run(directory: Path, *, in_ci: bool, path: str = "", distributed: bool = False) -> subprocess.CompletedProcess[str]:
    """Run pytest with our hooks in another directory, with a PATH of our choice."""
    environment = {name: value for name, value in os.environ.items() if name != "CI" and not name.startswith("PYTEST")}
    environment |= {"PYTHONPATH": str(ROOT), "PATH": path} | ({"CI": "true"} if in_ci else {})
    (directory / "pytest.ini").write_text("[pytest]\nmarkers =\n    browser: needs Chromium\n")
    spread = ["-n", "2"] if distributed else ["-p", "no:xdist"]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-p", "no:cacheprovider", *spread]
    return subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("distributed", [False, True])
def test_locally_one_line_says_what_was_left_out_and_why(tmp_path: Path, distributed: bool) -> None:
    (tmp_path / "test_some.py").write_text(TESTS)
    result = run(tmp_path, in_ci=False, distributed=distributed)
    said = [line for line in result.stdout.splitlines() if "Chromium" in line]
    assert said == ["2 left out: no Chromium on this machine (Debian: apt-get install chromium)"]
    assert "1 passed, 2 skipped, 1 xfailed" in result.stdout
    assert result.returncode == 0


@pytest.mark.parametrize("distributed", [False, True])
def test_in_ci_leaving_out_is_a_failure(tmp_path: Path, distributed: bool) -> None:
    (tmp_path / "test_some.py").write_text(TESTS)
    result = run(tmp_path, in_ci=True, distributed=distributed)
    assert "left out in CI: no Chromium on this machine" in result.stdout
    assert "1 passed, 1 xfailed, 2 errors" in result.stdout
    assert result.returncode == 1


def test_in_ci_a_file_that_skips_itself_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(SKIPS_ITSELF)
    result = run(tmp_path, in_ci=True)
    assert "left out in CI: not today" in result.stdout
    assert result.returncode != 0


def test_where_chromium_is_everything_runs(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(TESTS)
    browser = tmp_path / "chromium"
    browser.write_text("#!/bin/sh\n")
    browser.chmod(0o755)
    result = run(tmp_path, in_ci=True, path=str(tmp_path))
    assert "3 passed, 1 xfailed" in result.stdout
