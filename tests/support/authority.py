"""A small timestamp authority (RFC 3161) on this machine: certificates made here, answers by `openssl ts`."""

import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.support.certificates import certificate, new_key, secret_of

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
        root_key, key = new_key(), new_key()
        root = certificate("root", "root", root_key, root_key, ca=True)
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        signer = certificate("authority", "root", key, root_key, (usage, True), ca=False)
        (folder / "roots.pem").write_bytes(root.public_bytes(Encoding.PEM))
        (folder / "signer.pem").write_bytes(signer.public_bytes(Encoding.PEM))
        (folder / "key.pem").write_bytes(secret_of(key))
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
