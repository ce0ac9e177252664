"""The lock keeps versions and hashes and names no index."""

from tools.lock import without_addresses

LOCKED = """
[[package]]
name = "anyio"
version = "4.9.0"
source = { registry = "https://index.example.org/simple" }
sdist = { url = "https://files.example.org/a0/b1/anyio-4.9.0.tar.gz", hash = "sha256:67", upload-time = "2026-03-17" }
wheels = [
    { url = "https://files.example.org/c2/d3/anyio-4.9.0-py3-none-any.whl", hash = "sha256:9f", size = 100916 },
]
"""


def test_addresses_go_and_everything_that_is_checked_stays() -> None:
    assert (
        without_addresses(LOCKED)
        == """
[[package]]
name = "anyio"
version = "4.9.0"
source = { registry = "index" }
sdist = { path = "anyio-4.9.0.tar.gz", hash = "sha256:67" }
wheels = [
    { path = "anyio-4.9.0-py3-none-any.whl", hash = "sha256:9f", size = 100916 },
]
"""
    )


def test_doing_it_twice_changes_nothing() -> None:
    once = without_addresses(LOCKED)
    assert without_addresses(once) == once
