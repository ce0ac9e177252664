"""E-mail: one message for each person with everything they are to know, over TLS unless the configuration says no.

A lost answer may leave one message sent twice; both have the same Message-ID, by which mail programs show one.
"""

import asyncio
from base64 import b64encode
from collections.abc import Sequence
from email.headerregistry import Address
from email.message import EmailMessage

import aiosmtplib

from bot.comms.models import SmtpSettings
from bot.comms.routes.contract import Addressee, Batch, Delivered, Letter
from bot.comms.rules.fallback import body, one_line
from bot.foundation import redaction
from bot.foundation.config import digest

SECONDS_FOR_A_COMMAND = 20.0
SECONDS_FOR_A_BATCH = 120.0
REFUSED_FOR_GOOD = 500
"""Replies from here on are for good, smaller ones for now (RFC 5321, section 4.2.1)."""


class SmtpRoute:
    """Hands e-mail to one server."""

    def __init__(self, settings: SmtpSettings, password: str) -> None:
        self._settings = settings
        self._password = password
        self._secrets = _as_sent(settings.user, password)

    async def deliver(self, batch: Batch) -> Delivered:
        """Send one message to everybody who has an address, over one connection."""
        found = Delivered()
        wanted = list(batch.by_address())
        if not wanted:
            return found
        try:
            async with asyncio.timeout(SECONDS_FOR_A_BATCH), self._connection() as server:
                for person, letters in wanted:
                    await self._send(server, batch, person, letters, found)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            settled = {*found.done, *found.refused, *found.failed}
            why = self._why(error)
            found.failed |= {person.address: why for person, _letters in wanted if person.address not in settled}
        return found

    def _connection(self) -> aiosmtplib.SMTP:
        settings = self._settings
        return aiosmtplib.SMTP(
            hostname=settings.host,
            port=settings.port,
            username=settings.user or None,
            password=self._password if settings.user else None,
            use_tls=settings.security == "tls",
            start_tls=settings.security == "starttls",
            timeout=SECONDS_FOR_A_COMMAND,
        )

    async def _send(
        self, server: aiosmtplib.SMTP, batch: Batch, person: Addressee, letters: Sequence[Letter], found: Delivered
    ) -> None:
        try:
            await server.send_message(self.message(batch, person, letters))
        except aiosmtplib.SMTPRecipientsRefused as error:
            (refused,) = error.recipients
            self._note(found, person, refused.code, self._why(refused))
        except aiosmtplib.SMTPResponseException as error:
            self._note(found, person, error.code, self._why(error))
        else:
            found.done.append(person.address)

    def _note(self, found: Delivered, person: Addressee, code: int, why: str) -> None:
        (found.refused if code >= REFUSED_FOR_GOOD else found.failed)[person.address] = why

    def message(self, batch: Batch, person: Addressee, letters: Sequence[Letter]) -> EmailMessage:
        """Return the one e-mail with everything that somebody is to read."""
        message = EmailMessage()
        domain = self._settings.sender.partition("@")[2]
        message["From"] = Address("Backout", addr_spec=self._settings.sender)
        message["To"] = Address(one_line(person.name), addr_spec=person.address)
        subjects = ", ".join(dict.fromkeys(letter.subject for letter in letters))
        message["Subject"] = one_line(f"Backout, while Slack is away: {subjects}")
        message["Message-ID"] = f"<{digest([batch.id, person.address]).partition(':')[2][:40]}@{domain}>"
        message["Auto-Submitted"] = "auto-generated"  # nobody's holiday reply should answer this (RFC 3834)
        message.set_content(body(batch.since, [(letter.at, letter.text) for letter in letters]))
        return message

    def _why(self, error: BaseException) -> str:
        """Say what was wrong in one line. A server may repeat anything that it was sent: no secret of it stays."""
        said = f"{type(error).__name__}: {error}"
        for secret in self._secrets:
            said = said.replace(secret, redaction.HIDDEN)
        return one_line(redaction.text(said))[:300]


def _as_sent(user: str, password: str) -> list[str]:
    """Return a password in each form in which it crosses the line: AUTH PLAIN (RFC 4616) and AUTH LOGIN."""
    plain, login = f"\0{user}\0{password}", password
    return [password, *(b64encode(text.encode()).decode() for text in (plain, login))] if password else []
