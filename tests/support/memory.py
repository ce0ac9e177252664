"""Files of tests in memory: nobody pulls the plug of a test, and every commit of the product waits for the disk."""

import os
import shutil
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
ENOUGH_BYTES = 2 * 1024**3


def use() -> None:
    """Let temporary files be made in memory, where the machine offers that as a directory and has enough.

    `TMPDIR` in the environment decides otherwise.
    """
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ENOUGH_BYTES:
        tempfile.tempdir = os.environ.setdefault("TMPDIR", str(MEMORY))
