"""A flagd file as a target: changed atomically, only from what is expected, and never guessed about."""

import asyncio
import contextlib
import hashlib
import json
import os
import resource
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.rollback.targets import Applied, FlagFile, Outcome, ServingProcess
from bot.rollback.targets.flag_file import LARGEST, FileLocks, RealDisk, UnconfirmedError

SERVING = ServingProcess("http://127.0.0.1:9/")


def document(chosen: str = "v8", **more: Any) -> dict[str, Any]:
    flag = {"state": "ENABLED", "variants": {"v7": "7", "v8": "8", "number": 9}, "defaultVariant": chosen, **more}
    other = {"state": "DISABLED", "variants": {"on": True}, "defaultVariant": "on", "weight": 0.1}
    return {"$schema": "https://flagd.dev/schema/v0/flags.json", "flags": {"other": other, "shop": flag}, "käse": "é"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "flags.json"
    path.write_text(json.dumps(document(), indent=2, ensure_ascii=False) + "\n")
    return path


def target(file: Path, **more: Any) -> FlagFile:
    return FlagFile(str(file), "shop", SERVING, **more)


def apply(file: Path, expected: str = "8", desired: str = "7", **more: Any) -> Applied:
    return asyncio.run(target(file, **more).apply(expected, desired, "key"))


@dataclass
class FaultyDisk:
    """A real disk on which chosen calls fail."""

    read_faults: dict[int, OSError] = field(default_factory=dict)
    before_read: dict[int, Callable[[], object]] = field(default_factory=dict)
    lock_fault: OSError | None = None
    replace_fault: Exception | None = None
    replaces_first: bool = False
    reads: int = 0
    real: RealDisk = field(default_factory=RealDisk)

    def read(self, path: Path, most: int) -> bytes:
        self.reads += 1
        self.before_read.get(self.reads, lambda: None)()
        if self.reads in self.read_faults:
            raise self.read_faults[self.reads]
        return self.real.read(path, most)

    @contextlib.contextmanager
    def locked(self, path: Path) -> Iterator[None]:
        if self.lock_fault:
            raise self.lock_fault
        with self.real.locked(path):
            yield

    def replace(self, path: Path, content: bytes, key: str) -> None:
        if self.replaces_first or not self.replace_fault:
            self.real.replace(path, content, key)
        if self.replace_fault:
            raise self.replace_fault


def test_the_flag_selects_the_wanted_version_and_nothing_else_changes(file: Path) -> None:
    """R088, R094, R102: the rest of the document, its formatting and its mode are kept."""
    file.chmod(0o640)
    before = file.read_text()
    applied = apply(file)
    assert (applied.outcome, applied.before, applied.after) == (Outcome.CHANGED, "8", "7")
    assert file.read_text() == before.replace('"defaultVariant": "v8"', '"defaultVariant": "v7"')
    assert file.stat().st_mode & 0o777 == 0o640
    assert applied.evidence["rest_unchanged"]
    assert applied.evidence["sha256_before"] != applied.evidence["sha256_after"]
    assert sorted(path.name for path in file.parent.iterdir()) == [".flags.json.lock", "flags.json"]


def test_applying_twice_changes_nothing_the_second_time(file: Path) -> None:
    """R089: the action is idempotent."""
    apply(file)
    seen = (file.read_bytes(), file.stat().st_ino, file.stat().st_mtime_ns)
    again = apply(file)
    assert (again.outcome, again.before, again.after) == (Outcome.ALREADY, "7", "7")
    assert (file.read_bytes(), file.stat().st_ino, file.stat().st_mtime_ns) == seen


def test_the_inverse_brings_back_what_stood_there(file: Path) -> None:
    """R089, R090: the action is reversible; the file is byte for byte as recorded before."""
    before = file.read_bytes()
    first = apply(file, "8", "7")
    second = apply(file, "7", "8")
    assert second.outcome == Outcome.CHANGED
    assert second.evidence["sha256_after"] == first.evidence["sha256_before"]
    assert file.read_bytes() == before


@settings(deadline=None)  # each example waits for the disk
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text('aé\n"\\<'),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab.", max_size=3), inner, max_size=3),
        max_leaves=8,
    )
)
def test_whatever_else_stands_in_the_file_survives(tmp_path_factory: pytest.TempPathFactory, other: Any) -> None:
    """R094, R102."""
    file = tmp_path_factory.mktemp("flags") / "flags.json"
    content = {**document(), "other": other}
    file.write_text(json.dumps(content))
    assert apply(file).outcome == Outcome.CHANGED
    content["flags"]["shop"]["defaultVariant"] = "v7"
    assert json.loads(file.read_text()) == content


def test_somebody_else_changed_it(file: Path) -> None:
    """R067, R100: drift stops the rollback, and says what stands there."""
    before = file.read_bytes()
    applied = apply(file, expected="9", desired="7")
    assert applied.outcome == Outcome.DRIFT
    assert "somebody changed it" in applied.words
    assert "selects version 8, not version 9" in applied.words
    assert file.read_bytes() == before


def test_somebody_changes_it_between_the_first_look_and_the_lock(file: Path) -> None:
    def change() -> None:
        file.write_text(json.dumps(document("number")))

    applied = apply(file, disk=FaultyDisk(before_read={2: change}))
    assert (applied.outcome, applied.before) == (Outcome.DRIFT, "9")
    assert json.loads(file.read_text()) == document("number")


def test_somebody_does_the_same_between_the_first_look_and_the_lock(file: Path) -> None:
    applied = apply(file, disk=FaultyDisk(before_read={2: lambda: file.write_text(json.dumps(document("v7")))}))
    assert applied.outcome == Outcome.ALREADY


def test_a_crash_between_writing_and_recording_is_found_again(file: Path) -> None:
    """R089: a retry looks first and finds its own change."""
    asyncio.run(target(file).apply("8", "7", "key"))  # the process dies here: nobody heard the outcome
    again = asyncio.run(target(file).apply("8", "7", "key"))
    assert again.outcome == Outcome.ALREADY


def test_a_crash_while_writing_leaves_the_old_file_and_no_trace_after_the_retry(file: Path) -> None:
    disk = RealDisk()
    beside = file.with_name(f".flags.json.{hashlib.sha256(b'key').hexdigest()[:12]}.new")
    beside.write_text('{"half')
    assert apply(file, disk=disk).outcome == Outcome.CHANGED
    assert not beside.exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is not JSON"),
        (b"{nope", "is not JSON"),
        (b"\xff\xfe", "is not JSON (not UTF-8)"),
        (b"[" * 200_000, "is not JSON (nested too deeply)"),
        (b'{"flags": {"shop": {}, "shop": {}}}', "is not JSON (a key stands twice)"),
        (b'{"flags": NaN}', "is not JSON (NaN is not a number in JSON)"),
        (b"[]", "is not a flagd file (it has no “flags”)"),
        (b'{"flags": []}', "is not a flagd file"),
        (b'{"flags": {}}', "has no flag “shop”"),
        (json.dumps(document(state="DISABLED")).encode(), "is not ENABLED"),
        (json.dumps(document("gone")).encode(), "selects no variant that it lists"),
        (json.dumps(document(variants={"v8": True})).encode(), "is not a version (text or number)"),
        (
            json.dumps(document(variants={"v8": "8", "v6": "6"})).encode(),
            "has no variant for version 7 (it has v8: 8, v6: 6)",
        ),
        (json.dumps(document(pad="x" * LARGEST)).encode(), "is larger than 1024 KiB"),
    ],
)
def test_a_file_that_cannot_be_used_is_left_alone(file: Path, content: bytes, words: str) -> None:
    """R100: a failure says exactly what is wrong, and that nothing was changed."""
    file.write_bytes(content)
    applied = apply(file)
    assert applied.outcome == Outcome.FAILED
    assert words in applied.words
    assert applied.words.endswith("nothing was changed")
    assert file.read_bytes() == content


def test_numbers_and_half_characters_that_cannot_be_kept_are_refused(file: Path) -> None:
    file.write_text(json.dumps(document()).replace("0.1", "1e999"))
    assert "holds what cannot be kept as it is" in apply(file).words
    half = json.dumps(document(), ensure_ascii=False).replace("käse", "k\\ud800äse")
    file.write_text(half)
    assert apply(file).outcome == Outcome.FAILED
    assert file.read_text() == half


def test_a_missing_file(tmp_path: Path) -> None:
    applied = apply(tmp_path / "none.json")
    assert applied.outcome == Outcome.FAILED
    assert "cannot be read (no such file or directory)" in applied.words


def test_a_directory_and_a_pipe_are_no_flag_files(tmp_path: Path) -> None:
    assert "cannot be read" in apply(tmp_path).words
    os.mkfifo(tmp_path / "pipe")
    assert "cannot be read (not a regular file)" in apply(tmp_path / "pipe").words


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), OSError(30, "Read-only file system")])
def test_a_directory_that_cannot_be_written(file: Path, error: OSError) -> None:
    before = file.read_bytes()
    for disk in (FaultyDisk(lock_fault=error), FaultyDisk(replace_fault=error)):
        applied = apply(file, disk=disk)
        assert applied.outcome == Outcome.FAILED
        assert f"cannot be written ({(error.strerror or '').lower()}); nothing was changed" in applied.words
    assert file.read_bytes() == before


def test_a_directory_that_cannot_be_written_does_not_matter_when_nothing_has_to_be_written(file: Path) -> None:
    disk = FaultyDisk(lock_fault=PermissionError(13, "Permission denied"))
    assert apply(file, desired="8", expected="7", disk=disk).outcome == Outcome.ALREADY


def test_a_full_disk_leaves_the_old_file(file: Path) -> None:
    """A real write that breaks off half way: files may grow to 64 bytes only."""
    before = file.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, limits[1]))
    try:
        applied = apply(file)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert applied.outcome == Outcome.FAILED
    assert "cannot be written (file too large)" in applied.words
    assert file.read_bytes() == before
    assert not list(file.parent.glob("*.new"))


def test_a_change_that_cannot_be_read_back_is_unknown(file: Path) -> None:
    """R100: nobody claims what nobody saw."""
    applied = apply(file, disk=FaultyDisk(read_faults={3: OSError(5, "Input/output error")}))
    assert (applied.outcome, applied.before, applied.after) == (Outcome.UNKNOWN, "8", None)
    assert "was changed, but cannot be read back" in applied.words


def test_a_change_that_the_disk_did_not_confirm_is_unknown(file: Path) -> None:
    disk = FaultyDisk(replace_fault=UnconfirmedError("the disk did not confirm the change (input/output error)"))
    disk.replaces_first = True
    applied = apply(file, disk=disk)
    assert applied.outcome == Outcome.UNKNOWN
    assert "did not confirm" in applied.words


@pytest.mark.parametrize(
    ("meanwhile", "words"),
    [
        (document("v8"), "selects version 8 a moment later"),
        ({**document("v7"), "new": 1}, "something else in"),
    ],
)
def test_somebody_writes_at_the_same_moment(file: Path, meanwhile: dict[str, Any], words: str) -> None:
    disk = FaultyDisk(before_read={3: lambda: file.write_text(json.dumps(meanwhile))})
    applied = apply(file, disk=disk)
    assert applied.outcome == Outcome.UNKNOWN
    assert words in applied.words


def test_a_link_is_followed_and_stays_a_link(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.json"
    link.symlink_to(file)
    assert apply(link).outcome == Outcome.CHANGED
    assert link.is_symlink()
    assert json.loads(file.read_text())["flags"]["shop"]["defaultVariant"] == "v7"


def test_a_disk_that_does_not_answer_is_unknown(file: Path) -> None:
    release = threading.Event()
    disk = FaultyDisk(before_read={1: lambda: release.wait(10)})

    async def hang() -> Applied:
        try:
            return await target(file, disk=disk, time_limit=0.05).apply("8", "7", "key")
        finally:
            release.set()

    applied = asyncio.run(hang())
    assert applied.outcome == Outcome.UNKNOWN
    assert "did not answer within" in applied.words


async def test_many_targets_in_one_file_do_not_lose_each_others_changes(tmp_path: Path) -> None:
    """R094: concurrent rollbacks in one file wait for each other."""
    file = tmp_path / "flags.json"
    flags = {f"s{n}": {"state": "ENABLED", "variants": {"a": "1", "b": "2"}, "defaultVariant": "b"} for n in range(20)}
    file.write_text(json.dumps({"flags": flags}))
    locks = FileLocks()
    targets = [FlagFile(str(file), name, SERVING, locks) for name in flags]
    outcomes = await asyncio.gather(*(one.apply("2", "1", one.flag) for one in targets))
    assert {one.outcome for one in outcomes} == {Outcome.CHANGED}
    assert {flag["defaultVariant"] for flag in json.loads(file.read_text())["flags"].values()} == {"a"}


async def test_processes_that_share_no_lock_object_wait_at_the_lock_file(tmp_path: Path) -> None:
    file = tmp_path / "flags.json"
    flags = {f"s{n}": {"state": "ENABLED", "variants": {"a": "1", "b": "2"}, "defaultVariant": "b"} for n in range(8)}
    file.write_text(json.dumps({"flags": flags}))
    outcomes = await asyncio.gather(*(FlagFile(str(file), name, SERVING).apply("2", "1", name) for name in flags))
    assert {one.outcome for one in outcomes} == {Outcome.CHANGED}
    assert {flag["defaultVariant"] for flag in json.loads(file.read_text())["flags"].values()} == {"a"}


async def test_reading(file: Path) -> None:
    assert await target(file).read() == "8"
    file.write_text(json.dumps(document("number")))
    assert await target(file).read() == "9"
    file.unlink()
    assert await target(file).read() is None


def test_what_it_can_do(file: Path) -> None:
    can = target(file).capabilities
    assert (can.atomic, can.reversible, can.reads_back, can.staged, can.compares_and_sets) == (
        True, True, True, False, False,
    )  # fmt: skip


def test_indentation_is_kept(file: Path) -> None:
    for indent in (1, 4, "\t"):
        file.write_text(json.dumps(document(), indent=indent, ensure_ascii=False))
        before = file.read_text()
        assert apply(file).outcome == Outcome.CHANGED
        assert file.read_text() == before.replace('"v8"\n', '"v7"\n').replace('"v8",\n', '"v7",\n')
