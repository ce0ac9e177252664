"""E-mail: one message for each person with everything they are to know, over TLS unless the configuration says no.

A lost answer may leave one message sent twice; both have the same Message-ID, by which mail programs show one.
"""

import asyncio
from collections.abc import Sequence
from email.headerregistry import Address
from email.message import EmailMessage

import aiosmtplib

from bot.comms.models import SmtpSettings
from bot.comms.routes.contract import Addressee, Batch, Delivered, Letter
from bot.comms.rules.fallback import body, one_line
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
            why = _why(error)
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
            self._note(found, person, refused.code, _why(refused))
        except aiosmtplib.SMTPResponseException as error:
            self._note(found, person, error.code, _why(error))
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


def _why(error: BaseException) -> str:
    """Say what was wrong in one line, without anything that could be a secret of ours."""
    return one_line(f"{type(error).__name__}: {error}")[:300]
