"""The models of `config/comms.yaml` and `messages/`."""

import pytest
from pydantic import ValidationError

from bot.comms.models import Approval
from tests.comms.desk import DIGEST, approval


def test_one_approver_can_be_written_without_brackets() -> None:
    assert approval(approved_by="carla").approved_by == ["carla"]
    assert approval(approved_by=["ben", "grace"]).approved_by == ["ben", "grace"]


@pytest.mark.parametrize("wrong", [{"approved_by": []}, {"digest": "sha256:12"}, {"digest": "0" * 64}, {"by": "carla"}])
def test_an_approval_by_nobody_or_of_nothing_is_none(wrong: dict[str, object]) -> None:
    given = {"digest": DIGEST, "approved_by": ["carla"], "approved_on": "2026-11-02", "review_by": "2027-11-02"}
    with pytest.raises(ValidationError):
        Approval.model_validate({**given, **wrong})
