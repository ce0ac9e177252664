"""A flag in a flagd file (https://flagd.dev/reference/flag-definitions/) as the target of a rollback.

    {"flags": {"shop": {"state": "ENABLED", "variants": {"v7": "7", "v8": "8"}, "defaultVariant": "v8"}}}

The version that stands there is the value of the default variant. It is changed by writing a new file beside the old
one and renaming it: whoever reads sees the old file or the new one. flagd reloads it by itself.

    read ──▶ already there?  nothing to do
         ──▶ lock, read again ──▶ as expected? ──▶ write beside, sync, rename, sync directory ──▶ read back
                              ╰─▶ something else: nothing is written, people are asked
"""

import asyncio
import contextlib
import fcntl
import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from bot.foundation.config import digest
from bot.foundation.errors import BackoutError
from bot.rollback.rules import CAPABILITIES, Capabilities, converge
from bot.rollback.targets.contract import Applied, Outcome
from bot.rollback.targets.serving import ServingProcess

LARGEST = 1024 * 1024
TIME_LIMIT = 30.0


class UnusableError(BackoutError):
    """The file does not say which version stands there, or cannot be changed. Nothing was changed."""


class UnconfirmedError(BackoutError):
    """The new file stands in the place of the old one, but the disk did not confirm that it will stay."""


class Disk(Protocol):
    """The one seam to the file system. Blocking; called in a thread. Every method raises OSError."""

    def read(self, path: Path, most: int) -> bytes:
        """Return a regular file's bytes, at most so many."""
        ...

    def locked(self, path: Path) -> contextlib.AbstractContextManager[None]:
        """Keep other processes of ours from changing this file."""
        ...

    def replace(self, path: Path, content: bytes, key: str) -> None:
        """Put a new file in the place of one, with its mode (UnconfirmedError if it may not survive a power cut)."""
        ...


class RealDisk:
    """The file system."""

    def read(self, path: Path, most: int) -> bytes:
        """Return a regular file's bytes, at most so many."""
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise OSError(0, "not a regular file")
            return file.read(most)

    @contextlib.contextmanager
    def locked(self, path: Path) -> Iterator[None]:
        """Lock a file that is never replaced, beside the one that is. The system lets go of it if we die."""
        beside = path.with_name(f".{path.name}.lock")
        descriptor = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def replace(self, path: Path, content: bytes, key: str) -> None:
        """Write beside, sync, rename. An attempt that died left its file under the same key; it is overwritten."""
        beside = path.with_name(f".{path.name}.{hashlib.sha256(key.encode()).hexdigest()[:12]}.new")
        mode = stat.S_IMODE(path.stat().st_mode)
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
            with os.fdopen(os.open(beside, flags, 0o600), "wb") as file:
                os.fchmod(file.fileno(), mode)
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(path)
        except OSError:
            beside.unlink(missing_ok=True)
            raise
        self._sync(path.parent)

    def _sync(self, directory: Path) -> None:
        try:
            descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise UnconfirmedError(f"the disk did not confirm the change ({_reason(error)})") from error


class FileLocks:
    """Lets effects of this process wait for each other where they change the same file."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}

    def of(self, path: Path) -> asyncio.Lock:
        """Return the lock of a file, by whatever path it is reached."""
        return self._locks.setdefault(os.path.realpath(path), asyncio.Lock())


@dataclass(frozen=True)
class Look:
    """A flag file as it was read, and what the flag in it selects.

    Attributes:
        rest: Digest of everything but which variant is selected.
    """

    path: Path
    text: str
    document: dict[str, Any]
    flag: str
    variant: str
    version: str
    sha256: str
    rest: str

    def selecting(self, version: str) -> bytes:
        """Return the file as it must be for the flag to select a version; the rest stays as it is."""
        definition = self.document["flags"][self.flag]
        variant = next((name for name, value in definition["variants"].items() if _version(value) == version), None)
        if variant is None:
            known = ", ".join(f"{name}: {_version(value)}" for name, value in definition["variants"].items())
            raise UnusableError(f"the flag “{self.flag}” has no variant for version {version} (it has {known})")
        changed = {**self.document, "flags": {**self.document["flags"]}}
        changed["flags"][self.flag] = {**definition, "defaultVariant": variant}
        indent = re.search(r'\n([ \t]+)"', self.text)
        text = json.dumps(changed, indent=indent.group(1) if indent else 2, ensure_ascii=self.text.isascii())
        try:
            return (text + "\n" * self.text.endswith("\n")).encode()
        except UnicodeEncodeError:
            raise UnusableError(f"{self.path} contains half a character (a lone surrogate)") from None


@dataclass(frozen=True)
class FlagFile:
    """A flag in a flagd file, and the process that serves by it."""

    file: str
    flag: str
    serving: ServingProcess
    locks: FileLocks = field(default_factory=FileLocks)
    disk: Disk = field(default_factory=RealDisk)
    time_limit: float = TIME_LIMIT

    @property
    def capabilities(self) -> Capabilities:
        """What a flag file can do."""
        return CAPABILITIES["flag_file"]

    async def read(self) -> str | None:
        """Return the version that the flag selects now, None if the file does not say."""
        try:
            return (await asyncio.wait_for(asyncio.to_thread(self._look), self.time_limit)).version
        except (UnusableError, TimeoutError):
            return None

    async def apply(self, expected: str, desired: str, key: str) -> Applied:
        """Let the flag select another version, if it selects the expected one."""
        async with self.locks.of(Path(self.file)):
            try:
                doing = asyncio.to_thread(self._apply, expected, desired, key)
                return await asyncio.wait_for(doing, self.time_limit)
            except UnusableError as error:
                return Applied(Outcome.FAILED, None, None, f"{error}; nothing was changed")
            except TimeoutError:
                words = f"the disk did not answer within {self.time_limit:.0f} seconds; it may still change {self.file}"
                return Applied(Outcome.UNKNOWN, None, None, words)

    async def ask_serving(self, times: int) -> Sequence[str | None]:
        """Ask the serving process so many times which version answers."""
        return await self.serving.ask(times)

    def _apply(self, expected: str, desired: str, key: str) -> Applied:
        seen = self._look()
        if converge(seen.version, expected, desired) == "already":
            return self._untouched(seen, expected, desired)
        with self._locked(seen.path):
            seen = self._look()
            if converge(seen.version, expected, desired) != "change":
                return self._untouched(seen, expected, desired)
            return self._change(seen, desired, key)

    def _untouched(self, seen: Look, expected: str, desired: str) -> Applied:
        if converge(seen.version, expected, desired) == "already":
            words = f"{self._flag} selected version {desired} already; nothing was written"
            return Applied(Outcome.ALREADY, seen.version, seen.version, words, _evidence(seen, seen))
        words = (
            f"somebody changed it: {self._flag} selects version {seen.version}, not version {expected} as the plan "
            "expects; nothing was changed"
        )
        return Applied(Outcome.DRIFT, seen.version, seen.version, words, _evidence(seen, seen))

    def _change(self, seen: Look, desired: str, key: str) -> Applied:
        content = seen.selecting(desired)
        try:
            self.disk.replace(seen.path, content, key)
        except UnconfirmedError as error:
            return Applied(Outcome.UNKNOWN, seen.version, None, f"{self._flag} was changed, but {error}")
        except OSError as error:
            raise UnusableError(f"{self.file} cannot be written ({_reason(error)})") from error
        try:
            after = self._look()
        except UnusableError as error:
            words = f"{self._flag} was changed, but cannot be read back: {error}"
            return Applied(Outcome.UNKNOWN, seen.version, None, words, {"sha256_before": seen.sha256})
        return self._compared(seen, after, desired)

    def _compared(self, before: Look, after: Look, desired: str) -> Applied:
        evidence = _evidence(before, after)
        if after.version != desired:
            words = (
                f"{self._flag} was set to version {desired}, but selects version {after.version} a moment later: "
                "somebody else changes it, too"
            )
            return Applied(Outcome.UNKNOWN, before.version, after.version, words, evidence)
        if before.rest != after.rest:
            words = f"{self._flag} selects version {desired}, but something else in {self.file} changed meanwhile"
            return Applied(Outcome.UNKNOWN, before.version, after.version, words, evidence)
        words = f"{self._flag} selects version {desired} now instead of version {before.version}; the rest is unchanged"
        return Applied(Outcome.CHANGED, before.version, after.version, words, evidence)

    @property
    def _flag(self) -> str:
        return f"the flag “{self.flag}” in {self.file}"

    def _look(self) -> Look:
        path = Path(os.path.realpath(self.file))
        try:
            content = self.disk.read(path, LARGEST + 1)
        except OSError as error:
            raise UnusableError(f"{self.file} cannot be read ({_reason(error)})") from error
        if len(content) > LARGEST:
            raise UnusableError(f"{self.file} is larger than {LARGEST // 1024} KiB")
        return self._look_at(path, content)

    def _look_at(self, path: Path, content: bytes) -> Look:
        try:
            text = content.decode()
            document = json.loads(text, object_pairs_hook=_once_each, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise UnusableError(f"{self.file} is not JSON ({_parser_words(error)})") from None
        variant, version = _selected(document, self.flag, self.file)
        return Look(
            path, text, document, self.flag, variant, version,
            hashlib.sha256(content).hexdigest(), self._rest(document),
        )  # fmt: skip

    def _rest(self, document: dict[str, Any]) -> str:
        definition = {**document["flags"][self.flag], "defaultVariant": None}
        try:
            return digest({**document, "flags": {**document["flags"], self.flag: definition}})
        except (ValueError, RecursionError) as error:
            raise UnusableError(f"{self.file} holds what cannot be kept as it is ({_parser_words(error)})") from None

    @contextlib.contextmanager
    def _locked(self, path: Path) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(self.disk.locked(path))
            except OSError as error:
                raise UnusableError(f"{self.file} cannot be written ({_reason(error)})") from error
            yield


def _selected(document: Any, flag: str, file: str) -> tuple[str, str]:
    """Return the variant that a flag selects, and its version (UnusableError if it does not say)."""
    flags = document.get("flags") if isinstance(document, dict) else None
    if not isinstance(flags, dict):
        raise UnusableError(f"{file} is not a flagd file (it has no “flags”)")
    definition = flags.get(flag)
    if not isinstance(definition, dict):
        raise UnusableError(f"{file} has no flag “{flag}”")
    if definition.get("state") != "ENABLED":
        raise UnusableError(f"the flag “{flag}” in {file} is not ENABLED")
    variants, chosen = definition.get("variants"), definition.get("defaultVariant")
    if not isinstance(variants, dict) or not isinstance(chosen, str) or chosen not in variants:
        raise UnusableError(f"the flag “{flag}” in {file} selects no variant that it lists")
    version = _version(variants[chosen])
    if version is None:
        raise UnusableError(f"the variant “{chosen}” of the flag “{flag}” in {file} is not a version (text or number)")
    return chosen, version


def _version(value: Any) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else None


def _evidence(before: Look, after: Look) -> dict[str, Any]:
    return {
        "variant_before": before.variant,
        "variant_after": after.variant,
        "sha256_before": before.sha256,
        "sha256_after": after.sha256,
        "rest_unchanged": before.rest == after.rest,
    }


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a key that stands twice: writing the file again would drop one of the two."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number in JSON")


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _parser_words(error: Exception) -> str:
    if isinstance(error, UnicodeError):
        return "not UTF-8"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)
