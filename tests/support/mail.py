"""A real mail server on loopback that keeps what it takes, and refuses what a test tells it to."""

import asyncio
import contextlib
import ssl
import warnings
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from bot.people.models import Directory

PASSWORD = "a mail password for tests"


@dataclass
class Mailbox:
    """What a mail server took, and what it says to addresses."""

    port: int = 0
    taken: list[EmailMessage] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    """What RCPT is answered for an address (`550 nobody here`) instead of 250."""
    after_data: list[str] = field(default_factory=list)
    """What the next messages are answered once they have been taken (`451 lost`)."""
    logins: list[str] = field(default_factory=list)

    def to(self, address: str) -> list[EmailMessage]:
        return [one for one in self.taken if address in one["To"]]

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.taken.append(message)
        return self.after_data.pop(0) if self.after_data else "250 OK"

    def check(self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: Any) -> AuthResult:
        self.logins.append(given.login.decode())
        return AuthResult(success=given.password == PASSWORD.encode(), handled=False)  # the server answers 535


def with_addresses(directory: Directory) -> Directory:
    """The same people, each with an address: maya@x.example."""
    people = {key: one.model_copy(update={"email": f"{key}@x.example"}) for key, one in directory.people.items()}
    return directory.model_copy(update={"people": people})


@contextlib.asynccontextmanager
async def mail_server(
    *, asks_for_password: bool = False, starttls: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Mailbox]:
    """Serve mail in this event loop: in the clear, only after STARTTLS, or over TLS from the first byte."""
    mailbox, made = Mailbox(), list[SMTP]()

    def protocol() -> SMTP:
        warnings.filterwarnings("ignore", "Requiring AUTH while not requiring TLS")  # aiosmtpd; this is loopback
        one = SMTP(
            mailbox,
            hostname="mail.test",
            auth_required=asks_for_password,
            auth_require_tls=False,
            authenticator=mailbox.check,
            tls_context=starttls,
            require_starttls=starttls is not None,
        )
        made.append(one)
        return one

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0, ssl=tls)
    async with server:
        mailbox.port = server.sockets[0].getsockname()[1]
        yield mailbox
    for one in made:
        if one.transport is not None:
            one.transport.close()
    await asyncio.sleep(0)  # connections notice that they are closed
