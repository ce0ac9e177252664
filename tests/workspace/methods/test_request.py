from typing import Any

import pytest

from bot.workspace.methods.request import ApiError, Request
from bot.workspace.workspace import Workspace


def request(workspace: Workspace, **args: Any) -> Request:
    api = workspace.api
    return Request(api.store, api.modals, api.limiter, "chat.postMessage", args, (), "")


@pytest.mark.parametrize(
    ("value", "expected"),
    [("1", True), ("true", True), (True, True), ("0", False), ("false", False), (False, False), (None, False)],
)
def test_a_flag_comes_in_several_spellings(workspace: Workspace, value: Any, expected: bool) -> None:
    assert request(workspace, loud=value).flag("loud") is expected


def test_a_needed_argument_is_named_when_missing(workspace: Workspace) -> None:
    with pytest.raises(ApiError) as refused:
        request(workspace).needed("ts")
    assert refused.value.more["response_metadata"]["messages"] == ["[ERROR] missing required field: ts"]


def test_json_arrives_decoded_or_as_a_string(workspace: Workspace) -> None:
    assert request(workspace, blocks=[1]).decoded("blocks", "wrong") == [1]
    assert request(workspace, blocks="[1]").decoded("blocks", "wrong") == [1]
    assert request(workspace, blocks="").decoded("blocks", "wrong") is None
    with pytest.raises(ApiError, match="wrong"):
        request(workspace, blocks="[").decoded("blocks", "wrong")


def test_pages_follow_each_other(workspace: Workspace) -> None:
    items = [{"id": str(number)} for number in range(5)]
    page, cursor = request(workspace, limit="2").page(items)
    assert ([each["id"] for each in page], cursor) == (["0", "1"], "page:2")
    page, cursor = request(workspace, limit=4, cursor=cursor).page(items)
    assert ([each["id"] for each in page], cursor) == (["2", "3", "4"], "")
