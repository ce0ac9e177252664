import re

from bot.foundation.ids import RandomIds


def test_ids_carry_their_prefix_and_never_repeat() -> None:
    ids = RandomIds()
    made = {ids.new("inc") for _ in range(10_000)}
    assert len(made) == 10_000
    assert all(re.fullmatch(r"inc_[0-9a-f]{16}", one) for one in made)


def test_salts_are_sixteen_bytes_and_never_repeat() -> None:
    ids = RandomIds()
    salts = {ids.salt() for _ in range(1_000)}
    assert len(salts) == 1_000
    assert {len(salt) for salt in salts} == {16}
