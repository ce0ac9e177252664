import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.workspace.state import Ephemeral, View
from bot.workspace.store import Store, surface_key
from bot.workspace.workspace import Workspace
from tests.workspace.conftest import VirtualClock


@pytest.fixture
def store(workspace: Workspace) -> Store:
    return workspace.api.store


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=20))
def test_timestamps_only_grow_even_if_the_clock_does_not(steps: list[int]) -> None:
    clock = VirtualClock()
    made = Workspace(people=[], channels=[], manifest={}, signing_secret="s", bot_token="t", clock=clock).api.store
    seen = []
    for step in steps:
        clock.advance(microseconds=step)
        seen.append(made.next_ts())
    assert seen == sorted(set(seen), key=lambda ts: tuple(map(int, ts.split("."))))
    assert all(len(ts.partition(".")[2]) == 6 for ts in seen)


def test_ids_never_repeat(store: Store) -> None:
    ids = [store.next_id("V") for _ in range(100)]
    assert len(set(ids)) == 100


def test_members_are_filled_in_with_active_people_who_are_not_guests(store: Store) -> None:
    assert store.channels["C1"].members == {"U1", "U2"}
    assert store.channels["C4"].members == {"U1"}


def test_who_sees_which_channel(store: Store) -> None:
    seen = {user.id: [channel.id for channel in store.channels.values() if store.sees(user, channel)]
            for user in store.people.values()}  # fmt: skip
    assert seen == {
        "U1": ["C1", "C2", "C3", "C4", "C5"],
        "U2": ["C1", "C2", "C3"],
        "U3": [],
        "U4": [],
        "U5": [],
    }
    store.channels["C1"].members = {"U3"}
    assert store.sees(store.people["U3"], store.channels["C1"])


def test_a_direct_conversation_is_seen_by_its_person_only(store: Store) -> None:
    channel = store.dm("U3")
    assert store.dm("U3") is channel
    assert [user for user in store.people if store.sees(store.people[user], channel)] == ["U3"]


def test_names_are_the_present_ones(store: Store) -> None:
    assert (store.names["U1"], store.names["C1"], store.names["S1"]) == ("Ada Byron", "ops", "oncall")
    assert store.names[store.team.bot_user] == store.team.app_name
    store.people["U1"].real_name = "Ada King"
    assert store.names["U1"] == "Ada King"
    assert "U9" not in store.names
    assert len(list(store.names)) == len(store.names)


def test_only_the_apps_effects_are_happenings(store: Store) -> None:
    store.post("C1", "U1", "a person's")
    mine = store.post("C1", store.team.bot_user, "the app's", by_bot=True)
    changed = store.change(mine, text="new")
    store.delete(changed)
    shown = store.whisper(Ephemeral("C1", "U1", "1.1", "psst"))
    store.hush(shown, by_app=False)
    assert [(happening.kind, happening.text) for happening in store.happenings] == [
        ("post", "the app's"),
        ("update", "new"),
        ("delete", "new"),
        ("ephemeral", "psst"),
    ]
    assert store.current(mine) is None


def test_a_surface_keeps_its_key_through_versions(store: Store) -> None:
    message = store.post("C1", "U1", "x")
    changed = store.change(message, text="y")
    assert surface_key(message) == surface_key(changed)
    ephemeral = Ephemeral("C1", "U1", message.ts, "x")
    view = View("V1", "U1", "home", {}, "1", "V1")
    assert len({surface_key(each) for each in (message, ephemeral, view)}) == 3
