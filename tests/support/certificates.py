"""Certificates made here: an authority of a test's own, and what servers show from it."""

import ssl
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from bot.foundation.clock import SystemClock

A_DAY = timedelta(days=1)


def new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def certificate(
    name: str,
    issuer: str,
    key: ec.EllipticCurvePrivateKey,
    signing: ec.EllipticCurvePrivateKey,
    *more: tuple[x509.ExtensionType, bool],
    ca: bool,
    until: timedelta = A_DAY,
) -> x509.Certificate:
    """A certificate for a key by a signing one, begun two days ago; `more` are extensions, and whether critical."""
    now = SystemClock().now()
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 2 * A_DAY)
        .not_valid_after(now + until)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    for extension, critical in more:
        made = made.add_extension(extension, critical=critical)
    return made.sign(signing, hashes.SHA256())


def secret_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    """A key as PEM."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@dataclass
class ServersAuthority:
    """Signs certificates of servers. Who trusts `file` trusts them."""

    folder: Path
    name: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=new_key)

    @property
    def file(self) -> Path:
        """Its own certificate."""
        return self._kept("roots", certificate(self.name, self.name, self.key, self.key, ca=True))

    def server(self, address: str, *, until: timedelta = A_DAY) -> ssl.SSLContext:
        """What a server shows that is to be reached at this IP address."""
        key, names = new_key(), x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
        own = certificate(address, self.name, key, self.key, (names, False), ca=False, until=until)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._kept("server", own, secret_of(key)))
        return context

    def _kept(self, name: str, made: x509.Certificate, secret: bytes = b"") -> Path:
        file = self.folder / f"{self.name}-{name}.pem"
        file.write_bytes(made.public_bytes(Encoding.PEM) + secret)
        return file
