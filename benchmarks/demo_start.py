"""How long `backout demo` takes until it can be played (`python -m benchmarks.demo_start`).

Starts the demo several times on free ports, and measures from the start of the process until `/readyz` answers 200
(database, Slack, worker and accounts all work). Prints every run and the median. The goal is 5 seconds.
"""

import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from benchmarks.report import Figure, report
from tests.support.running import free_port

RUNS = 5
GOAL_SECONDS = 5.0


def main() -> int:
    """Report the median; exit status 1 when it misses the goal."""
    runs = [start() for _ in range(RUNS)]
    print("runs (s):", ", ".join(f"{seconds:.2f}" for seconds in runs))
    return report("demo_start", [Figure("from start to ready", statistics.median(runs), "s", at_most=GOAL_SECONDS)])


def start() -> float:
    """Start one demo, wait until it is ready, stop it; returns the seconds it took."""
    port, bot_port = free_port(), free_port()
    with tempfile.TemporaryDirectory() as directory:
        command = [sys.executable, "-m", "bot", "demo", f"--port={port}", f"--bot-port={bot_port}"]
        began = time.monotonic()
        process = subprocess.Popen(
            [*command, f"--directory={directory}/demo"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            while not is_ready(f"http://127.0.0.1:{bot_port}/readyz"):
                time.sleep(0.01)
            return time.monotonic() - began
        finally:
            process.terminate()
            process.wait(timeout=30)


def is_ready(url: str) -> bool:
    """Say whether an address answers 200."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


if __name__ == "__main__":
    sys.exit(main())
