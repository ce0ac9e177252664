"""E-mail, against a real server on loopback."""

from base64 import b64encode
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import unused_port

from bot.comms.models import SmtpSettings
from bot.comms.routes import Addressee, Letter, SmtpRoute
from tests.comms.routes.samples import MAYA, PAGE, TOMAS, batch
from tests.support.certificates import A_DAY, ServersAuthority
from tests.support.mail import PASSWORD, Mailbox, mail_server


def route(port: int, *, password: str = "", **more: Any) -> SmtpRoute:
    given = {"kind": "smtp", "name": "mail", "host": "127.0.0.1", "port": port, "security": "none"}
    return SmtpRoute(SmtpSettings.model_validate({**given, "sender": "backout@meridian.example", **more}), password)


async def test_each_person_gets_one_message_with_all_that_is_for_them() -> None:
    """F3, R114: what is asked stands in it, and that nothing is decided by answering."""
    async with mail_server() as mailbox:
        outcome = await route(mailbox.port).deliver(batch())
    assert sorted(outcome.done) == [MAYA.address, TOMAS.address]
    (for_maya,) = mailbox.to(MAYA.address)
    assert for_maya["From"] == "Backout <backout@meridian.example>"
    assert for_maya["To"] == "Maya Lindqvist <maya@meridian.example>"
    assert for_maya["Subject"] == "Backout, while Slack is away: INC-1"
    assert for_maya["Auto-Submitted"] == "auto-generated"
    text = for_maya.get_content()
    assert "since 2026-11-21 08:58 UTC" in text
    assert "Nothing can be decided by answering it" in text
    assert "please acknowledge by ten" in text
    assert "Approval needed" in text
    assert "please acknowledge by ten" not in mailbox.to(TOMAS.address)[0].get_content()


async def test_the_password_is_given_to_a_server_that_asks_for_it() -> None:
    async with mail_server(asks_for_password=True) as mailbox:
        assert (await route(mailbox.port, user="backout", password=PASSWORD).deliver(batch())).done
        wrong = await route(mailbox.port, user="backout", password="wrong").deliver(batch())
    assert mailbox.logins == ["backout"] * len(mailbox.logins)
    assert set(wrong.failed) == {MAYA.address, TOMAS.address}
    assert "wrong" not in str(wrong)


@pytest.mark.parametrize(
    "said", [PASSWORD, b64encode(f"\0backout\0{PASSWORD}".encode()).decode(), b64encode(PASSWORD.encode()).decode()]
)
async def test_what_a_server_repeats_is_not_kept(said: str) -> None:
    """F15, T25: why a message was refused goes into the trail and the log."""
    async with mail_server(asks_for_password=True) as mailbox:
        mailbox.answers = {MAYA.address: f"550 {said} is not here, token=abcdef123", TOMAS.address: f"451 {said} later"}
        outcome = await route(mailbox.port, user="backout", password=PASSWORD).deliver(batch())
    assert "550" in outcome.refused[MAYA.address]
    assert "451" in outcome.failed[TOMAS.address]
    assert said not in str(outcome)
    assert "abcdef123" not in str(outcome)


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_nothing_is_sent_without_tls_unless_the_configuration_says_so(security: str) -> None:
    """The default: a server that offers none gets neither words nor password."""
    async with mail_server(asks_for_password=True) as mailbox:
        outcome = await route(mailbox.port, security=security, user="backout", password=PASSWORD).deliver(batch())
    assert outcome.done == []
    assert set(outcome.failed) == {MAYA.address, TOMAS.address}
    assert mailbox.taken == []
    assert mailbox.logins == []


@dataclass
class Shown:
    """A server's certificate, and why it is not believed."""

    address: str
    authority: str = "authority"
    until: timedelta = A_DAY
    why: str = ""


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize(
    "server",
    [
        Shown("127.0.0.1"),
        Shown("127.0.0.1", authority="another", why="unable to get local issuer certificate"),
        Shown("127.0.0.2", why="IP address mismatch"),
        Shown("127.0.0.1", until=-A_DAY, why="certificate has expired"),
    ],
    ids=["right", "unknown authority", "another host", "expired"],
)
async def test_mail_goes_only_to_a_server_whose_certificate_is_right(
    security: str, server: Shown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T25: an authority of one's own is trusted as everywhere, by SSL_CERT_FILE; nobody else gets a word."""
    signs = {name: ServersAuthority(tmp_path, name) for name in ("authority", "another")}
    monkeypatch.setenv("SSL_CERT_FILE", str(signs["authority"].file))
    context = signs[server.authority].server(server.address, until=server.until)
    async with mail_server(asks_for_password=True, **{security: context}) as mailbox:
        outcome = await route(mailbox.port, security=security, user="backout", password=PASSWORD).deliver(batch())
    both = {MAYA.address, TOMAS.address}
    assert (set(outcome.done), set(outcome.failed)) == ((set(), both) if server.why else (both, set()))
    assert all(server.why in why for why in outcome.failed.values())
    assert (len(mailbox.taken), len(mailbox.logins)) == ((0, 0) if server.why else (2, 1))


async def test_who_is_refused_for_good_is_not_tried_again_and_others_get_theirs() -> None:
    async with mail_server() as mailbox:
        mailbox.answers = {MAYA.address: "550 nobody of that name", TOMAS.address: "450 busy"}
        outcome = await route(mailbox.port).deliver(batch(also_to=(Addressee("U1", "Ops", "ops@meridian.example"),)))
    assert outcome.done == ["ops@meridian.example"]
    assert "nobody of that name" in outcome.refused[MAYA.address]
    assert "busy" in outcome.failed[TOMAS.address]


async def test_what_is_sent_again_has_the_same_id() -> None:
    """A lost answer may leave two messages; mail programs show one of them."""
    async with mail_server() as mailbox:
        mailbox.after_data = ["451 I forgot what I was doing"]
        first = await route(mailbox.port).deliver(batch(PAGE))
        second = await route(mailbox.port).deliver(batch(PAGE))
    assert (list(first.failed), second.done) == ([MAYA.address], [MAYA.address])
    one, two = mailbox.taken
    assert one["Message-ID"] == two["Message-ID"]


async def test_a_server_that_is_away_is_tried_again() -> None:
    outcome = await route(unused_port()).deliver(batch())
    assert set(outcome.failed) == {MAYA.address, TOMAS.address}


HOSTILE = "Maya\r\nBcc: everybody@evil.example\r\n\r\n<!channel> \x00\u202e"


async def test_no_text_becomes_a_header() -> None:
    """T: a name, an incident or a text that tries to add headers or recipients stays text."""
    person = Addressee("U1", HOSTILE, MAYA.address)
    letter = Letter("page:1", PAGE.at, f"INC-1{HOSTILE}", [person], HOSTILE)
    async with mail_server() as mailbox:
        await route(mailbox.port).deliver(batch(letter))
    (message,) = mailbox.taken
    assert message["Bcc"] is None
    assert "\n" not in message["Subject"] + message["To"]
    assert set(message.keys()) == {
        "From", "To", "Subject", "Message-ID", "Auto-Submitted", "Content-Type", "Content-Transfer-Encoding",
        "MIME-Version", "X-Peer", "X-MailFrom", "X-RcptTo",
    } & {*message.keys()} | {"From", "To", "Subject"}  # fmt: skip


async def test_nobody_to_tell_needs_no_server() -> None:
    nobody = Letter(PAGE.id, PAGE.at, PAGE.subject, [], PAGE.text)
    outcome = await route(unused_port()).deliver(batch(nobody))
    assert (outcome.done, outcome.failed) == ([], {})
    assert Mailbox().taken == []
