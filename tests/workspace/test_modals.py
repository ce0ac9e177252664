import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.workspace.modals import STACK_LIMIT, Modals
from bot.workspace.workspace import Workspace
from tests.workspace.conftest import VirtualClock
from tests.workspace.surfaces import modal


@pytest.fixture
def modals(workspace: Workspace) -> Modals:
    return workspace.api.modals


@given(seconds=st.floats(0, 10), uses=st.integers(1, 3))
def test_a_trigger_is_good_for_three_seconds_and_one_use(seconds: float, uses: int) -> None:
    clock = VirtualClock()
    made = Workspace(people=[], channels=[], manifest={}, signing_secret="s", bot_token="t", clock=clock)
    modals = made.api.modals
    trigger = modals.trigger("U1")
    clock.advance(seconds=seconds)
    elapsed = clock.now() - VirtualClock().now()
    answers = [modals.use_trigger(trigger) for _ in range(uses)]
    if elapsed.total_seconds() <= 3:
        assert answers == [("U1", ""), *[("", "exchanged_trigger_id")] * (uses - 1)]
    else:
        assert answers == [("", "expired_trigger_id")] * uses


def test_an_aged_trigger_has_expired(modals: Modals, clock: VirtualClock) -> None:
    trigger = modals.trigger("U1")
    modals.age(trigger, clock.now() - clock.now().replace(year=2025))
    assert modals.use_trigger(trigger) == ("", "expired_trigger_id")
    assert modals.use_trigger("unknown") == ("", "invalid_trigger_id")


def test_views_know_their_root_and_what_is_below(modals: Modals) -> None:
    root, middle, top = modals.open("U1", modal("1")), modals.push("U1", modal("2")), modals.push("U1", modal("3"))
    assert (root.root_view_id, root.previous_view_id) == (root.id, None)
    assert (middle.root_view_id, middle.previous_view_id) == (root.id, root.id)
    assert (top.root_view_id, top.previous_view_id) == (root.id, middle.id)
    assert len(modals.stack("U1")) == STACK_LIMIT
    assert modals.stack("U2") == []


def test_an_update_keeps_the_place_and_changes_the_hash(modals: Modals) -> None:
    root = modals.open("U1", modal("1"))
    modals.push("U1", modal("2"))
    changed = modals.update(root, modal("One"))
    assert (changed.id, changed.version) == (root.id, 2)
    assert changed.hash != root.hash
    assert [view.title for view in modals.stack("U1")] == ["One", "2"]


def test_closing_one_or_all(modals: Modals) -> None:
    modals.open("U1", modal("1"))
    modals.push("U1", modal("2"))
    assert [view.title for view in modals.close("U1")] == ["2"]
    modals.push("U1", modal("3"))
    assert [view.title for view in modals.close("U1", everything=True)] == ["3", "1"]
    assert modals.close("U1") == []


def test_an_error_of_slacks_own_is_no_effect_of_the_app(modals: Modals, workspace: Workspace) -> None:
    view = modals.open("U1", modal("1"))
    modals.remark(view, errors={"a": "Required"})
    assert len(workspace.happenings) == 1
    modals.remark(view, errors={"a": "Say more"}, by_app=True)
    assert [happening.kind for happening in workspace.happenings] == ["modal", "modal"]


def test_views_are_found_by_either_id(modals: Modals) -> None:
    view = modals.open("U1", modal("1", external_id="inc-1"))
    home = modals.publish("U1", {"type": "home", "blocks": []})
    assert modals.find(view_id=view.id) == view
    assert modals.find(external_id="inc-1") == view
    assert modals.find(view_id=home.id) == home
    assert modals.find(view_id="V9") is None
    assert modals.find() is None
