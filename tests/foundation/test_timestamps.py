"""T24: an authority outside signs when a checkpoint existed; whoever has its root certificates can check that."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import ValidationError

from bot.foundation import anchoring, timestamps, trail
from bot.foundation.anchoring import Anchors, Authority, TrailPolicy
from bot.foundation.clock import SystemClock
from tests.foundation.test_anchoring import Machine, machine_of
from tests.support import authority
from tests.support.clock import VirtualClock
from tests.support.stores import TRAIL_KEY, config_of

pytestmark = pytest.mark.openssl


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> authority.Authority:
    return authority.Authority.found(tmp_path_factory.mktemp("authority") / "tsa")


@asynccontextmanager
async def stamping(folder: Path, tsa: authority.Authority, roots: Path | None = None) -> AsyncIterator[Machine]:
    """A machine whose checkpoints are stamped. It tells the real time, as the authority does."""
    async with tsa.serving() as url:
        anchors = Anchors(timestamps=Authority(url=url, roots=str(roots or tsa.roots)))
        machine = machine_of(folder, VirtualClock(SystemClock().now()), anchors)
        yield machine
        machine.store.close()


async def test_a_checkpoint_is_stamped_and_the_stamp_is_checked_later(tmp_path: Path, tsa: authority.Authority) -> None:
    async with stamping(tmp_path, tsa) as machine:
        for _ in range(2):
            await machine.notes("rollback.started")
        assert (machine.anchored, machine.trouble) == (2, "")
        anchors = anchoring.read_anchors(tmp_path / "trail-timestamps.jsonl")
        moments = anchoring.stamped(anchors, tsa.roots)
        assert len(moments) == 2
        assert all(abs(moment - machine.clock.now()) < timedelta(minutes=5) for moment in moments)
        source = trail.DatabaseSource
        report = machine.store.read_now(
            lambda reading: trail.check(source(reading.session), trail.Keyring(TRAIL_KEY), anchors=anchors)
        )
        assert (report.damage, report.anchors) == (None, 2)


async def test_a_stamp_on_anything_else_is_found(tmp_path: Path, tsa: authority.Authority) -> None:
    async with stamping(tmp_path, tsa) as machine:
        for _ in range(2):
            await machine.notes("rollback.started")
    first, second = anchoring.read_anchors(tmp_path / "trail-timestamps.jsonl")
    others = authority.Authority.found(tmp_path / "others")
    late = json.loads(first.body) | {"at": "2999-01-01T00:00:00Z"}
    body = json.dumps(late).encode()
    roots = timestamps.roots_of(tsa.roots)
    from rfc3161_client import TimestampRequestBuilder

    stamp = tsa.answer(TimestampRequestBuilder().data(body).build().as_bytes())
    assert timestamps.moment_of(stamp, body, roots) < SystemClock().now() + timedelta(minutes=5)
    assert first.timestamp is not None
    for anchor, trusted, detail in (
        (replace(first, timestamp=second.timestamp), tsa.roots, "its timestamp"),
        (replace(first, timestamp=first.timestamp[:-1]), tsa.roots, "its timestamp"),
        (replace(first, timestamp=b""), tsa.roots, "its timestamp"),
        (first, others.roots, "its timestamp"),
        (trail.Anchor(body, first.signature, "kept:1", stamp), tsa.roots, "before it was made"),
    ):
        with pytest.raises(trail.DamageError, match=detail):
            anchoring.stamped([anchor], trusted)


async def test_an_authority_that_we_do_not_trust_keeps_nothing(tmp_path: Path, tsa: authority.Authority) -> None:
    others = authority.Authority.found(tmp_path / "others")
    async with stamping(tmp_path, tsa, others.roots) as machine:
        await machine.notes("rollback.started")
        machine.clock.pass_time(minutes=6)
        assert machine.anchored == 0
        assert machine.trouble.startswith("timestamps has kept nothing since ")
        assert not (tmp_path / "trail-timestamps.jsonl").exists()


@pytest.mark.parametrize(("status", "body"), [(500, b""), (302, b""), (200, b"no DER"), (200, b"x" * 70_000)])
async def test_what_is_no_timestamp_is_said(tsa: authority.Authority, status: int, body: bytes) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=status, body=body)

    app = web.Application()
    app.router.add_post("/", answer)
    async with TestServer(app) as server:
        with pytest.raises(timestamps.TimestampError):
            await timestamps.stamp(str(server.make_url("/")), b"text", timestamps.roots_of(tsa.roots))


def test_without_the_library_the_configuration_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    config = config_of(TrailPolicy(anchors=Anchors(timestamps=Authority(url="https://tsa.example/", roots="r.pem"))))
    assert timestamps.is_installed()
    assert list(anchoring.checks(config)) == []
    monkeypatch.setattr(timestamps, "is_installed", lambda: False)
    assert ["pip install 'backout[timestamps]'" in str(one) for one in anchoring.checks(config)] == [True]
    with pytest.raises(ValueError, match="pip install"):
        anchoring.stamped([], Path("r.pem"))


@pytest.mark.parametrize("url", ["tsa.example", "ftp://tsa.example/", "https://"])
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        Authority(url=url, roots="r.pem")
