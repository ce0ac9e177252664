"""How a message leaves when Slack is away, behind one small interface."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True)
class Addressee:
    """Somebody who is to know: Slack id, name, and an address for routes that need one ('' if none is known)."""

    id: str
    name: str
    address: str = ""


@dataclass(frozen=True)
class Letter:
    """One message that people were to get in Slack.

    Attributes:
        id: The same however often it is sent.
        at: When it was made, ISO 8601 in UTC.
        subject: The incident.
        to: Whom it asks something of.
        text: Plain text.
    """

    id: str
    at: str
    subject: str
    to: Sequence[Addressee]
    text: str


@dataclass(frozen=True)
class Batch:
    """Letters that leave together.

    Attributes:
        id: The same at every attempt.
        since: Since when Slack has taken nothing, ISO 8601 in UTC.
        letters: In the order in which they were made.
        also_to: Who gets every letter, whoever it is for.
        done: Addresses for which this batch has been settled at an earlier attempt.
    """

    id: str
    since: str
    letters: Sequence[Letter]
    also_to: Sequence[Addressee] = ()
    done: Sequence[str] = ()

    def by_address(self) -> Iterator[tuple[Addressee, list[Letter]]]:
        """Yield everybody who has an address and what they are to read, without those who are done."""
        found: dict[str, tuple[Addressee, list[Letter]]] = {}
        for letter in self.letters:
            for one in {person.address: person for person in (*letter.to, *self.also_to) if person.address}.values():
                found.setdefault(one.address, (one, []))[1].append(letter)
        yield from (pair for address, pair in found.items() if address not in self.done)

    def as_json(self) -> dict[str, Any]:
        """Return it as it is kept in the outbox."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Batch":
        """Read it as it was kept."""
        letters = [Letter(**{**one, "to": _people(one["to"])}) for one in kept["letters"]]
        return cls(kept["id"], kept["since"], letters, _people(kept["also_to"]), tuple(kept["done"]))


@dataclass
class Delivered:
    """What came of one attempt.

    Attributes:
        done: Addresses (for a file: its path) that have it.
        refused: Addresses that will never take it, and why.
        failed: Addresses to try again, and why it failed.
    """

    done: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


class Route(Protocol):
    """One way to people besides Slack."""

    async def deliver(self, batch: Batch) -> Delivered:
        """Send a batch; whatever goes wrong outside is in the answer, nothing is raised for it.

        The same batch may come again after a crash or a failure: whoever has it already should not get it twice, as
        far as the other side lets us know.
        """
        ...


def _people(kept: Sequence[Mapping[str, str]]) -> tuple[Addressee, ...]:
    return tuple(Addressee(**one) for one in kept)
