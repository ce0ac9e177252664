from bot.workspace.state import Channel, Ephemeral, Message, Team, User, View
from tests.workspace.surfaces import CARD, FORM


def test_a_team_has_an_address() -> None:
    assert Team(name="Example Bank").domain == "examplebank"
    assert Team(name="!").domain == "example"


def test_guests_are_restricted_people_and_strangers() -> None:
    flags = ("is_restricted", "is_ultra_restricted", "is_stranger")
    assert [User("U1", "x", **{flag: True}).is_guest for flag in flags] == [True, True, True]  # type: ignore[arg-type]
    assert not User("U1", "x").is_guest


def test_a_channel_with_a_person_is_a_direct_conversation() -> None:
    assert Channel("D1", "directmessage", im_user="U1").is_im
    assert not Channel("C1", "ops").is_im


def test_what_a_message_shows() -> None:
    shown = (Message("C1", "1.1", "U1", "text", tuple(CARD)), Ephemeral("C1", "U1", "1.1", "text", tuple(CARD)))
    for message in shown:
        assert message.visible_text.splitlines()[0] == "Roll back credit-scoring?"
        assert message.buttons == ("Approve", "Execute")


def test_what_a_view_shows() -> None:
    view = View("V1", "U1", "modal", FORM, "1", "V1", errors={"reason": "Say more."}, notice="Trouble")
    assert view.visible_text == "Declare\nReason\nSeverity\nSEV2\nWho\nSay more.\nTrouble"
    assert (view.title, view.submit_label, view.close_label) == ("Declare", "Open", "Cancel")
    assert (view.callback_id, view.private_metadata, len(view.blocks)) == ("declare", "INC-1", 3)
    home = View("V2", "U1", "home", {"type": "home", "blocks": CARD}, "1", "V2")
    assert (home.title, home.close_label, home.buttons) == ("", "", ("Approve", "Execute"))
