"""T24: under which configuration a process works is in the trail, before anything is decided under it."""

from datetime import timedelta

from bot.foundation import anchoring, keeping, policies, trail
from bot.foundation.anchoring import Anchors, TrailPolicy
from bot.foundation.config import Config, Settings, digest
from bot.foundation.db import Store
from bot.foundation.models import Policy
from bot.foundation.work import Actor, Work
from tests.foundation.trail.days import checked, first_key, forge
from tests.support.clock import VirtualClock
from tests.support.stores import config_of

OPS = Actor("system", "process", "ops")


class Rule(Settings):
    """A policy of a capability."""

    quorum: int = 2


def under(quorum: int) -> Config:
    return config_of(Rule(quorum=quorum), TrailPolicy())


def start(store: Store, config: Config) -> bool:
    """What a process does first."""
    store.config = config
    return not store.read_now(policies.is_recorded) and store.submit_now(OPS, policies.record)


def decide(work: Work, policy: str = "") -> str:
    policy = policy or work.pin(Rule)
    work.record("approval.vote", "INC-1", policy=policy)
    return policy


def seal(work: Work) -> None:
    trail.seal(work.session, work.trail_key, work.now)


def purge(work: Work) -> None:
    keeping.purge(work, keeping.purgeable(work, work.now + timedelta(seconds=1), 99), "old")


def test_a_configuration_is_recorded_once_and_again_when_it_has_changed(store: Store) -> None:
    assert [start(store, under(quorum)) for quorum in (2, 2, 3, 3, 2)] == [True, False, True, False, True]
    first, second, third = store.read_now(policies.history)
    assert (first.by, first.version, first.changed) == ("ops", policies.VERSION, ["Rule.yaml", "TrailPolicy.yaml"])
    assert (second.changed, third.changed) == (["Rule.yaml"], ["Rule.yaml"])
    assert (first.files, first.at) == (third.files, store.clock.now())
    assert first.files["Rule.yaml"] == digest({"quorum": 2})


def test_another_version_under_the_same_configuration_is_recorded(store: Store) -> None:
    def by_another(work: Work) -> None:
        work.record("policy.changed", "trail", files=work.config.digests(), version="0.0.1", changed=[])

    store.config = under(2)
    store.submit_now(OPS, by_another)
    assert start(store, under(2))
    assert [(one.version, one.changed) for one in store.read_now(policies.history)][1] == (policies.VERSION, [])


def test_of_two_processes_that_start_at_once_one_records(store: Store) -> None:
    store.config = under(2)
    waiting = [store.submit_soon(OPS, policies.record) for _ in range(4)]
    assert sorted(one.result() for one in waiting) == [False, False, False, True]


def test_nothing_is_recorded_of_no_configuration(store: Store) -> None:
    assert not start(store, config_of())


def test_it_leaves_the_database_at_once(sqlite_store: Store) -> None:
    start(sqlite_store, config_of(TrailPolicy(anchors=Anchors(file="anchors.jsonl"))))
    assert sqlite_store.read_now(anchoring.next_due) == sqlite_store.clock.now()


def test_what_a_decision_was_made_under_is_what_was_recorded(store: Store) -> None:
    """The digest that a decision pins is that of a file in the newest record; anything else is counted."""
    start(store, under(2))
    pinned = store.submit_now(OPS, decide)
    assert pinned == store.read_now(policies.history)[0].files["Rule.yaml"]
    report = checked(store, first_key())
    assert (report.damage, report.unrecorded, len(report.policies)) == (None, 0, 1)
    assert report.policies[0].files == store.read_now(policies.history)[0].files
    store.config = under(5)
    store.submit_now(OPS, decide)
    assert checked(store, first_key()).unrecorded == 1
    start(store, under(5))
    store.submit_now(OPS, decide)
    assert checked(store, first_key()).unrecorded == 1, "a record counts for what comes after it"


def test_a_purge_keeps_what_was_recorded(sqlite_store: Store, clock: VirtualClock) -> None:
    """Decisions under a policy that is still pinned go on to be accounted for; nothing is recorded twice."""
    store = sqlite_store
    start(store, under(3))
    old = store.submit_now(OPS, decide)
    start(store, under(2))
    store.submit_now(OPS, seal)
    clock.pass_time(days=2)
    for _ in range(2):  # a second purge carries on what the first one carried
        store.submit_now(OPS, decide, old)
        store.submit_now(OPS, seal)
        store.submit_now(OPS, purge)
    assert store.read_now(policies.history) == []
    store.submit_now(OPS, decide)
    store.submit_now(OPS, decide, old)
    report = checked(store, first_key())
    assert (report.damage, report.unrecorded) == (None, 0)
    assert not start(store, under(2))
    assert start(store, under(3))
    assert [one.changed for one in store.read_now(policies.history)] == [["Rule.yaml"]]


def test_records_of_the_policy_cannot_be_erased(store: Store) -> None:
    start(store, under(2))
    assert store.read_now(keeping.about, "trail") == []


def test_a_kept_policy_whose_words_were_changed_is_found(store: Store) -> None:
    store.config = under(2)
    pinned = store.submit_now(OPS, decide)
    assert store.read_now(policies.changed_bodies) == []
    forge(store, "UPDATE policy SET body = '{\"quorum\"\\: 1}'")
    assert store.read_now(policies.changed_bodies) == [pinned]
    assert store.read_now(lambda reading: reading.session.get(Policy, pinned)) is not None
