"""What can go wrong on purpose. A normal no is a Refusal; everything else is a defect and is logged as one."""

from dataclasses import dataclass
from pathlib import Path


class BackoutError(Exception):
    """The root of every error that Backout raises itself."""


class Refusal(BackoutError):  # noqa: N818 - a normal no is not an error
    """A normal no, shown word for word to the one person who asked, and to nobody else.

    Attributes:
        message: One or two sentences: why not, and what to do instead.
        field: The form field (its block id) under which the message belongs, if any.
    """

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


@dataclass(frozen=True, order=True)
class Problem:
    """One thing that is wrong in `config/` or `messages/`, and how to mend it."""

    file: Path
    line: int
    what: str
    mend: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}; {self.mend}"


class ConfigError(BackoutError):
    """The configuration cannot be used; nothing starts until each problem is mended."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class StoreUnavailableError(BackoutError):
    """The database could not commit (locked, full, away). Nothing was changed; trying again is safe."""
