"""Count what is asked of a database, and how it means to answer."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, event


@dataclass
class Statements:
    """Statements in the order in which they were run, with the parameters of each (of the first, if run for many)."""

    said: list[tuple[str, Any]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.said)


@contextlib.contextmanager
def statements_of(engine: Engine) -> Iterator[Statements]:
    """Note every statement that is run meanwhile; one that is run for many rows at once counts once."""
    found = Statements()

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        found.said.append((statement, parameters[0] if many else parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)
