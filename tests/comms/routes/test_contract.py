"""Who is to get what."""

import json

from bot.comms.routes import Batch
from tests.comms.routes.samples import ASK, MAYA, PAGE, PRIYA, TOMAS, batch


def test_everybody_gets_what_is_for_them_once() -> None:
    found = {person.name: letters for person, letters in batch(also_to=(MAYA,)).by_address()}
    assert found == {"Maya Lindqvist": [PAGE, ASK], "Tomás Ferreira": [ASK]}
    assert PRIYA.name not in found, "no address is known"


def test_who_has_it_is_left_out() -> None:
    (pair,) = batch(done=(MAYA.address,)).by_address()
    assert pair == (TOMAS, [ASK])


def test_a_batch_can_be_kept() -> None:
    for kept in (batch(), batch(also_to=(MAYA,), done=("x",))):
        again = Batch.from_json(kept.as_json())
        assert json.dumps(again.as_json()) == json.dumps(kept.as_json())
        assert next(iter(again.by_address()))[0] in (MAYA, TOMAS)
