"""What the verifier reads, byte for byte as it stands, and what it answers."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

ERASED, PURGED, POLICY, ITSELF = "privacy.erased", "trail.purged", "policy.changed", "trail"
"""What is recorded about the trail itself: these actions, under this subject."""
SALT = 16
"""Bytes of salt before an entry's words."""
DamageKind = Literal[
    "changed", "missing", "reordered", "payload changed", "payload missing", "head", "checkpoint", "anchor", "policy"
]


@dataclass(frozen=True)
class Damage:
    """The first place where the trail is not what was written."""

    seq: int
    kind: DamageKind
    detail: str

    def __str__(self) -> str:
        where = f"entry {self.seq}: " if self.seq else ""
        return f"{where}{self.kind}: {self.detail}"


class DamageError(Exception):
    """Raised at the first damage; `check` turns it into its report."""

    def __init__(self, seq: int, kind: DamageKind, detail: str) -> None:
        super().__init__(detail)
        self.damage = Damage(seq, kind, detail)


Row = tuple[int, bytes, bytes, int, bytes | None, bytes | None, bytes | None]
"""A `Stored` without the names: a million of these are read at a time."""


class Stored(NamedTuple):
    """One entry and its payload, byte for byte as they stand."""

    seq: int
    body: bytes
    mac: bytes
    key_id: int
    salt: bytes | None
    words: bytes | None
    subject: bytes | None


@dataclass(frozen=True, slots=True)
class Sealed:
    """One checkpoint, byte for byte as it stands."""

    seq: int
    number: int
    body: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """What the head row says: the last entry, its MAC and epoch, and the last entry under a checkpoint."""

    seq: int
    mac: bytes
    key_id: int
    sealed: int


@dataclass(frozen=True, slots=True)
class Anchor:
    """A checkpoint as somebody else kept it, where it was read (`anchors.jsonl:7`), and a timestamp on it, if any."""

    body: bytes
    signature: bytes
    place: str
    timestamp: bytes | None = None


class Source(Protocol):
    """A trail to be checked: a database, or an exported file."""

    def head(self) -> Head | None:
        """Return what the head row says, None if it is gone."""
        ...

    def checkpoints(self) -> Iterable[Sealed]:
        """Return all checkpoints in order."""
        ...

    def about_itself(self) -> Iterable[Stored]:
        """Return the entries whose subject is the trail itself, in order."""
        ...

    def entries(self) -> Iterator[Row]:
        """Return every entry in order, without a lower bound: a forged entry 0 has to be seen, too."""
        ...


@dataclass(frozen=True, slots=True)
class Recorded:
    """A configuration that a process started under: from which entry on, when, which Backout, each file's digest."""

    seq: int
    at: str
    version: str
    files: dict[str, str]


@dataclass
class Report:
    """What was found.

    Attributes:
        whole: Entries that are what was written (before the damage, if there is any).
        damage: The first damage.
        last: Number of the last entry.
        erased: Entries among the whole whose words are erased, as recorded.
        purged: All entries up to this one are purged, as recorded.
        sealed: All entries up to this one are under a checkpoint.
        open: Entries that nobody can check without the key: under no checkpoint yet.
        anchors: Anchors that fit.
        public: The first public key, in hexadecimal.
        policies: Configurations that are recorded, oldest first.
        unrecorded: Entries that name a policy which no entry before them records.
    """

    whole: int = 0
    damage: Damage | None = None
    last: int = 0
    erased: int = 0
    purged: int = 0
    sealed: int = 0
    open: int = 0
    anchors: int = 0
    public: str = ""
    policies: list[Recorded] = field(default_factory=list)
    unrecorded: int = 0
