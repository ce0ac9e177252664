"""Blocks and views that several tests show."""

from typing import Any

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def option(value: str, text: str = "") -> Json:
    return {"text": plain(text or value), "value": value}


def button(label: str, action_id: str, **more: Any) -> Json:
    return {"type": "button", "action_id": action_id, "text": plain(label), **more}


CONFIRM = {"title": plain("Sure?"), "text": plain("All traffic moves."), "confirm": plain("Yes"), "deny": plain("No")}
CARD: list[Json] = [
    {"type": "section", "block_id": "what", "text": mrkdwn("Roll back *credit-scoring*?")},
    {
        "type": "actions",
        "block_id": "decide",
        "elements": [
            button("Approve", "approve", value="INC-1", style="primary"),
            button("Execute", "execute", value="INC-1", confirm=CONFIRM),
            {"type": "overflow", "action_id": "more", "options": [option("snooze", "Snooze"), option("mute")]},
        ],
    },
    {
        "type": "actions",
        "block_id": "details",
        "elements": [
            {"type": "static_select", "action_id": "severity", "options": [option("1", "SEV1"), option("2", "SEV2")]},
            {"type": "users_select", "action_id": "lead", "initial_user": "U2"},
            {"type": "datepicker", "action_id": "day", "initial_date": "2026-11-21"},
            {"type": "checkboxes", "action_id": "systems", "options": [option("a"), option("b")]},
        ],
    },
]


def field(block_id: str, label: str, element: Json, **more: Any) -> Json:
    return {"type": "input", "block_id": block_id, "label": plain(label), "element": element, **more}


def text_field(block_id: str, label: str, **more: Any) -> Json:
    return field(block_id, label, {"type": "plain_text_input", "action_id": "text", **more})


FORM: Json = {
    "type": "modal",
    "callback_id": "declare",
    "private_metadata": "INC-1",
    "title": plain("Declare"),
    "submit": plain("Open"),
    "blocks": [
        text_field("reason", "Reason", min_length=3, max_length=10),
        field(
            "severity",
            "Severity",
            {
                "type": "static_select",
                "action_id": "pick",
                "options": [option("1", "SEV1"), option("2", "SEV2")],
                "initial_option": option("2", "SEV2"),
            },
        ),
        field("who", "Who", {"type": "multi_users_select", "action_id": "people"}, optional=True),
    ],
}


def modal(title: str, *blocks: Json, **more: Any) -> Json:
    return {"type": "modal", "title": plain(title), "submit": plain("Next"), "blocks": list(blocks), **more}
