"""Timestamps (RFC 3161): an authority outside signs that a checkpoint existed at a moment. An extra, off by default.

The authority gets a digest and nothing else. Its answer carries its signature and its certificate, so whoever has the
authority's root certificates can check it later, without the authority and without us. The library that reads and
checks answers is `rfc3161-client`; it comes with `pip install 'backout[timestamps]'`.
"""

import importlib.util
from datetime import datetime, timedelta
from pathlib import Path

import aiohttp
from cryptography import x509

MOST_BYTES = 65_536
ANSWERS_WITHIN = 10.0
SKEW = timedelta(minutes=5)
"""So far our clock may be ahead of the authority's."""
INSTALL = "pip install 'backout[timestamps]'"


class TimestampError(Exception):
    """An answer that is no timestamp of what was asked, or not from whom we trust."""


def is_installed() -> bool:
    """Say whether the extra is there."""
    return importlib.util.find_spec("rfc3161_client") is not None


def roots_of(path: Path) -> list[x509.Certificate]:
    """Read root certificates in PEM (ValueError, OSError: there are none)."""
    return x509.load_pem_x509_certificates(path.read_bytes())


async def stamp(url: str, text: bytes, roots: list[x509.Certificate]) -> bytes:
    """Have an authority sign that a text exists now; returns its whole answer in DER, checked.

    Raises:
        TimestampError: when the answer is not what was asked for.
        aiohttp.ClientError, TimeoutError: when there is none.
    """
    from rfc3161_client import TimestampRequestBuilder

    request = TimestampRequestBuilder().data(text).build()
    headers = {"Content-Type": "application/timestamp-query"}
    timeout = aiohttp.ClientTimeout(total=ANSWERS_WITHIN)
    async with (
        aiohttp.ClientSession(timeout=timeout, trust_env=True) as session,
        session.post(url, data=request.as_bytes(), headers=headers, allow_redirects=False) as answer,
    ):
        if answer.status != 200:
            raise TimestampError(f"the authority answered with HTTP {answer.status}")
        given = b""
        async for piece in answer.content.iter_any():
            given += piece
            if len(given) > MOST_BYTES:
                raise TimestampError("the authority's answer is too long")
    moment_of(given, text, roots, nonce=request.nonce)
    return given


def moment_of(answer: bytes, text: bytes, roots: list[x509.Certificate], *, nonce: int | None = None) -> datetime:
    """Return the moment at which, as an authority signed, a text existed (TimestampError if that is not so)."""
    from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response

    try:
        said = decode_timestamp_response(answer)
        VerifierBuilder(roots=roots, nonce=nonce).build().verify_message(said, text)
        moment: datetime = said.tst_info.gen_time
    except (VerificationError, ValueError) as error:
        raise TimestampError(str(error)[:200]) from None
    return moment
