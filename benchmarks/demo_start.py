"""How long `backout demo` takes until it can be played (`python -m benchmarks.demo_start`).

Starts the demo several times on free ports, and measures from the start of the process until `/readyz` answers 200
(database, Slack, worker and accounts all work). Prints every run, the median, and the machine's fsync time beside it.
The goal is 5 seconds.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.support.running import free_port

RUNS = 5
GOAL_SECONDS = 5.0


def main() -> int:
    """Print the figures; exit status 1 when the median misses the goal."""
    runs = [start() for _ in range(RUNS)]
    median = statistics.median(runs)
    print("runs (s):", ", ".join(f"{seconds:.2f}" for seconds in runs))
    print(f"median: {median:.2f} s, goal {GOAL_SECONDS:.0f} s; fsync of 4 KB: {fsync_milliseconds():.2f} ms (median)")
    return int(median > GOAL_SECONDS)


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


if __name__ == "__main__":
    sys.exit(main())
