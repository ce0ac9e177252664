"""Who acts and what is open, from the URL."""

import pytest

from bot.workspace.page.places import find_place, playable
from bot.workspace.workspace import Workspace
from tests.workspace.conftest import manifest


@pytest.mark.parametrize(
    ("query", "person", "where", "thread"),
    [
        ({}, "U1", "C2", ""),
        ({"as": "U404"}, "U1", "C2", ""),
        ({"as": "U2", "in": "C1"}, "U2", "C1", ""),
        ({"as": "U2", "in": "ops", "thread": "1.5"}, "U2", "C1", "1.5"),
        ({"as": "U1", "in": "home", "thread": "1.5"}, "U1", "home", ""),
        ({"as": "U2", "in": "C4"}, "U2", "C2", ""),
        ({"as": "U3"}, "U3", "home", ""),
    ],
)
def test_what_a_url_means(query: dict[str, str], person: str, where: str, thread: str, workspace: Workspace) -> None:
    place = find_place(workspace, query)
    assert (place.person.id, place.where, place.thread) == (person, where, thread)


def test_the_conversation_with_the_app_can_be_opened(workspace: Workspace) -> None:
    direct = workspace.dm("U1").id
    assert find_place(workspace, {"as": "U1", "in": direct}).where == direct
    assert find_place(workspace, {"as": "U2", "in": direct}).where != direct


def test_urls_lead_back(workspace: Workspace) -> None:
    place = find_place(workspace, {"as": "U1", "in": "C1", "thread": "1.5"})
    assert place.url() == "/?as=U1&in=C1"
    assert place.url(thread="2.5") == "/?as=U1&in=C1&thread=2.5"
    assert place.url(person="U2", where="home") == "/?as=U2&in=home"


def test_those_who_can_act_come_first_and_bots_not_at_all(workspace: Workspace) -> None:
    workspace.people["U1"].deleted = True
    workspace.people["U2"].is_bot = True
    assert [user.id for user in playable(workspace)] == ["U3", "U5", "U1", "U4"]


def test_an_empty_workspace_has_no_page() -> None:
    empty = Workspace(people=[], channels=[], manifest=manifest(), signing_secret="s", bot_token="xoxb-1")
    with pytest.raises(LookupError, match="at least one person"):
        find_place(empty, {})
