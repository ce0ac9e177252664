"""T18: which addresses are never connected to, in all the ways in which they can be written."""

import pytest

from bot.foundation.addresses import why_not_askable, why_not_reachable

NOT_ASKED = [
    "ftp://models.example/shop",
    "file:///etc/passwd",
    "gopher://models.example/",
    "dict://127.0.0.1:11211/stat",
    "ldap://127.0.0.1/",
    "jar:http://models.example!/",
    "javascript:alert(1)",
    "data:text/plain,7",
    "unix:/var/run/docker.sock",
    "models.example/shop",
    "//models.example/shop",
    "http:///shop",
    "http://",
    "http:models.example",
    "http://:80/",
    "http://user:secret@models.example/",
    "http://user@models.example/",
    "http://@169.254.169.254/",
    "http://models.example@169.254.169.254/",
    "http://169.254.169.254@models.example/",
    "http://models.example:port/",
    "http://models.example:99999/",
    "http://[::1",
    "http://169.254.169.254/latest/meta-data",
    "http://169.254.169.254:80/",
    "https://169.254.169.254/",
    "HTTP://169.254.169.254/",
    "http://169.254.169.254?x=models.example",
    "http://169.254.169.254#models.example",
    "http://169.254.170.2/v2/credentials",
    "http://169.254.0.1/",
    "http://169.254.255.255/",
    "http://[fe80::1]/",
    "http://[fe80::1%25eth0]/",
    "http://[febf::1]/",
    "http://[::ffff:169.254.169.254]/",
    "http://[::ffff:a9fe:a9fe]/",
    "http://[0:0:0:0:0:ffff:a9fe:a9fe]/",
    "http://[0000:0000:0000:0000:0000:FFFF:A9FE:A9FE]/",
    "http://[::a9fe:a9fe]/",
    "http://[::169.254.169.254]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[64:ff9b::169.254.169.254]/",
    "http://[64:ff9b:1::a9fe:a9fe]/",
    "http://[2002:a9fe:a9fe::]/",
    "http://[2002:a9fe:a9fe::1]/",
    "http://[2001:0:a9fe:a9fe::5601:5601]/",
    "http://[fd00:ec2::254]/",
    "http://[fd00:0ec2:0:0:0:0:0:0254]/",
    "http://[fd20:ce::254]/",
    "http://100.100.100.200/latest/meta-data",
    "http://[::ffff:100.100.100.200]/",
    "http://192.0.0.192/opc/v2/",
    "http://0.0.0.0/",
    "http://[::]/",
    "http://[::ffff:0.0.0.0]/",
    "http://[64:ff9b::]/",
    "http://224.0.0.1/",
    "http://239.255.255.250:1900/",
    "http://[ff02::1]/",
    "http://[::ffff:224.0.0.1]/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://[2002:ffff:ffff::1]/",
]
ASKED = [
    "http://127.0.0.1:3100/models/shop", "https://models.example/shop", "http://[::1]:8080/", "http://10.0.0.7/",
    "http://192.168.1.5/", "http://[fd12:3456::7]/", "http://[64:ff9b::a00:7]/", "http://100.64.0.1/",
]  # fmt: skip
SPELT = [
    "2852039166",
    "0xA9FEA9FE",
    "0xa9fea9fe",
    "025177524776",
    "0251.0376.0251.0376",
    "0xa9.0xfe.0xa9.0xfe",
    "169.254.43518",
    "169.16689662",
    "169.254.0xa9fe",
    "0251.254.169.254",
    "0",
    "0x0",
    "00.0.0.0",
    "0xe0000001",
    "224.1",
    "4294967295",
    "0xffffffff",
    "0x646464c8",
]
"""Numbers that the system's resolver takes for addresses of the kinds above."""


@pytest.mark.parametrize("url", NOT_ASKED)
def test_addresses_that_are_never_asked(url: str) -> None:
    assert why_not_askable(url)


@pytest.mark.parametrize("url", ASKED)
def test_addresses_that_may_be_asked(url: str) -> None:
    assert why_not_askable(url) is None


def test_a_zone_does_not_hide_an_address() -> None:
    assert why_not_reachable("fe80::1%eth0")
    assert why_not_reachable("fe80::1%25eth0")


def test_there_are_as_many_spellings_as_promised() -> None:
    assert len(NOT_ASKED) + len(SPELT) >= 60
