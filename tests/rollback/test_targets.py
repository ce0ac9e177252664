"""Targets are made from what was approved."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.rollback.targets import FlagFile, Outcome, default_targets


async def test_the_target_of_a_plan_is_what_is_changed(tmp_path: Path) -> None:
    file = tmp_path / "flags.json"
    flag = {"state": "ENABLED", "variants": {"v7": "7", "v8": "8"}, "defaultVariant": "v8"}
    file.write_text(json.dumps({"flags": {"shop": flag}}))
    approved = {"kind": "flag_file", "file": str(file), "flag": "shop", "serving_url": "http://127.0.0.1:9/"}
    target = default_targets()({**approved, "answers": 5})
    assert await target.read() == "8"
    assert (await target.apply("8", "7", "key")).outcome == Outcome.CHANGED
    assert await target.read() == "7"
    assert await target.ask_serving(2) == [None, None]


def test_targets_of_one_factory_wait_for_each_other() -> None:
    make = default_targets()
    approved = {"kind": "flag_file", "file": "f", "flag": "a", "serving_url": "http://127.0.0.1:9/", "answers": 1}
    one, other = make(approved), make(approved)
    assert isinstance(one, FlagFile)
    assert isinstance(other, FlagFile)
    assert one.locks is other.locks


def test_a_target_of_no_known_kind_is_refused() -> None:
    with pytest.raises(ValidationError):
        default_targets()({"kind": "shell", "file": "f", "flag": "a", "serving_url": "x", "answers": 1})
