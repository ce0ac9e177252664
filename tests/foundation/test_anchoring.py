"""T24, P10: checkpoints leave the database, on time, on every route, and a route that keeps nothing is an alarm."""

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.foundation import anchoring, trail
from bot.foundation.anchoring import Anchors, TrailPolicy
from bot.foundation.db import Store, open_store
from bot.foundation.outbox import Kinds
from bot.foundation.sender import Sender
from bot.foundation.work import Actor, Work
from bot.foundation.worker_loop import WorkerLoop
from tests.foundation.conftest import prepared_sqlite
from tests.support.clock import VirtualClock
from tests.support.ids import CountedIds
from tests.support.slack import FakeSlack
from tests.support.stores import TRAIL_KEY, config_of

MAYA = Actor("person", "U0MAYA0001", "Maya")
AUDIT = "C0AUDIT001"


def note(work: Work, action: str = "incident.noted") -> None:
    work.record(action, "INC-1", why="because")


@dataclass
class Machine:
    """A store, a worker and a Slack, with anchors set up as a test wants them."""

    store: Store
    clock: VirtualClock
    slack: FakeSlack
    sender: Sender
    worker: WorkerLoop

    async def settle(self) -> None:
        for _ in range(4):
            await self.worker.tick()
            await self.sender.idle()

    async def notes(self, action: str = "incident.noted", **later: float) -> None:
        self.store.submit_now(MAYA, note, action)
        self.clock.pass_time(**later)
        await self.settle()

    @property
    def trouble(self) -> str:
        return self.store.read_now(anchoring.trouble)

    @property
    def anchored(self) -> int:
        return self.store.read_now(anchoring.anchored)


Machines = Iterator[Machine]


def machine_of(folder: Path, clock: VirtualClock, anchors: Anchors) -> Machine:
    url = f"sqlite:///{folder / 'backout.db'}" if (folder / "backout.db").exists() else prepared_sqlite(folder)
    config = config_of(TrailPolicy(anchors=anchors))
    store = open_store(url, clock=clock, ids=CountedIds(), config=config, trail_key=TRAIL_KEY)
    kinds = Kinds(messages=anchoring.MESSAGES, effects=anchoring.EFFECTS, sweeps=(anchoring.SWEEP,))
    slack = FakeSlack(clock)
    sender = Sender(store, kinds, slack, AUDIT)
    return Machine(store, clock, slack, sender, WorkerLoop(store, sender, kinds.sweeps))


@pytest.fixture
def machine(tmp_path: Path, clock: VirtualClock) -> Machines:
    found = machine_of(tmp_path, clock, Anchors(file="anchors.jsonl", channel=AUDIT))
    yield found
    found.store.close()


def kept(path: Path) -> list[int]:
    """The last entries of the checkpoints that a file of anchors holds."""
    return [json.loads(anchor.body)["last"] for anchor in anchoring.read_anchors(path)]


async def test_a_checkpoint_leaves_within_a_minute_and_fits_the_trail(machine: Machine, tmp_path: Path) -> None:
    await machine.notes(seconds=59)
    assert not (tmp_path / "anchors.jsonl").exists()
    await machine.notes(seconds=1)
    assert kept(tmp_path / "anchors.jsonl") == [2]
    assert machine.anchored == 2
    anchors = anchoring.read_anchors(tmp_path / "anchors.jsonl")
    report = machine.store.read_now(
        lambda reading: trail.check(trail.DatabaseSource(reading.session), trail.Keyring(TRAIL_KEY), anchors=anchors)
    )
    assert (report.damage, report.anchors, report.sealed) == (None, 1, 2)


async def test_while_nothing_is_recorded_nothing_is_anchored(machine: Machine, tmp_path: Path) -> None:
    await machine.notes(minutes=1)
    for _ in range(5):
        machine.clock.pass_time(minutes=10)
        await machine.settle()
    assert kept(tmp_path / "anchors.jsonl") == [1]
    assert machine.trouble == ""


@pytest.mark.parametrize("action", ["rollback.started", "privacy.erased", "trail.purged", "policy.changed"])
async def test_what_weighs_most_is_anchored_at_once(machine: Machine, tmp_path: Path, action: str) -> None:
    await machine.notes(action)
    assert kept(tmp_path / "anchors.jsonl") == [1]


async def test_a_hundred_entries_do_not_wait_for_the_minute(machine: Machine, tmp_path: Path) -> None:
    for _ in range(100):
        machine.store.submit_now(MAYA, note)
    await machine.settle()
    assert kept(tmp_path / "anchors.jsonl") == [100]


async def test_the_audit_channel_gets_every_checkpoint_as_it_is_checked(machine: Machine, tmp_path: Path) -> None:
    await machine.notes("rollback.started")
    machine.clock.pass_time(seconds=5)
    await machine.notes("rollback.started", seconds=5)
    excerpt = tmp_path / "channel.txt"
    excerpt.write_text("\n".join(post.blocks[1]["text"]["text"] for post in machine.slack.messages))
    assert kept(excerpt) == [1, 2]


async def test_a_route_that_was_away_gets_the_newest_and_is_an_alarm_meanwhile(
    machine: Machine, tmp_path: Path
) -> None:
    """P10: /readyz says which route has kept nothing, since when; a hundred checkpoints become one line."""
    (tmp_path / "anchors.jsonl").mkdir()  # a file cannot be written there
    for _ in range(7):
        await machine.notes(minutes=1)
    assert machine.trouble.startswith("file has kept nothing since ")
    assert machine.anchored == 0
    (tmp_path / "anchors.jsonl").rmdir()
    machine.clock.pass_time(seconds=10)
    await machine.settle()
    assert kept(tmp_path / "anchors.jsonl") == [7]
    assert machine.trouble == ""


async def test_a_slack_that_is_away_is_an_alarm(machine: Machine) -> None:
    machine.slack.go_away()
    for _ in range(7):
        await machine.notes(minutes=1)
    assert machine.trouble.startswith("the audit channel has got nothing since ")


async def test_checkpoints_that_nobody_makes_are_an_alarm(machine: Machine) -> None:
    machine.store.submit_now(MAYA, note)
    machine.clock.pass_time(minutes=6)
    assert machine.trouble.startswith("no checkpoint since ")


async def test_a_route_set_up_later_is_given_what_there_is(tmp_path: Path, clock: VirtualClock) -> None:
    before = machine_of(tmp_path, clock, Anchors())
    await before.notes(minutes=1)
    assert before.trouble == ""
    before.store.close()
    after = machine_of(tmp_path, clock, Anchors(file="anchors.jsonl"))
    clock.pass_time(hours=1)
    await after.settle()
    assert kept(tmp_path / "anchors.jsonl") == [1]
    assert after.trouble == ""
    after.store.close()


@pytest.mark.parametrize(
    ("anchors", "warned"),
    [
        (Anchors(), True),
        (Anchors(file="a"), False),
        (Anchors(syslog="udp://h:514"), False),
        (Anchors(channel=AUDIT), False),
    ],
)
def test_a_trail_that_nothing_outside_keeps_is_a_warning(anchors: Anchors, warned: bool) -> None:
    config = config_of(TrailPolicy(anchors=anchors))
    found = [str(problem) for problem in anchoring.warnings(config, date(2026, 11, 21))]
    assert ["no anchor is set" in one for one in found] == [True] * warned


# --- syslog -----------------------------------------------------------------------------------------------------------


async def test_syslog_over_udp(tmp_path: Path, clock: VirtualClock) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(10)
        machine = machine_of(tmp_path, clock, Anchors(syslog=f"udp://127.0.0.1:{listener.getsockname()[1]}"))
        await machine.notes("rollback.started")
        machine.store.close()
        said = listener.recv(8_192)
    assert said.startswith(b"<86>backout: trail {")  # facility 10 (authpriv), severity 6 (RFC 5424, 6.2.1)
    (tmp_path / "syslog").write_bytes(b"Nov 24 16:00:00 host " + said)
    assert kept(tmp_path / "syslog") == [1]
    assert machine_of(tmp_path, clock, Anchors()).anchored == 1


async def test_syslog_over_tcp_and_a_server_that_is_not_there(tmp_path: Path, clock: VirtualClock) -> None:
    received = list[bytes]()
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    machine = machine_of(tmp_path, clock, Anchors(syslog=f"tcp://127.0.0.1:{port}"))

    def listen() -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as lines:
            received.append(lines.readline())

    thread = threading.Thread(target=listen)
    thread.start()
    await machine.notes("rollback.started")
    thread.join(10)
    listener.close()
    assert received[0].endswith(b"}\n")
    assert machine.anchored == 1
    await machine.notes("rollback.started")
    machine.clock.pass_time(minutes=6)
    await machine.settle()
    assert machine.anchored == 1
    assert machine.trouble.startswith("syslog has kept nothing since ")
    machine.store.close()


@pytest.mark.parametrize("address", ["host:514", "udp://host", "http://host:1", "tcp://:1", ""])
def test_an_address_that_is_no_syslog_is_refused_with_an_example(address: str) -> None:
    with pytest.raises(ValidationError, match="udp://host:514"):
        Anchors(syslog=address)


# --- reading them again -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "\n", "nothing of ours\n", '{"other": 1}\n'])
def test_a_file_without_anchors_is_not_taken_for_proof(tmp_path: Path, text: str) -> None:
    path = tmp_path / "anchors.jsonl"
    path.write_text(text)
    with pytest.raises(ValueError, match="holds no anchors"):
        anchoring.read_anchors(path)


@pytest.mark.parametrize(
    "text", ['{"checkpoint"', '{"checkpoint": 1, "signature": ""}', '{"checkpoint": "", "signature": "xx"}']
)
def test_a_damaged_anchor_is_kept_for_the_verifier_to_say_so(tmp_path: Path, text: str) -> None:
    path = tmp_path / "anchors.jsonl"
    path.write_text(text)
    (anchor,) = anchoring.read_anchors(path)
    assert (anchor.body, anchor.place) == (b"", "anchors.jsonl:1")


def test_the_alarm_is_after_five_minutes_unless_said_otherwise() -> None:
    assert Anchors().alarm_after == timedelta(minutes=5)
