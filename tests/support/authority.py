"""A small timestamp authority (RFC 3161) on this machine: certificates made here, answers by `openssl ts`."""

import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from bot.foundation.clock import SystemClock

CONFIG = """
[tsa]
default_tsa = here
[here]
serial = {folder}/serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
ess_cert_id_alg = sha256
"""


@dataclass
class Authority:
    """Keys and certificates in a folder. It tells the machine's own time, as real ones do."""

    folder: Path

    @classmethod
    def found(cls, folder: Path) -> "Authority":
        """Make a root, and a certificate for timestamps that it signed."""
        folder.mkdir()
        root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        root = _certificate("root", "root", root_key, root_key, ca=True)
        signer = _certificate("authority", "root", key, root_key, ca=False)
        (folder / "roots.pem").write_bytes(root.public_bytes(Encoding.PEM))
        (folder / "signer.pem").write_bytes(signer.public_bytes(Encoding.PEM))
        (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        (folder / "config").write_text(CONFIG.format(folder=folder))
        return cls(folder)

    @property
    def roots(self) -> Path:
        return self.folder / "roots.pem"

    def answer(self, query: bytes) -> bytes:
        """Sign what is asked."""
        (self.folder / "query").write_bytes(query)
        given = {"queryfile": "query", "inkey": "key.pem", "signer": "signer.pem", "config": "config"}
        arguments = [part for name, file in given.items() for part in (f"-{name}", str(self.folder / file))]
        command = ["openssl", "ts", "-reply", *arguments, "-section", "here"]
        return subprocess.run(command, check=True, capture_output=True).stdout

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Answer over HTTP; yields the address."""

        async def stamp(request: web.Request) -> web.Response:
            return web.Response(body=self.answer(await request.read()), content_type="application/timestamp-reply")

        app = web.Application()
        app.router.add_post("/tsr", stamp)
        async with TestServer(app) as server:
            yield str(server.make_url("/tsr"))


def _certificate(
    name: str, issuer: str, key: ec.EllipticCurvePrivateKey, signing: ec.EllipticCurvePrivateKey, *, ca: bool
) -> x509.Certificate:
    now = SystemClock().now()
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if not ca:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        made = made.add_extension(usage, critical=True)
    return made.sign(signing, hashes.SHA256())
