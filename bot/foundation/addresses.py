"""Which addresses we connect to (threat T18). Pure.

Where a model is served is up to the configuration, and is mostly inside: loopback and private networks are fine. Never
asked is what serves no model anywhere: where cloud machines keep their credentials, and addresses that mean nobody in
particular. They are refused however they are spelled, also inside an IPv6 address that leads to them.
"""

import ipaddress
from urllib.parse import urlsplit

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
METADATA = {
    ipaddress.ip_address(address) for address in ("fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "192.0.0.192")
}
"""Metadata services beside the link-local 169.254.169.254: AWS and Google over IPv6, Alibaba, Oracle."""
TRANSLATED = [ipaddress.IPv6Network(network) for network in ("64:ff9b::/96", "64:ff9b:1::/48", "::/96")]
"""IPv6 networks whose addresses end with an IPv4 address: NAT64 (RFC 6052, RFC 8215), IPv4-compatible (RFC 4291)."""


def why_not_askable(url: str) -> str | None:
    """Say why we do not ask this address which version serves, None if we may.

    It must be http or https, name a host, carry no password, and not be an address at which no model is served.
    """
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return "it is not an address"
    if parts.scheme not in ("http", "https"):
        return "only http:// and https:// can be asked"
    if not host:
        return "it names no host"
    if parts.username is not None or parts.password is not None:
        return "it must not carry a name or password"
    return why_not_reachable(host)


def why_not_reachable(host: str) -> str | None:
    """Say why we do not connect to an address; None for one we may, and for names (their addresses are asked later)."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return f"{host} is not an address that serves models" if any(map(_is_nowhere, _meanings(address))) else None


def _is_nowhere(address: IPAddress) -> bool:
    """Say whether nobody serves anything there; IPv4 has reserved addresses that reach everybody (255.255.255.255)."""
    is_reserved = address.version == 4 and address.is_reserved
    return address.is_link_local or address.is_multicast or address.is_unspecified or is_reserved or address in METADATA


def _meanings(address: IPAddress) -> list[IPAddress]:
    """Return an address and the IPv4 address that it leads to, if it is one of those that do."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    inside = address.ipv4_mapped or address.sixtofour or (address.teredo and address.teredo[1])
    if inside is None and any(address in network for network in TRANSLATED) and int(address) > 1:
        inside = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return [address, inside] if inside else [address]
