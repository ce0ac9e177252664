"""Refresh uv.lock and take every index address out of it.

A lock that names an index installs from nowhere else. Ours keeps versions and hashes only, so that
`make setup` works with whatever index pip is configured for, and still refuses a file it does not know.
"""

import re
import subprocess
import sys
from pathlib import Path

LOCK = Path("uv.lock")


def without_addresses(lock: str) -> str:
    """The same lock with file names instead of addresses, and no upload times."""
    lock = re.sub(r'registry = "https?://[^"]+"', 'registry = "index"', lock)
    lock = re.sub(r'url = "https?://[^"]*/([^/"]+)"', r'path = "\1"', lock)
    return re.sub(r', upload-time = "[^"]*"', "", lock)


def main() -> int:
    """Lock again from scratch and rewrite the file; exit status is uv's."""
    LOCK.unlink(missing_ok=True)
    result = subprocess.run([Path(sys.executable).parent / "uv", "lock"], check=False)
    if result.returncode == 0:
        LOCK.write_text(without_addresses(LOCK.read_text()))
    return result.returncode


if __name__ == "__main__":
    sys.exit(main())
