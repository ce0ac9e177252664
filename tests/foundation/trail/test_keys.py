"""T23: the key evolves, and there is no way back; signatures can be checked without it."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.foundation.trail.keys import MOST_EPOCHS, KeyGoneError, Keyring, Macs, is_signed, keyring, mac


def evolved(key: bytes, times: int) -> bytes:
    for _ in range(times):
        key = hashlib.sha256(b"evolve" + key).digest()
    return key


def test_each_key_is_the_hash_of_the_one_before() -> None:
    keys = Keyring(b"secret")
    assert [keys.at(epoch) for epoch in (1, 4, 2)] == [b"secret", evolved(b"secret", 3), evolved(b"secret", 1)]


def test_once_an_epoch_is_reached_no_earlier_key_can_be_had() -> None:
    keys = Keyring(b"secret")
    keys.reached(3)
    assert keys.at(3) == evolved(b"secret", 2)
    assert (keys.knows(2), keys.knows(3)) == (False, True)
    with pytest.raises(KeyGoneError, match="epoch 2"):
        keys.at(2)
    assert b"secret" not in vars(keys)["_keys"].values()


def test_reaching_an_earlier_epoch_changes_nothing() -> None:
    """P15: epochs never go back."""
    heard: list[int] = []
    keys = Keyring(b"secret", forgotten=lambda ring: heard.append(ring.epoch))
    for epoch in (1, 2, 2, 1, 4):
        keys.reached(epoch)
    assert (heard, keys.epoch) == ([2, 4], 4)


@pytest.mark.parametrize("epoch", [0, -1, MOST_EPOCHS + 1, 2**62, "2", None, 2.0, True, b"2"])
def test_what_is_no_epoch_has_no_key(epoch: object) -> None:
    assert not Keyring(b"secret").knows(epoch)


def test_whoever_holds_a_later_key_remembers_the_first_public_one() -> None:
    first = Keyring(b"secret")
    later = Keyring(first.at(5), 5, first_public=first.public(1))
    assert later.first_public == first.first_public
    assert later.public(6) == first.public(6)


def test_a_signature_is_checked_with_the_public_key_alone() -> None:
    keys = Keyring(b"secret")
    signature = keys.seal(2, b"text")
    assert is_signed(keys.public(2), b"text", signature)
    assert signature == keys.seal(2, b"text")
    for public, text, signed in (
        (keys.public(1), b"text", signature),
        (keys.public(2), b"text.", signature),
        (keys.public(2), b"text", signature[:-1]),
        (b"short", b"text", signature),
    ):
        assert not is_signed(public, text, signed)


def test_no_key_shows_in_words() -> None:
    """T25."""
    assert repr(Keyring(b"secret")) == "Keyring(epoch 1)"


def test_bytes_are_the_first_key() -> None:
    keys = keyring(b"secret")
    assert keys == Keyring(b"secret")
    assert keyring(keys) is keys
    assert Keyring(b"other") != keys
    assert hash(keys) == hash(Keyring(b"secret"))
    assert mac(b"secret", b"text") != mac(b"other", b"text")


@given(key=st.binary(max_size=130), texts=st.lists(st.binary(max_size=200), max_size=3))
def test_many_macs_are_the_same_as_one_by_one(key: bytes, texts: list[bytes]) -> None:
    macs = Macs(key)
    assert [macs.of(text) for text in texts] == [mac(key, text) for text in texts]
