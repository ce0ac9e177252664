"""Anchors: the trail's newest checkpoint, kept where whoever can write to the database cannot reach.

Every minute or hundred entries, and at once after a rollback was carried out, words erased, entries purged or a policy
changed, a checkpoint is made. It leaves through the outbox, on every route that `config/trail.yaml` names:

    sweep: trail.seal ──▶ outbox ──▶ file, syslog, timestamps: the newest one (a route that was away gets the newest)
                                └──▶ Slack audit channel: each checkpoint

A route that has not confirmed a checkpoint for five minutes turns `/readyz` red.
"""

import asyncio
import json
import logging
import os
import socket
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from logging.handlers import SysLogHandler
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import aiohttp
from cryptography import x509
from pydantic import AfterValidator, Field
from sqlmodel import col, select

from bot.foundation import timestamps, trail
from bot.foundation.blocks import Markup, Message, mrkdwn, section
from bot.foundation.config import Config, Settings
from bot.foundation.errors import Problem
from bot.foundation.models import OutboxRow, OutboxState, TrailAnchor, TrailCheckpoint, TrailHead
from bot.foundation.outbox import Effect, Outgoing, Payload, Post, Sweep
from bot.foundation.work import Lane, Reading, Work

AGAIN = timedelta(seconds=10)
ANSWER_SECONDS = 10.0


def _is_syslog(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme not in ("udp", "tcp") or not parts.hostname or not parts.port:
        raise ValueError("write udp://host:514 or tcp://host:601")
    return address


class Authority(Settings):
    """Who signs that a checkpoint existed at a moment (RFC 3161), and where its answers are kept."""

    url: Annotated[str, Field(pattern=r"^https?://[^\s/]+\S*$")]
    roots: str
    file: str = "trail-timestamps.jsonl"


class Anchors(Settings):
    """Where checkpoints are kept outside the database."""

    file: str | None = None
    syslog: Annotated[str, AfterValidator(_is_syslog)] | None = None
    channel: Annotated[str, Field(pattern=r"^C[A-Z0-9]{6,}$")] | None = None
    channel_name: str | None = None
    timestamps: Authority | None = None
    alarm_after: timedelta = timedelta(minutes=5)


class TrailPolicy(Settings):
    """`config/trail.yaml`: how the trail is kept."""

    anchors: Anchors = Anchors()


def checks(config: Config) -> Iterator[Problem]:
    """Say what timestamps still need: the library that reads them."""
    if config[TrailPolicy].anchors.timestamps and not timestamps.is_installed():
        what = "timestamps need a library that is not installed"
        yield config.document(TrailPolicy).problem(("anchors", "timestamps"), what, f"run: {timestamps.INSTALL}")


def warnings(config: Config, _today: date) -> Iterator[Problem]:
    """Warn where nothing outside the database keeps a checkpoint: the newest entries could be cut off unnoticed."""
    anchors, document = config[TrailPolicy].anchors, config.document(TrailPolicy)
    if not anchors.channel and not _routes(anchors):
        what = "no anchor is set: an old copy put back, or the newest entries cut off, would not be noticed"
        yield document.problem(("anchors",), what, "set file, syslog or channel, best on another machine")


def next_due(reading: Reading) -> datetime | None:
    """Return when the next checkpoint is due; at once when a route has not been given any yet."""
    if _new_routes(reading):
        return reading.now
    return reading.session.exec(select(TrailHead.seal_at)).first()


def seal_and_anchor(work: Work) -> int:
    """Make the checkpoint that is due and send it on every route; returns 0 when there was nothing to do."""
    new = _new_routes(work)
    made = trail.seal(work.session, work.trail_key, work.now)
    newest = made or _newest(work)
    if newest is None:
        return 0
    policy = work.config[TrailPolicy].anchors
    for route in _routes(policy) if made else new:
        _want(work, route, newest)
    if made and policy.channel:
        text = {"channel": policy.channel, "line": line(newest), "seq": newest.seq}
        work.enqueue("foundation.anchor_post", f"anchor:channel:{newest.number}", text, lane=Lane.NOTE)
    return 1 if made or new else 0


def trouble(reading: Reading) -> str:
    """Say which part of the trail has not been anchored for too long, '' if there is none (for `/readyz`)."""
    policy = reading.config[TrailPolicy].anchors
    late = reading.now - policy.alarm_after
    due = reading.session.exec(select(TrailHead.seal_at)).first()
    if due is not None and due <= late:
        return f"no checkpoint since {due.isoformat(timespec='seconds')}"
    for route in _routes(policy):
        waiting = _waiting_since(reading, route)
        if waiting is not None and waiting <= late:
            return f"{route} has kept nothing since {waiting.isoformat(timespec='seconds')}"
    posts = select(OutboxRow.created_at).where(
        col(OutboxRow.kind) == "foundation.anchor_post",
        col(OutboxRow.state).in_((OutboxState.WAITING, OutboxState.SENDING)),
        col(OutboxRow.created_at) <= late,
    )
    post = reading.session.exec(posts.order_by(col(OutboxRow.created_at)).limit(1)).first()
    return f"the audit channel has got nothing since {post.isoformat(timespec='seconds')}" if post else ""


def anchored(reading: Reading) -> int:
    """Return the newest entry whose checkpoint is confirmed to be kept outside, on any route; 0 if none is."""
    kept = reading.session.exec(select(TrailAnchor.seq).order_by(col(TrailAnchor.seq).desc()).limit(1)).first()
    return kept or 0


def line(checkpoint: TrailCheckpoint) -> str:
    """Return a checkpoint as one line of JSON, as anchors keep it: its signed text and the signature."""
    return json.dumps({"checkpoint": checkpoint.body, "signature": checkpoint.signature.hex()})


def read_anchors(path: Path) -> list[trail.Anchor]:
    """Read a file of anchors, or a syslog or chat excerpt that has them in it (ValueError if there is none)."""
    found = list(_anchors(path))
    if not found:
        raise ValueError(f"{path} holds no anchors: it is empty, or not what Backout wrote.")
    return found


def stamped(anchors: Sequence[trail.Anchor], roots: Path) -> list[datetime]:
    """Return the moments at which an authority signed that these checkpoints existed, oldest first.

    Args:
        anchors: Those without a timestamp are passed over.
        roots: The authority's root certificates, in PEM.

    Raises:
        DamageError: A timestamp is not over its checkpoint, or not from this authority, or the checkpoint claims to be
            made later than the authority saw it.
        ValueError, OSError: The roots cannot be read, or the extra is not installed.
    """
    if not timestamps.is_installed():
        raise ValueError(f"Timestamps cannot be checked here. Run: {timestamps.INSTALL}")
    trusted = timestamps.roots_of(roots)
    return sorted(_moment(anchor, anchor.timestamp, trusted) for anchor in anchors if anchor.timestamp is not None)


def _moment(anchor: trail.Anchor, answer: bytes, roots: list[x509.Certificate]) -> datetime:
    said = json.loads(anchor.body)
    try:
        moment = timestamps.moment_of(answer, anchor.body, roots)
    except timestamps.TimestampError as error:
        raise trail.DamageError(said["first"], "anchor", f"{anchor.place}: its timestamp: {error}") from None
    if datetime.fromisoformat(said["at"]) > moment + timestamps.SKEW:
        raise trail.DamageError(said["first"], "anchor", f"{anchor.place}: stamped {moment} before it was made")
    return moment


def build_post(_reading: Reading, payload: Payload) -> Outgoing:
    """Build what the audit channel keeps."""
    text = mrkdwn("The trail is sealed up to entry {seq}. Kept here so that a later change shows.", seq=payload["seq"])
    shown = Markup(f"```{payload['line']}```")
    return Post(payload["channel"], Message(text, [section(text), section(shown)]), frozen=True)


async def _act(payload: Payload, _key: str) -> Payload:
    try:
        await asyncio.wait_for(_SENDERS[payload["route"]](payload), 2 * ANSWER_SECONDS)
    except (OSError, ValueError, TimeoutError, aiohttp.ClientError, timestamps.TimestampError) as error:
        return {"trouble": f"{type(error).__name__}: {error}"[:200]}
    return {"trouble": ""}


def _settle(work: Work, payload: Payload, outcome: Payload) -> None:
    """Note that a route keeps the checkpoint, or try again soon with the newest one."""
    route = payload["route"]
    if not outcome["trouble"]:
        work.session.merge(TrailAnchor(route=route, seq=payload["seq"], at=work.now))
    elif (newest := _newest(work)) and route in _routes(work.config[TrailPolicy].anchors):
        _want(work, route, newest, work.now + AGAIN)


EFFECTS: Mapping[str, Effect] = {"foundation.anchor": Effect(_act, _settle, lease=60.0)}
MESSAGES = {"foundation.anchor_post": build_post}
SWEEP = Sweep("foundation.anchoring", next_due, seal_and_anchor)


async def _to_file(payload: Payload) -> None:
    await asyncio.to_thread(_append, payload["to"], payload["line"])


async def _to_syslog(payload: Payload) -> None:
    await asyncio.to_thread(_log, payload["to"], payload["line"])


async def _to_authority(payload: Payload) -> None:
    """Have the checkpoint's signed text stamped, and keep the answer beside it."""
    said = json.loads(payload["line"])
    roots = timestamps.roots_of(Path(payload["roots"]))
    answer = await timestamps.stamp(payload["to"], said["checkpoint"].encode(), roots)
    await asyncio.to_thread(_append, payload["file"], json.dumps({**said, "timestamp": answer.hex()}))


_SENDERS: Mapping[str, Callable[[Payload], Coroutine[Any, Any, None]]] = {
    "file": _to_file,
    "syslog": _to_syslog,
    "timestamps": _to_authority,
}


def _routes(policy: Anchors) -> dict[str, str]:
    given = {"file": policy.file, "syslog": policy.syslog}
    given |= {"timestamps": policy.timestamps.url if policy.timestamps else None}
    return {route: to for route, to in given.items() if to}


def _want(work: Work, route: str, checkpoint: TrailCheckpoint, due: datetime | None = None) -> None:
    policy = work.config[TrailPolicy].anchors
    to = _routes(policy)[route]
    payload = {"route": route, "to": to, "line": line(checkpoint), "seq": checkpoint.seq}
    if route == "file":
        payload["to"] = str(_beside_database(work, to))
    elif route == "timestamps" and policy.timestamps:
        kept = {"roots": policy.timestamps.roots, "file": policy.timestamps.file}
        payload |= {name: str(_beside_database(work, path)) for name, path in kept.items()}
    work.enqueue("foundation.anchor", f"anchor:{route}", payload, lane=Lane.NOTE, due_at=due)


def _new_routes(reading: Reading) -> list[str]:
    """Return the routes that were never given a checkpoint although there is one."""
    routes = _routes(reading.config[TrailPolicy].anchors)
    if not routes or _newest(reading) is None:
        return []
    keys = select(OutboxRow.key).where(col(OutboxRow.key).in_([f"anchor:{route}" for route in routes]))
    known = set(reading.session.exec(keys))
    return [route for route in routes if f"anchor:{route}" not in known]


def _newest(reading: Reading) -> TrailCheckpoint | None:
    return reading.session.exec(select(TrailCheckpoint).order_by(col(TrailCheckpoint.seq).desc()).limit(1)).first()


def _waiting_since(reading: Reading, route: str) -> datetime | None:
    """Return when the oldest checkpoint was made that a route does not cover yet."""
    kept = reading.session.get(TrailAnchor, route)
    later = select(TrailCheckpoint.sealed_at).where(col(TrailCheckpoint.seq) > (kept.seq if kept else 0))
    return reading.session.exec(later.order_by(col(TrailCheckpoint.seq)).limit(1)).first()


def _beside_database(reading: Reading, name: str) -> Path:
    database = reading.session.get_bind().engine.url
    folder = Path(database.database or "").parent if database.get_backend_name() == "sqlite" else Path()
    return folder / name


def _append(path: str, text: str) -> None:
    """Append a line durably; nothing that stands in the file is touched."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())


class _Syslog(SysLogHandler):
    """The standard library's handler, which says so when it could not send."""

    append_nul = False  # a line ends with a line feed over TCP (RFC 6587, 3.4.2), and with the datagram over UDP

    def handleError(self, _record: logging.LogRecord) -> None:  # noqa: N802 - the handler's own name
        raise


def _log(address: str, text: str) -> None:
    parts = urlsplit(address)
    tcp = parts.scheme == "tcp"
    kind = socket.SOCK_STREAM if tcp else socket.SOCK_DGRAM
    handler = _Syslog((parts.hostname or "", parts.port or 0), SysLogHandler.LOG_AUTHPRIV, kind)
    try:
        words = f"backout: trail {text}" + ("\n" if tcp else "")
        handler.emit(logging.LogRecord("backout.trail", logging.INFO, "", 0, "%s", (words,), None))
    finally:
        handler.close()


def _anchors(path: Path) -> Iterator[trail.Anchor]:
    for number, text in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        start = text.find('{"checkpoint"')
        if start < 0:
            continue
        place = f"{path.name}:{number}"
        try:
            said, _end = json.JSONDecoder().raw_decode(text[start:])
            stamped = bytes.fromhex(said["timestamp"]) if "timestamp" in said else None
            yield trail.Anchor(said["checkpoint"].encode(), bytes.fromhex(said["signature"]), place, stamped)
        except (ValueError, KeyError, TypeError, AttributeError):
            yield trail.Anchor(b"", b"", place)  # damaged: the verifier says so
